/** What the registry works with; main.ts and testing/ join it. */
import type { Clock } from '#base/clock.ts'
import type { DeleteOptions, WriteOptions } from '#api/door.ts'
import type { Draft, KObject } from '#api/metadata.ts'
import type { Scheme, Served } from '#api/kind.ts'
import type { Permit } from '#api/request.ts'
import type { Kept, Operation, Store } from '#server/store/contract.ts'

/** One write as admission sees it. `object` may be changed in place by the steps that change. */
export interface AdmissionRequest {
  readonly permit: Permit
  readonly served: Served
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'
  readonly subresource: string
  readonly name: string
  readonly namespace: string
  /** Undefined for deletions. */
  readonly object: Draft<KObject> | undefined
  readonly old: KObject | undefined
  readonly dryRun: boolean
  /** Adds a warning to the answer. */
  readonly warn: (text: string) => void
  /** As asked for. */
  readonly options: WriteOptions | DeleteOptions
  /** What `object` and `old` are, where a subresource takes another kind than its own: Scale, Binding, PodExecOptions. */
  readonly body?: Served | undefined
  /** On the monotonic clock: nobody waits for the answer after it. */
  readonly deadline: number
  /** For the audit trail: who changed and who judged it. */
  readonly annotations: Map<string, string>
}

export interface Admission {
  /** Steps that change the object, in their listed order. @throws StatusError */
  change(request: AdmissionRequest): Promise<void> | undefined
  /** Steps that judge it. @throws StatusError */
  judge(request: AdmissionRequest): Promise<void> | undefined
  /** Quota, after everything else and right before the write. In a dry run it only looks. @throws StatusError */
  charge(request: AdmissionRequest): Promise<Charge> | Charge
}

/** What a write uses up. */
export interface Charge {
  /** Part of the write's own transaction: both happen, or neither. */
  readonly operations: readonly Operation[]
  /** To be called once when the write is decided, whatever became of it: others may be waiting. */
  readonly settle: () => void
}

/** Who changed which fields: metadata.managedFields, as JSON text ('' for none). */
export interface FieldManager {
  update(change: FieldChange): string
  /** @throws StatusError Conflict naming the other managers. */
  apply(change: ApplyChange): { readonly object: Draft<KObject>; readonly managed: string }
}
interface FieldContext {
  readonly served: Served
  /** JSON text before this write. */
  readonly managed: string
  readonly manager: string
  readonly subresource: string
  /** RFC 3339 seconds. */
  readonly now: string
}
export interface FieldChange extends FieldContext {
  readonly old: KObject | undefined
  readonly next: KObject
  /** What the client sent as managedFields: undefined when it sent none, an empty list resets them. */
  readonly sent: readonly unknown[] | undefined
}
export interface ApplyChange extends FieldContext {
  readonly live: KObject | undefined
  /** The applied configuration, in the request's version. */
  readonly config: Draft<KObject>
  readonly force: boolean
}

export interface RegistryDeps {
  readonly store: Store
  readonly scheme: Scheme
  readonly clock: Clock
  readonly admission: Admission
  readonly fields: FieldManager
  readonly uid: () => string
  /** Five characters for generated names. */
  readonly suffix: () => string
  readonly reservations: Reservations
}

/** Turns what an object must hold exclusively into operations of the same transaction. */
export interface Reservations {
  /** Operations that take and give back; chosen values are put into the draft. @throws StatusError */
  take(served: Served, draft: Draft<KObject>, old: KObject | undefined): Taken
  release(served: Served, old: KObject): readonly Operation[]
}
export interface Taken {
  readonly operations: readonly Operation[]
  /** Takes values that were chosen (not asked for) out of the draft again, so that others can be chosen. */
  readonly revert: () => void
}

/** What a verb gives; the listener encodes it, the in-process door reads `kept.object`. */
export type Outcome =
  | {
      readonly type: 'kept'
      readonly code: number
      readonly kept: Kept
      readonly served: Served
      readonly warnings?: readonly string[]
    }
  | { readonly type: 'made'; readonly code: number; readonly object: KObject; readonly warnings?: readonly string[] }
