/** Whether a request fits into the quotas of its namespace, and what they say afterwards. */
import type { Container, PersistentVolumeClaim, Pod, ResourceQuota } from '#kinds/facts/generated/types/core_v1.ts'
import { attributeClasses, covers, hasDeadline } from '#kinds/amounts/scopes.ts'
import { type Usage, readQuantity } from '#kinds/amounts/sums.ts'
import { concerns, usageOf } from '#kinds/amounts/usage.ts'
import {
  type Quantity,
  addQuantities,
  compareQuantities,
  formatQuantity,
  subtractQuantities,
  zeroQuantity,
} from '#base/quantity.ts'
import { type GroupResource, type KObject, groupResource } from '#api/metadata.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { deny } from '../step.ts'

/** What counts when it changes, beyond being created. */
const changing = new Set<GroupResource>(['services', 'persistentvolumeclaims', 'resourceclaims.resource.k8s.io'])
const ignored = new Set<GroupResource>(['events', 'events.events.k8s.io'])

/** What a write may use more of than before, undefined: nothing that quotas know. */
export function counted(request: AdmissionRequest): GroupResource | undefined {
  const { operation, subresource, namespace, permit, old, object } = request
  if (namespace === '' || object === undefined || (operation !== 'CREATE' && operation !== 'UPDATE')) return undefined
  const resource = groupResource(permit)
  if (ignored.has(resource)) return undefined
  if (operation === 'CREATE') return subresource === '' ? resource : undefined
  if (resource === 'pods') return podCounts(subresource, old as Pod, object as KObject as Pod) ? resource : undefined
  if (resource === 'persistentvolumeclaims' && subresource === 'status')
    return claimCounts(old as PersistentVolumeClaim, object as KObject as PersistentVolumeClaim) ? resource : undefined
  return subresource === '' && changing.has(resource) ? resource : undefined
}

const podCounts = (subresource: string, old: Pod, pod: Pod): boolean =>
  subresource === 'resize' || (subresource === '' && hasDeadline(old) !== hasDeadline(pod))

const claimCounts = (old: PersistentVolumeClaim, claim: PersistentVolumeClaim): boolean =>
  old.status?.allocatedResources?.['storage'] !== claim.status?.allocatedResources?.['storage'] ||
  String([...attributeClasses(old)].sort()) !== String([...attributeClasses(claim)].sort())

type List = Readonly<Record<string, string>>

const shown = (names: readonly string[], of: (name: string) => string): string =>
  names.map(name => `${name}=${of(name)}`).join(',')

/** Compute resources that every container has to speak of when a quota limits them. */
const spoken = ['cpu', 'limits.cpu', 'limits.memory', 'memory', 'requests.cpu', 'requests.memory'] as const

function saysIt({ resources }: Container, name: string): boolean {
  const [side, plain = side] = name.split('.')
  return (side === 'limits' ? resources?.limits : resources?.requests)?.[plain ?? ''] !== undefined
}

/** @returns '' when the pod says all that it has to. */
function unspoken({ spec }: Pod, limited: readonly string[]): string {
  const whole = { ...spec.resources?.requests, ...spec.resources?.limits }
  if (['cpu', 'memory'].some(name => whole[name] !== undefined)) return ''
  const containers = [...spec.containers, ...(spec.initContainers ?? [])]
  const missing = spoken
    .filter(name => limited.includes(name))
    .map(name => ({ name, silent: containers.filter(one => !saysIt(one, name)).map(one => one.name) }))
    .filter(({ silent }) => silent.length > 0)
  return missing.map(({ name, silent }) => `${name} for: ${[...new Set(silent)].sort().join(',')}`).join('; ')
}

/** What the object will use more than the old one did, by name. Nothing is ever given back here: the controller does. */
function rise(quota: ResourceQuota, asked: Asked): Usage {
  const { usage, before, request } = asked
  if (before === undefined || request.old === undefined || !covers(quota, request.old)) return positive(usage)
  return positive(
    new Map(
      [...usage].map(([name, quantity]) => [name, subtractQuantities(quantity, before.get(name) ?? zeroQuantity)]),
    ),
  )
}

const positive = (usage: Usage): Usage => new Map([...usage].filter(([, quantity]) => quantity.nanos > 0n))

export interface Asked {
  readonly request: AdmissionRequest
  readonly resource: GroupResource
  readonly object: KObject
  readonly usage: Usage
  readonly before: Usage | undefined
}

export function asking(request: AdmissionRequest, resource: GroupResource, object: KObject): Asked {
  const { operation, old } = request
  const before = operation === 'UPDATE' && old !== undefined ? usageOf(resource, old) : undefined
  return { request, resource, object, usage: usageOf(resource, object), before }
}

/** Names of this quota that the request is measured by. @throws StatusError Forbidden */
function limitedNames(quota: ResourceQuota, { request, resource, object }: Asked): readonly string[] {
  const { hard = {}, used = {} } = quota.status ?? {}
  const name = quota.metadata.name ?? ''
  const limited = Object.keys(hard)
    .filter(one => concerns(one, resource))
    .sort()
  if (limited.length === 0 || !covers(quota, object)) return []
  const missing = resource === 'pods' ? unspoken(object as Pod, limited) : ''
  if (missing !== '') deny(request, `failed quota: ${name}: must specify ${missing}`)
  if (limited.some(one => !Object.hasOwn(used, one)))
    deny(request, `status unknown for quota: ${name}, resources: ${limited.join(',')}`)
  return limited
}

function fits(quota: ResourceQuota, more: Usage, request: AdmissionRequest): List {
  const { hard = {}, used = {} } = quota.status ?? {}
  const sums = new Map<string, Quantity>()
  for (const [name, quantity] of more) sums.set(name, addQuantities(readQuantity(used[name]), quantity))
  const exceeded = [...sums].flatMap(([name, sum]) =>
    compareQuantities(sum, readQuantity(hard[name])) > 0 ? [name] : [],
  )
  // What has already happened is only noted.
  if (exceeded.length > 0 && request.subresource !== 'status') {
    const names = exceeded.sort()
    const requested = shown(names, name => formatQuantity(more.get(name) ?? zeroQuantity))
    deny(
      request,
      `exceeded quota: ${quota.metadata.name ?? ''}, requested: ${requested}, used: ${shown(names, name => used[name] ?? '0')}, limited: ${shown(names, name => hard[name] ?? '0')}`,
    )
  }
  return { ...used, ...Object.fromEntries([...sums].map(([name, sum]) => [name, formatQuantity(sum)])) }
}

/** What the quota's `used` becomes, undefined: it is not concerned. @throws StatusError Forbidden */
export function measured(quota: ResourceQuota, asked: Asked): List | undefined {
  const limited = limitedNames(quota, asked)
  if (limited.length === 0) return undefined
  const negative = [...asked.usage].filter(([, quantity]) => quantity.nanos < 0n).map(([name]) => name)
  if (negative.length > 0) deny(asked.request, `quota usage is negative for resource(s): ${negative.sort().join(',')}`)
  const more = new Map([...rise(quota, asked)].filter(([name]) => limited.includes(name)))
  return more.size === 0 ? undefined : fits(quota, more, asked.request)
}
