/** The agent's API over mutual TLS: logs, exec in each protocol, attach-free streams, port-forward both ways. */
import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { get, request } from 'node:https'
import { Socket } from 'node:net'
import { after, before, test } from 'node:test'
import { WebSocket } from 'ws'
import { systemClock } from '#base/clock.ts'
import { pods } from '#kinds/facts/generated/refs.ts'
import { type NodeServer, startNodeServer } from '#node/server/server.ts'
import { issue, type KeyPair, makeAuthority } from '#pki/issue.ts'
import { SpdyConnection } from '#wire/spdy.ts'
import { skip } from './engines.ts'
import { busybox, isReady, nodeName, type Plane, startPlane } from './plane.ts'

let plane: Plane
let server: NodeServer
let authority: KeyPair
let trusted: KeyPair

before(async () => {
  if (skip !== false) return
  plane = await startPlane(22)
  authority = await makeAuthority('test', Date.now())
  trusted = await issue(authority, { use: 'client', name: 'apiserver', groups: ['system:masters'] }, Date.now())
  const own = await issue(authority, { use: 'server', name: nodeName, hosts: ['127.0.0.1'] }, Date.now())
  server = await startNodeServer({
    clock: systemClock,
    agent: plane.agent,
    cri: plane.containerd.cri,
    nodeName,
    dir: plane.options.dir,
    host: '127.0.0.1',
    port: 0,
    tls: { ...own, clientCA: authority.cert },
    authorize: async ({ name }, { subresource }) => name === 'apiserver' || subresource === 'healthz',
  })
  const command = [
    'sh',
    '-c',
    // The two streams have no order among each other: the pauses give them one.
    'echo one; sleep 0.3; echo two >&2; mkdir /w; echo page > /w/index.html; httpd -p 8080 -h /w; sleep 0.5; echo three; trap "exit 0" TERM; while :; do sleep 0.1; done',
  ]
  await plane.create('web', { containers: [{ name: 'c', image: busybox, command }] })
  await plane.until('web', isReady)
})
after(async () => {
  if (skip !== false) return
  await server.close()
  await plane.client.delete(pods, 'default/web', { gracePeriodSeconds: 1 })
  await plane.gone('web')
  await plane.stop()
})

const tls = (pair = trusted) => ({ cert: pair.cert, key: pair.key, ca: authority.cert })

async function ask(path: string, pair = trusted): Promise<{ code: number; text: string }> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    get({ host: '127.0.0.1', port: server.port, path, ...tls(pair), agent: false }, resolve).on('error', reject)
  })
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return { code: response.statusCode ?? 0, text }
}

const dial = (path: string, protocol: string): WebSocket =>
  new WebSocket(`wss://127.0.0.1:${server.port}${path}`, protocol, tls())

/** Everything that comes, by channel, until the end. */
function collect(ws: WebSocket): Promise<Map<number, string>> {
  const channels = new Map<number, string>()
  return new Promise((resolve, reject) => {
    ws.on('message', (data: Buffer) =>
      channels.set(data[0] ?? 0, (channels.get(data[0] ?? 0) ?? '') + data.subarray(1).toString('latin1')),
    )
    ws.on('close', () => resolve(channels))
    ws.on('error', reject)
  })
}

test('only certificates of the authority are let in, and only what is authorized is done', { skip }, async () => {
  const stranger = await issue(
    await makeAuthority('other', Date.now()),
    { use: 'client', name: 'apiserver' },
    Date.now(),
  )
  await assert.rejects(ask('/healthz', stranger))
  const nobody = await issue(authority, { use: 'client', name: 'nobody' }, Date.now())
  assert.deepEqual(await ask('/healthz', nobody), { code: 200, text: 'ok' })
  assert.equal((await ask('/pods', nobody)).code, 403)
  assert.equal((await ask('/exec/default/web/c?command=id&output=1', nobody)).code, 403)
  assert.equal((await ask('/nowhere')).code, 404)
  assert.match((await ask('/pods')).text, /"name":"web"/)
})

test('logs: all, the last line, followed to new ones', { skip, timeout: 20_000 }, async () => {
  const response = await new Promise<IncomingMessage>(resolve => {
    get(
      {
        host: '127.0.0.1',
        port: server.port,
        path: '/containerLogs/default/web/c?follow=true',
        ...tls(),
        agent: false,
      },
      resolve,
    )
  })
  let text = ''
  for await (const chunk of response) {
    text += String(chunk)
    if (text.includes('three')) break
  }
  assert.equal(text, 'one\ntwo\nthree\n')
  assert.equal((await ask('/containerLogs/default/web/c?tailLines=1')).text, 'three\n')
  assert.equal((await ask('/containerLogs/default/web/c?previous=true')).code, 400)
  assert.equal((await ask('/containerLogs/default/web/x')).code, 404)
})

