/** Which pods stand behind a Service, at which addresses and ports. */
import { isTerminal } from '#kinds/facts/pods.ts'
import { pods, services } from '#kinds/facts/generated/refs.ts'
import type { Pod, Service, ServicePort } from '#kinds/facts/generated/types/core_v1.ts'
import { type KObject, keyOf } from '#api/metadata.ts'
import type { Reader } from '#api/reader.ts'
import { type Labels, fromLabelSelector, matches } from '#api/selector.ts'
import type { Watch } from '#client/controller.ts'
import { same } from './equal.ts'

const isPod = (object: KObject): object is Pod => object.kind === 'Pod'

/** Without a selector somebody else says what stands behind it. */
const hasSelector = (service: Service): boolean =>
  service.spec.selector !== undefined &&
  Object.keys(service.spec.selector).length > 0 &&
  service.spec.type !== 'ExternalName'

const selected = (service: Service, labels: Labels): boolean =>
  hasSelector(service) && matches(fromLabelSelector({ matchLabels: service.spec.selector ?? {} }) ?? [], labels)

/** What of a pod endpoints show. */
const visible = (pod: Pod): unknown => [
  pod.status?.phase,
  pod.status?.podIPs,
  pod.metadata.deletionTimestamp,
  pod.metadata.labels,
  pod.spec.nodeName,
  pod.spec.hostname,
  pod.spec.subdomain,
  pod.status?.conditions?.find(one => one.type === 'Ready')?.status,
]

/** The Services that select the pod, before or after. */
export const servicesOfPod: Watch['keys'] = (change, read) => {
  const { object, previous } = change
  if (!isPod(object)) return []
  if (change.type === 'put' && previous !== undefined && isPod(previous) && same(visible(object), visible(previous)))
    return []
  return read
    .list(services, object.metadata.namespace ?? '')
    .filter(service => selected(service, object.metadata.labels) || selected(service, previous?.metadata.labels))
    .map(keyOf)
}

export function podsBehind(read: Reader, service: Service): readonly Pod[] {
  return read
    .list(pods, service.metadata.namespace ?? '')
    .filter(pod => selected(service, pod.metadata.labels) && !isTerminal(pod) && (pod.status?.podIPs?.length ?? 0) > 0)
}

export const managed = hasSelector

export const isHeadless = (service: Service): boolean =>
  service.spec.clusterIP === undefined || service.spec.clusterIP === '' || service.spec.clusterIP === 'None'

/** The number of a Service's port on this pod; undefined when the pod has no port of that name. */
export function portOn(pod: Pod, port: ServicePort): number | undefined {
  const { targetPort = port.port, protocol = 'TCP' } = port
  if (typeof targetPort === 'number') return targetPort === 0 ? port.port : targetPort
  const restarting = (pod.spec.initContainers ?? []).filter(container => container.restartPolicy === 'Always')
  for (const container of [...pod.spec.containers, ...restarting])
    for (const named of container.ports ?? [])
      if (named.name === targetPort && (named.protocol ?? 'TCP') === protocol) return named.containerPort
  return undefined
}

/** Pods with a hostname below the Service's name are known by it in DNS. */
export const hostnameFor = (pod: Pod, service: Service): string | undefined =>
  pod.spec.hostname !== undefined && pod.spec.hostname !== '' && pod.spec.subdomain === service.metadata.name
    ? pod.spec.hostname
    : undefined

export const podReference = (pod: Pod) => ({
  kind: 'Pod',
  namespace: pod.metadata.namespace ?? '',
  name: pod.metadata.name ?? '',
  uid: pod.metadata.uid ?? '',
})
