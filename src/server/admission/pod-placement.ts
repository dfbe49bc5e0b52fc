/** Where pods go, as their namespace, their node or the operator of the cluster has it. */
import type { Binding, Node, Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { podAmounts } from '#kinds/amounts/pod.ts'
import { readQuantity } from '#kinds/amounts/sums.ts'
import { compareQuantities, milliUnits, wholeUnits, zeroQuantity } from '#base/quantity.ts'
import { equal } from '#base/equal.ts'
import { parseLabelSelector } from '#api/selector.ts'
import { StatusError, forbidden } from '#api/status.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { type Lookup, type Step, deny, draftOf, isResource, oldOf, subjectOf } from './step.ts'

const topology = ['topology.kubernetes.io/zone', 'topology.kubernetes.io/region'] as const
type Labels = Readonly<Record<string, string>>

function labelsOf(lookup: Lookup, node: string): Labels {
  const labels = node === '' ? undefined : lookup.get('nodes', node)?.metadata.labels
  return Object.fromEntries(topology.flatMap(key => (labels?.[key] === undefined ? [] : [[key, labels[key]]])))
}

/** Pods carry the zone and the region of their node as labels of their own. */
export const podTopologyLabels = (lookup: Lookup): Step => ({
  name: 'PodTopologyLabels',
  handles: request =>
    request.operation === 'CREATE' &&
    (request.subresource === '' || request.subresource === 'binding') &&
    isResource(request, '', 'pods'),
  change: request => {
    const { metadata } = draftOf(request)
    const labels = labelsOf(lookup, nodeOf(request))
    if (Object.keys(labels).length > 0) metadata.labels = { ...metadata.labels, ...labels }
  },
})

function nodeOf(request: AdmissionRequest): string {
  if (request.subresource === '') return draftOf<Pod>(request).spec?.nodeName ?? ''
  const target = draftOf<Binding>(request).target ?? {}
  return target.kind === 'Node' ? (target.name ?? '') : ''
}

const isCreated = (request: AdmissionRequest): boolean =>
  request.operation === 'CREATE' && request.subresource === '' && isResource(request, '', 'pods')

/** @throws StatusError Internal, of a text that is no list of labels. */
function selectorIn(lookup: Lookup, namespace: string): Labels {
  const text = lookup.get('namespaces', namespace)?.metadata.annotations?.[
    'scheduler.alpha.kubernetes.io/node-selector'
  ]
  return Object.fromEntries(
    parseLabelSelector(text ?? '').map(({ key, values }) => [key, [...values][0] ?? ''] as const),
  )
}

const conflicting = (one: Labels, other: Labels): boolean =>
  Object.entries(one).some(([key, value]) => Object.hasOwn(other, key) && other[key] !== value)

/** A namespace says on which nodes its pods run. */
export const podNodeSelector = (lookup: Lookup): Step => {
  const check = (request: AdmissionRequest): Labels => {
    const wanted = selectorIn(lookup, request.namespace)
    if (conflicting(wanted, draftOf<Pod>(request).spec?.nodeSelector ?? {}))
      deny(request, 'pod node label selector conflicts with its namespace node label selector')
    return wanted
  }
  return {
    name: 'PodNodeSelector',
    handles: isCreated,
    change: request => {
      const wanted = check(request)
      const { spec } = draftOf<Pod>(request)
      if (spec !== undefined && Object.keys(wanted).length > 0) spec.nodeSelector = { ...wanted, ...spec.nodeSelector }
    },
    judge: request => void check(request),
  }
}

const hostname = 'kubernetes.io/hostname'

/** Terms over wide topologies let one pod keep all others from a whole zone. */
export const limitPodHardAntiAffinity: Step = {
  name: 'LimitPodHardAntiAffinityTopology',
  handles: request =>
    (request.operation === 'CREATE' || request.operation === 'UPDATE') &&
    request.subresource === '' &&
    isResource(request, '', 'pods'),
  judge: request => {
    const terms =
      draftOf<Pod>(request).spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
    for (const { topologyKey } of terms)
      if (topologyKey !== hostname)
        deny(
          request,
          `affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey ${topologyKey} but only key ${hostname} is allowed`,
        )
  },
}

function refuseResize(request: AdmissionRequest, why: string, reason: string): never {
  const { message, details } = forbidden(subjectOf(request), why)
  throw new StatusError({ reason: 'Forbidden', message, details: { ...details, causes: [{ reason }] } })
}

function overfull(pod: Pod, node: Node): string {
  const requests = podAmounts(pod.spec, 'requests')
  const parts = [
    ['cpu', milliUnits],
    ['memory', wholeUnits],
  ] as const
  return parts
    .flatMap(([name, units]) => {
      const asked = requests.get(name) ?? zeroQuantity
      const there = readQuantity(node.status?.allocatable?.[name])
      return compareQuantities(asked, there) > 0
        ? [`${name}, requested: ${units(asked)}, allocatable: ${units(there)}`]
        : []
    })
    .join('; ')
}

/** A pod that runs cannot become larger than its node. */
export const podResize = (lookup: Lookup): Step => ({
  name: 'PodResizeValidator',
  handles: request =>
    request.operation === 'UPDATE' && request.subresource === 'resize' && isResource(request, '', 'pods'),
  judge: request => {
    const pod = draftOf<Pod>(request) as Pod
    const name = pod.spec.nodeName ?? ''
    if (name === '' || equal(pod.spec, oldOf<Pod>(request).spec)) return undefined
    const node = lookup.get('nodes', name) as Node | undefined
    if (node === undefined) return deny(request, `node ${JSON.stringify(name)} not found`)
    const os = node.metadata.labels?.['kubernetes.io/os'] ?? 'linux'
    if (os !== 'linux')
      refuseResize(
        request,
        `pod resize is only supported on linux nodes, node ${JSON.stringify(name)} is ${JSON.stringify(os)}`,
        'UnsupportedPlatform',
      )
    const over = overfull(pod, node)
    return over === ''
      ? undefined
      : refuseResize(request, `node didn't have enough allocatable resources: ${over}`, 'NodeCapacity')
  },
})
