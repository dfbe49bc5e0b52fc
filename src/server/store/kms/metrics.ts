/** What is counted of KMS plugins, by upstream's names. Ids of keys are shown as hashes alone. */
import { createHash } from 'node:crypto'
import { Counter, Gauge, Histogram, labelText } from '#base/metrics.ts'

const name = (what: string): string => `apiserver_envelope_encryption_${what}`

/** Seconds: from a tenth of a millisecond to most of a minute. */
const bounds = Array.from({ length: 20 }, (_, at) => 0.0001 * 2 ** at)
/** Keys of which is said when they were last told. */
const mostKeys = 100

export const hashText = (text: string): string =>
  text === '' ? '' : `sha256:${createHash('sha256').update(text).digest('hex')}`

/** Seconds: making 32 random bytes takes microseconds, unless there is no randomness yet. */
const makingBounds = Array.from({ length: 14 }, (_, at) => 5e-6 * 2 ** at)

export interface Called {
  readonly method: 'Status' | 'Encrypt' | 'Decrypt'
  /** As gRPC names it. */
  readonly code: string
  readonly seconds: number
}

/** Of all plugins of a server, those of a former configuration among them. */
export class KmsMetrics {
  readonly #latency = new Histogram(name('kms_operations_latency_seconds'), bounds)
  readonly #told = new Gauge(name('key_id_hash_status_last_timestamp_seconds'), mostKeys)
  readonly #invalid = new Counter(name('invalid_key_id_from_status_total'))
  readonly #making = new Histogram('apiserver_storage_data_key_generation_duration_seconds', makingBounds)
  #failures = 0
  #misses = 0

  called(provider: string, { method, code, seconds }: Called): void {
    const labels = labelText([
      ['grpc_status_code', code],
      ['method_name', `/v2.KeyManagementService/${method}`],
      ['provider_name', provider],
    ])
    this.#latency.measure(labels, seconds)
  }

  /** @param now milliseconds since the epoch */
  told(provider: string, keyId: string, now: number): void {
    const labels = labelText([
      ['apiserver_id_hash', ''],
      ['key_id_hash', hashText(keyId)],
      ['provider_name', provider],
    ])
    this.#told.set(labels, now / 1000)
  }

  invalid(provider: string, keyId: string): void {
    const error = keyId === '' ? 'empty' : 'too_long'
    this.#invalid.add(
      labelText([
        ['error', error],
        ['provider_name', provider],
      ]),
    )
  }

  /** A seed of our own. @param seconds that it took; undefined: it could not be made */
  made(seconds: number | undefined): void {
    if (seconds === undefined) this.#failures++
    else this.#making.measure('', seconds)
  }

  /** A seed was not known, and the plugin had to be asked. */
  missed(): void {
    this.#misses++
  }

  *lines(): Generator<string> {
    yield* this.#latency.lines()
    yield* this.#making.lines()
    yield* plainCounter('apiserver_storage_data_key_generation_failures_total', this.#failures)
    yield* plainCounter('apiserver_storage_envelope_transformation_cache_misses_total', this.#misses)
    yield* this.#told.lines()
    yield* this.#invalid.lines()
  }
}

function* plainCounter(of: string, value: number): Generator<string> {
  yield `# TYPE ${of} counter`
  yield `${of} ${value}`
}

/** @param plugins with the seeds that each would be asked to open after a restart */
export function* seedLines(plugins: Iterable<{ readonly name: string; readonly seeds: number }>): Generator<string> {
  const sizes = new Gauge(name('dek_source_cache_size'))
  for (const plugin of plugins) sizes.set(labelText([['provider_name', plugin.name]]), plugin.seeds)
  yield* sizes.lines()
}
