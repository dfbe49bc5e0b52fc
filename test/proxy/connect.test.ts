/** The way to a pod through its node: for the server alone, to pods of that node alone, and only where there is no other. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type Server, createServer, request } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { type NodeServer, startNodeServer } from '#node/server/server.ts'
import { type KeyPair, issue, makeAuthority } from '#pki/issue.ts'
import { sharedKeys } from '#plane/keys.ts'
import type { Wire } from '../api/wire.ts'
import { type Backend, address, must, noAddress, openProxyWire, pods, runPod, startBackend } from './backend.ts'

/** On the network of this machine, and nobody's. */
const nowhere = address?.replace(/\d+$/, '253') ?? ''

describe('an agent', { skip: noAddress }, () => {
  let authority: KeyPair
  let server: NodeServer
  let backend: Backend
  const rights: string[] = []

  before(async () => {
    backend = await startBackend()
    authority = await makeAuthority('test', Date.now())
    const own = await issue(authority, { use: 'server', name: 'system:node:n', hosts: ['127.0.0.1'] }, Date.now())
    const pod = (name: string, ip: string, ready: boolean, hostNetwork = false) => ({
      pod: { metadata: { namespace: 'default', name }, spec: { hostNetwork, containers: [] } },
      runtime: { sandboxes: [{ ready, ips: [ip] }], containers: [] },
    })
    const running = [
      pod('web', address ?? '', true),
      pod('gone', '10.77.0.1', false),
      pod('host', '10.77.0.2', true, true),
      pod('deaf', '10.77.0.3', true),
    ]
    server = await startNodeServer({
      clock: systemClock,
      agent: { pods: () => running, stop: async () => undefined } as never,
      cri: undefined as never,
      nodeName: 'n',
      dir: '/',
      host: '127.0.0.1',
      port: 0,
      tls: { ...own, clientCA: authority.cert },
      authorize: async ({ name }, { verb, subresource }) => {
        rights.push(`${name} ${verb} ${subresource}`)
        return name !== 'weak'
      },
      isServer: ({ name }) => name === 'server' || name === 'weak',
    })
  })
  after(async () => {
    backend.stop()
    await server.close()
  })

  async function ask(path: string, name = 'server'): Promise<readonly [number, string]> {
    const pair = await issue(authority, { use: 'client', name, groups: ['system:masters'] }, Date.now())
    const asking = request({
      ...pair,
      ca: authority.cert,
      host: '127.0.0.1',
      port: server.port,
      servername: '',
      method: 'CONNECT',
      path,
      agent: false,
    })
    asking.end()
    const [answer, socket] = await once(asking, 'connect')
    if (answer.statusCode === 200) socket.write('GET /hello HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
    let text = ''
    for await (const part of socket) text += String(part)
    return [answer.statusCode, text]
  }

  test('joins the server to a pod of its own', async () => {
    const [code, text] = await ask(`${address}:${backend.port}`)
    assert.equal(code, 200)
    assert.match(text, /"url":"\/hello"/)
    assert.equal(rights.at(-1), 'server create proxy')
  })

  test('joins nobody else, and nobody to anything else', async () => {
    backend.seen.length = 0
    assert.equal((await ask(`${address}:${backend.port}`, 'eve'))[0], 403)
    assert.equal((await ask(`${address}:${backend.port}`, 'weak'))[0], 403)
    for (const place of [
      '127.0.0.1:22',
      '169.254.169.254:80',
      `127.0.0.1:${server.port}`,
      '10.77.0.1:80',
      '10.77.0.2:80',
      '[::1]:80',
      '8.8.8.8:53',
    ])
      assert.equal((await ask(place))[0], 403, place)
    for (const place of ['localhost:80', `${address}:0`, `${address}:70000`, `${address}`, `a@${address}:80`])
      assert.equal((await ask(place))[0], 400, place)
    assert.equal(backend.seen.length, 0)
  })
})

describe('the server', { skip: noAddress }, () => {
  let wire: Wire
  let backend: Backend
  let agent: Server
  const asked: string[] = []
  let allow = true

  before(async () => {
    wire = await openProxyWire()
    backend = await startBackend()
    const { authority } = await sharedKeys(wire.cluster.plane.store, Date.now())
    const own = await issue(authority, { use: 'server', name: 'system:node:n1', hosts: ['127.0.0.1'] }, Date.now())
    agent = createServer({ ...own, ca: authority.cert, requestCert: true })
    agent.on('connect', (told, socket) => {
      asked.push(told.url ?? '')
      socket.on('error', () => undefined)
      if (!allow) return socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n')
      const other = connect(backend.port, address)
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      socket.pipe(other).pipe(socket)
    })
    agent.listen(0, '127.0.0.1')
    await once(agent, 'listening')
    const { port: Port } = agent.address() as AddressInfo
    await must(wire, '/api/v1/nodes', { metadata: { name: 'n1' } })
    const addresses = [{ type: 'InternalIP', address: '127.0.0.1' }]
    await wire.call('PATCH', '/api/v1/nodes/n1/status', {
      headers: { 'content-type': 'application/merge-patch+json' },
      body: { status: { addresses, daemonEndpoints: { kubeletEndpoint: { Port } } } },
    })
    await runPod(wire, { name: 'far', ip: nowhere, ports: [{ containerPort: 8080 }] })
    await runPod(wire, { name: 'near', ports: [{ containerPort: backend.port }] })
    await runPod(wire, { name: 'deaf', ports: [{ containerPort: 1 }] })
  })
  after(async () => {
    agent.closeAllConnections()
    agent.close()
    backend.stop()
    await wire.stop()
  })

  test('asks the node where it has no route, and only there', async () => {
    assert.equal((await wire.call('GET', `${pods}/near/proxy/x`)).status, 200)
    assert.match((await wire.call('GET', `${pods}/deaf/proxy/x`)).json.message, /connection refused$/)
    assert.deepEqual(asked, [])
    const { status, json } = await wire.call('GET', `${pods}/far/proxy/x?y`)
    assert.deepEqual([status, json.url], [200, '/x?y'])
    assert.deepEqual(asked, [`${nowhere}:8080`])
  })

  test('takes the node’s no for an answer', async () => {
    allow = false
    const { status, json } = await wire.call('GET', `${pods}/far/proxy/x`)
    assert.equal(status, 503)
    assert.match(json.message, /^error trying to reach service: dial tcp .*: refused by the node \(403\)$/)
  })
})
