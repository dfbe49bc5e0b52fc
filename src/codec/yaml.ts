/**
 * YAML as Kubernetes clients write it. Go's reader, which they all test against, takes YAML 1.1's booleans (yes, on, y),
 * octal numbers (0777) and merge keys, but neither base 60 nor dates. Duplicate keys are refused.
 */
import {
  boolYaml11Tag,
  defineScalarTag,
  dump,
  FAILSAFE_SCHEMA,
  loadAll,
  mergeTag,
  NOT_RESOLVED,
  nullCoreTag,
  timestampTag,
  YAMLException,
} from 'js-yaml'
import { JsonError, YamlError } from './errors.ts'
import { parseJson } from './json.ts'

export interface YamlLimits {
  /** Bytes of text. */
  readonly bytes?: number
  /** Objects and arrays inside each other. */
  readonly depth?: number
}

const defaultLimits = { bytes: 3 * 1024 * 1024, depth: 200 }
const mostAliases = 1000
/** Values after every alias was replaced by a copy of what it names. */
const mostValues = 500_000

const intPattern = /^[-+]?(?:0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|[0-9]+)$/
const floatPattern = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/
const notFinite = /^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/
const digits = '+-0123456789'.split('')

/** @returns undefined for digits that are no integer, such as 08, which Go reads as a float. */
function integerOf(text: string): bigint | undefined {
  const sign = text.startsWith('-') ? -1n : 1n
  const size = text.replace(/^[-+]/, '')
  const octal = /^0[0-7]+$/.test(size) ? `0o${size.slice(1)}` : size
  if (/^0[0-9]+$/.test(octal)) return undefined
  return sign * BigInt(octal.toLowerCase())
}

function resolveInt(source: string): number | bigint | typeof NOT_RESOLVED {
  const text = source.replaceAll('_', '')
  if (text.length > 70 || !intPattern.test(text)) return NOT_RESOLVED
  const value = integerOf(text)
  if (value === undefined || BigInt.asIntN(64, value) !== value) return NOT_RESOLVED
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}

function resolveFloat(source: string): number | bigint | typeof NOT_RESOLVED {
  const text = source.startsWith('.') ? source : source.replaceAll('_', '')
  if (notFinite.test(text)) throw new YamlError('yaml: a number that is not finite has no JSON')
  const value = Number(text)
  // What is too large for a number is a text to Go.
  if (!floatPattern.test(text) || !Number.isFinite(value)) return NOT_RESOLVED
  if (value === 0 || Number.isSafeInteger(value) || !Number.isInteger(value)) return value === 0 ? 0 : value
  return Math.abs(value) < 2 ** 63 ? BigInt(value) : value
}

const isInteger = (value: unknown): boolean => typeof value === 'bigint' || Number.isSafeInteger(value)

const goSchema = FAILSAFE_SCHEMA.withTags(
  nullCoreTag,
  boolYaml11Tag,
  mergeTag,
  defineScalarTag('tag:yaml.org,2002:int', {
    implicit: true,
    implicitFirstChars: digits,
    resolve: resolveInt,
    identify: isInteger,
  }),
  defineScalarTag('tag:yaml.org,2002:float', {
    implicit: true,
    implicitFirstChars: ['.', ...digits],
    resolve: resolveFloat,
    identify: value => typeof value === 'number' && !isInteger(value),
  }),
)

/** For writing: other readers take these for dates, base 60 numbers, infinities and ends of documents, so they are quoted. */
const cautiousSchema = goSchema.withTags(
  timestampTag,
  defineScalarTag('tag:bulwark.dev,2026:base60', {
    implicit: true,
    implicitFirstChars: digits,
    resolve: source => (/^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$/.test(source) ? source : NOT_RESOLVED),
    identify: () => false,
  }),
  defineScalarTag('tag:yaml.org,2002:float', {
    implicit: true,
    implicitFirstChars: ['.', ...digits],
    resolve: source => {
      const text = source.replaceAll('_', '')
      return notFinite.test(text) || floatPattern.test(text) ? Number.parseFloat(text) : NOT_RESOLVED
    },
    identify: value => typeof value === 'number' && !isInteger(value),
  }),
  defineScalarTag('tag:bulwark.dev,2026:marker', {
    implicit: true,
    implicitFirstChars: ['-', '.'],
    resolve: source => (/^(?:---|\.\.\.)/.test(source) ? 0 : NOT_RESOLVED),
    identify: () => false,
  }),
)

