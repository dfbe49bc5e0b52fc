/** What holds for namespaces that say nothing, and for whom nothing holds: PodSecurityConfiguration, read as upstream reads it. */
import { dns1123Label, dns1123Subdomain } from '#api/names.ts'
import { type FieldError, duplicate, invalidValue } from '#api/validation.ts'
import {
  type Mode,
  type Policy,
  latest,
  levelError,
  levelVersion,
  modes,
  parseLevel,
  parseVersion,
  versionError,
  versionText,
} from './levels.ts'

export interface PodSecuritySettings {
  readonly defaults: Policy
  readonly exemptions: {
    readonly usernames: ReadonlySet<string>
    readonly namespaces: ReadonlySet<string>
    readonly runtimeClasses: ReadonlySet<string>
  }
}

/** Baseline is enforced, what restricted would refuse is told. */
export const usualSettings: PodSecuritySettings = {
  defaults: {
    enforce: levelVersion('baseline', latest),
    audit: levelVersion('restricted', latest),
    warn: levelVersion('restricted', latest),
  },
  exemptions: { usernames: new Set(), namespaces: new Set(['kube-system']), runtimeClasses: new Set() },
}

/** Upstream's, for programs that were written against it: nothing is asked of anybody. */
export const upstreamSettings: PodSecuritySettings = {
  defaults: {
    enforce: levelVersion('privileged', latest),
    audit: levelVersion('privileged', latest),
    warn: levelVersion('privileged', latest),
  },
  exemptions: { usernames: new Set(), namespaces: new Set(), runtimeClasses: new Set() },
}

const group = 'pod-security.admission.config.k8s.io'
const versions: ReadonlySet<unknown> = new Set(['v1', 'v1beta1', 'v1alpha1'].map(version => `${group}/${version}`))

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Nothing is passed over: a name that was meant for another is an exemption or a level that does not hold. */
function fieldsOf(value: unknown, path: string, known: readonly string[]): Fields {
  if (value === undefined || value === null) return {}
  if (!isFields(value)) throw new Error(`${path} must be an object`)
  const unknown = Object.keys(value).find(name => !known.includes(name))
  if (unknown !== undefined) throw new Error(`unknown field "${path === '' ? '' : `${path}.`}${unknown}"`)
  return value
}

/** @returns undefined where nothing is said, which '' is, too. */
function textOf(fields: Fields, name: string): string | undefined {
  const value = fields[name]
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string') throw new Error(`defaults.${name} must be a string`)
  return value
}

function readDefaults(fields: Fields, errors: FieldError[]): Policy {
  const read = (mode: Mode) => {
    const usual = usualSettings.defaults[mode]
    const level = textOf(fields, mode) ?? usual.level
    const version = textOf(fields, `${mode}-version`) ?? versionText(usual.version)
    const [parsedLevel, parsedVersion] = [parseLevel(level), parseVersion(version)]
    if (parsedLevel === undefined) errors.push(invalidValue(`defaults.${mode}`, level, levelError))
    if (parsedVersion === undefined) errors.push(invalidValue(`defaults.${mode}-version`, version, versionError))
    return levelVersion(parsedLevel ?? 'restricted', parsedVersion ?? latest)
  }
  const [enforce, warn, audit] = [read('enforce'), read('warn'), read('audit')]
  return { enforce, audit, warn }
}

type Problems = (name: string) => readonly string[]

const kinds: readonly (readonly [keyof PodSecuritySettings['exemptions'], Problems])[] = [
  ['namespaces', dns1123Label],
  ['runtimeClasses', dns1123Subdomain],
  ['usernames', name => (name === '' ? ['username must not be empty'] : [])],
]

function namesIn(fields: Fields, field: string): readonly string[] | undefined {
  const value = fields[field]
  if (value === undefined || value === null) return undefined
  const names: unknown[] = Array.isArray(value) ? value : [undefined]
  return names.map(name => {
    if (typeof name !== 'string') throw new Error(`exemptions.${field} must be a list of strings`)
    return name
  })
}

function readExemptions(fields: Fields, errors: FieldError[]): PodSecuritySettings['exemptions'] {
  const found = { ...usualSettings.exemptions }
  for (const [field, problems] of kinds) {
    const names = namesIn(fields, field)
    if (names === undefined) continue
    const seen = new Set<string>()
    for (const [at, name] of names.entries()) {
      const [path, wrong] = [`exemptions.${field}[${at}]`, problems(name)]
      if (wrong.length > 0) errors.push(invalidValue(path, name, wrong.join(', ')))
      else if (seen.has(name)) errors.push(duplicate(path, name))
      seen.add(name)
    }
    found[field] = seen
  }
  return found
}

/**
 * Whoever says nothing keeps what is usual here: a level that is left out is not `privileged`, as it is upstream.
 * @param value a PodSecurityConfiguration as JSON or YAML have it
 * @throws Error that names each field that is wrong
 */
export function readSettings(value: unknown): PodSecuritySettings {
  const fields = fieldsOf(value, '', ['apiVersion', 'kind', 'defaults', 'exemptions'])
  if (fields.kind !== 'PodSecurityConfiguration' || !versions.has(fields.apiVersion))
    throw new Error(
      `expected PodSecurityConfiguration of ${group}/v1, got ${JSON.stringify(fields.kind ?? '')} of ${JSON.stringify(fields.apiVersion ?? '')}`,
    )
  const errors: FieldError[] = []
  const known = modes.flatMap(mode => [mode, `${mode}-version`])
  const defaults = readDefaults(fieldsOf(fields.defaults, 'defaults', known), errors)
  const exempt = fieldsOf(
    fields.exemptions,
    'exemptions',
    kinds.map(([field]) => field),
  )
  const exemptions = readExemptions(exempt, errors)
  if (errors.length === 0) return { defaults, exemptions }
  const texts = errors.map(error => error.message())
  throw new Error(texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`)
}