test('exec over v5 ends stdin and tells the exit code', { skip, timeout: 20_000 }, async () => {
  const ws = dial(
    '/exec/default/web/c?command=sh&command=-c&command=wc+-c;+echo+bad+>%262;+exit+7&input=1&output=1&error=1',
    'v5.channel.k8s.io',
  )
  const all = collect(ws)
  ws.on('open', () => {
    const chunk = Buffer.alloc(65_537, 97)
    chunk[0] = 0
    for (let index = 0; index < 32; index++) ws.send(chunk)
    ws.send(Buffer.from([255, 0]))
  })
  const channels = await all
  assert.equal(ws.protocol, 'v5.channel.k8s.io')
  assert.equal(channels.get(1), `${32 * 65_536}\n`)
  assert.equal(channels.get(2), 'bad\n')
  assert.match(channels.get(3) ?? '', /"reason":"NonZeroExitCode".*"ExitCode","message":"7"/)
})

test('exec over v4 is passed through', { skip, timeout: 20_000 }, async () => {
  const ws = dial('/exec/default/web/c?command=echo&command=hello&output=1&error=1', 'v4.channel.k8s.io')
  const channels = await collect(ws)
  assert.equal(channels.get(1), 'hello\n')
  assert.match(channels.get(3) ?? '', /"status":"Success"/)
})

test('port-forward in WebSocket channels', { skip, timeout: 20_000 }, async () => {
  const ws = dial('/portForward/default/web?port=8080', 'v4.channel.k8s.io')
  const all = collect(ws)
  ws.on('open', () => ws.send(Buffer.concat([Buffer.from([0]), Buffer.from('GET /index.html HTTP/1.0\r\n\r\n')])))
  ws.on('message', (data: Buffer) => {
    if (data.includes('page')) ws.close()
  })
  assert.match((await all).get(0) ?? '', /200 OK[^]*page/)
})

test('port-forward as kubectl does it: SPDY within a WebSocket', { skip, timeout: 20_000 }, async () => {
  // The library would not offer a protocol with a slash; the header alone is the same on the wire.
  const ws = new WebSocket(`wss://127.0.0.1:${server.port}/portForward/default/web`, {
    ...tls(),
    headers: { 'Sec-WebSocket-Protocol': 'SPDY/3.1+portforward.k8s.io' },
  })
  // For the same reason it refuses the answer: the handshake's end is taken from the socket.
  const upgraded = new Promise<string | undefined>(resolve => {
    ws.on('upgrade', response => resolve(response.headers['sec-websocket-protocol']))
  })
  ws.on('error', () => undefined)
  assert.equal(await upgraded, 'SPDY/3.1+portforward.k8s.io')
  ws.terminate()
})

test('a SPDY client as old kubectl is', { skip, timeout: 20_000 }, async () => {
  const { socket, head } = await new Promise<{ socket: Socket; head: Buffer }>((resolve, reject) => {
    const asked = request({
      host: '127.0.0.1',
      port: server.port,
      method: 'POST',
      path: '/portForward/default/web',
      headers: { Connection: 'Upgrade', Upgrade: 'SPDY/3.1', 'X-Stream-Protocol-Version': 'portforward.k8s.io' },
      ...tls(),
      agent: false,
    })
    asked.on('upgrade', (_, stream, first) => {
      if (stream instanceof Socket) resolve({ socket: stream, head: first })
    })
    asked.on('error', reject)
    asked.end()
  })
  const connection = new SpdyConnection(socket, head)
  await connection.open({ streamtype: 'error', port: '8080', requestid: '0' })
  const data = await connection.open({ streamtype: 'data', port: '8080', requestid: '0' })
  data.write('GET /index.html HTTP/1.0\r\n\r\n')
  let text = ''
  for await (const chunk of data) {
    text += String(chunk)
    if (text.includes('page')) break
  }
  assert.match(text, /200 OK[^]*page/)
  connection.close()
})

test('usage is told in the summary and as metrics', { skip, timeout: 20_000 }, async () => {
  const parsed: unknown = JSON.parse((await ask('/stats/summary')).text)
  assert.partialDeepStrictEqual(parsed, { node: { nodeName }, pods: [{ podRef: { name: 'web' } }] })
  const { text } = await ask('/metrics/resource')
  assert.match(text, /container_memory_working_set_bytes\{container="c",namespace="default",pod="web"\} [1-9]/)
})
