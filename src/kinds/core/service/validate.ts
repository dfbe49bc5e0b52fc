/** What is wrong with a service. */
import type { WriteContext } from '#api/kind.ts'
import { dns1123Label, dns1123Subdomain, portNumber, qualifiedName } from '#api/names.ts'
import type { FieldError } from '#api/validation.ts'
import type { Service, ServicePort } from '#kinds/facts/generated/types/core_v1.ts'
import { addressProblems, endpointProblems, rangeProblems } from '../../addresses.ts'
import { checkLabels } from '../../meta.ts'
import { Place } from '../../place.ts'
import { checkPort } from '../pod/validate/probes.ts'
import { checkBalancer } from './balancer.ts'
import { checkAddresses, checkAddressUpdate } from './addresses.ts'
import { isExternal, needsHealthCheck, portsOf, specOf, type Spec } from './types.ts'

const types = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort']
const affinities = ['ClientIP', 'None']
const protocols = ['SCTP', 'TCP', 'UDP']
const policies = ['Cluster', 'Local']
const distributions = ['PreferClose', 'PreferSameZone', 'PreferSameNode']
const longestAffinity = 86_400
const onlyBalancers = "may only be used when `type` is 'LoadBalancer'"

const isHeadless = ({ clusterIPs = [] }: Spec): boolean => clusterIPs.length === 1 && clusterIPs[0] === 'None'

function checkServicePort(place: Place, port: ServicePort, names: Set<string>): void {
  const { name, protocol, appProtocol } = port
  if (name) {
    place.at('name').format(name, dns1123Label)
    if (names.has(name)) place.at('name').duplicate(name)
    names.add(name)
  }
  for (const problem of portNumber(port.port)) place.at('port').invalid(port.port, problem)
  place.at('protocol').oneOf(protocol, protocols)
  checkPort(place.at('targetPort'), port.targetPort)
  if (appProtocol !== undefined) place.at('appProtocol').format(appProtocol, qualifiedName)
}

function checkPorts(list: Place, spec: Spec): void {
  const ports = portsOf(spec)
  if (ports.length === 0 && !isHeadless(spec) && spec.type !== 'ExternalName') list.required()
  const names = new Set<string>()
  list.each(ports, (port, place) => {
    if (ports.length > 1 && !port.name) place.at('name').required()
    checkServicePort(place, port, names)
  })
  if (spec.type === 'ClusterIP')
    list.each(ports, ({ nodePort }, place) => {
      if (nodePort) place.at('nodePort').forbidden("may not be used when `type` is 'ClusterIP'")
    })
  checkOnce(list, ports)
}

/** A port is told from others by its number and protocol, on nodes too. */
function checkOnce(list: Place, ports: readonly ServicePort[]): void {
  const nodePorts = new Set<string>()
  list.each(ports, ({ protocol = '', nodePort }, place) => {
    if (!nodePort) return
    const key = `${protocol} ${nodePort}`
    if (nodePorts.has(key)) place.at('nodePort').duplicate(nodePort)
    nodePorts.add(key)
  })
  const seen = new Set<string>()
  list.each(ports, ({ protocol = '', port }, place) => {
    const key = `${protocol} ${port}`
    if (seen.has(key)) place.duplicate({ port, protocol })
    seen.add(key)
  })
}

function checkByType(place: Place, spec: Spec): void {
  const { type, clusterIPs = [] } = spec
  if ((type === 'LoadBalancer' || type === 'NodePort') && isHeadless(spec))
    place.at('clusterIPs').item(0).invalid('None', `may not be set to 'None' for ${type} services`)
  if (type !== 'ExternalName') return
  const why = 'may not be set for ExternalName services'
  if (clusterIPs.length > 0) place.at('clusterIPs').forbidden(why)
  if ((spec.ipFamilies?.length ?? 0) > 0) place.at('ipFamilies').forbidden(why)
  if (spec.ipFamilyPolicy !== undefined) place.at('ipFamilyPolicy').forbidden(why)
  const name = spec.externalName ?? ''
  place.at('externalName').named(name.endsWith('.') ? name.slice(0, -1) : name, dns1123Subdomain)
}

