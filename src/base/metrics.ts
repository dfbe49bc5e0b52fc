/** Counters, gauges and histograms in Prometheus' text format. Their label sets are bounded: nobody fills our memory by inventing some. */

const mostSets = 5000

const escape = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')

/** `a="b",c="d"`, in the order given. */
export const labelText = (labels: readonly (readonly [name: string, value: string])[]): string =>
  labels.map(([name, value]) => `${name}="${escape(value)}"`).join(',')

export class Counter {
  readonly #name: string
  readonly #values = new Map<string, number>()
  constructor(name: string) {
    this.#name = name
  }
  /** @param labels as `labelText` gives them. */
  add(labels: string): void {
    if (this.#values.size < mostSets || this.#values.has(labels))
      this.#values.set(labels, (this.#values.get(labels) ?? 0) + 1)
  }
  *lines(): Generator<string> {
    yield `# TYPE ${this.#name} counter`
    for (const [labels, value] of this.#values) yield `${this.#name}{${labels}} ${value}`
  }
}

/** Of too many label sets those go that were not set for longest. */
export class Gauge {
  readonly #name: string
  readonly #most: number
  readonly #values = new Map<string, number>()
  constructor(name: string, most = mostSets) {
    this.#name = name
    this.#most = most
  }
  /** @param labels as `labelText` gives them. */
  set(labels: string, value: number): void {
    this.#values.delete(labels)
    this.#values.set(labels, value)
    const [oldest] = this.#values.keys()
    if (this.#values.size > this.#most && oldest !== undefined) this.#values.delete(oldest)
  }
  *lines(): Generator<string> {
    yield `# TYPE ${this.#name} gauge`
    for (const [labels, value] of this.#values) yield `${this.#name}{${labels}} ${value}`
  }
}

interface Measured {
  readonly counts: number[]
  sum: number
  count: number
}

export class Histogram {
  readonly #name: string
  readonly #bounds: readonly number[]
  readonly #sets = new Map<string, Measured>()
  /** @param bounds rising; of whatever unit the name says. */
  constructor(name: string, bounds: readonly number[]) {
    this.#name = name
    this.#bounds = bounds
  }
  measure(labels: string, value: number): void {
    let set = this.#sets.get(labels)
    if (set === undefined) {
      if (this.#sets.size >= mostSets) return
      set = { counts: this.#bounds.map(() => 0), sum: 0, count: 0 }
      this.#sets.set(labels, set)
    }
    set.sum += value
    set.count++
    const at = this.#bounds.findIndex(bound => value <= bound)
    if (at >= 0) set.counts[at] = (set.counts[at] ?? 0) + 1
  }
  *lines(): Generator<string> {
    yield `# TYPE ${this.#name} histogram`
    for (const [labels, { counts, sum, count }] of this.#sets) {
      const before = labels === '' ? '' : `${labels},`
      let below = 0
      for (const [at, bound] of this.#bounds.entries())
        yield `${this.#name}_bucket{${before}le="${bound}"} ${(below += counts[at] ?? 0)}`
      yield `${this.#name}_bucket{${before}le="+Inf"} ${count}`
      yield `${this.#name}_sum{${labels}} ${sum}`
      yield `${this.#name}_count{${labels}} ${count}`
    }
  }
}
