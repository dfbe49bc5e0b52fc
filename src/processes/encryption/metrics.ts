/** What is counted of encryption, by upstream's names. One server answers for itself: which one it is, the scraper knows. */
import { Counter, Gauge, labelText } from '#base/metrics.ts'
import { KmsMetrics, hashText, seedLines } from '#server/store/kms/metrics.ts'
import { type TallyMemory, type Total, makeTallyMemory, totals } from '#server/store/tally.ts'

const name = (what: string): string => `apiserver_encryption_config_controller_${what}`
const own = ['apiserver_id_hash', ''] as const

export class EncryptionMetrics {
  readonly plugins = new KmsMetrics()
  /** Where the store counts what it seals and opens. */
  readonly tally: TallyMemory = makeTallyMemory()
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
    yield* transformations(totals(this.tally))
    if (this.#info === undefined) return
    yield* this.#info.lines()
    yield* this.#reloads.lines()
    yield* this.#reloaded.lines()
    yield* this.plugins.lines()
    yield* seedLines(plugins)
  }
}

const operations = 'apiserver_storage_transformation_operations_total'
const uses = 'apiserver_envelope_encryption_key_id_hash_total'
const lastUses = 'apiserver_envelope_encryption_key_id_hash_last_timestamp_seconds'
const pluginPrefix = /^k8s:enc:kms:v2:([^:]*):$/

/** Values sealed and opened, and of plugins which of their keys they needed. */
function* transformations(all: Iterable<Total>): Generator<string> {
  const [done, used, last] = [new Map<string, number>(), new Map<string, number>(), new Map<string, number>()]
  const add = (to: Map<string, number>, labels: string, value: number): void =>
    void (value > 0 && to.set(labels, (to.get(labels) ?? 0) + value))
  for (const { resource, direction, prefix = 'unknown', keyId, ...total } of all) {
    const common = [
      ['transformation_type', direction],
      ['transformer_prefix', prefix],
    ] as const
    add(done, labelText([['resource', resource], ['status', 'OK'], ...common]), total.done)
    add(done, labelText([['resource', resource], ['status', 'unknown-non-grpc'], ...common]), total.failed)
    const [, provider] = pluginPrefix.exec(prefix) ?? []
    if (provider === undefined || keyId === undefined) continue
    const labels = labelText([
      own,
      ['key_id_hash', hashText(keyId)],
      ['provider_name', provider],
      ['transformation_type', direction],
    ])
    add(used, labels, total.done)
    last.set(labels, Math.max(last.get(labels) ?? 0, total.last))
  }
  yield* family(operations, 'counter', done)
  yield* family(uses, 'counter', used)
  yield* family(lastUses, 'gauge', new Map([...last].map(([labels, milliseconds]) => [labels, milliseconds / 1000])))
}

function* family(of: string, type: string, values: ReadonlyMap<string, number>): Generator<string> {
  if (values.size === 0) return
  yield `# TYPE ${of} ${type}`
  for (const [labels, value] of values) yield `${of}{${labels}} ${value}`
}
