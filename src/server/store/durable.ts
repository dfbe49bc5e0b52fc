/** What is durable, in memory: a shelf for each resource, the kept window over all of them, and who watches. */
import type { GroupResource } from '#api/metadata.ts'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Watcher } from './contract.ts'
import { Entry, LastBody, type Change } from './entry.ts'
import type { History } from './journal.ts'
import { Past } from './past.ts'
import { Shelf } from './shelf.ts'
import { TreeSnapshot } from './snapshot.ts'
import { Tree } from './tree.ts'
import { Waiting } from './waiting.ts'
import { Watching } from './watching.ts'
import { Window, type WindowLimits } from './window.ts'

const nothing = Tree.empty<Entry>()

export interface Loaded {
  readonly revision: number
  readonly oldest: number
  readonly trees: ReadonlyMap<GroupResource, Tree<Entry>>
}

export interface DurableOptions {
  readonly loaded: Loaded
  readonly history: History | undefined
  readonly window: WindowLimits
  readonly clock: Clock
  readonly log: Log
}

export class Durable {
  readonly waiting: Waiting
  readonly #shelves = new Map<GroupResource, Shelf>()
  #window: Window
  readonly #limits: WindowLimits
  readonly #history: History | undefined
  readonly #past: Past
  readonly #log: Log
  #loadedAt: number
  #revision: number
  #oldest: number

  constructor({ loaded, history, window, clock, log }: DurableOptions) {
    this.waiting = new Waiting(clock)
    this.#limits = window
    this.#window = new Window(window)
    this.#history = history
    this.#past = new Past(history)
    this.#log = log
    this.#loadedAt = loaded.revision
    this.#revision = loaded.revision
    this.#oldest = loaded.oldest
    for (const [resource, tree] of loaded.trees) this.#shelves.set(resource, new Shelf(loaded.revision, tree))
  }

  get revision(): number {
    return this.#revision
  }

  get oldest(): number {
    return this.#oldest
  }

  shelf(resource: GroupResource): Shelf {
    let shelf = this.#shelves.get(resource)
    if (shelf === undefined) this.#shelves.set(resource, (shelf = new Shelf(this.#loadedAt)))
    return shelf
  }

