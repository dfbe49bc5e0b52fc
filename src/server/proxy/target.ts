/** Where a proxy leads: to an address that a node reported of its own pod, or of itself. Nobody else's word counts. */
import type { Permit } from '#api/request.ts'
import { type StatusError, badRequest, notFound, serviceUnavailable } from '#api/status.ts'
import type { EndpointSlice } from '#kinds/facts/generated/types/discovery_v1.ts'
import type { Node, Pod, Service } from '#kinds/facts/generated/types/core_v1.ts'
import { slicesOf, type Directory } from '#server/outbound/service.ts'
import { isReserved } from '#wire/address.ts'
import { mayBeLed } from '#wire/https.ts'
import { nodeAddress } from '../nodes/dial.ts'
import { type ProxyName, proxyName } from './name.ts'

export interface Target {
  readonly scheme: 'http' | 'https'
  readonly host: string
  readonly port: number
  /** The node's own API is asked, with our certificate. */
  readonly agent?: Node
  /** Whose address it is. */
  readonly pod?: Pod
}

export interface Places {
  readonly directory: Directory
  /** Of [0, 1): calls are spread over what is ready. */
  readonly random: () => number
}

const notAllowed = (): StatusError => badRequest('address not allowed')

/** Of a URL that names none. */
const usualPort = ({ scheme }: ProxyName): number => (scheme === 'https' ? 443 : 80)

const unreachable = (why: string): StatusError => serviceUnavailable(`error trying to reach service: ${why}`)

/** @throws StatusError */
function portNumber(text: string, host: string): number {
  if (!/^\d{1,10}$/.test(text)) throw unreachable(`dial tcp: lookup tcp/${text}: unknown port`)
  const port = Number(text)
  if (port < 1 || port > 65_535) throw unreachable(`dial tcp: address ${host}:${text}: invalid port`)
  return port
}

const addressesOf = ({ status }: Pod): readonly string[] => {
  const all = (status?.podIPs ?? []).map(one => one.ip)
  return all.length === 0 && status?.podIP !== undefined ? [status.podIP] : all
}

const portsOf = ({ spec }: Pod) => (spec?.containers ?? []).flatMap(one => one.ports ?? [])

function podTarget({ directory }: Places, asked: ProxyName, { namespace }: Permit): Target {
  const pod = directory.get('pods', `${namespace}/${asked.name}`) as Pod | undefined
  if (pod === undefined) throw notFound({ group: '', resource: 'pods', name: asked.name })
  const [host = ''] = addressesOf(pod)
  if (isReserved(host)) throw notAllowed()
  const ports = portsOf(pod)
  const declared = asked.port === '' ? ports[0] : ports.find(one => one.name === asked.port)
  const usual = asked.port === '' ? usualPort(asked) : undefined
  const port = declared?.containerPort ?? usual ?? portNumber(asked.port, host)
  return { scheme: asked.scheme === '' ? 'http' : asked.scheme, host, port, pod }
}

/** The name of a service's port; a number is that of one that it declares. */
function servicePort(service: Service | undefined, { name, port }: ProxyName): string {
  if (!/^[+-]?\d+$/.test(port)) return port
  if (service === undefined) throw notFound({ group: '', resource: 'services', name })
  const found = service.spec.ports?.find(one => one.port === Number(port))
  if (found === undefined)
    throw serviceUnavailable(`no service port ${Number(port)} found for service ${JSON.stringify(name)}`)
  return found.name ?? ''
}

/** From a random one on, each once. */
function* shuffled<T>(all: readonly T[], random: () => number): Generator<T> {
  const start = Math.floor(random() * all.length)
  for (let at = 0; at < all.length; at++) {
    const one = all[(start + at) % all.length]
    if (one !== undefined) yield one
  }
}

/** Whose address it is: anybody who may write slices could name any address, but not give it to a pod. */
function podAt(
  { directory }: Places,
  { targetRef }: NonNullable<EndpointSlice['endpoints']>[number],
  { namespace, address }: { readonly namespace: string; readonly address: string },
): Pod | undefined {
  if (targetRef?.namespace !== namespace || targetRef.kind !== 'Pod' || isReserved(address)) return undefined
  const pod = directory.get('pods', `${namespace}/${targetRef.name ?? ''}`) as Pod | undefined
  return pod !== undefined && addressesOf(pod).includes(address) ? pod : undefined
}

function serviceTarget(places: Places, asked: ProxyName, { namespace, name: id }: Permit): Target {
  const service = places.directory.get('services', `${namespace}/${asked.name}`) as Service | undefined
  const wanted = servicePort(service, asked)
  if (service === undefined) throw notFound({ group: '', resource: 'endpoints', name: asked.name })
  const slices = slicesOf(places.directory, service)
  for (const { endpoints = [], ports = [] } of slices) {
    const port = ports.find(one => (one.name ?? '') === wanted)?.port
    if (port === undefined) continue
    for (const endpoint of shuffled(endpoints, places.random)) {
      const [address = ''] = endpoint.addresses
      if (endpoint.conditions?.ready === false) continue
      const pod = podAt(places, endpoint, { namespace, address })
      if (pod !== undefined) return { scheme: asked.scheme === '' ? 'http' : asked.scheme, host: address, port, pod }
    }
  }
  throw serviceUnavailable(
    `no endpoints available for service ${JSON.stringify(slices.length === 0 ? asked.name : id)}`,
  )
}

function nodeTarget({ directory }: Places, asked: ProxyName): Target {
  const node = directory.get('nodes', asked.name) as Node | undefined
  if (node === undefined) throw notFound({ group: '', resource: 'nodes', name: asked.name })
  const { host, port } = nodeAddress(node)
  // What a name stands for is looked at when it is dialled.
  if (!mayBeLed(host)) throw notAllowed()
  if (asked.port === '' || asked.port === String(port)) return { scheme: 'https', host, port, agent: node }
  return { scheme: asked.scheme === '' ? 'http' : asked.scheme, host, port: portNumber(asked.port, host) }
}

const finders = { pods: podTarget, services: serviceTarget, nodes: nodeTarget } as const
const singular = { pods: 'pod', services: 'service', nodes: 'node' } as const

export type Proxied = keyof typeof finders

/** @throws StatusError in upstream's words. */
export function targetOf(places: Places, resource: Proxied, permit: Permit): Target {
  const asked = proxyName(permit.name)
  if (asked === undefined) throw badRequest(`invalid ${singular[resource]} request ${JSON.stringify(permit.name)}`)
  return finders[resource](places, asked, permit)
}
