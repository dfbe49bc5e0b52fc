/** Who controls what: references, the index by controller, adoption and release. */
import {
  type KObject,
  type OwnerReference,
  type ResourceRef,
  apiVersionOf,
  controllerOf,
  groupResource,
  keyOf,
} from '#api/metadata.ts'
import type { Index, Reader } from '#api/reader.ts'
import { type Selector, matches } from '#api/selector.ts'
import type { Ask, Asked, Watch, Write } from '#client/controller.ts'

export const controllerRef = (ref: ResourceRef, owner: KObject): OwnerReference => ({
  apiVersion: apiVersionOf(ref),
  kind: ref.kind,
  name: owner.metadata.name ?? '',
  uid: owner.metadata.uid ?? '',
  controller: true,
  blockOwnerDeletion: true,
})

const byController = 'controller'
/** No uid begins with a slash. */
const orphansOf = (namespace: string | undefined): string => `/${namespace ?? ''}`

/** Objects by the uid of their controller; those without one by namespace. */
export const controllerIndex = (ref: ResourceRef): Index => ({
  name: byController,
  resource: groupResource(ref),
  of: object => [controllerOf(object)?.uid ?? orphansOf(object.metadata.namespace)],
})

export const controlledBy = <O extends KObject>(read: Reader, ref: ResourceRef<O>, owner: KObject): readonly O[] =>
  owner.metadata.uid === undefined ? [] : read.byIndex(ref, byController, owner.metadata.uid)

export const orphansIn = <O extends KObject>(read: Reader, ref: ResourceRef<O>, namespace: string): readonly O[] =>
  read.byIndex(ref, byController, orphansOf(namespace))

const keyIn = (object: KObject, name: string): string => `${object.metadata.namespace ?? ''}/${name}`

/** The controller of this kind that the object names, whether or not it exists. */
export const ownerKey = (object: KObject, owner: ResourceRef): string | undefined => {
  const named = controllerOf(object)
  if (named === undefined || named.kind !== owner.kind || named.apiVersion !== apiVersionOf(owner)) return undefined
  return keyIn(object, named.name)
}

/** A change of an owned object concerns its controller before and after; one of an orphan all that would adopt it. */
export const ownerKeys =
  (owner: ResourceRef, select: (object: KObject) => Selector | undefined): Watch['keys'] =>
  (change, read) => {
    const before = change.previous === undefined ? undefined : ownerKey(change.previous, owner)
    const now = ownerKey(change.object, owner)
    const keys = [...new Set([before, now])].filter(key => key !== undefined)
    if (controllerOf(change.object) !== undefined || change.type === 'delete') return keys
    const adopters = read.list(owner, change.object.metadata.namespace ?? '').filter(candidate => {
      const selector = select(candidate)
      return selector !== undefined && selector.length > 0 && matches(selector, change.object.metadata.labels)
    })
    return [...keys, ...adopters.map(keyOf)]
  }

export interface Claiming<O extends KObject> {
  readonly ref: ResourceRef<O>
  readonly ownerRef: ResourceRef
  readonly owner: KObject
  readonly selector: Selector
  /** Beyond the selector, for what an owner takes. */
  readonly fits?: (object: O) => boolean
  /** Finalizer put on with adoption and taken off with release. */
  readonly finalizer?: string
}

export interface Claimed<O extends KObject> {
  readonly claimed: readonly O[]
  readonly writes: readonly Write[]
  /** Before anything is adopted the owner is read live: a cache may not know yet that it is being deleted. */
  readonly ask: readonly Ask[]
}

export function claim<O extends KObject>(what: Claiming<O>, candidates: readonly O[], asked: Asked): Claimed<O> {
  const { owner, ownerRef } = what
  const fits = (object: O): boolean =>
    matches(what.selector, object.metadata.labels) && (what.fits === undefined || what.fits(object))
  const claimed: O[] = []
  const released: O[] = []
  const adopted: O[] = []
  const deleting = owner.metadata.deletionTimestamp !== undefined
  for (const object of candidates) {
    const controller = controllerOf(object)
    if (controller !== undefined) {
      if (controller.uid !== owner.metadata.uid) continue
      if (fits(object)) claimed.push(object)
      else if (!deleting) released.push(object)
    } else if (!deleting && object.metadata.deletionTimestamp === undefined && fits(object)) adopted.push(object)
  }
  const key = keyOf(owner)
  if (adopted.length > 0 && !asked.has(ownerRef, key)) return { claimed, writes: [], ask: [{ ref: ownerRef, key }] }
  const fresh = asked.get(ownerRef, key)
  const may = fresh?.metadata.uid === owner.metadata.uid && fresh?.metadata.deletionTimestamp === undefined
  const taken = may ? adopted : []
  const writes = [...taken.map(object => adoption(what, object)), ...released.map(object => release(what, object))]
  return { claimed: [...claimed, ...taken], writes, ask: [] }
}

function adoption<O extends KObject>({ ref, ownerRef, owner, finalizer }: Claiming<O>, object: O): Write {
  const finalizers = object.metadata.finalizers ?? []
  const add =
    finalizer === undefined || finalizers.includes(finalizer) ? {} : { finalizers: [...finalizers, finalizer] }
  const ownerReferences = [...(object.metadata.ownerReferences ?? []), controllerRef(ownerRef, owner)]
  return metadataPatch(ref, object, { ownerReferences, ...add })
}

function release<O extends KObject>({ ref, owner, finalizer }: Claiming<O>, object: O): Write {
  const ownerReferences = (object.metadata.ownerReferences ?? []).filter(one => one.uid !== owner.metadata.uid)
  const finalizers = object.metadata.finalizers ?? []
  const drop = finalizer === undefined ? {} : { finalizers: finalizers.filter(one => one !== finalizer) }
  return metadataPatch(ref, object, { ownerReferences, ...drop })
}

interface MetadataChange {
  readonly ownerReferences?: readonly OwnerReference[]
  readonly finalizers?: readonly string[]
}

/** Sets these lists, provided that the object is still as it was read. */
export function metadataPatch(ref: ResourceRef, object: KObject, change: MetadataChange): Write {
  const { uid = '', resourceVersion = '' } = object.metadata
  const owners = change.ownerReferences?.map(one => ({ ...one }))
  return {
    op: 'patch',
    ref,
    key: keyOf(object),
    patch: {
      type: 'merge',
      content: {
        metadata: {
          uid,
          resourceVersion,
          ...(owners === undefined ? {} : { ownerReferences: owners }),
          ...(change.finalizers === undefined ? {} : { finalizers: change.finalizers }),
        },
      },
    },
    harmless: ['NotFound'],
  }
}
