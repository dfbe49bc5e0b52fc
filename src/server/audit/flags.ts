/** Upstream's flags of audit: their names, what they are without being given, and what they may not be. */
import { type Mode, modes } from './sink.ts'

type Kind = 'text' | 'whole' | 'number' | 'duration' | 'switch'

export interface Flag {
  readonly kind: Kind
  readonly usual: string
  readonly help: string
}

const batch = (name: string, usual: Readonly<Record<'size' | 'wait' | 'throttle', string>>) => ({
  [`audit-${name}-mode`]: {
    kind: 'text',
    usual: 'batch',
    help: `batch, blocking (requests wait until they are on record) or blocking-strict (and are refused where that fails)`,
  },
  [`audit-${name}-batch-buffer-size`]: { kind: 'whole', usual: '10000', help: 'events that wait at most' },
  [`audit-${name}-batch-max-size`]: { kind: 'whole', usual: usual.size, help: 'events of one batch' },
  [`audit-${name}-batch-max-wait`]: { kind: 'duration', usual: usual.wait, help: 'how long a batch waits to be full' },
  [`audit-${name}-batch-throttle-enable`]: {
    kind: 'switch',
    usual: usual.throttle,
    help: 'whether batches are limited in number',
  },
  [`audit-${name}-batch-throttle-qps`]: { kind: 'number', usual: '10', help: 'batches a second' },
  [`audit-${name}-batch-throttle-burst`]: { kind: 'whole', usual: '15', help: 'batches at once after a quiet time' },
  [`audit-${name}-truncate-enabled`]: {
    kind: 'switch',
    usual: 'false',
    help: 'whether large events lose their bodies',
  },
  [`audit-${name}-truncate-max-batch-size`]: { kind: 'whole', usual: '10485760', help: 'bytes of one batch' },
  [`audit-${name}-truncate-max-event-size`]: { kind: 'whole', usual: '102400', help: 'bytes of one event' },
})

export const auditFlags = {
  'audit-policy-file': { kind: 'text', usual: '', help: 'what goes on record: a Policy of audit.k8s.io/v1' },
  'audit-log-path': {
    kind: 'text',
    usual: '',
    help: 'the log, - for standard output (default: in the data directory)',
  },
  'audit-log-maxage': { kind: 'whole', usual: '30', help: 'days that full logs are kept, 0 for ever' },
  'audit-log-maxbackup': { kind: 'whole', usual: '10', help: 'full logs that are kept, 0 for all' },
  'audit-log-maxsize': { kind: 'whole', usual: '100', help: 'megabytes at which a log is full' },
  'audit-log-format': { kind: 'text', usual: 'json', help: 'json or legacy' },
  'audit-log-compress': { kind: 'switch', usual: 'false', help: 'whether full logs are compressed' },
  'audit-log-version': { kind: 'text', usual: 'audit.k8s.io/v1', help: 'of the events' },
  ...batch('log', { size: '1000', wait: '0s', throttle: 'false' }),
  'audit-webhook-config-file': { kind: 'text', usual: '', help: 'kubeconfig of a server that is sent all events' },
  'audit-webhook-initial-backoff': { kind: 'duration', usual: '10s', help: 'before a failed list is sent again' },
  'audit-webhook-version': { kind: 'text', usual: 'audit.k8s.io/v1', help: 'of the events' },
  ...batch('webhook', { size: '400', wait: '30s', throttle: 'true' }),
} as Readonly<Record<string, Flag>>

/** A flag that cannot be meant. */
export class FlagError extends Error {}

/** Flags that were given, by their names without dashes. */
export type Given = Readonly<Record<string, string>>

export interface BatchOptions {
  readonly mode: Mode
  readonly buffer: number
  readonly size: number
  /** Milliseconds. */
  readonly wait: number
  readonly throttle?: { readonly qps: number; readonly burst: number }
  readonly truncate?: { readonly event: number; readonly list: number }
}

export interface AuditSettings {
  readonly policyFile?: string
  /** Absent: in the data directory. '': none. */
  readonly path?: string
  readonly maxAgeDays: number
  readonly maxBackup: number
  readonly maxMegabytes: number
  readonly format: 'json' | 'legacy'
  readonly compress: boolean
  readonly log: BatchOptions
  readonly webhook?: BatchOptions & { readonly file: string; readonly backoff: number }
}

const units: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/** Go's durations: `1m30s`. @returns milliseconds @throws FlagError */
export function milliseconds(flag: string, text: string): number {
  if (text === '0') return 0
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)]
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text)
    throw new FlagError(`invalid argument ${JSON.stringify(text)} for "--${flag}" flag: time: invalid duration`)
  return parts.reduce((sum, [, amount, unit = 'ms']) => sum + Number(amount) * (units[unit] ?? 1), 0)
}

