/**
 * The store: objects by resource and key, one revision counter, compare-and-swap, watches from any revision of the kept
 * window. Every backend runs the conformance suite beside this file.
 *
 * Head and durable: a write gets the next revision at once (head) and is compared against the head, but nobody sees it,
 * reads, watchers and its own writer included, before it is durable. A batch that fails fails everything above it, and no
 * revision is given twice.
 */
import type { StoreEncryption } from './changing.ts'
import type { Draft, GroupResource, KObject } from '#api/metadata.ts'

export interface Kept {
  readonly resource: GroupResource
  /** `namespace/name`, or `name`; ordered by its bytes. */
  readonly key: string
  /** Of its last change. */
  readonly revision: number
  /** Deeply frozen in tests; carries metadata.resourceVersion, never managedFields. Decoded on first demand. */
  readonly object: KObject
  /** Milliseconds since the epoch when it goes by itself; 0 or absent for never. */
  readonly expires?: number
  /** metadata.managedFields as JSON text, '' for none: bytes until someone needs them. */
  readonly managed: string
  /** Encodings derived from this object, by whoever encodes. Not the store's business, only kept as long as the object. */
  readonly encodings: Map<string, Uint8Array>
}

export interface Event {
  readonly type: 'put' | 'delete'
  readonly resource: GroupResource
  readonly key: string
  readonly revision: number
  /** For a deletion the last state, its object at the deletion's revision. */
  readonly kept: Kept
  /** What was kept before; undefined for a creation. */
  readonly previous: Kept | undefined
}

export interface Put {
  readonly type: 'put'
  readonly resource: GroupResource
  readonly key: string
  /** The revision it must have now; 0: must be absent; undefined: whatever is there. */
  readonly expect?: number
  /** Given away: the store sets metadata.resourceVersion and keeps it. No managedFields in it. */
  readonly object: Draft<KObject>
  readonly managed: string
  /** Gone this many seconds after the write, as a deletion like any other. */
  readonly ttl?: number
}

export interface Delete {
  readonly type: 'delete'
  readonly resource: GroupResource
  readonly key: string
  readonly expect?: number
}

/** Compared, not written: a leader's term, a quota's usage. */
export interface Check {
  readonly type: 'check'
  readonly resource: GroupResource
  readonly key: string
  readonly expect: number
}

export type Operation = Put | Delete | Check

export type CommitResult =
  /** All writes of one transaction share this revision. `kept` is in the order of the writes; of a deletion the last state. */
  | { readonly ok: true; readonly revision: number; readonly kept: readonly Kept[] }
  /** Answered only after what it collided with is durable, so that a retry reads it. `at` counts operations. */
  | { readonly ok: false; readonly reason: 'conflict'; readonly at: number; readonly current: Kept | undefined }
  /**
   * Nothing was written: the disk is full, or writing failed; the store goes on reading and recovers by itself. Where a
   * distant store did not say what became of it, and nothing could find out, the message says that the outcome is not known.
   */
  | { readonly ok: false; readonly reason: 'full' | 'failed'; readonly message: string }
  | { readonly ok: false; readonly reason: 'closed' }

/** One resource at one revision, immutable. */
export interface Snapshot {
  readonly revision: number
  readonly size: number
  /** The same object for as long as nothing of the resource changes: for what is derived from all of it. */
  readonly content: object
  get(key: string): Kept | undefined
  /** Keys greater than `after` (or from the start) that begin with `prefix`, in byte order. */
  range(options?: { readonly prefix?: string; readonly after?: string }): IterableIterator<Kept>
  /** How many `range` would give. Cheaper than counting them. */
  count(options?: { readonly prefix?: string; readonly after?: string }): number
}

export interface Watcher {
  /** Batches in revision order, called as soon as durable. Never called again after `stop` or `onEnd`. */
  readonly onEvents: (events: readonly Event[]) => void
  /** Old events are all delivered: from now on `revision()` says how far this watcher has been told. */
  readonly onLive?: () => void
  /**
   * For those who follow the state, not its history: where events are lost for good (etcd was compacted while nobody could
   * reach it) they are told the difference, and do not end.
   */
  readonly coalesce?: boolean
  /** `expired`: the events asked for are compacted. `closed`: the store closes. `failed`: history could not be read. */
  readonly onEnd: (why: 'expired' | 'closed' | 'failed') => void
}

export interface Store {
  /** The durable revision; at least 1. */
  revision(): number
  /** Oldest revision from which a watch or an exact list is still possible. */
  oldest(): number
  /**
   * Resolves when `snapshot` is as new as the store was when this was called (one process: at once; etcd: a quorum read, then
   * a progress request). Rejects with StatusError ServiceUnavailable where the store cannot be asked.
   */
  fresh(): Promise<void>
  /** Resolves when `revision` is reached, false when `milliseconds` are over first. */
  reached(revision: number, milliseconds: number): Promise<boolean>
  /** Newest durable state. */
  snapshot(resource: GroupResource): Snapshot
  /** State at an older revision; 'expired' when compacted, 'future' when not reached. */
  snapshotAt(resource: GroupResource, revision: number): Promise<Snapshot | 'expired' | 'future'>
  commit(operations: readonly Operation[]): Promise<CommitResult>
  /** Everything after `since` on these resources. Old events come first, in order, without gap or overlap. */
  watch(resources: readonly GroupResource[], since: number, watcher: Watcher): () => void
  /**
   * From now on the objects of this resource are what `change` makes of them, on first demand; their encodings are dropped.
   * Nothing is written and no revision given. `change` copies, and gets each object as it was written or read back, whatever
   * was made of it since; with `shown`, as it is shown by now.
   */
  revise(resource: GroupResource, change: (object: KObject) => KObject, from?: 'written' | 'shown'): void
  /** Resources that hold anything. */
  resources(): readonly GroupResource[]
  /** False where reads have not been as new as the store for seconds, and will not be soon. Absent: always true. */
  healthy?(): boolean
  /** Absent where nothing is sealed. */
  readonly encryption?: StoreEncryption | undefined
  /** Drops history below this revision. Called by the store itself every five minutes for what is older than that. */
  compact(revision: number): Promise<void>
  close(): Promise<void>
}

/** Turns stored text into an object as its kind decodes and defaults it today. Given by the registry. */
export type Decode = (resource: GroupResource, text: string) => KObject

/** Why a store cannot be opened; the message says what to do. */
export class StoreRefused extends Error {
  readonly why: 'locked' | 'corrupt' | 'foreign' | 'newer' | 'rolled-back' | 'key' | 'unreachable'
  constructor(why: StoreRefused['why'], message: string) {
    super(message)
    this.name = 'StoreRefused'
    this.why = why
  }
}
