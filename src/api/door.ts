/**
 * The one door: every read and write, over HTTPS or in process, is a `DoorRequest` by somebody and gets an `Answer`.
 * In process it is a function call, but authorization, admission and validation are the same.
 */
import type { Duplex, Readable } from 'node:stream'
import type { Draft, Json, KObject } from './metadata.ts'
import type { User } from './request.ts'

export type PatchType = 'json' | 'merge' | 'strategic' | 'apply'

export interface Patch {
  readonly type: PatchType
  /** Decoded body: an operation list for `json`, else an object. */
  readonly content: Json
}

export type Propagation = 'Orphan' | 'Background' | 'Foreground'
export type FieldValidation = 'Ignore' | 'Warn' | 'Strict'
export type ResourceVersionMatch = 'Exact' | 'NotOlderThan'

interface Target {
  /** Empty for the core group. */
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly subresource?: string
  readonly namespace?: string
}
interface Named extends Target {
  readonly name: string
}

export interface WriteOptions {
  readonly dryRun?: boolean
  /** Defaults to the component's or client's name. At most 128 characters. */
  readonly fieldManager?: string
  readonly fieldValidation?: FieldValidation
  /** Milliseconds that the client waits, where that is less than the server would take. */
  readonly timeout?: number
}

export interface DeleteOptions extends WriteOptions {
  readonly gracePeriodSeconds?: number
  readonly propagationPolicy?: Propagation
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string }
}

export interface ListOptions {
  readonly labelSelector?: string
  readonly fieldSelector?: string
  readonly resourceVersion?: string
  readonly resourceVersionMatch?: ResourceVersionMatch
  readonly limit?: number
  readonly continue?: string
}

export interface WatchOptions extends ListOptions {
  readonly allowWatchBookmarks?: boolean
  readonly sendInitialEvents?: boolean
  readonly timeoutSeconds?: number
  /** A watch of one name. */
  readonly name?: string
}

export type DoorRequest =
  | (Named & { readonly verb: 'get'; readonly options?: { readonly resourceVersion?: string } })
  | (Target & { readonly verb: 'list'; readonly options?: ListOptions })
  | (Target & { readonly verb: 'watch'; readonly options?: WatchOptions; readonly signal: AbortSignal })
  /** A create of a subresource (binding, eviction, token) names its object. The body is given away: the server may keep it. */
  | (Target & {
      readonly verb: 'create'
      readonly name?: string
      readonly body: Draft<KObject>
      readonly options?: WriteOptions
    })
  | (Named & { readonly verb: 'update'; readonly body: Draft<KObject>; readonly options?: WriteOptions })
  | (Named & {
      readonly verb: 'patch'
      readonly patch: Patch
      readonly options?: WriteOptions & { readonly force?: boolean }
    })
  | (Named & { readonly verb: 'delete'; readonly options?: DeleteOptions })
  | (Target & { readonly verb: 'deletecollection'; readonly options?: DeleteOptions & ListOptions })

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  readonly object: KObject
}

export type Answer =
  | { readonly type: 'object'; readonly code: number; readonly object: KObject; readonly warnings?: readonly string[] }
  | {
      readonly type: 'list'
      readonly items: readonly KObject[]
      readonly resourceVersion: string
      readonly continue?: string
      readonly remaining?: number
    }
  /** Ends without an error when the watcher was too slow or the time is over; throws StatusError (Expired) when history is gone. */
  | { readonly type: 'watch'; readonly events: AsyncIterable<readonly WatchEvent[]> }
  | {
      readonly type: 'bytes'
      readonly code: number
      readonly contentType: string
      readonly body: Uint8Array | Readable
    }
  | { readonly type: 'upgrade'; readonly join: (socket: Duplex) => void }

/** @throws StatusError (api/status.ts) for every refusal. */
export type Door = (who: User, request: DoorRequest) => Promise<Answer>
