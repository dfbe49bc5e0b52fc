/** Checks of ingresses, their classes and network policies. */
import type { WriteContext } from '#api/kind.ts'
import { dns1123Label, dns1123Subdomain, pathSegment, portName, portNumber, wildcardSubdomain } from '#api/names.ts'
import type { FieldError } from '#api/validation.ts'
import type {
  HTTPIngressPath,
  Ingress,
  IngressBackend,
  IngressClass,
  IngressSpec,
  IPBlock,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from '#kinds/facts/generated/types/networking_v1.ts'
import { addressProblems, holds, isAddress, parseRange, rangeProblems } from '../addresses.ts'
import { checkDomainPath } from '../domainPath.ts'
import { checkSelector } from '../meta.ts'
import { Place } from '../place.ts'

const protocols = ['TCP', 'UDP', 'SCTP']

function checkNumber(place: Place, port: number): void {
  for (const problem of portNumber(port)) place.invalid(port, problem)
}

function checkPolicyPort(place: Place, { protocol, port, endPort }: NetworkPolicyPort): void {
  if (protocol !== undefined && !protocols.includes(protocol)) place.at('protocol').unsupported(protocol, protocols)
  const end = place.at('endPort')
  if (typeof port === 'number') {
    checkNumber(place.at('port'), port)
    if (endPort === undefined) return
    if (endPort < port) end.invalid(port, 'must be greater than or equal to `port`')
    checkNumber(end, endPort)
    return
  }
  if (endPort !== undefined)
    end.invalid(
      endPort,
      `may not be specified when \`port\` is ${port === undefined ? 'not specified' : 'non-numeric'}`,
    )
  if (port !== undefined) place.at('port').format(port, portName)
}

function checkBlock(place: Place, { cidr, except }: IPBlock, known: ReadonlySet<string>): void {
  if (!cidr) return place.at('cidr').required()
  if (!known.has(cidr)) place.at('cidr').format(cidr, rangeProblems)
  if (parseRange(cidr) === undefined) return undefined
  place.at('except').each(except, (range, at) => {
    if (!known.has(range)) at.format(range, rangeProblems)
    const [inner, outer] = [parseRange(range), parseRange(cidr)]
    if (inner === undefined || outer === undefined) return
    if (!holds(cidr, range) || inner.prefix.length <= outer.prefix.length)
      at.invalid(range, 'must be a strict subset of `cidr`')
  })
  return undefined
}

function checkPeer(place: Place, peer: NetworkPolicyPeer, known: ReadonlySet<string>): void {
  const { podSelector, namespaceSelector, ipBlock } = peer
  checkSelector(place.at('podSelector'), podSelector)
  checkSelector(place.at('namespaceSelector'), namespaceSelector)
  if (ipBlock !== undefined) checkBlock(place.at('ipBlock'), ipBlock, known)
  const others = podSelector !== undefined || namespaceSelector !== undefined
  if (!others && ipBlock === undefined) place.required('must specify a peer')
  else if (others && ipBlock !== undefined) place.forbidden('may not specify both ipBlock and another peer')
}

/** Ranges that were there before stay, whatever is thought of them today. */
function rangesOf(policy: NetworkPolicy | undefined): ReadonlySet<string> {
  const peers = [
    ...(policy?.spec?.ingress ?? []).flatMap(rule => rule.from ?? []),
    ...(policy?.spec?.egress ?? []).flatMap(rule => rule.to ?? []),
  ]
  return new Set(
    peers.flatMap(({ ipBlock }) => (ipBlock === undefined ? [] : [ipBlock.cidr, ...(ipBlock.except ?? [])])),
  )
}

const policyTypes = ['Ingress', 'Egress']

export function validatePolicy(policy: NetworkPolicy, { old }: WriteContext<NetworkPolicy>): readonly FieldError[] {
  const place = new Place('spec')
  const { podSelector, ingress, egress, policyTypes: types = [] } = policy.spec ?? {}
  const known = rangesOf(old)
  checkSelector(place.at('podSelector'), podSelector)
  place.at('ingress').each(ingress, ({ ports, from }, rule) => {
    rule.at('ports').each(ports, (port, at) => checkPolicyPort(at, port))
    rule.at(`from`).each(from, (peer, at) => checkPeer(at, peer, known))
  })
  place.at('egress').each(egress, ({ ports, to }, rule) => {
    rule.at('ports').each(ports, (port, at) => checkPolicyPort(at, port))
    rule.at('to').each(to, (peer, at) => checkPeer(at, peer, known))
  })
  if (types.length > 2) place.at('policyTypes').invalid(types, 'may not specify more than two policyTypes')
  else
    place.at('policyTypes').each(types, (type, at) => {
      if (!policyTypes.includes(type)) at.unsupported(type, policyTypes)
    })
  return place.errors
}

function checkHost(place: Place, host: string): void {
  place.format(host, host.includes('*') ? wildcardSubdomain : dns1123Subdomain)
}

type Reference = { readonly apiGroup?: string; readonly kind: string; readonly name: string }

function checkReference(place: Place, { apiGroup, kind, name }: Reference): void {
  if (apiGroup !== undefined) place.at('apiGroup').format(apiGroup, dns1123Subdomain)
  place.at('kind').named(kind, pathSegment)
  place.at('name').named(name, pathSegment)
}

function checkBackend(place: Place, { resource, service }: IngressBackend): void {
  if (resource !== undefined && service !== undefined)
    return place.invalid('', 'cannot set both resource and service backends')
  if (resource !== undefined) return checkReference(place.at('resource'), resource)
  if (service === undefined) return place.invalid('', 'resource or service backend is required')
  place.at('service.name').named(service.name, dns1123Label)
  const { name = '', number = 0 } = service.port ?? {}
  if (name !== '' && number !== 0) place.invalid('', 'cannot set both port name & port number')
  else if (name !== '') place.at('service.port.name').format(name, portName)
  else if (number !== 0) checkNumber(place.at('service.port.number'), number)
  else place.required('port name or number is required')
  return undefined
}

const pathTypes = ['Exact', 'ImplementationSpecific', 'Prefix']
const badParts = ['//', '/./', '/../', '%2f', '%2F']
const badEnds = ['/..', '/.']

function checkExactPath(place: Place, path: string): void {
  if (!path.startsWith('/')) place.invalid(path, 'must be an absolute path')
  for (const part of badParts) if (path.includes(part)) place.invalid(path, `must not contain '${part}'`)
  for (const end of badEnds) if (path.endsWith(end)) place.invalid(path, `cannot end with '${end}'`)
}

function checkPath(place: Place, { pathType, path = '', backend }: HTTPIngressPath): void {
  if (!pathType) return place.at('pathType').required('pathType must be specified')
  if (pathType === 'Exact' || pathType === 'Prefix') checkExactPath(place.at('path'), path)
  else if (!pathTypes.includes(pathType)) place.at('pathType').unsupported(pathType, pathTypes)
  else if (path !== '' && !path.startsWith('/')) place.at('path').invalid(path, 'must be an absolute path')
  checkBackend(place.at('backend'), backend ?? {})
  return undefined
}

function checkIngress(place: Place, spec: IngressSpec): void {
  const { rules = [], defaultBackend, tls, ingressClassName } = spec
  if (rules.length === 0 && defaultBackend === undefined)
    place.invalid(spec.rules ?? null, 'either `defaultBackend` or `rules` must be specified')
  if (defaultBackend !== undefined) checkBackend(place.at('defaultBackend'), defaultBackend)
  place.at('rules').each(rules, ({ host, http }, rule) => {
    if (host && isAddress(host)) rule.at('host').invalid(host, 'must be a DNS name, not an IP address')
    if (host) checkHost(rule.at('host'), host)
    if (http === undefined) return
    const list = rule.at('http.paths')
    if ((http.paths?.length ?? 0) === 0) list.required()
    list.each(http.paths, (path, at) => checkPath(at, path))
  })
  place.at('tls').each(tls, ({ hosts, secretName }, at) => {
    at.at('hosts').each(hosts, (host, where) => checkHost(where, host))
    if (secretName) at.at('secretName').format(secretName, dns1123Subdomain)
  })
  if (ingressClassName !== undefined) place.at('ingressClassName').format(ingressClassName, dns1123Subdomain)
}

const classAnnotation = 'kubernetes.io/ingress.class'

function checkIngressStatus(list: Place, ingress: Ingress, old: Ingress | undefined): void {
  const known = (old?.status?.loadBalancer?.ingress ?? []).map(one => one.ip)
  list.each(ingress.status?.loadBalancer?.ingress, ({ ip, hostname }, at) => {
    if (ip && !known.includes(ip)) at.at('ip').format(ip, addressProblems)
    if (hostname) at.at('hostname').format(hostname, dns1123Subdomain)
    if (hostname && isAddress(hostname)) at.at('hostname').invalid(hostname, 'must be a DNS name, not an IP address')
  })
}

export function validateIngress(ingress: Ingress, { old, subresource }: WriteContext<Ingress>): readonly FieldError[] {
  const root = new Place('')
  if (subresource === 'status') {
    checkIngressStatus(root.at('status.loadBalancer.ingress'), ingress, old)
    return root.errors
  }
  checkIngress(root.at('spec'), ingress.spec ?? {})
  const annotated = ingress.metadata.annotations?.[classAnnotation]
  const named = ingress.spec?.ingressClassName
  if (old === undefined && annotated !== undefined && named !== undefined && annotated !== named)
    root
      .at('annotations')
      .at(classAnnotation)
      .invalid(annotated, 'must match `ingressClassName` when both are specified')
  return root.errors
}

const scopes = ['Cluster', 'Namespace']
const longestController = 250

export function validateIngressClass(object: IngressClass, { old }: WriteContext<IngressClass>): readonly FieldError[] {
  const place = new Place('spec')
  const { controller = '', parameters } = object.spec ?? {}
  if (old !== undefined && controller !== (old.spec?.controller ?? '')) place.at('controller').immutable(controller)
  if (controller.length > longestController) place.at('controller').tooLong(longestController)
  checkDomainPath(place.at('controller'), controller)
  if (parameters === undefined) return place.errors
  const at = place.at('parameters')
  checkReference(at, parameters)
  const { scope, namespace } = parameters
  if (!scopes.includes(scope ?? '')) at.at('scope').unsupported(scope, scopes)
  if (scope === 'Namespace') {
    if (namespace === undefined) at.at('namespace').required("`parameters.scope` is set to 'Namespace'")
    else at.at('namespace').format(namespace, dns1123Label)
  } else if (scope === 'Cluster' && namespace !== undefined)
    at.at('namespace').forbidden("`parameters.scope` is set to 'Cluster'")
  return place.errors
}
