/** Whether the place that a URL names can hold what is asked for. Rights in a namespace are no rights on what lies outside of it. */
import type { DoorRequest } from '#api/door.ts'
import type { Draft, KObject } from '#api/metadata.ts'
import type { Served } from '#api/kind.ts'
import type { Permit } from '#api/request.ts'
import { parseFieldSelector } from '#api/selector.ts'
import { StatusError, badRequest } from '#api/status.ts'

export const noSuchResource = (): StatusError =>
  new StatusError({ reason: 'NotFound', message: 'the server could not find the requested resource', details: {} })

/** A namespace lies in itself, for those who have rights in it; every other cluster-scoped object lies in none. */
const inItself = ({ group, resource, namespace, name }: Permit): boolean =>
  group === '' && resource === 'namespaces' && namespace === name

const notAllowedHere = (): StatusError =>
  new StatusError({
    reason: 'MethodNotAllowed',
    message: 'the server does not allow this method on the requested resource',
    details: {},
  })

/**
 * The one name that a collection is narrowed to, '' for none: who may list or watch a certain object may ask for it so.
 * @throws StatusError BadRequest
 */
export function selectedName(fieldSelector: string | undefined): string {
  if (fieldSelector === undefined || !fieldSelector.includes('metadata.name')) return ''
  const names = parseFieldSelector(fieldSelector).filter(one => one.field === 'metadata.name' && one.equal)
  const [first] = names
  return names.length === 1 && first !== undefined && /^(?!\.{1,2}$)[^/%]+$/.test(first.value) ? first.value : ''
}

const collections = new Set(['list', 'watch', 'create', 'deletecollection'])
const ofOne = new Set(['get', 'update', 'patch', 'delete'])

/** @throws StatusError NotFound or MethodNotAllowed. */
export function checkAddress(permit: Permit, { kind }: Served, request: DoorRequest): void {
  const { verb } = request
  const named = 'name' in request && (request.name ?? '') !== ''
  if (kind.scope === 'Cluster' && permit.namespace !== '' && !inItself(permit)) throw noSuchResource()
  if (kind.scope === 'Namespaced' && permit.namespace === '') {
    if (named) throw noSuchResource()
    if (verb !== 'list' && verb !== 'watch') throw notAllowedHere()
  }
  if (permit.subresource !== '') return
  if (named ? collections.has(verb) : ofOne.has(verb)) throw notAllowedHere()
}

/** A body of an update names what its URL names; a namespace it may leave out. @throws StatusError BadRequest */
export function checkPlace({ name, namespace }: Permit, { kind }: Served, { metadata }: Draft<KObject>): void {
  const { name: said = '', namespace: place = '' } = metadata
  if (said === '')
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`)
  if (said !== name) throw badRequest(`the name of the object (${said}) does not match the name on the URL (${name})`)
  if (kind.scope === 'Namespaced' && place !== '' && place !== namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  if (kind.scope === 'Namespaced') metadata.namespace = namespace
  else delete metadata.namespace
}
