/** States older than memory, rebuilt from history; the last few are kept, because a list's pages ask for the same one. */
import type { GroupResource } from '#api/metadata.ts'
import type { Entry } from './entry.ts'
import type { History } from './journal.ts'
import type { Tree } from './tree.ts'

const kept = 8

/** A state in memory, and the older revision that is wanted of it. */
export interface Span {
  readonly tree: Tree<Entry>
  readonly revision: number
  readonly wanted: number
}

type Found = Tree<Entry> | 'expired'

export class Past {
  readonly #history: History | undefined
  readonly #known = new Map<string, Promise<Found>>()

  constructor(history: History | undefined) {
    this.#history = history
  }

  /** Rejects where history cannot be read. */
  at(resource: GroupResource, span: Span): Promise<Found> {
    const name = `${span.wanted} ${resource}`
    const known = this.#known.get(name) ?? this.#undone(resource, span)
    this.#known.delete(name)
    this.#known.set(name, known)
    known.catch(() => this.#known.delete(name))
    for (const oldest of this.#known.keys()) if (this.#known.size > kept) this.#known.delete(oldest)
    return known
  }

  clear(): void {
    this.#known.clear()
  }

  /** What a key's first change after the wanted revision replaced is what it was then. */
  async #undone(resource: GroupResource, { tree: newer, revision, wanted }: Span): Promise<Found> {
    let tree = newer
    const done = new Set<string>()
    for (let after = wanted; after < revision;) {
      const part = await this.#history?.read({ resources: [resource], after, until: revision })
      if (part === undefined || part === 'expired') return 'expired'
      for (const { key, previous } of part.changes) {
        if (done.has(key)) continue
        done.add(key)
        tree = previous === undefined ? tree.without(key) : tree.with(key, previous)
      }
      after = part.through
    }
    return tree
  }
}
