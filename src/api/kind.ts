/**
 * A kind as one value: all that is particular to it. The registry, discovery, OpenAPI and the codec know kinds only by
 * this, so that a custom resource is the same to them as a built-in one.
 */
import type { Draft, JsonObject, KObject } from './metadata.ts'
import type { Schema } from './schema.ts'
import type { FieldError } from './validation.ts'

export type Scope = 'Namespaced' | 'Cluster'

export interface Column<O extends KObject = KObject> {
  readonly name: string
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  readonly format?: string
  readonly description?: string
  /** 0 is shown always, 1 only with `-o wide`. */
  readonly priority?: number
  readonly of: (object: O, now: number) => string | number | boolean | null
}

export interface KindVersion {
  readonly name: string
  /** Root schema, with apiVersion, kind and metadata. Made on first demand. */
  readonly schema: () => Schema
  /** What OpenAPI shows instead of `schema`: a custom kind's published schema, with its descriptions and value rules. */
  readonly openapi?: () => JsonObject
  /** To and from the hub version; absent in the hub itself. They may change and return what they are given. */
  readonly toHub?: (draft: Draft<KObject>) => Draft<KObject>
  readonly fromHub?: (draft: Draft<KObject>) => Draft<KObject>
  /** Where somebody else converts (see `Kind.convert`): what was converted before of this very object, or needs no conversion. */
  readonly converted?: (object: KObject) => KObject | undefined
  /** What clients are warned of. */
  readonly deprecated?: string
  /** Whether status has its own write path, where versions differ in it. See api/served.ts for how these are read. */
  readonly status?: boolean
  /** null: no scale in this version. */
  readonly scale?: ScalePaths | null
  readonly columns?: readonly Column[]
  readonly selectableFields?: Readonly<Record<string, (object: KObject) => string>>
}

/** Addresses, ports and the like that an object holds exclusively; see server/registry/allocators. */
export interface Reservation {
  readonly pool: 'clusterIP' | 'nodePort' | 'healthCheckNodePort'
  /** What is wanted; absent: any free one, which `take` puts into the draft. */
  readonly wanted?: string
  readonly take: (draft: Draft<KObject>, value: string) => void
}

export interface WriteContext<O extends KObject = KObject> {
  /** RFC 3339 seconds. */
  readonly now: string
  readonly user: {
    readonly name: string
    readonly groups: readonly string[]
    readonly uid?: string
    readonly extra?: Readonly<Record<string, readonly string[]>>
  }
  /** Empty for the main resource. */
  readonly subresource: string
  /** The version that the request speaks; absent: the hub. */
  readonly version?: string
  readonly old: O | undefined
}

export interface ScalePaths {
  readonly specReplicas: string
  readonly statusReplicas: string
  readonly selector?: string
}

export interface Kind<O extends KObject = KObject> {
  readonly group: string
  readonly kind: string
  readonly listKind: string
  readonly plural: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly scope: Scope
  /** Preferred first; all of them are served. */
  readonly versions: readonly KindVersion[]
  /** The version that is stored and reasoned about. */
  readonly hub: string
  /** The hub, where it is stored but not served. */
  readonly unserved?: KindVersion
  /** Its definition is being deleted: nothing new is created. */
  readonly retiring?: () => boolean
  /** What the main resource answers to: get, list, watch, create, update, patch, delete, deletecollection. */
  readonly verbs: readonly string[]
  /** Where objects are kept when it is not under this kind's own group and plural (events.k8s.io keeps core's). */
  readonly storedAs?: { readonly group: string; readonly plural: string }
  /** Raised when anything changes that decoding, defaults or columns depend on; built-in kinds stay at 0. */
  readonly generation: number
  /** `status` has its own write path; a main write keeps the old status, a status write keeps everything else. */
  readonly status: boolean
  /** A create may carry status: nodes register with theirs. */
  readonly registersStatus?: boolean
  readonly scale?: ScalePaths
  /** Others than status and scale, for discovery: `log`, `exec`, `binding`, `token`… with the kind that they take. */
  readonly subresources?: readonly {
    readonly name: string
    readonly kind: string
    readonly group?: string
    readonly version?: string
    readonly verbs: readonly string[]
  }[]
  /** metadata.generation rises when something outside metadata and status changes. */
  readonly counted: boolean
  /** A PUT without resourceVersion overwrites. */
  readonly unconditionalUpdate: boolean
  /** A PUT of an absent name creates it. */
  readonly createOnUpdate: boolean
  /** Custom resources differ in a few messages and in strictness. */
  readonly custom: boolean
  /** Declared and computed defaults beyond those in the schema, in the hub's form. Must be idempotent. */
  readonly defaults?: (draft: Draft<O>) => void
  /** Clears and sets what clients may not: called after mutating admission, before validation. */
  readonly prepare?: (draft: Draft<O>, context: WriteContext<O>) => void
  /** Everything that is wrong with the object; for an update also against the old one. */
  readonly validate?: (object: O, context: WriteContext<O>) => readonly FieldError[]
  /**
   * Versions are converted by somebody who has to be asked; `toHub` and `fromHub` are absent then. The results are as many as
   * the objects, and belong to everybody. @throws StatusError
   */
  readonly convert?: (objects: readonly KObject[], version: string) => Promise<readonly KObject[]>
  /** Instead of `validate`, where that needs a conversion, or may take so long that others are to have their turn. */
  readonly judge?: (object: O, context: WriteContext<O>) => Promise<readonly FieldError[]>
  /** Texts that clients print as warnings. */
  readonly warnings?: (object: O, context: WriteContext<O>) => readonly string[]
  readonly reserves?: (object: O, old: O | undefined) => readonly Reservation[]
  /** Seconds of grace that a deletion gives when the client says nothing; undefined: deleted at once. */
  readonly grace?: (object: O, asked: number | undefined) => number | undefined
  /** Something beyond metadata.finalizers still holds an object that is being deleted (a namespace's spec.finalizers). */
  readonly held?: (object: O) => boolean
  /** Called when deletionTimestamp is set. */
  readonly terminating?: (draft: Draft<O>) => void
  /** A deletion answers the deleted object instead of a Status. */
  readonly returnsDeleted?: boolean
  /** What a deletion orphans or not when the client says nothing. */
  readonly defaultPropagation?: 'Background' | 'Orphan'
  /** How metadata.name is checked; absent: a DNS subdomain. */
  readonly validName?: (name: string) => readonly string[]
  readonly columns: readonly Column<O>[]
  /** Field selectors beyond metadata.name and metadata.namespace. */
  readonly selectableFields?: Readonly<Record<string, (object: O) => string>>
}

/** One kind served in one version. */
export interface Served {
  readonly kind: Kind
  readonly version: KindVersion
}

/** All kinds at this moment. Built-in ones are there from the start, custom ones come and go. */
export interface Scheme {
  kinds(): readonly Kind[]
  byResource(group: string, version: string, plural: string): Served | undefined
  byKind(group: string, version: string, kind: string): Served | undefined
  /** The kind that is kept under this group and plural, in whatever version. */
  stored(group: string, plural: string): Kind | undefined
  /** Raised with every kind that comes, goes or changes. */
  generation(): number
  /** Calls back once when this value is no longer the kind that is served. @returns how to stop waiting for that. */
  replaced(kind: Kind, then: () => void): () => void
}
