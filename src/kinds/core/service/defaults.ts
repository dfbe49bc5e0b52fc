import type { Draft } from '#api/metadata.ts'
import { each, fill, owned, put, within, without } from '../../fill.ts'
import type {
  LoadBalancerStatus,
  Service,
  ServicePort,
  ServiceSpec,
  ServiceStatus,
} from '#kinds/facts/generated/types/core_v1.ts'
import { isExternal, specOf } from './types.ts'

/** Seconds for which a client stays with its backend. */
const sticky = 10_800

function port(one: ServicePort): ServicePort {
  const filled = fill(one, { protocol: 'TCP' })
  return filled.targetPort ? filled : { ...filled, targetPort: filled.port }
}

function affinity(spec: ServiceSpec): ServiceSpec {
  if (spec.sessionAffinity === 'None') return without(spec, 'sessionAffinityConfig')
  if (spec.sessionAffinity !== 'ClientIP' || spec.sessionAffinityConfig?.clientIP?.timeoutSeconds !== undefined)
    return spec
  return { ...spec, sessionAffinityConfig: { clientIP: { timeoutSeconds: sticky } } }
}

function policies(spec: ServiceSpec): ServiceSpec {
  const outer = isExternal(spec) ? fill(spec, { externalTrafficPolicy: 'Cluster' }) : spec
  const inner =
    spec.type === 'ExternalName'
      ? without(outer, 'internalTrafficPolicy')
      : fill(outer, { internalTrafficPolicy: 'Cluster' })
  return spec.type === 'LoadBalancer' ? fill(inner, { allocateLoadBalancerNodePorts: true }) : inner
}

const balancer = (status: LoadBalancerStatus): LoadBalancerStatus =>
  within(status, 'ingress', list =>
    each(list, one => (one.ip && one.ipMode === undefined ? put(one, 'ipMode', 'VIP') : one)),
  )

export function defaults(service: Draft<Service>): void {
  const typed = fill<ServiceSpec>(specOf(service), { type: 'ClusterIP', sessionAffinity: 'None' })
  const spec = within(policies(affinity(typed)), 'ports', list => each(list, port))
  service.spec = owned(spec)
  const given: ServiceStatus = service.status ?? {}
  const status = fill(given, { loadBalancer: {} })
  service.status = owned(spec.type === 'LoadBalancer' ? within(status, 'loadBalancer', balancer) : status)
}
