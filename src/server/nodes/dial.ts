/** The way from the server to a node's own API: mutual TLS, to the address that the node registered, and nowhere else. */
import { type RequestOptions, Agent } from 'node:https'
import { isIP } from 'node:net'
import { type PeerCertificate, checkServerIdentity } from 'node:tls'
import { strictTls } from '#base/tls.ts'
import type { Node, Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { StatusError, badRequest, notFound } from '#api/status.ts'
import type { Store } from '#server/store/contract.ts'

export interface NodeCredentials {
  /** PEM: the authority of the nodes' serving certificates, and our client certificate. */
  readonly authority: string
  readonly cert: string
  readonly key: string
}

export interface NodeDialer {
  /** Options of an HTTPS request to the node that runs the pod. @throws StatusError */
  options(pod: Pod): RequestOptions
  /** Of one to a node itself. @throws StatusError */
  toNode(node: Node): RequestOptions
  close(): void
}

const usualPort = 10_250

const unavailable = (message: string): StatusError =>
  new StatusError({ reason: 'InternalError', message, code: 500, details: {} })

/** Where its own API is. @throws StatusError */
export function nodeAddress(node: Node): { readonly host: string; readonly port: number } {
  const addresses = node.status?.addresses ?? []
  const host = ['InternalIP', 'ExternalIP', 'Hostname'].flatMap(type => addresses.filter(one => one.type === type))[0]
    ?.address
  if (host === undefined) throw unavailable(`node ${node.metadata.name ?? ''} has no address`)
  return { host, port: node.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? usualPort }
}

/** More than there are nodes in a cluster that one server can serve. */
const mostAgents = 5000

/**
 * Which node it is, and not only that it is one: a node says itself where it is, and could say that it is where another one is.
 * Connections are pooled by node for the same reason: they are looked at when they are made.
 */
const isNode =
  (name: string) =>
  (host: string, certificate: PeerCertificate): Error | undefined =>
    checkServerIdentity(host, certificate) ??
    (certificate.subject.CN === `system:node:${name}` ? undefined : new Error("tls: the certificate is another node's"))

export function makeDialer(store: Store, credentials: () => NodeCredentials): NodeDialer {
  const agents = new Map<string, Agent>()
  const agentOf = (name: string): Agent => {
    const agent = agents.get(name) ?? new Agent({ keepAlive: true, maxSockets: 1000, timeout: 0 })
    agents.delete(name)
    agents.set(name, agent)
    const [oldest] = agents.keys()
    // What is under way there ends by itself.
    if (agents.size > mostAgents && oldest !== undefined) agents.delete(oldest)
    return agent
  }
  const toNode = (node: Node): RequestOptions => {
    const { authority, cert, key } = credentials()
    const { name = '' } = node.metadata
    const checkServerIdentity = isNode(name)
    const common = { ca: authority, cert, key, checkServerIdentity, ...strictTls } as const
    const at = nodeAddress(node)
    // Told, so that it is never taken from a Host header, which is the client's.
    const servername = isIP(at.host) === 0 ? at.host : ''
    return { ...at, ...common, servername, agent: agentOf(name) }
  }
  return {
    toNode,
    options: pod => {
      const name = pod.spec?.nodeName ?? ''
      if (name === '') throw badRequest(`pod ${pod.metadata.name ?? ''} does not have a host assigned`)
      const node = store.snapshot('nodes').get(name)?.object as Node | undefined
      if (node === undefined) throw notFound({ group: '', resource: 'nodes', name })
      return toNode(node)
    },
    close: () => {
      for (const agent of agents.values()) agent.destroy()
      agents.clear()
    },
  }
}
