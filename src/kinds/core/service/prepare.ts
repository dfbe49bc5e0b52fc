/**
 * What was allocated stays when a client does not speak of it, and goes when the new type has no use for it, unless the
 * client changed it at the same time: then validation tells.
 */
import type { WriteContext } from '#api/kind.ts'
import type { Draft } from '#api/metadata.ts'
import { each, owned, put, without } from '../../fill.ts'
import type { Service, ServicePort } from '#kinds/facts/generated/types/core_v1.ts'
import {
  allocatesNodePorts,
  isExternal,
  isHeadless,
  needsClusterIP,
  needsHealthCheck,
  needsNodePorts,
  portsOf,
  specOf,
  type Spec,
} from './types.ts'

const sameList = (a: readonly string[] = [], b: readonly string[] = []): boolean =>
  a.length === b.length && a.every((item, at) => item === b[at])

const sameIPs = (a: Spec, b: Spec): boolean =>
  (a.clusterIP ?? '') === (b.clusterIP ?? '') && sameList(a.clusterIPs, b.clusterIPs)

const nodePorts = (spec: Spec): Set<number> => new Set(portsOf(spec).flatMap(port => port.nodePort || []))

/** Clients that know only one of the two address fields mean the other as well. */
function normalized(spec: Spec, old: Spec | undefined): Spec {
  const { clusterIP = '', clusterIPs = [] } = spec
  if (old === undefined)
    return clusterIP !== '' && clusterIPs.length === 0 ? { ...spec, clusterIPs: [clusterIP] } : spec
  const had = old.clusterIP ?? ''
  const lists = sameList(clusterIPs, old.clusterIPs)
  if (clusterIPs.length === 0 && had === clusterIP && (old.clusterIPs?.length ?? 0) > 0)
    return put(spec, 'clusterIPs', old.clusterIPs ?? [])
  if (had === clusterIP || !lists) return spec
  return clusterIP === '' ? without(spec, 'clusterIPs') : { ...spec, clusterIPs: [clusterIP] }
}

function keepAddresses(spec: Spec, old: Spec): Spec {
  if (!needsClusterIP(spec) || !needsClusterIP(old)) return spec
  let result = spec
  if (!result.clusterIP && old.clusterIP) result = put(result, 'clusterIP', old.clusterIP)
  if ((result.clusterIPs?.length ?? 0) === 0 && (old.clusterIPs?.length ?? 0) > 0)
    result = put(result, 'clusterIPs', old.clusterIPs ?? [])
  return result
}

/** By the port's name, as upstream matches them. */
function keepNodePorts(spec: Spec, old: Spec): Spec {
  if (!allocatesNodePorts(spec) || !allocatesNodePorts(old)) return spec
  const mine = nodePorts(spec)
  const used = new Set([...nodePorts(old)].filter(port => mine.has(port)))
  const named = new Map(portsOf(old).map(port => [port.name ?? '', port.nodePort ?? 0]))
  const ports = each(portsOf(spec), port => {
    const before = named.get(port.name ?? '') ?? 0
    return port.nodePort || before === 0 || used.has(before) ? port : { ...port, nodePort: before }
  })
  return spec.ports === undefined ? spec : put(spec, 'ports', ports)
}

function keepHealthCheck(spec: Spec, old: Spec): Spec {
  if (!needsHealthCheck(spec) || !needsHealthCheck(old) || spec.healthCheckNodePort || !old.healthCheckNodePort)
    return spec
  return { ...spec, healthCheckNodePort: old.healthCheckNodePort }
}

const portless = (port: ServicePort): ServicePort => without(port, 'nodePort')

function dropAddresses(spec: Spec, old: Spec): Spec {
  if (!needsClusterIP(old) || needsClusterIP(spec)) return spec
  let result = spec
  if (sameIPs(old, spec)) result = without(result, 'clusterIP', 'clusterIPs')
  if (sameList(old.ipFamilies, spec.ipFamilies)) result = without(result, 'ipFamilies')
  return old.ipFamilyPolicy === spec.ipFamilyPolicy ? without(result, 'ipFamilyPolicy') : result
}