function checkAffinity(place: Place, spec: Spec): void {
  place.at('sessionAffinity').oneOf(spec.sessionAffinity, affinities)
  const at = place.at('sessionAffinityConfig')
  const config = spec.sessionAffinityConfig
  if (spec.sessionAffinity === 'None' && config !== undefined)
    at.forbidden('must not be set when session affinity is None')
  if (spec.sessionAffinity !== 'ClientIP') return
  const why = 'when session affinity type is ClientIP'
  const seconds = config?.clientIP?.timeoutSeconds
  if (config === undefined) at.required(why)
  else if (config.clientIP === undefined) at.at('clientIP').required(why)
  else if (seconds === undefined) at.at('clientIP.timeoutSeconds').required(why)
  else if (seconds <= 0 || seconds > longestAffinity)
    at.at('clientIP.timeoutSeconds').invalid(seconds, `must be greater than 0 and less than ${longestAffinity}`)
}

function checkOuterAddresses(place: Place, spec: Spec, old: Spec | undefined): void {
  const known = old?.externalIPs ?? []
  place.at('externalIPs').each(spec.externalIPs, (ip, at) => {
    const problems = known.includes(ip) ? [] : addressProblems(ip)
    for (const problem of problems.length > 0 ? problems : endpointProblems(ip)) at.invalid(ip, problem)
  })
  const ranges = spec.loadBalancerSourceRanges ?? []
  if (ranges.length === 0) return
  const list = place.at('LoadBalancerSourceRanges')
  if (spec.type !== 'LoadBalancer') list.forbidden(onlyBalancers)
  const before = (old?.loadBalancerSourceRanges ?? []).map(range => range.trim())
  list.each(ranges, (range, at) => {
    if (!before.includes(range.trim())) at.format(range.trim(), rangeProblems)
  })
}

function checkPolicies(place: Place, spec: Spec): void {
  const outer = place.at('externalTrafficPolicy')
  if (isExternal(spec)) outer.oneOf(spec.externalTrafficPolicy, policies)
  else if (spec.externalTrafficPolicy)
    outer.invalid(spec.externalTrafficPolicy, 'may only be set for externally-accessible services')
  const health = place.at('healthCheckNodePort')
  const port = spec.healthCheckNodePort ?? 0
  if (!needsHealthCheck(spec)) {
    if (port !== 0)
      health.invalid(port, "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'")
  } else if (port === 0) health.required()
  else for (const problem of portNumber(port)) health.invalid(port, problem)
  const { internalTrafficPolicy: inner, trafficDistribution } = spec
  if (inner === undefined && spec.type !== 'ExternalName') place.at('internalTrafficPolicy').required()
  if (inner !== undefined && !policies.includes(inner)) place.at('internalTrafficPolicy').unsupported(inner, policies)
  if (trafficDistribution !== undefined && !distributions.includes(trafficDistribution))
    place.at('trafficDistribution').unsupported(trafficDistribution, distributions)
}

function checkClass(place: Place, spec: Spec, old: Spec | undefined): void {
  const { type, loadBalancerClass: name } = spec
  const at = place.at('loadBalancerClass')
  if (type === 'LoadBalancer' && old?.type === 'LoadBalancer' && name !== old.loadBalancerClass)
    at.invalid(name ?? null, 'may not change once set')
  if (name !== undefined && type === 'LoadBalancer') at.format(name, qualifiedName)
  else if (name !== undefined) at.forbidden(onlyBalancers)
  if (spec.allocateLoadBalancerNodePorts !== undefined && type !== 'LoadBalancer')
    place.at('allocateLoadBalancerNodePorts').forbidden(onlyBalancers)
}

export function validate(service: Service, context: WriteContext<Service>): readonly FieldError[] {
  const { old, subresource } = context
  const root = new Place('')
  const spec = specOf(service)
  if (subresource === 'status') {
    checkBalancer(root.at('status.loadBalancer.ingress'), service, old)
    return root.errors
  }
  const place = root.at('spec')
  const before = old === undefined ? undefined : specOf(old)
  if (before !== undefined) {
    checkAddressUpdate(place, spec, before)
    if (needsHealthCheck(spec) && needsHealthCheck(before) && spec.healthCheckNodePort !== before.healthCheckNodePort)
      place.at('healthCheckNodePort').forbidden('field is immutable')
  }
  checkPorts(place.at('ports'), spec)
  checkByType(place, spec)
  checkLabels(place.at('selector'), spec.selector)
  checkAffinity(place, spec)
  checkAddresses(place, spec, before)
  checkOuterAddresses(place, spec, before)
  place.at('type').oneOf(spec.type, types)
  checkPolicies(place, spec)
  checkClass(place, spec, before)
  return root.errors
}
