/** A server of somebody else's API on an address of this machine, which does as each test wants. */
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Server, createServer } from 'node:https'
import { networkInterfaces } from 'node:os'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { setTimeout as sleep } from 'node:timers/promises'
import { type KeyPair, issue, makeAuthority } from '#pki/issue.ts'
import { type Wire, openWire } from '../api/wire.ts'

/** Endpoints are never on loopback. Undefined where this machine has no other address. */
export const address = Object.values(networkInterfaces())
  .flat()
  .find(one => one !== undefined && !one.internal && one.family === 'IPv4')?.address
export const noAddress = address === undefined ? 'this machine has no address but loopback' : false

export const group = 'wardle.example.com'
export const version = 'v1alpha1'
export const base = `/apis/${group}/${version}`
export const flunders = `${base}/namespaces/default/flunders`

export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly raw: readonly string[]
  readonly client: string
  readonly authorized: boolean
  readonly body: string
}

export type Answer = (request: IncomingMessage, response: ServerResponse) => boolean

export const json = (response: ServerResponse, object: object, headers: Record<string, string> = {}): void => {
  response.writeHead(200, { 'content-type': 'application/json', ...headers })
  response.end(JSON.stringify(object))
}

export const resources = {
  kind: 'APIResourceList',
  apiVersion: 'v1',
  groupVersion: `${group}/${version}`,
  resources: [
    {
      name: 'flunders',
      singularName: 'flunder',
      namespaced: true,
      kind: 'Flunder',
      verbs: ['get', 'list', 'watch', 'create'],
      shortNames: ['fl'],
    },
    { name: 'flunders/status', singularName: '', namespaced: true, kind: 'Flunder', verbs: ['get'] },
  ],
}

const flunder = (name: string): object => ({
  apiVersion: `${group}/${version}`,
  kind: 'Flunder',
  metadata: { name, namespace: 'default', resourceVersion: '5', creationTimestamp: '2026-01-01T00:00:00Z' },
})

/** What an honest one answers. */
function honest(request: IncomingMessage, response: ServerResponse): void {
  const [path = ''] = (request.url ?? '').split('?')
  if (path === base) return json(response, resources)
  if (path === flunders && request.method === 'GET') {
    if (request.url?.includes('watch=') !== true)
      return json(response, {
        apiVersion: `${group}/${version}`,
        kind: 'FlunderList',
        metadata: { resourceVersion: '5' },
        items: [flunder('one'), flunder('two')],
      })
    response.writeHead(200, { 'content-type': 'application/json' })
    response.write(`${JSON.stringify({ type: 'ADDED', object: flunder('one') })}\n`)
    return
  }
  if (path === `${flunders}/one`) return json(response, flunder('one'))
  if (request.method === 'POST') {
    response.writeHead(201, { 'content-type': 'application/json', 'x-own': 'yes', 'access-control-allow-origin': '*' })
    response.end('{"made":true}')
    return
  }
  response.writeHead(404, { 'content-type': 'text/plain' })
  response.end('nothing here')
}

export interface Extension {
  readonly seen: Seen[]
  readonly wire: Wire
  readonly port: number
  /** Answers in place of the honest one as long as it says true. */
  answer: Answer
  /** What an upgrade is answered with. */
  upgrade: (request: IncomingMessage, socket: Duplex) => void
  /** The last request that was not the server's own. */
  last(): Seen
  /** Makes service, endpoints and APIService; waits until it is available unless told not to. */
  register(spec?: object, wait?: boolean): Promise<void>
  condition(): Promise<{ readonly status: string; readonly reason: string; readonly message: string }>
  stop(): Promise<void>
}

