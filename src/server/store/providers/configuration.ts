/**
 * EncryptionConfiguration (apiserver.config.k8s.io/v1), read and judged as upstream does: its rules, its messages. Secrets
 * never stand in a message.
 */
import { type FieldError, invalidValue, required } from '#api/validation.ts'
import { resourceOf, type NamedKey } from './providers.ts'

export interface KmsConfiguration {
  readonly type: 'kms'
  readonly name: string
  /** Path of the unix socket; beginning with @ in the abstract namespace. */
  readonly socket: string
  /** Milliseconds that a call may take. */
  readonly timeout: number
}

export type ProviderConfiguration =
  | { readonly type: 'aesgcm' | 'aescbc' | 'secretbox'; readonly keys: readonly NamedKey[] }
  | KmsConfiguration
  | { readonly type: 'identity' }

export interface ResourceConfiguration {
  readonly resources: readonly string[]
  readonly providers: readonly ProviderConfiguration[]
}

type Fields = Readonly<Record<string, unknown>>
type Problems = FieldError[]

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const kinds = ['kms', 'aesgcm', 'aescbc', 'secretbox', 'identity'] as const
const keyLengths = { aesgcm: [16, 24, 32], aescbc: [16, 24, 32], secretbox: [32] } as const
const usualTimeout = 3000
/** Everything that a configuration may name in all. */
const mostEntries = 10_000

/** @throws Error for what is no EncryptionConfiguration, or has fields that nobody knows */
function strict(value: unknown, path: string, fields: readonly string[]): Fields {
  if (!isFields(value)) throw new Error(`${path === '' ? 'the configuration' : path} must be an object`)
  const unknown = Object.keys(value).find(name => !fields.includes(name))
  if (unknown !== undefined)
    throw new Error(`strict decoding error: unknown field "${path === '' ? '' : `${path}.`}${unknown}"`)
  return value
}

function listOf(value: unknown, path: string): readonly unknown[] {
  if (value === undefined || value === null) return []
  if (!Array.isArray(value)) throw new Error(`${path} must be a list`)
  if (value.length > mostEntries) throw new Error(`${path} has more than ${mostEntries} entries`)
  return value
}

function textOf(value: unknown, path: string): string {
  if (value === undefined || value === null) return ''
  if (typeof value !== 'string') throw new Error(`${path} must be a string`)
  return value
}

/**
 * @param value as JSON or YAML have it
 * @throws Error with everything that is wrong
 */
export function readConfiguration(value: unknown): readonly ResourceConfiguration[] {
  const config = strict(value, '', ['apiVersion', 'kind', 'resources'])
  if (config['kind'] !== 'EncryptionConfiguration' || config['apiVersion'] !== 'apiserver.config.k8s.io/v1')
    throw new Error(
      `no kind ${JSON.stringify(config['kind'] ?? '')} is registered for version ${JSON.stringify(config['apiVersion'] ?? '')}: expected EncryptionConfiguration of apiserver.config.k8s.io/v1`,
    )
  const problems: Problems = []
  const entries = listOf(config['resources'], 'resources')
  if (entries.length === 0) problems.push(required('resources', 'at least one resources is required'))
  const plugins = new Set<string>()
  const read = entries.map((entry, i) => entryOf(entry, `resources[${i}]`, { problems, plugins }))
  if (problems.length > 0) throw new Error(joined(problems))
  const masked = maskedIn(read)
  if (masked !== undefined) throw new Error(`error while building transformers: ${masked}`)
  return read
}

const joined = (problems: Problems): string => {
  const texts = [...new Set(problems.map(problem => problem.message()))]
  return texts.length === 1 ? (texts[0] ?? '') : `[${texts.join(', ')}]`
}

interface Reading {
  readonly problems: Problems
  readonly plugins: Set<string>
}

