/** The way from the server to a node's own API: mutual TLS, to the address that the node registered, and nowhere else. */
import { type RequestOptions, Agent } from 'node:https'
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

function addressOf(node: Node): { readonly host: string; readonly port: number } {
  const addresses = node.status?.addresses ?? []
  const host = ['InternalIP', 'ExternalIP', 'Hostname'].flatMap(type => addresses.filter(one => one.type === type))[0]
    ?.address
  if (host === undefined) throw unavailable(`node ${node.metadata.name ?? ''} has no address`)
  return { host, port: node.status?.daemonEndpoints?.kubeletEndpoint?.Port ?? usualPort }
}

export function makeDialer(store: Store, credentials: () => NodeCredentials): NodeDialer {
  const agent = new Agent({ keepAlive: true, maxSockets: 1000, timeout: 0 })
  const toNode = (node: Node): RequestOptions => {
    const { authority, cert, key } = credentials()
    return { ...addressOf(node), ca: authority, cert, key, agent, ...strictTls }
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
    close: () => agent.destroy(),
  }
}
