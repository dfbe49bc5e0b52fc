/**
 * Reading what is kept without asking the door each time: the server gives it over its own store, the client over an
 * informer's cache. Objects are shared and deeply readonly. All reads of one call stack see one state.
 */
import type { GroupResource, KObject, ResourceRef } from './metadata.ts'

/** A change as a reader sees it; `object` of a deletion is the last state, at the deletion's revision. */
export interface Change {
  readonly type: 'put' | 'delete'
  readonly resource: GroupResource
  /** `namespace/name` or `name`. */
  readonly key: string
  readonly object: KObject
  /** What was kept before; absent for a creation. */
  readonly previous: KObject | undefined
  readonly revision: number
}

/** Values under which an object is found, for example its owners' uids. */
export interface Index {
  readonly name: string
  readonly resource: GroupResource
  readonly of: (object: KObject) => readonly string[]
}

export interface Reader {
  /** The highest revision that reads show, of any resource. */
  revision(): number
  /**
   * Resolves once reads show `revision` or more. The runner uses it to see its own writes before it decides again.
   * With a resource, reads of that one are enough (a cache that watches each resource by itself need not wait for all),
   * and a resource that is not read resolves at once.
   */
  reached(revision: number, resource?: GroupResource): Promise<void>
  get<O extends KObject>(ref: ResourceRef<O>, key: string): O | undefined
  /** All of a resource, or of one namespace, in key order. */
  list<O extends KObject>(ref: ResourceRef<O>, namespace?: string): readonly O[]
  /** Objects whose index value is `value`; the index must have been declared by `require`. */
  byIndex<O extends KObject>(ref: ResourceRef<O>, index: string, value: string): readonly O[]
  /** Declares what this reader will be asked for; resolves when it is filled. Asking for more later is allowed. */
  require(resources: readonly ResourceRef[], indexes?: readonly Index[]): Promise<void>
  /** Calls back with each batch, in revision order, after reads show it. First everything there is, as puts. */
  subscribe(ref: ResourceRef, onChanges: (changes: readonly Change[]) => void): () => void
}