function entryOf(entry: unknown, path: string, reading: Reading): ResourceConfiguration {
  const { problems } = reading
  const fields = strict(entry, path, ['resources', 'providers'])
  const names = listOf(fields['resources'], `${path}.resources`).map((name, i) =>
    textOf(name, `${path}.resources[${i}]`),
  )
  if (names.length === 0) problems.push(required(`${path}.resources`, `at least one ${path}.resources is required`))
  overlaps(names, `${path}.resources`, problems)
  for (const [i, name] of names.entries()) {
    const problem = nameProblem(name)
    if (problem !== undefined) problems.push(invalidValue(`${path}.resources[${i}]`, name, problem))
  }
  const providers = listOf(fields['providers'], `${path}.providers`)
  if (providers.length === 0) problems.push(required(`${path}.providers`, `at least one ${path}.providers is required`))
  return {
    resources: names,
    providers: providers.flatMap((one, i) => providerOf(one, `${path}.providers[${i}]`, reading)),
  }
}

function overlaps(names: readonly string[], path: string, problems: Problems): void {
  if (new Set(names.map(name => Object.values(resourceOf(name)).join('.'))).size < names.length)
    problems.push(invalidValue(path, names, 'the same resource cannot be specified multiple times'))
  const parsed = names.map(resourceOf)
  const groups = Map.groupBy(parsed, ({ group }) => group)
  const distinct = new Set(names).size
  const all = parsed.some(({ resource, group }) => resource === '*' && group === '*') && distinct > 1
  const masking = [...groups.values()].some(
    group => group.some(({ resource }) => resource === '*') && group.some(({ resource }) => resource !== '*'),
  )
  if (all || masking)
    problems.push(
      invalidValue(
        path,
        names,
        "using overlapping resources such as 'secrets' and '*.' in the same resource list is not allowed as they will be masked",
      ),
    )
}

function nameProblem(name: string): string | undefined {
  if (name.toLowerCase() !== name) return 'resource name should not contain capital letters'
  if (name === '*') return "use '*.' to encrypt all the resources from core API group or *.* to encrypt all resources"
  if (['apiserveripinfo', 'serviceipallocations', 'servicenodeportallocations'].includes(name))
    return 'resources which do not have REST API/s cannot be encrypted'
  const { resource, group } = resourceOf(name)
  if (group === 'events.k8s.io')
    return "'*.events.k8s.io' objects are stored using the 'events' API group in etcd. Use 'events' instead in the config file"
  if (group === 'extensions') return "'extensions' group has been removed and cannot be used for encryption"
  return group === '*' && resource !== '*' ? 'encrypting the same resource across groups is not supported' : undefined
}

/** @returns nothing where it is wrong: the problems say so */
function providerOf(value: unknown, path: string, reading: Reading): readonly ProviderConfiguration[] {
  const { problems } = reading
  const fields = strict(value, path, kinds)
  const named = kinds.filter(kind => fields[kind] !== undefined && fields[kind] !== null)
  const [kind] = named
  if (kind === undefined || named.length > 1) {
    const why =
      kind === undefined
        ? 'provider does not contain any of the expected providers: KMS, AESGCM, AESCBC, Secretbox, Identity'
        : 'more than one provider specified in a single element, should split into different list elements'
    problems.push(invalidValue(path, 'REDACTED', why))
    return []
  }
  if (kind === 'identity') {
    strict(fields[kind], `${path}.identity`, [])
    return [{ type: 'identity' }]
  }
  if (kind === 'kms') return kmsOf(fields[kind], `${path}.kms`, reading)
  const inner = strict(fields[kind], `${path}.${kind}`, ['keys'])
  const keys = keysOf(inner['keys'], { path: `${path}.${kind}.keys`, lengths: keyLengths[kind] }, problems)
  return [{ type: kind, keys }]
}

interface Wanted {
  readonly path: string
  readonly lengths: readonly number[]
}

function keysOf(value: unknown, { path, lengths }: Wanted, problems: Problems): readonly NamedKey[] {
  const keys = listOf(value, path)
  if (keys.length === 0) problems.push(required(path, 'at least one keys is required'))
  return keys.map((key, i) => {
    const fields = strict(key, `${path}[${i}]`, ['name', 'secret'])
    const name = textOf(fields['name'], `${path}[${i}].name`)
    const text = textOf(fields['secret'], `${path}[${i}].secret`)
    if (name === '') problems.push(required(`${path}[${i}].name`, 'name is a mandatory field for a key'))
    if (text === '') problems.push(required(`${path}[${i}].secret`, 'secret is a mandatory field for a key'))
    const secret = Buffer.from(text, 'base64')
    const why =
      secret.toString('base64') !== text.replaceAll(/[\r\n]/g, '')
        ? 'secrets must be base64 encoded'
        : `secret is not of the expected length, got ${secret.length}, expected one of [${lengths.join(' ')}]`
    if (text !== '' && (why.startsWith('secrets') || !lengths.includes(secret.length)))
      problems.push(invalidValue(`${path}[${i}].secret`, 'REDACTED', why))
    return { name, secret: Uint8Array.from(secret) }
  })
}

