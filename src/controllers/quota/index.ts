/** Keeps the status of ResourceQuotas: what a namespace uses of what it may. */
import { isTerminal } from '#kinds/facts/pods.ts'
import { resourceQuotas } from '#kinds/facts/generated/refs.ts'
import type { Pod, ResourceQuota } from '#kinds/facts/generated/types/core_v1.ts'
import { covers } from '#kinds/amounts/scopes.ts'
import { addUsage } from '#kinds/amounts/sums.ts'
import { concerns, usageOf } from '#kinds/amounts/usage.ts'
import { formatQuantity, zeroQuantity } from '#base/quantity.ts'
import { type GroupResource, type KObject, type ResourceRef, groupResource, keyOf } from '#api/metadata.ts'
import type { Reader } from '#api/reader.ts'
import { type Controller, type Decision, type Input, type Watch, nothing } from '#client/controller.ts'
import { same } from '../equal.ts'
import { Known, type Resources } from '../resources.ts'
import { reading, rule } from '../rules.ts'
import { updateStatus } from '../writes.ts'

export function quotaController(resources: Resources): Controller {
  const known = new Known()
  const counted = (): readonly ResourceRef[] =>
    resources().filter(ref => ref.namespaced && groupResource(ref) !== 'events')
  return {
    name: 'resourcequota-controller',
    watches: () => counted().map(ref => ({ ref, keys })),
    reads: [resourceQuotas],
    // Somebody may have written what is not so.
    resync: 300_000,
    watching: refs => known.set(refs),
    rules: [rule('*', ['*'], reading), rule('', ['resourcequotas/status'], ['update'])],
    decide: (key, input) => decide(known, key, input),
  }
}

const isPod = (object: KObject): object is Pod => object.kind === 'Pod'
const isQuota = (object: KObject): object is ResourceQuota => object.kind === 'ResourceQuota'
const specOf = (object: KObject): unknown => ('spec' in object ? object.spec : undefined)

/** The server counts what it lets in, and writes that; that somebody wrote other limits is seen at once. */
const allows = ({ spec, status }: ResourceQuota): boolean =>
  status !== undefined && same({ limits: spec?.hard ?? {} }, { limits: status.hard ?? {} })

/** Most changes of objects use neither more nor less. */
const keys: Watch['keys'] = ({ type, key, object, previous, resource }, read) => {
  if (
    isQuota(object) &&
    type === 'put' &&
    same(previous === undefined ? undefined : specOf(previous), object.spec) &&
    allows(object)
  )
    return []
  const own = isQuota(object) ? [key] : []
  if (type === 'put' && previous !== undefined && !changes(resource, previous, object)) return own
  const quotas = read.list(resourceQuotas, object.metadata.namespace ?? '').map(keyOf)
  return [...new Set([...own, ...quotas])]
}

const measured = new Set<GroupResource>(['pods', 'services', 'persistentvolumeclaims'])

const changes = (resource: GroupResource, before: KObject, now: KObject): boolean =>
  measured.has(resource) &&
  (!same(specOf(before), specOf(now)) || (isPod(before) && isPod(now) && isTerminal(before) !== isTerminal(now)))

function usedOf(known: Known, quota: ResourceQuota, read: Reader): Readonly<Record<string, string>> {
  const names = Object.keys(quota.spec?.hard ?? {})
  const sums = new Map(names.map(name => [name, zeroQuantity]))
  for (const ref of known.all()) {
    const resource = groupResource(ref)
    if (!ref.namespaced || !names.some(name => concerns(name, resource))) continue
    for (const object of read.list(ref, quota.metadata.namespace ?? ''))
      if (covers(quota, object)) addUsage(sums, usageOf(resource, object))
  }
  return Object.fromEntries(names.map(name => [name, formatQuantity(sums.get(name) ?? zeroQuantity)]))
}

function decide(known: Known, key: string, { read }: Input<unknown>): Decision {
  const quota = read.get(resourceQuotas, key)
  if (quota === undefined) return nothing
  const status = { hard: quota.spec?.hard ?? {}, used: usedOf(known, quota, read) }
  if (
    same({ capacity: status.hard, limits: status.used }, { capacity: quota.status?.hard, limits: quota.status?.used })
  )
    return { writes: [] }
  return { writes: [[updateStatus(resourceQuotas, { ...quota, status })]] }
}
