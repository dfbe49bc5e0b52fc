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

  *lines(): Generator<string> {
    yield* this.#latency.lines()
    yield* this.#told.lines()
    yield* this.#invalid.lines()
  }
}

/** @param plugins with the seeds that each would be asked to open after a restart */
export function* seedLines(plugins: Iterable<{ readonly name: string; readonly seeds: number }>): Generator<string> {
  const sizes = new Gauge(name('dek_source_cache_size'))
  for (const plugin of plugins) sizes.set(labelText([['provider_name', plugin.name]]), plugin.seeds)
  yield* sizes.lines()
}