class Reader {
  readonly #given: Given
  constructor(given: Given) {
    this.#given = given
  }
  text(flag: string): string {
    return this.#given[flag] ?? auditFlags[flag]?.usual ?? ''
  }
  number(flag: string): number {
    const text = this.text(flag)
    const whole = auditFlags[flag]?.kind === 'whole'
    if (text === '' || !(whole ? /^-?\d{1,15}$/ : /^-?\d{1,15}(\.\d+)?$/).test(text))
      throw new FlagError(`invalid argument ${JSON.stringify(text)} for "--${flag}" flag: must be a number`)
    return Number(text)
  }
  duration(flag: string): number {
    return milliseconds(flag, this.text(flag))
  }
  on(flag: string): boolean {
    const text = this.text(flag)
    if (text !== 'true' && text !== 'false')
      throw new FlagError(`invalid argument ${JSON.stringify(text)} for "--${flag}" flag: must be true or false`)
    return text === 'true'
  }
}

const isMode = (text: string): text is Mode => (modes as readonly string[]).includes(text)

function batchOptions(read: Reader, name: 'log' | 'webhook'): BatchOptions {
  const flag = (what: string): string => `audit-${name}-${what}`
  const mode = read.text(flag('mode'))
  if (!isMode(mode))
    throw new FlagError(`invalid audit ${name} mode ${mode}, allowed modes are ${JSON.stringify(modes.join(','))}`)
  const positive = (what: string, of: string): number => {
    const value = read.number(flag(what))
    if (value <= 0) throw new FlagError(`invalid audit batch ${name} ${of} ${value}, must be a positive number`)
    return value
  }
  const throttled = read.on(flag('batch-throttle-enable'))
  return {
    mode,
    buffer: positive('batch-buffer-size', 'buffer size'),
    size: positive('batch-max-size', 'max batch size'),
    wait: read.duration(flag('batch-max-wait')),
    ...(throttled
      ? {
          throttle: {
            qps: positive('batch-throttle-qps', 'throttle QPS'),
            burst: positive('batch-throttle-burst', 'throttle burst'),
          },
        }
      : {}),
    ...truncation(read, name),
  }
}

function truncation(read: Reader, name: string): Pick<BatchOptions, 'truncate'> {
  const event = read.number(`audit-${name}-truncate-max-event-size`)
  const list = read.number(`audit-${name}-truncate-max-batch-size`)
  if (event <= 0)
    throw new FlagError(`invalid audit truncate ${name} max event size ${event}, must be a positive number`)
  if (list < event)
    throw new FlagError(
      `invalid audit truncate ${name} max batch size ${list}, must be greater than max event size (${event})`,
    )
  return read.on(`audit-${name}-truncate-enabled`) ? { truncate: { event, list } } : {}
}

const formats = ['legacy', 'json']

/** @throws FlagError */
export function auditSettings(given: Given): AuditSettings {
  const read = new Reader(given)
  const format = read.text('audit-log-format')
  if (format !== 'json' && format !== 'legacy')
    throw new FlagError(`invalid audit log format ${format}, allowed formats are ${JSON.stringify(formats.join(','))}`)
  for (const name of ['log', 'webhook'])
    if (read.text(`audit-${name}-version`) !== 'audit.k8s.io/v1')
      throw new FlagError('invalid group version, allowed versions are ["audit.k8s.io/v1"]')
  const limit = (flag: string): number => {
    const value = read.number(flag)
    if (value < 0) throw new FlagError(`--${flag} ${value} can't be a negative number`)
    return value
  }
  const policyFile = read.text('audit-policy-file')
  const file = read.text('audit-webhook-config-file')
  return {
    ...(policyFile === '' ? {} : { policyFile }),
    ...('audit-log-path' in given ? { path: read.text('audit-log-path') } : {}),
    maxAgeDays: limit('audit-log-maxage'),
    maxBackup: limit('audit-log-maxbackup'),
    // None is lumberjack's own.
    maxMegabytes: limit('audit-log-maxsize') === 0 ? 100 : limit('audit-log-maxsize'),
    format,
    compress: read.on('audit-log-compress'),
    log: batchOptions(read, 'log'),
    ...(file === ''
      ? {}
      : {
          webhook: { ...batchOptions(read, 'webhook'), file, backoff: read.duration('audit-webhook-initial-backoff') },
        }),
  }
}
