/** What runs in a pod, on an address of this machine: a server that does as each test wants, and the objects that lead there. */
import { once } from 'node:events'
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { issue, makeAuthority } from '#pki/issue.ts'
import { address } from '../aggregation/extension.ts'
import { type Wire, openWire } from '../api/wire.ts'

export { address, noAddress } from '../aggregation/extension.ts'

export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly raw: readonly string[]
  readonly body: string
}

export interface Backend {
  readonly port: number
  readonly seen: Seen[]
  /** Answers in place of the honest one as long as it says true. */
  answer: (request: IncomingMessage, response: ServerResponse) => boolean
  upgrade: (request: IncomingMessage, socket: Duplex) => void
  stop(): void
}

/** Tells what it was asked. @param host an address of this machine other than the usual one */
export async function startBackend(tls = false, host = address): Promise<Backend> {
  const seen: Seen[] = []
  const backend: Pick<Backend, 'answer' | 'upgrade'> = { answer: () => false, upgrade: noUpgrade }
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    let body = ''
    response.on('error', () => undefined)
    request.on('error', () => undefined)
    request.on('data', part => (body += String(part)))
    request.on('end', () => {
      const { method = '', url = '', headers, rawHeaders: raw } = request
      seen.push({ method, url, headers, raw, body })
      if (backend.answer(request, response)) return
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ Method: method, Body: 'foo', url, body }))
    })
  }
  const own = tls
    ? await issue(await makeAuthority('pod', Date.now()), { name: 'x', use: 'server', hosts: ['x'] }, Date.now())
    : {}
  const server = tls ? createTlsServer(own, onRequest) : createServer(onRequest)
  server.on('upgrade', (request, socket) => {
    const { method = '', url = '', headers, rawHeaders: raw } = request
    seen.push({ method, url, headers, raw, body: '' })
    backend.upgrade(request, socket)
  })
  server.on('clientError', (_, socket) => socket.destroy())
  server.listen(0, host)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return Object.assign(backend, {
    port,
    seen,
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  })
}

/** An answer that is given whatever is asked. */
export const says =
  (act: (request: IncomingMessage, response: ServerResponse) => void): Backend['answer'] =>
  (request, response) => {
    act(request, response)
    return true
  }

/** A control plane without controllers, in whose default namespace pods can be made. */
export async function openProxyWire(options?: Parameters<typeof openWire>[0]): Promise<Wire> {
  const wire = await openWire(options)
  await must(wire, '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
  return wire
}

const noUpgrade = (_: IncomingMessage, socket: Duplex): void => void socket.destroy()

export async function must(wire: Wire, path: string, body: object): Promise<void> {
  const { status, text } = await wire.call('POST', path, { body })
  if (status !== 201) throw new Error(`${path}: ${text}`)
}

export const pods = '/api/v1/namespaces/default/pods'
export const services = '/api/v1/namespaces/default/services'
export const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices'

/** Reports an address of a pod, as its node does. */
export async function report(wire: Wire, name: string, ip: string): Promise<number> {
  const body = {
    status: { phase: 'Running', podIP: ip, podIPs: [{ ip }], conditions: [{ type: 'Ready', status: 'True' }] },
  }
  const headers = { 'content-type': 'application/merge-patch+json' }
  return (await wire.call('PATCH', `${pods}/${name}/status`, { headers, body })).status
}

export interface RunningPod {
  readonly name: string
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[]
  readonly ip?: string
  readonly labels?: object
}

export async function runPod(wire: Wire, { name, ports = [], ip = address, labels = {} }: RunningPod): Promise<void> {
  const spec = { nodeName: 'n1', containers: [{ name: 'main', image: 'x', ports }] }
  await must(wire, pods, { metadata: { name, labels }, spec })
  if (ip !== undefined) await report(wire, name, ip)
}

export const endpoint = (pod: string, ip = address, namespace = 'default'): object => ({
  addresses: [ip],
  conditions: { ready: true },
  targetRef: { kind: 'Pod', namespace, name: pod },
})

/** A service with its slice, as the controller would write it. */
export async function serve(
  wire: Wire,
  name: string,
  { ports, endpoints }: { ports: readonly { name?: string; port: number; to: number }[]; endpoints: readonly object[] },
): Promise<void> {
  const named = ({ name: called }: { name?: string }) => (called === undefined ? {} : { name: called })
  await must(wire, services, {
    metadata: { name },
    spec: { ports: ports.map(one => ({ ...named(one), port: one.port, targetPort: one.to })) },
  })
  await must(wire, slices, {
    metadata: { name, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints,
    ports: ports.map(one => ({ ...named(one), port: one.to })),
  })
}
