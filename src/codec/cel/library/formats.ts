/** `format.dns1123Label().validate(name)` */
import {
  dns1035Label,
  dns1123Label,
  dns1123Subdomain,
  labelValueErrors,
  maskTrailingDash,
  qualifiedName,
} from '#api/names.ts'
import { costs, matching, scale, sizeOf, unit } from '../cost.ts'
import { extension, fn, method, text } from '../define.ts'
import type { Library } from '../define.ts'
import { parseTimestamp } from '../time.ts'
import { listType, objectType, optionalType, stringType } from '../types.ts'
import { CelList, Extension, isError, none, Optional } from '../values.ts'
import { decodeBase64 } from './encoders.ts'
import { urlProblem } from './urls.ts'

export const formatType = objectType('kubernetes.NamedFormat', new Map())

type Problems = (value: string) => readonly string[]

class Format extends Extension {
  readonly type = formatType
  readonly name: string
  readonly problems: Problems
  /** The length of the pattern that upstream takes it for. */
  readonly pattern: number

  constructor(name: string, pattern: number, problems: Problems) {
    super()
    this.name = name
    this.pattern = pattern
    this.problems = problems
  }

  equals(other: Extension): boolean {
    return other instanceof Format && this.name === other.name
  }
}

const when =
  (right: (value: string) => boolean, message: string): Problems =>
  value =>
    right(value) ? [] : [message]

const uuid = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i
const isBase64 = (value: string): boolean => value.length % 4 === 0 && decodeBase64(value) !== undefined
const isTime = (value: string): boolean => !isError(parseTimestamp(value))

const uri: Problems = value => {
  const problem = urlProblem(value)
  return problem === undefined ? [] : [problem]
}

const prefixOf =
  (problems: Problems): Problems =>
  value =>
    problems(maskTrailingDash(value))

const known: ReadonlyMap<string, Format> = new Map(
  [
    new Format('dns1123Label', 30, dns1123Label),
    new Format('dns1123Subdomain', 60, dns1123Subdomain),
    new Format('dns1035Label', 30, dns1035Label),
    new Format('qualifiedName', 60, qualifiedName),
    new Format('dns1123LabelPrefix', 30, prefixOf(dns1123Label)),
    new Format('dns1123SubdomainPrefix', 60, prefixOf(dns1123Subdomain)),
    new Format('dns1035LabelPrefix', 30, prefixOf(dns1035Label)),
    new Format('labelValue', 40, labelValueErrors),
    new Format('uri', 1000, uri),
    new Format(
      'uuid',
      80,
      when(value => uuid.test(value), 'does not match the UUID format'),
    ),
    new Format('byte', 88, when(isBase64, 'invalid base64')),
    new Format(
      'date',
      90,
      when(value => isTime(`${value}T00:00:00Z`), 'invalid date'),
    ),
    new Format('datetime', 90, when(isTime, 'invalid datetime')),
  ].map(format => [format.name, format] as const),
)

/** Every format is estimated as the longest pattern. */
const longestPattern = 128

const format = extension(formatType, Format)

export const formats: Library = {
  types: [['kubernetes.NamedFormat', formatType]],
  overloads: [
    fn('format.named', [text], {
      gives: optionalType(formatType),
      run: name => {
        const found = known.get(name)
        return found === undefined ? none : new Optional(found)
      },
      ...unit,
    }),
    ...[...known].map(([name, value]) => fn(`format.${name}`, [], { gives: formatType, run: () => value })),
    method('validate', [format, text], {
      gives: optionalType(listType(stringType)),
      run: ({ problems }, value) => {
        const found = problems(value)
        return found.length === 0 ? none : new Optional(CelList.of([...found]))
      },
      cost: ([given, value = null]) =>
        matching(sizeOf(value), given instanceof Format ? given.pattern : longestPattern),
      estimate: sizes => ({ cost: scale(scale(sizes.of(1), costs.traversal), longestPattern * costs.regex) }),
    }),
  ],
}
