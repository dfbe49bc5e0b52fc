/** The changes that memory keeps, over all resources, oldest first, bounded in number and in bytes. */
import type { Change } from './entry.ts'

export interface WindowLimits {
  readonly changes: number
  /** As stored; in memory an object is some times larger. */
  readonly bytes: number
}

interface Batch {
  readonly changes: readonly Change[]
  readonly bytes: number
}

export class Window {
  readonly #limits: WindowLimits
  #batches: Batch[] = []
  #start = 0
  #changes = 0
  #bytes = 0

  constructor(limits: WindowLimits) {
    this.#limits = limits
  }

  /** Adds a batch and takes out what no longer fits, whole batches, oldest first. The newest batch always fits. */
  add(changes: readonly Change[], bytes: number): readonly Change[] {
    this.#batches.push({ changes, bytes })
    this.#changes += changes.length
    this.#bytes += bytes
    const fits = (): boolean => this.#changes <= this.#limits.changes && this.#bytes <= this.#limits.bytes
    return this.#shift(() => fits() || this.#start === this.#batches.length - 1)
  }

  /** Takes out batches that lie wholly at or before `revision`. */
  drop(revision: number): readonly Change[] {
    return this.#shift(() => (this.#batches[this.#start]?.changes.at(-1)?.revision ?? Infinity) > revision)
  }

  #shift(enough: () => boolean): readonly Change[] {
    const gone: Change[] = []
    while (this.#start < this.#batches.length && !enough()) {
      const batch = this.#batches[this.#start++]
      if (batch === undefined) break
      for (const change of batch.changes) gone.push(change)
      this.#changes -= batch.changes.length
      this.#bytes -= batch.bytes
    }
    if (this.#start > 64 && this.#start * 2 > this.#batches.length) {
      this.#batches = this.#batches.slice(this.#start)
      this.#start = 0
    }
    return gone
  }
}
