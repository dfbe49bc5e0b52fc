/**
 * The Decider contract: a controller is a value that maps changes to keys and a key to a decision. It never writes,
 * waits, or reads a clock: the runner does, retries, meters and records.
 */
import type { Patch, Propagation } from '#api/door.ts'
import type { KObject, ResourceRef } from '#api/metadata.ts'
import type { Change, Index, Reader } from '#api/reader.ts'
import type { Reason, StatusError } from '#api/status.ts'
import type { Client } from './client.ts'

/** As rbac.authorization.k8s.io/v1 PolicyRule. */
export interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
  readonly resourceNames?: readonly string[]
}

export interface Notice {
  /** What the event is about. */
  readonly about: KObject
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  /** In a write's `says` and `fails`, `{name}` is the written object's name and `{error}` the refusal's message. */
  readonly message: string
  /** Of the event. */
  readonly annotations?: Readonly<Record<string, string>>
}

interface Common {
  readonly ref: ResourceRef
  /** Recorded when the write was done. */
  readonly says?: Notice
  /** Recorded when the write was refused. */
  readonly fails?: Notice
  /** Refusals that count as done. A deletion that finds nothing always does. */
  readonly harmless?: readonly Reason[]
  /** Of another server: readers never show it. */
  readonly outside?: boolean
}

/** Preconditions: of an update those in its body's metadata, of a patch those in its content, of a deletion as named here. */
export type Write = Common &
  (
    | { readonly op: 'create'; readonly body: KObject }
    /** A create on an existing object: binding, eviction, finalize's kin. */
    | { readonly op: 'post'; readonly key: string; readonly subresource: string; readonly body: KObject }
    | { readonly op: 'update'; readonly body: KObject; readonly subresource?: string }
    | { readonly op: 'patch'; readonly key: string; readonly patch: Patch; readonly subresource?: string }
    | {
        readonly op: 'delete'
        readonly key: string
        readonly uid?: string
        readonly resourceVersion?: string
        readonly propagation?: Propagation
        readonly graceSeconds?: number
      }
    /** Of a namespace, in the background. */
    | { readonly op: 'deletecollection'; readonly namespace: string }
  )

/** Runs in batches of 1, 2, 4…; the first refusal ends the decision's remaining writes. */
export type Group = readonly Write[]

export interface Ask {
  readonly ref: ResourceRef
  readonly key: string
}

/** The first objects of a namespace, as many as one page has. */
export interface AskList {
  readonly ref: ResourceRef
  readonly namespace: string
}

/** Something that is no object: see Later, which makes these. */
export interface AskLater {
  readonly later: (client: Client) => Promise<void>
}

/** What `ask` brought, read past every cache. */
export interface Asked {
  has(ref: ResourceRef, key: string): boolean
  /** Undefined when it is absent. */
  get<O extends KObject>(ref: ResourceRef<O>, key: string): O | undefined
  /** Undefined when it was not asked for; the error where it could not be read. */
  list(ref: ResourceRef, namespace: string): readonly KObject[] | StatusError | undefined
}

export interface Refused {
  readonly write: Write
  readonly error: StatusError
}

export interface Input<M> {
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly read: Reader
  /** What the last decision on this key left; undefined after a restart. */
  readonly memory: M | undefined
  readonly asked: Asked
  /** Refusals of the last decision on this key; empty after one that was carried out. */
  readonly refused: readonly Refused[]
}

export interface Decision<M = undefined> {
  readonly writes: readonly Group[]
  readonly events?: readonly Notice[]
  readonly memory?: M
  /** Decide again after so many milliseconds, whatever happens. */
  readonly again?: number
  /** Objects to read live, and what answers later; the runner then decides at once again and carries out nothing of this decision. */
  readonly ask?: readonly (Ask | AskList | AskLater)[]
}

export const nothing: Decision<never> = { writes: [] }

export interface Watch {
  readonly ref: ResourceRef
  /** The keys that a change concerns. Called when reads already show the change. */
  readonly keys: (change: Change, read: Reader) => readonly string[]
}

export interface Controller<M = unknown> {
  /** As in `system:controller:NAME`, and the source of its events: `deployment-controller`. */
  readonly name: string
  /** Event source where it differs from the name. */
  readonly component?: string
  /** At most one a resource. A function is asked again every few seconds, for kinds that come and go. */
  readonly watches: readonly Watch[] | (() => readonly Watch[])
  /** Read but not watched for changes. */
  readonly reads?: readonly ResourceRef[]
  readonly indexes?: readonly Index[] | (() => readonly Index[])
  /** Told what is read and watched by now, where that changes. */
  readonly watching?: (refs: readonly ResourceRef[]) => void
  readonly rules: readonly Rule[]
  /** Milliseconds after which every key seen is decided anew. */
  readonly resync?: number
  /** Keys carried out at the same time; 5 when absent. */
  readonly workers?: number
  decide(key: string, input: Input<M>): Decision<M>
}

/** The key of the changed object itself. */
export const selfKey: Watch['keys'] = change => [change.key]
