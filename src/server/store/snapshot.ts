import type { Snapshot } from './contract.ts'
import type { Entry } from './entry.ts'
import type { Range, Tree } from './tree.ts'

export class TreeSnapshot implements Snapshot {
  readonly revision: number
  readonly #tree: Tree<Entry>

  constructor(tree: Tree<Entry>, revision: number) {
    this.#tree = tree
    this.revision = revision
  }

  get size(): number {
    return this.#tree.size
  }

  get content(): object {
    return this.#tree
  }

  get(key: string): Entry | undefined {
    return this.#tree.get(key)
  }

  range(options?: Range): IterableIterator<Entry> {
    return this.#tree.range(options)
  }

  count(options?: Range): number {
    return this.#tree.count(options)
  }
}