/** Names of tags and aliases are text of the document: a password may begin with `!` or `*`. */
const unquoted = (reason: string): string => reason.replace(/(?: *["<]|: ).*$/s, '')

/** Where it is wrong and why, without the text itself, which may hold secrets. */
function failure(error: unknown, text: string): YamlError {
  if (error instanceof YamlError) return error
  if (!(error instanceof YAMLException)) return new YamlError('yaml: cannot be read')
  if (error.reason === 'duplicated mapping key' && error.mark !== undefined) return repeated(error.mark, text)
  return new YamlError(
    `yaml: ${error.mark === undefined ? '' : `line ${error.mark.line + 1}: `}${unquoted(error.reason)}`,
  )
}

/** Names the key, where it is a name. */
function repeated({ line, position }: { readonly line: number; readonly position: number }, text: string): YamlError {
  const [, key = ''] = /^['"]?([\w./-]{1,63})['"]?\s*:/.exec(text.slice(position, position + 80)) ?? []
  const said = key === '' ? 'a key is' : `key ${JSON.stringify(key)}`
  return new YamlError(`yaml: unmarshal errors:\n  line ${line + 1}: ${said} already set in map`)
}

interface Copying {
  left: number
}

/** Escapes can name halves of characters, which have no UTF-8. */
function whole(text: string): string {
  if (text.isWellFormed()) return text
  throw new YamlError('yaml: found invalid Unicode character escape code')
}
const escapes = /[*]|\\[uU]/

/** A tree of its own for everybody: an alias shares what it names, and decoders change what they are given. */
function unshare(value: unknown, copying: Copying): unknown {
  if (--copying.left < 0) throw new YamlError('yaml: document contains excessive aliasing')
  if (typeof value === 'string') return whole(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(item => unshare(item, copying))
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [whole(key), unshare(inner, copying)]))
}

/**
 * All documents of a text, empty ones left out, as JSON values made for the caller alone.
 * @throws YamlError
 */
export function parseYamlAll(input: Uint8Array | string, limits: YamlLimits = {}): readonly unknown[] {
  if (input.length > (limits.bytes ?? defaultLimits.bytes)) throw new YamlError('yaml: text is too long')
  const text = typeof input === 'string' ? input : Buffer.from(input).toString('utf8')
  try {
    const depth = limits.depth ?? defaultLimits.depth
    const documents = loadAll(text, { schema: goSchema, maxDepth: depth, maxAliases: mostAliases })
    const copying = { left: mostValues }
    const own = escapes.test(text) ? documents.map(document => unshare(document, copying)) : documents
    return own.filter(document => document !== null && document !== undefined)
  } catch (error) {
    throw failure(error, text)
  }
}

const brace = 0x7b

/** Escapes may name halves of characters: JSON takes them for something else, YAML refuses them. */
const characterEscape = String.raw`\u`
const hasEscape = (input: Uint8Array | string): boolean =>
  typeof input === 'string'
    ? input.includes(characterEscape)
    : Buffer.from(input.buffer, input.byteOffset, input.byteLength).includes(characterEscape)

/** Most of what is sent as YAML is JSON, which is some: reading it as such takes a tenth of the time. */
function asJson(input: Uint8Array | string, { bytes, depth }: Required<YamlLimits>): unknown {
  const first = typeof input === 'string' ? input.charCodeAt(0) : input[0]
  if (first !== brace || input.length > bytes || hasEscape(input)) return undefined
  try {
    const { value, duplicates } = parseJson(input, { depth })
    return duplicates.length === 0 ? value : undefined
  } catch (error) {
    if (error instanceof JsonError) return undefined
    throw error
  }
}

/** The one document of a text; null for none. @throws YamlError, also for more than one. */
export function parseYaml(input: Uint8Array | string, limits: YamlLimits = {}): unknown {
  const plain = asJson(input, { ...defaultLimits, ...limits })
  if (plain !== undefined) return plain
  const documents = parseYamlAll(input, limits)
  if (documents.length > 1) throw new YamlError('yaml: expected one document')
  return documents[0] ?? null
}

/** YAML text of any JSON value, read as the same by YAML 1.1 and 1.2: what either takes for something else is quoted. */
export const dumpYaml = (value: unknown): string => dump(value, { schema: cautiousSchema, lineWidth: -1, noRefs: true })