function kmsOf(value: unknown, path: string, { problems, plugins }: Reading): readonly KmsConfiguration[] {
  const fields = strict(value, path, ['apiVersion', 'name', 'cachesize', 'endpoint', 'timeout'])
  const name = textOf(fields['name'], `${path}.name`)
  const version = textOf(fields['apiVersion'], `${path}.apiVersion`) || 'v1'
  const endpoint = textOf(fields['endpoint'], `${path}.endpoint`)
  const bad = (field: string, shown: unknown, why: string): void =>
    void problems.push(invalidValue(`${path}.${field}`, shown, why))
  if (name === '') problems.push(required(`${path}.name`, 'name is a mandatory field for a provider'))
  if (name.includes(':')) bad('name', name, `invalid KMS provider name ${name}, must not contain ':'`)
  if (plugins.has(name)) bad('name', name, `duplicate KMS provider name ${name}, names must be unique`)
  plugins.add(name)
  const timeout = durationOf(fields['timeout'])
  if (!(timeout > 0)) bad('timeout', textOf(fields['timeout'], 'timeout'), 'timeout should be a positive value')
  const socket = socketOf(endpoint)
  if (endpoint === '') bad('endpoint', '', 'endpoint is a mandatory field for a kms')
  else if (socket === undefined)
    bad(
      'endpoint',
      endpoint,
      `unsupported scheme ${JSON.stringify(schemeOf(endpoint))} for KMS provider, only unix is supported`,
    )
  if (version !== 'v1' && version !== 'v2')
    bad('apiVersion', version, 'unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported')
  else if (version === 'v1')
    bad(
      'apiVersion',
      version,
      'KMSv1 is deprecated and will only receive security updates going forward. Use KMSv2 instead.',
    )
  else if (fields['cachesize'] !== undefined) bad('cachesize', fields['cachesize'], 'cachesize is not supported in v2')
  return [{ type: 'kms', name, socket: socket ?? '', timeout }]
}

const schemeOf = (endpoint: string): string => /^([a-z][a-z0-9+.-]*):/i.exec(endpoint)?.[1] ?? ''

/** `unix:///PATH`, or `unix:///@NAME` in the abstract namespace. */
function socketOf(endpoint: string): string | undefined {
  const [, path] = /^unix:\/\/(\/.+)$/.exec(endpoint) ?? []
  return path?.startsWith('/@') === true ? path.slice(1) : path
}

const units: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1000,
  ms: 1,
  us: 0.001,
  µs: 0.001,
  ns: 1e-6,
}

/** A Go duration in milliseconds; NaN for what is none. */
function durationOf(value: unknown): number {
  if (value === undefined || value === null) return usualTimeout
  if (typeof value !== 'string' || !/^[-+]?(\d+(\.\d*)?(h|ms|m|us|µs|ns|s))+$/.test(value)) return Number.NaN
  const parts = value.matchAll(/(\d+(?:\.\d*)?)(h|ms|m|us|µs|ns|s)/g)
  const sum = [...parts].reduce((all, [, number = '', unit = '']) => all + Number(number) * (units[unit] ?? 0), 0)
  return value.startsWith('-') ? -sum : sum
}

/** A rule that stands behind one that takes everything it names. */
function maskedIn(entries: readonly ResourceConfiguration[]): string | undefined {
  const seen = new Set<string>()
  const shown = (resource: string, group: string): string =>
    group === '' && resource !== '*' ? resource : `${resource}.${group}`
  for (const { resources } of entries)
    for (const name of resources) {
      const { resource, group } = resourceOf(name)
      for (const rule of [`*.${group}`, '*.*'])
        if (seen.has(rule))
          return `resource ${JSON.stringify(shown(resource, group))} is masked by earlier rule ${JSON.stringify(rule)}`
      seen.add(`${resource}.${group}`)
    }
  return undefined
}
