/** A control plane under attack: what it answers, what goes on record, and that neither tells what is secret. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type Server, createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect } from 'node:tls'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeLog } from '#base/log.ts'
import type { Event } from '#kinds/facts/generated/types/audit_v1.ts'
import { issue } from '#pki/issue.ts'
import { type SharedKeys, sharedKeys } from '#plane/keys.ts'
import { type Call, type Reply, type Wire, openWire } from '../api/wire.ts'

export interface Attack extends Call {
  readonly method?: string
  readonly path: string
  readonly code: number
  readonly reason: string
}

export interface Siege {
  readonly wire: Wire
  readonly keys: SharedKeys
  readonly events: Event[]
  /** Lines of the server's own log. */
  readonly log: string[]
  /** What no answer, event or line of the log may hold. */
  readonly secrets: string[]
  /** Refused with upstream's code and reason, on record as that, and nothing is told. */
  refused(attack: Attack): Promise<Reply>
  /** Bytes over a connection of the administrator's, and all that comes back. */
  bytes(text: string): Promise<string>
  /** Nothing that is secret got out so far, nor in this text. */
  silent(text?: string): void
  stop(): Promise<void>
}

async function recorded(events: readonly Event[], id: string): Promise<Event | undefined> {
  for (let tries = 0; tries < 200; tries++) {
    const found = events.find(event => event.auditID === id && event.responseStatus !== undefined)
    if (found !== undefined) return found
    await sleep(5)
  }
  return undefined
}

export async function besiege(): Promise<Siege> {
  const events: Event[] = []
  const log: string[] = []
  const secrets = ['s3cr3t-value', 'czNjcjN0LXZhbHVl']
  const wire = await openWire({
    controllers: false,
    audit: event => void events.push(event),
    log: makeLog(line => void log.push(line), 'debug'),
  })
  const keys = await sharedKeys(wire.cluster.plane.store, Date.now())
  secrets.push(keys.tokenKey, keys.authority.key, keys.frontProxy.key)
  const silent = (text = ''): void => {
    const all = [text, JSON.stringify(events), ...log].join('\n')
    for (const secret of secrets) assert.ok(!all.includes(secret), 'something secret was told')
  }
  const refused: Siege['refused'] = async ({ method = 'GET', path, code, reason, ...call }) => {
    const reply = await wire.call(method, path, call)
    const what = `${method} ${path}: ${reply.text.slice(0, 300)}`
    assert.equal(reply.status, code, what)
    assert.deepEqual([reply.json?.kind, reply.json?.status, reply.json?.reason], ['Status', 'Failure', reason], what)
    const event = await recorded(events, String(reply.headers['audit-id']))
    assert.equal(event?.responseStatus?.code, code, `on record: ${what}`)
    // Of strangers only so many a second are on record.
    if (code === 401) await sleep(25)
    silent(reply.text + JSON.stringify(reply.headers))
    return reply
  }
  return {
    wire,
    keys,
    events,
    log,
    secrets,
    refused,
    silent,
    bytes: async text => {
      const socket = connect({
        ...wire.tls,
        host: wire.url.hostname,
        port: Number(wire.url.port),
        ALPNProtocols: ['http/1.1'],
      })
      socket.on('error', () => undefined)
      let answer = ''
      socket.on('data', part => (answer += String(part)))
      socket.write(text)
      setTimeout(() => socket.end(), 400)
      await once(socket, 'close')
      return answer
    },
    stop: () => wire.stop(),
  }
}

export async function must(
  wire: Wire,
  path: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<Reply> {
  const reply = await wire.call('POST', path, { body, headers })
  assert.equal(reply.status, 201, reply.text)
  return reply
}

export interface FalseNode {
  /** What it was asked, and by whom. */
  readonly seen: string[]
  answer: string
  stop(): void
}

/** A node `n1` with a pod `web`, whose agent answers everything with the bytes it is given. */
export async function falseNode({ wire, keys }: Siege): Promise<FalseNode> {
  const own = await issue(keys.authority, { name: 'system:node:n1', use: 'server', hosts: ['127.0.0.1'] }, Date.now())
  const seen: string[] = []
  const node = { answer: '', seen }
  const server: Server = createServer({ ...own, ca: keys.authority.cert, requestCert: true })
  const answer = (request: { url?: string | undefined }, socket: Duplex): void => {
    seen.push(request.url ?? '')
    socket.on('error', () => undefined)
    socket.on('data', part => void seen.push(String(part)))
    socket.end(node.answer)
  }
  server.on('upgrade', answer)
  server.on('request', request => answer(request, request.socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port: Port } = server.address() as AddressInfo
  await must(wire, '/api/v1/nodes', { metadata: { name: 'n1' } })
  await wire.call('PATCH', '/api/v1/nodes/n1/status', {
    headers: { 'content-type': 'application/merge-patch+json' },
    body: {
      status: {
        addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
        daemonEndpoints: { kubeletEndpoint: { Port } },
      },
    },
  })
  await must(wire, '/api/v1/namespaces/default/serviceaccounts', { metadata: { name: 'default' } })
  const spec = { nodeName: 'n1', containers: [{ name: 'main', image: 'x' }] }
  await must(wire, '/api/v1/namespaces/default/pods', { metadata: { name: 'web' }, spec })
  return Object.assign(node, {
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  })
}
