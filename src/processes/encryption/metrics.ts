/** What is counted of encryption, by upstream's names. One server answers for itself: which one it is, the scraper knows. */
import { Counter, Gauge, labelText } from '#base/metrics.ts'
import { KmsMetrics, seedLines } from '#server/store/kms/metrics.ts'

const name = (what: string): string => `apiserver_encryption_config_controller_${what}`
const own = ['apiserver_id_hash', ''] as const

export class EncryptionMetrics {
  readonly plugins = new KmsMetrics()
  readonly #reloads = new Counter(name('automatic_reloads_total'))
  readonly #reloaded = new Gauge(name('automatic_reload_last_timestamp_seconds'))
  #info: Gauge | undefined

  /** @param now milliseconds since the epoch */
  reloaded(status: 'success' | 'failure', now: number): void {
    const labels = labelText([own, ['status', status]])
    this.#reloads.add(labels)
    this.#reloaded.set(labels, now / 1000)
  }

  /** @param hash SHA-256 of the file, hexadecimal */
  using(hash: string): void {
    this.#info = new Gauge(name('last_config_info'))
    this.#info.set(labelText([own, ['hash', `sha256:${hash}`]]), 1)
  }

  *lines(plugins: Iterable<{ readonly name: string; readonly seeds: number }>): Generator<string> {
    if (this.#info === undefined) return
    yield* this.#info.lines()
    yield* this.#reloads.lines()
    yield* this.#reloaded.lines()
    yield* this.plugins.lines()
    yield* seedLines(plugins)
  }
}
