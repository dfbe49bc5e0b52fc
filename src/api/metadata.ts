/** What every Kubernetes object has. Objects in memory have the shape of their JSON: times, quantities and bytes are strings. */

/** Any JSON value, with `bigint` for integers beyond 2^53. Deeply readonly: what is kept is shared by everybody. */
export type Json = string | number | bigint | boolean | null | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json | undefined
}

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
  readonly blockOwnerDeletion?: boolean
}

export interface ManagedFieldsEntry {
  readonly manager?: string
  readonly operation?: 'Apply' | 'Update'
  readonly apiVersion?: string
  readonly time?: string
  readonly fieldsType?: 'FieldsV1'
  readonly fieldsV1?: JsonObject
  readonly subresource?: string
}

export interface ObjectMeta {
  readonly name?: string
  readonly generateName?: string
  readonly namespace?: string
  readonly selfLink?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly generation?: number
  /** RFC 3339, seconds. */
  readonly creationTimestamp?: string
  readonly deletionTimestamp?: string
  /** Seconds. */
  readonly deletionGracePeriodSeconds?: number
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly ownerReferences?: readonly OwnerReference[]
  readonly finalizers?: readonly string[]
  /** Never on objects in memory (see server/store/contract.ts `Kept.managed`); only on what a client sent or is answered. */
  readonly managedFields?: readonly ManagedFieldsEntry[]
}

/** An object of any kind. Key order is apiVersion, kind, metadata, then the rest: encoders rely on it. */
export interface KObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
}

/** The mutable form of an object while one request builds it; nobody else holds it. */
export type Draft<T> = T extends readonly (infer I)[]
  ? Draft<I>[]
  : T extends object
    ? { -readonly [K in keyof T]: Draft<T[K]> }
    : T

/**
 * Names a resource in one version, with the static type of its objects. The generated refs in kinds/facts are the usual
 * makers: `reader.get(pods, 'default/web')` is a `Pod | undefined`.
 */
export interface ResourceRef<O extends KObject = KObject> {
  /** Empty for the core group. */
  readonly group: string
  readonly version: string
  /** Lower-case plural, for example `pods`. */
  readonly resource: string
  readonly kind: string
  readonly namespaced: boolean
  /** Type only, never set. */
  readonly object?: O
}

/** Group and resource as one string, as upstream prints it: `pods`, `deployments.apps`. The store's and caches' key of a resource. */
export type GroupResource = string

export const groupResource = (ref: { readonly group: string; readonly resource: string }): GroupResource =>
  ref.group === '' ? ref.resource : `${ref.resource}.${ref.group}`

export const apiVersionOf = (ref: { readonly group: string; readonly version: string }): string =>
  ref.group === '' ? ref.version : `${ref.group}/${ref.version}`

/** Key of an object within its resource: `namespace/name`, or `name` for cluster-scoped ones. Keys sort by their bytes. */
export const objectKey = (namespace: string | undefined, name: string): string =>
  namespace === undefined || namespace === '' ? name : `${namespace}/${name}`

export const keyOf = (object: KObject): string => objectKey(object.metadata.namespace, object.metadata.name ?? '')

export const controllerOf = (object: KObject): OwnerReference | undefined =>
  object.metadata.ownerReferences?.find(owner => owner.controller === true)