  resources(): readonly GroupResource[] {
    return [...this.#shelves].filter(([, shelf]) => shelf.tree.size > 0).map(([resource]) => resource)
  }

  snapshot(resource: GroupResource): TreeSnapshot {
    return new TreeSnapshot(this.#shelves.get(resource)?.tree ?? nothing, this.#revision)
  }

  async snapshotAt(resource: GroupResource, revision: number): Promise<TreeSnapshot | 'expired' | 'future'> {
    if (revision > this.#revision) return 'future'
    if (revision < this.#oldest) return 'expired'
    const shelf = this.#shelves.get(resource)
    if (shelf === undefined && revision >= this.#loadedAt) return new TreeSnapshot(Tree.empty(), revision)
    const floor = shelf?.floor ?? this.#loadedAt
    const base = shelf?.at(Math.max(revision, floor)) ?? Tree.empty<Entry>()
    if (revision >= floor) return new TreeSnapshot(base, revision)
    const tree = await this.#past.at(resource, { tree: base, revision: floor, wanted: revision })
    return tree === 'expired' ? tree : new TreeSnapshot(tree, revision)
  }

  /** Changes in revision order, whole transactions; everybody sees them at once when this returns. */
  apply(changes: readonly Change[], revision: number, bytes: number): void {
    for (const change of changes) this.shelf(change.resource).apply(change)
    this.#revision = revision
    const dropped = this.#window.add(changes, bytes)
    for (const change of dropped) this.shelf(change.resource).shift()
    const last = dropped.at(-1)
    if (this.#history === undefined && last !== undefined) this.#oldest = Math.max(this.#oldest, last.revision)
    this.#dispatch(changes)
    this.waiting.reached(revision)
  }

  /** Nothing changed up to `revision`. */
  advance(revision: number): void {
    if (revision <= this.#revision) return
    this.#revision = revision
    this.waiting.reached(revision)
  }

  /** Starts again from what is current, where the changes in between cannot be had: all who watch them are told so. */
  reload(loaded: Loaded): void {
    const before = new Map(this.#shelves)
    const watchers = new Set([...before.values()].flatMap(shelf => [...shelf.watchers]))
    this.#shelves.clear()
    for (const [resource, tree] of loaded.trees) this.#shelves.set(resource, new Shelf(loaded.revision, tree))
    this.#window = new Window(this.#limits)
    this.#past.clear()
    this.#loadedAt = loaded.revision
    this.#revision = loaded.revision
    this.#oldest = loaded.revision
    for (const watching of watchers)
      if (!watching.coalesces) watching.end('expired')
      else for (const resource of watching.resources) this.shelf(resource).watchers.add(watching)
    const now = (resource: GroupResource) => this.shelf(resource).tree
    const changes = [...new Set([...before.keys(), ...loaded.trees.keys()])].flatMap(resource =>
      differences(before.get(resource)?.tree ?? Tree.empty(), now(resource), loaded.revision),
    )
    this.#dispatch(changes.sort(inOrder))
    this.waiting.reached(loaded.revision)
  }

  /** The change of a key at a revision, while the window holds it. */
  change(resource: GroupResource, key: string, revision: number): Change | undefined {
    const next = this.next(resource, key, revision - 1)
    return next?.revision === revision ? next : undefined
  }

  /** The first change of a key after a revision, while the window holds it. */
  next(resource: GroupResource, key: string, after: number): Change | undefined {
    return this.#shelves
      .get(resource)
      ?.after(after)
      .find(change => change.key === key)
  }

  /** Forgets what is older; false when there is nothing to forget. */
  compact(revision: number): boolean {
    const wanted = Math.min(revision, this.#revision)
    if (wanted <= this.#oldest) return false
    this.#oldest = wanted
    this.#past.clear()
    for (const change of this.#window.drop(wanted)) this.shelf(change.resource).shift()
    return true
  }

  watch(resources: readonly GroupResource[], since: number, watcher: Watcher): () => void {
    const watching = new Watching(watcher, { resources, since }, error =>
      this.#log.error('a watcher of the store threw', { error: String(error), resources: resources.join(',') }),
    )
    for (const resource of watching.resources) this.shelf(resource).watchers.add(watching)
    queueMicrotask(() => void this.#catchUp(watching))
    return () => {
      watching.stop()
      this.#drop(watching)
    }
  }

  close(): void {
    const all = new Set([...this.#shelves.values()].flatMap(shelf => [...shelf.watchers]))
    for (const watching of all) this.#end(watching, 'closed')
    this.waiting.close()
  }

  /** Old changes first: from history where memory does not reach back far enough, then from memory and live in one step. */
  async #catchUp(watching: Watching): Promise<void> {
    try {
      while (!watching.stopped && !watching.live) {
        if (watching.seen < this.#oldest) return this.#end(watching, 'expired')
        const shelves = [...watching.resources].map(resource => this.shelf(resource))
        const floor = Math.max(...shelves.map(shelf => shelf.floor))
        if (floor <= watching.seen || watching.seen >= this.#revision) {
          const changes = shelves.flatMap(shelf => shelf.after(watching.seen))
          this.#deliver(watching, shelves.length === 1 ? changes : changes.sort(inOrder))
          watching.caughtUp()
          return
        }
        await this.#readUp(watching, floor)
      }
    } catch (error) {
      if (!watching.stopped) this.#log.error('history cannot be read', { error: String(error) })
      this.#end(watching, 'failed')
    }
  }

  async #readUp(watching: Watching, until: number): Promise<void> {
    const request = { resources: [...watching.resources], after: watching.seen, until }
    const part = await this.#history?.read(request)
    if (part === undefined || part === 'expired') return this.#end(watching, 'expired')
    this.#deliver(
      watching,
      part.changes.map(change => this.#shared(change)),
    )
    watching.seen = part.through
  }

  /** Of what is still current there is one copy. */
  #shared(change: Change): Change {
    const current = this.#shelves.get(change.resource)?.tree.get(change.key)
    return change.type === 'put' && current?.revision === change.revision ? { ...change, kept: current } : change
  }

  #dispatch(changes: readonly Change[]): void {
    const mixed = new Set<Watching>()
    for (const [resource, own] of Map.groupBy(changes, change => change.resource)) {
      const shelf = this.shelf(resource)
      shelf.mark(this.#revision)
      for (const watching of shelf.watchers)
        if (watching.resources.size > 1) mixed.add(watching)
        else if (watching.live) this.#deliver(watching, own)
    }
    for (const watching of mixed)
      if (watching.live)
        this.#deliver(
          watching,
          changes.filter(change => watching.resources.has(change.resource)),
        )
  }

  #deliver(watching: Watching, changes: readonly Change[]): void {
    if (!watching.deliver(changes)) this.#end(watching, 'failed')
  }

  #end(watching: Watching, why: 'expired' | 'closed' | 'failed'): void {
    this.#drop(watching)
    watching.end(why)
  }

  #drop(watching: Watching): void {
    for (const resource of watching.resources) this.#shelves.get(resource)?.watchers.delete(watching)
  }
}

/** What leads from one state to the other, deletions at its revision. */
function differences(before: Tree<Entry>, now: Tree<Entry>, revision: number): readonly Change[] {
  const changes: Change[] = []
  for (const kept of now.range()) {
    const { resource, key } = kept
    const previous = before.get(key)
    if (previous?.revision !== kept.revision)
      changes.push({ type: 'put', resource, key, revision: kept.revision, kept, previous })
  }
  for (const previous of before.range()) {
    const { resource, key, version } = previous
    if (now.get(key) !== undefined) continue
    const identity = { resource, key, revision, place: 0, version: version + 1, expires: 0 }
    const kept = new Entry(identity, new LastBody(previous, revision, false))
    changes.push({ type: 'delete', resource, key, revision, kept, previous })
  }
  return changes
}

const inOrder = (a: Change, b: Change): number => a.revision - b.revision || a.kept.place - b.kept.place
