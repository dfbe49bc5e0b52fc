/** The writes that controllers make most, with their preconditions. */
import { type KObject, type ResourceRef, keyOf } from '#api/metadata.ts'
import type { Write } from '#client/controller.ts'

export const create = <O extends KObject>(ref: ResourceRef<O>, body: O): Write => ({ op: 'create', ref, body })

/** Fails when the object has changed since it was read. */
export const update = <O extends KObject>(ref: ResourceRef<O>, body: O): Write => ({ op: 'update', ref, body })

export const updateStatus = <O extends KObject>(ref: ResourceRef<O>, body: O): Write => ({
  op: 'update',
  ref,
  body,
  subresource: 'status',
  harmless: ['NotFound'],
})

/** Deletes this very object, not one of the same name. */
export const remove = (ref: ResourceRef, object: KObject): Write => ({
  op: 'delete',
  ref,
  key: keyOf(object),
  ...(object.metadata.uid === undefined ? {} : { uid: object.metadata.uid }),
})