async function serving(authority: KeyPair, wire: Wire, parts: Pick<Extension, 'seen'> & Mutable): Promise<Server> {
  const pair = await issue(authority, { name: 'wardle', use: 'server', hosts: ['wardle.default.svc'] }, Date.now())
  const map = await wire.call('GET', '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication')
  const ca: string = map.json.data['requestheader-client-ca-file']
  const server = createServer({ ...pair, ca, requestCert: true, rejectUnauthorized: false }, (request, response) => {
    response.on('error', () => undefined)
    let body = ''
    request.on('data', part => (body += String(part)))
    request.on('error', () => undefined)
    request.on('end', () => {
      const socket = request.socket as TLSSocket
      const { method = '', url = '', headers, rawHeaders: raw } = request
      const client = String(socket.getPeerX509Certificate()?.subject ?? '').replace('CN=', '')
      parts.seen.push({ method, url, headers, raw, client, authorized: socket.authorized, body })
    })
    if (!parts.answer(request, response)) honest(request, response)
  })
  server.on('upgrade', (request, socket) => parts.upgrade(request, socket))
  server.on('tlsClientError', () => undefined)
  return server
}

type Mutable = Pick<Extension, 'answer' | 'upgrade'>

const services = '/api/v1/namespaces/default/services'
const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices'
const apiServices = '/apis/apiregistration.k8s.io/v1/apiservices'
export const apiService = `${apiServices}/${version}.${group}`

export async function until<T>(get: () => Promise<T> | T, good: (value: T) => boolean): Promise<T> {
  for (let tries = 0; ; tries++) {
    const value = await get()
    if (good(value)) return value
    if (tries > 400) throw new Error(`what the case waits for did not happen: ${JSON.stringify(value)?.slice(0, 2000)}`)
    await sleep(25)
  }
}

async function must(wire: Wire, path: string, body: object): Promise<void> {
  const { status, text } = await wire.call('POST', path, { body })
  if (status !== 201) throw new Error(`${path}: ${text}`)
}

/** @param options of the cluster; no controllers run in the usual one */
export async function startExtension(options?: Parameters<typeof openWire>[0]): Promise<Extension> {
  const wire = await openWire(options)
  const authority = await makeAuthority('wardle-ca', Date.now())
  const seen: Seen[] = []
  const parts: Mutable = { answer: () => false, upgrade: (_, socket) => void socket.destroy() }
  const server = await serving(authority, wire, { seen, ...bound(parts) })
  server.listen(0, address)
  await once(server, 'listening')
  const place = server.address()
  const port = typeof place === 'object' && place !== null ? place.port : 0
  const condition: Extension['condition'] = async () => {
    const { json: object } = await wire.call('GET', apiService)
    return object.status?.conditions?.[0] ?? { status: '', reason: '', message: '' }
  }
  const register: Extension['register'] = async (spec = {}, wait = true) => {
    await must(wire, services, {
      metadata: { name: 'wardle' },
      spec: { ports: [{ name: 'https', port: 443, targetPort: 8443 }] },
    })
    await must(wire, slices, {
      metadata: { name: 'wardle', labels: { 'kubernetes.io/service-name': 'wardle' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: [address], conditions: { ready: true } }],
      ports: [{ name: 'https', port }],
    })
    await must(wire, apiServices, {
      metadata: { name: `${version}.${group}` },
      spec: {
        group,
        version,
        groupPriorityMinimum: 2000,
        versionPriority: 200,
        service: { namespace: 'default', name: 'wardle' },
        caBundle: Buffer.from(authority.cert).toString('base64'),
        ...spec,
      },
    })
    if (wait) await until(condition, one => one.status === 'True')
  }
  return Object.assign(parts, {
    seen,
    wire,
    port,
    register,
    condition,
    last: () => {
      const found = seen.findLast(one => one.headers['x-remote-user'] !== 'system:kube-aggregator')
      if (found === undefined) throw new Error('it was asked nothing')
      return found
    },
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await wire.stop()
    },
  })
}

const bound = (parts: Mutable): Mutable => ({
  answer: (request, response) => parts.answer(request, response),
  upgrade: (request, socket) => parts.upgrade(request, socket),
})