function dropNodePorts(spec: Spec, old: Spec): Spec {
  if (!needsNodePorts(old) || needsNodePorts(spec)) return spec
  const had = nodePorts(old)
  const grown = [...nodePorts(spec)].some(port => !had.has(port))
  return grown || spec.ports === undefined ? spec : put(spec, 'ports', each(spec.ports, portless))
}

function dropForType(spec: Spec, old: Spec): Spec {
  let result = dropNodePorts(dropAddresses(spec, old), old)
  const same = (key: keyof Spec): boolean => old[key] === spec[key]
  if (needsHealthCheck(old) && !needsHealthCheck(spec) && same('healthCheckNodePort'))
    result = without(result, 'healthCheckNodePort')
  if (old.type === 'LoadBalancer' && spec.type !== 'LoadBalancer') {
    if (same('allocateLoadBalancerNodePorts')) result = without(result, 'allocateLoadBalancerNodePorts')
    if (same('loadBalancerClass')) result = without(result, 'loadBalancerClass')
  }
  if (isExternal(old) && !isExternal(spec) && same('externalTrafficPolicy'))
    result = without(result, 'externalTrafficPolicy')
  return result
}

type Family = 'IPv4' | 'IPv6'
const familyOf = (address: string): Family => (address.includes(':') ? 'IPv6' : 'IPv4')

/** The cluster has IPv4 services; only who routes for himself may speak of others. */
function families(spec: Spec): Spec {
  if (!needsClusterIP(spec)) return spec
  const free = isHeadless(spec) && Object.keys(spec.selector ?? {}).length === 0
  const ipFamilyPolicy = spec.ipFamilyPolicy ?? (free ? 'RequireDualStack' : 'SingleStack')
  const given = spec.ipFamilies ?? []
  const addressed = (spec.clusterIPs ?? []).filter(address => address !== 'None' && address !== '').map(familyOf)
  const wanted = given.length > 0 ? given : addressed.length > 0 ? addressed : (['IPv4'] as const)
  const both = free && wanted.length < 2 && ipFamilyPolicy !== 'SingleStack'
  const ipFamilies = both ? [...wanted, wanted[0] === 'IPv4' ? ('IPv6' as const) : ('IPv4' as const)] : wanted
  if (ipFamilyPolicy === spec.ipFamilyPolicy && ipFamilies === spec.ipFamilies) return spec
  return { ...spec, ipFamilyPolicy, ipFamilies }
}

function kept(spec: Spec, old: Spec): Spec {
  const allocated = keepHealthCheck(keepNodePorts(keepAddresses(spec, old), old), old)
  const policy = allocated.ipFamilyPolicy ?? (needsClusterIP(spec) ? old.ipFamilyPolicy : undefined)
  const normal = normalized(allocated, old)
  return families(policy === undefined ? normal : put(normal, 'ipFamilyPolicy', policy))
}

/** 53 for TCP and for UDP: who asked for a node port for one of them gets it for both. */
function shareNodePorts(spec: Spec): Spec {
  if (!allocatesNodePorts(spec) || spec.ports === undefined) return spec
  const asked = new Map(spec.ports.flatMap(({ port, nodePort }) => (nodePort ? [[port, nodePort] as const] : [])))
  return put(
    spec,
    'ports',
    each(spec.ports, port => {
      const shared = asked.get(port.port)
      return port.nodePort || shared === undefined ? port : { ...port, nodePort: shared }
    }),
  )
}

export function prepare(service: Draft<Service>, { old, subresource }: WriteContext<Service>): void {
  if (subresource !== '') return
  const spec = specOf(service)
  if (old === undefined) {
    service.spec = owned(families(normalized(shareNodePorts(spec), undefined)))
    return
  }
  service.spec = owned(dropForType(kept(spec, specOf(old)), specOf(old)))
  if (service.spec.type !== 'LoadBalancer' && (service.status?.loadBalancer?.ingress?.length ?? 0) > 0)
    service.status = { ...service.status, loadBalancer: {} }
}
