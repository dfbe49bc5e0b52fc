/**
 * One resource in memory: its newest durable tree, the changes of the kept window, and every so often the tree of that
 * time, so that any revision of the window is a tree with a bounded number of changes undone.
 */
import type { Change, Entry, Revision } from './entry.ts'
import { Tree } from './tree.ts'
import type { Watching } from './watching.ts'

const changesPerRoot = 256

interface Root {
  readonly revision: number
  readonly tree: Tree<Entry>
}

export class Shelf {
  /** Those who watch this resource, and maybe others. */
  readonly watchers = new Set<Watching>()
  /** What writes compare against where it is not durable yet: the last change of each key that is under way. */
  readonly pending = new Map<string, Change>()
  /** Changes up to here are no longer in memory. */
  floor: number
  #tree: Tree<Entry>
  #changes: Change[] = []
  #start = 0
  #roots: Root[] = []
  #sinceRoot = 0

  constructor(floor: number, tree: Tree<Entry> = Tree.empty()) {
    this.floor = floor
    this.#tree = tree
  }

  get tree(): Tree<Entry> {
    return this.#tree
  }

  /** What writes compare against. */
  head(key: string): Entry | undefined {
    const pending = this.pending.get(key)
    if (pending === undefined) return this.#tree.get(key)
    return pending.type === 'put' ? pending.kept : undefined
  }

  apply(change: Change): void {
    this.#tree = change.type === 'put' ? this.#tree.with(change.key, change.kept) : this.#tree.without(change.key)
    this.#changes.push(change)
    change.previous?.forgetEncodings()
    this.#sinceRoot++
    if (this.pending.get(change.key) === change) this.pending.delete(change.key)
  }

  /** Everything of this resource that is in memory, whichever way it is held. */
  revise(revision: Revision): void {
    const held = new Set<Entry>(this.#tree.range())
    for (const one of [...this.#changes.slice(this.#start), ...this.pending.values()]) {
      held.add(one.kept)
      if (one.previous !== undefined) held.add(one.previous)
    }
    for (const entry of held) entry.revise(revision)
  }

  /** Called between transactions: remembers the tree when enough has changed. */
  mark(revision: number): void {
    if (this.#sinceRoot < changesPerRoot) return
    this.#roots.push({ revision, tree: this.#tree })
    this.#sinceRoot = 0
  }

  /** Drops the oldest change. */
  shift(): void {
    const gone = this.#changes[this.#start]
    if (gone === undefined) return
    this.floor = Math.max(this.floor, gone.revision)
    this.#start++
    if (this.#start < 512 || this.#start * 2 < this.#changes.length) return
    this.#changes = this.#changes.slice(this.#start)
    this.#start = 0
    this.#roots = this.#roots.filter(root => root.revision >= this.floor)
  }

  /** Changes after this revision, which is not below the floor. */
  after(revision: number): readonly Change[] {
    return this.#changes.slice(this.#indexAfter(revision))
  }

  /** The tree as it was at a revision not below the floor. */
  at(revision: number): Tree<Entry> {
    const root = this.#roots.find(({ revision: marked }) => marked >= revision)
    const end = root === undefined ? this.#changes.length : this.#indexAfter(root.revision)
    let tree = root?.tree ?? this.#tree
    const begin = this.#indexAfter(revision)
    for (let i = end - 1; i >= begin; i--) {
      const change = this.#changes[i]
      if (change !== undefined)
        tree = change.previous === undefined ? tree.without(change.key) : tree.with(change.key, change.previous)
    }
    return tree
  }

  #indexAfter(revision: number): number {
    let low = this.#start
    let high = this.#changes.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#changes[middle]?.revision ?? 0) <= revision) low = middle + 1
      else high = middle
    }
    return low
  }
}
