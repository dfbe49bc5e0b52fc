/** What a service's type makes it need. */
import type { Service, ServicePort, ServiceSpec } from '#kinds/facts/generated/types/core_v1.ts'

export type Spec = ServiceSpec

/** Everything but a mere name somewhere else. */
export const needsClusterIP = (spec: Spec): boolean => spec.type !== 'ExternalName'

export const needsNodePorts = (spec: Spec): boolean => spec.type === 'NodePort' || spec.type === 'LoadBalancer'

/** A load balancer may do without. */
export const allocatesNodePorts = (spec: Spec): boolean =>
  spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts !== false)

export const needsHealthCheck = (spec: Spec): boolean =>
  spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local'

export const isExternal = (spec: Spec): boolean =>
  needsNodePorts(spec) || (spec.type === 'ClusterIP' && (spec.externalIPs?.length ?? 0) > 0)

export const isHeadless = (spec: Spec): boolean => spec.clusterIP === 'None'

export const portsOf = (spec: Spec): readonly ServicePort[] => spec.ports ?? []

export const specOf = (service: Service): Spec => service.spec ?? {}
