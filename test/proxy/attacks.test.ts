/** Proxies as a way to where nobody should get: by verbs, by addresses, by what nodes and users write, by bytes. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type Server, createServer } from 'node:https'
import { request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type TLSSocket, connect } from 'node:tls'
import { after, before, beforeEach, describe, test } from 'node:test'
import { pods as podsRef } from '#kinds/facts/generated/refs.ts'
import { sharedKeys } from '#plane/keys.ts'
import { issue } from '#pki/issue.ts'
import type { Wire } from '../api/wire.ts'
import {
  type Backend, address, endpoint, must, noAddress, openProxyWire, pods, report, runPod, serve, services, slices, startBackend,
} from './backend.ts' // prettier-ignore

const nodes = '/api/v1/nodes'
const merge = { 'content-type': 'application/merge-patch+json' }

describe('proxy', { skip: noAddress }, () => {
  let wire: Wire
  let backend: Backend
  const web = `${pods}/web/proxy`

  before(async () => {
    wire = await openProxyWire()
    backend = await startBackend()
    await runPod(wire, { name: 'web', ports: [{ containerPort: backend.port }] })
    await serve(wire, 'web', { ports: [{ port: 80, to: backend.port }], endpoints: [endpoint('web')] })
  })
  after(async () => {
    backend.stop()
    await wire.stop()
  })
  beforeEach(() => void (backend.seen.length = 0))

  const status = async (path: string, token: string, method = 'GET'): Promise<number> =>
    (await wire.call(method, path, { token })).status
  const upgraded = async (path: string, token: string): Promise<number> => {
    const sent = httpsRequest({
      ca: wire.tls.ca, host: wire.url.hostname, port: wire.url.port, path, agent: false,
      headers: { connection: 'Upgrade', upgrade: 'websocket', authorization: `Bearer ${token}` },
    }) // prettier-ignore
    sent.end()
    const { promise, resolve } = Promise.withResolvers<number>()
    sent.on('upgrade', (_, socket) => {
      socket.destroy()
      resolve(101)
    })
    sent.on('response', response => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    return promise
  }

  test('takes the right to the subresource, by the verb of the method', async () => {
    const parent = await wire.account('parent', [
      { apiGroups: [''], resources: ['pods', 'services'], verbs: ['*'] },
      { apiGroups: [''], resources: ['pods/log', 'pods/exec'], verbs: ['*'] },
    ])
    const reader = await wire.account('reader', [{ apiGroups: [''], resources: ['pods/proxy'], verbs: ['get'] }])
    const writer = await wire.account('writer', [
      { apiGroups: [''], resources: ['pods/proxy'], verbs: ['create', 'update', 'patch', 'delete'] },
    ])
    const verbs = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']
    const each = (token: string, path = `${web}/x`) => Promise.all(verbs.map(method => status(path, token, method)))
    assert.deepEqual(
      await each(parent),
      verbs.map(() => 403),
    )
    assert.deepEqual(await each(reader), [200, 200, 403, 403, 403, 403, 403])
    assert.deepEqual(await each(writer), [403, 403, 200, 200, 200, 200, 403])
    assert.deepEqual(
      await each(reader, `${services}/web:80/proxy/x`),
      verbs.map(() => 403),
    )
    for (const path of [`${pods}/web/proxy/..`, `${pods}/web/proxy/../log`, `${pods}/web/proxy/%2e%2e/x`])
      assert.equal(await status(path, reader), 400)
    assert.equal(await status(`${pods}/web/proxy%2fx`, reader), 400)
    assert.equal(await upgraded(`${web}/x`, parent), 403)
  })

  test('a name with its port is a name of its own: who may ask for one may not ask for all', async () => {
    const rule = { apiGroups: [''], resources: ['services/proxy'], verbs: ['get'], resourceNames: ['web:80'] }
    const token = await wire.account('narrow', [rule])
    assert.equal(await status(`${services}/web:80/proxy/x`, token), 200)
    for (const name of ['web', 'web:81', 'http:web:80', ':web:80', 'web:080'])
      assert.equal(await status(`${services}/${name}/proxy/x`, token), 403, name)
  })

  const reserved = [
    '127.0.0.1',
    '127.1.2.3',
    '169.254.169.254',
    '0.0.0.0',
    '224.0.0.1',
    '::1',
    'fe80::1',
    '::ffff:127.0.0.1',
    'fd00:ec2::254',
  ]

  test('leads to no address that only the server has, whatever a node reports', async () => {
    const local = await startBackend(false, '127.0.0.1')
    await runPod(wire, { name: 'liar', ports: [{ containerPort: local.port }] })
    await serve(wire, 'liar', { ports: [{ port: 80, to: local.port }], endpoints: [] })
    let reports = 0
    for (const ip of reserved) {
      const reported = await report(wire, 'liar', ip)
      if (reported === 200) reports++
      const { status: code, json } = await wire.call('GET', `${pods}/liar/proxy/x`)
      if (reported === 200) assert.deepEqual([code, json.message], [400, 'address not allowed'], ip)
      const body = { addressType: ip.includes(':') ? 'IPv6' : 'IPv4', endpoints: [endpoint('liar', ip)] }
      await wire.call('DELETE', `${slices}/liar`)
      const made = await wire.call('POST', slices, {
        body: {
          ...body,
          metadata: { name: 'liar', labels: { 'kubernetes.io/service-name': 'liar' } },
          ports: [{ port: local.port }],
        },
      })
      const answer = await wire.call('GET', `${services}/liar:80/proxy/x`)
      assert.equal(answer.status, 503, `${ip} ${made.status}`)
    }
    assert.ok(reports > 5)
    assert.equal(local.seen.length, 0)
    local.stop()
  })

  test('leads to pods of the namespace alone, whatever a user writes into a slice', async () => {
    await must(wire, '/api/v1/namespaces', { metadata: { name: 'other' } })
    await must(wire, '/api/v1/namespaces/other/serviceaccounts', { metadata: { name: 'default' } })
    const spec = { nodeName: 'n1', containers: [{ name: 'main', image: 'x' }] }
    await must(wire, '/api/v1/namespaces/other/pods', { metadata: { name: 'victim' }, spec })
    await wire.call('PATCH', '/api/v1/namespaces/other/pods/victim/status', {
      headers: merge,
      body: { status: { podIPs: [{ ip: address }], podIP: address } },
    })
    await runPod(wire, { name: 'mine', ip: '10.1.1.1' })
    const aims: readonly object[] = [
      { addresses: [address] },
      { addresses: [address], targetRef: { kind: 'Pod', namespace: 'other', name: 'victim' } },
      { addresses: [address], targetRef: { kind: 'Pod', namespace: 'default', name: 'mine' } },
      { addresses: [address], targetRef: { kind: 'Pod', namespace: 'default', name: '../other/victim' } },
      { addresses: [address], targetRef: { kind: 'Node', namespace: 'default', name: 'web' } },
    ]
    for (const [at, aim] of aims.entries()) {
      await serve(wire, `aim-${at}`, { ports: [{ port: 80, to: backend.port }], endpoints: [aim] })
      const { status: code, json } = await wire.call('GET', `${services}/aim-${at}:80/proxy/x`)
      assert.deepEqual([code, json.message], [503, `no endpoints available for service "aim-${at}:80"`])
    }
    await must(wire, services, { metadata: { name: 'out' }, spec: { type: 'ExternalName', externalName: 'localhost' } })
    assert.equal((await wire.call('GET', `${services}/out/proxy/x`)).status, 503)
    assert.equal(backend.seen.length, 0)
  })

  test('only a node says where its pods are, and only of its own', async () => {
    const { cluster } = wire
    await must(wire, nodes, { metadata: { name: 'n1' } })
    const rbac = '/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings'
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'admin' }
    const subjects = [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'ann' }]
    await must(wire, rbac, { metadata: { name: 'ann' }, roleRef, subjects })
    const headers = { 'impersonate-user': 'ann' }
    const moved = { status: { podIPs: [{ ip: address }], podIP: address } }
    const write = await wire.call('PATCH', `${pods}/mine/status`, { headers: { ...headers, ...merge }, body: moved })
    assert.equal(write.status, 403)
    const spec = { containers: [{ name: 'main', image: 'x' }] }
    const made = await wire.call('POST', pods, { headers, body: { metadata: { name: 'born' }, spec, ...moved } })
    assert.equal(made.status, 201)
    assert.equal(made.json.status.podIP, undefined)
    const alien = cluster.as('system:node:n2', ['system:nodes'])
    await assert.rejects(
      alien.patch(podsRef, 'default/mine', { subresource: 'status', type: 'merge', content: moved }),
      { reason: 'Forbidden' },
    )
  })

  /** As a client that keeps to no rules. @returns what was answered. */
  async function bytes(text: string): Promise<string> {
    const socket: TLSSocket = connect({
      ...wire.tls,
      host: wire.url.hostname,
      port: Number(wire.url.port),
      ALPNProtocols: ['http/1.1'],
    })
    socket.on('error', () => undefined)
    let answer = ''
    socket.on('data', part => (answer += String(part)))
    socket.write(text)
    setTimeout(() => socket.end(), 300)
    await once(socket, 'close')
    return answer
  }

  test('a request that two servers would read differently is refused', async () => {
    const hidden = `GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n`
    const start = `POST ${web}/x HTTP/1.1\r\nHost: a\r\n`
    for (const text of [
      `${start}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${hidden}`,
      `${start}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\nContent-Length: 0\r\n\r\n${hidden}`,
      `${start}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${hidden}`,
      `${start}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${hidden}`,
      `${start}Content-Length: 0\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
      `${start}Content-Length: +0\r\n\r\n${hidden}`,
      `${start}Content-Length: 0x0\r\n\r\n${hidden}`,
      `${start}Host: b\r\nContent-Length: 0\r\n\r\n`,
      `${start}X-Fold: a\r\n Transfer-Encoding: chunked\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
      `${start}X-Bare: a\rTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n`,
      `${start}X-Null: a\0b\r\nContent-Length: 0\r\n\r\n`,
      `GET ${web}/x y HTTP/1.1\r\nHost: a\r\n\r\n`,
      `GET ${web}/x?q=\xff HTTP/1.1\r\nHost: a\r\n\r\n`,
      `GET http://169.254.169.254${web}/x HTTP/1.1\r\nHost: a\r\n\r\n`,
      `CONNECT ${address}:${backend.port} HTTP/1.1\r\nHost: a\r\n\r\n${hidden}`,
    ]) {
      const answer = await bytes(text)
      assert.doesNotMatch(answer.split('\r\n')[0] ?? '', /^HTTP\/1.1 [12]/, text)
      // What was refused in its middle may have been begun: what hides in it is never asked for by itself.
      assert.ok(!backend.seen.some(one => one.url.includes('hidden')), text)
    }
  })

  test('nothing is sent before the other side has agreed to an upgrade', async () => {
    const heard = Promise.withResolvers<string>()
    backend.upgrade = (request, socket) => {
      let text = ''
      request.socket.on('data', part => (text += String(part)))
      socket.on('data', part => (text += String(part)))
      setTimeout(() => {
        heard.resolve(text)
        socket.end('HTTP/1.1 426 Upgrade Required\r\ncontent-length: 0\r\n\r\n')
      }, 150)
    }
    const hidden = 'GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n'
    const answer = await bytes(
      `GET ${web}/ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`,
    )
    assert.equal(await heard.promise, '')
    assert.match(answer, /^HTTP\/1.1 426 /)
    assert.equal(answer.match(/HTTP\/1\.1/g)?.length, 1)
    assert.ok(!backend.seen.some(one => one.url.includes('hidden')))
  })

  describe('of nodes', () => {
    let agent: Server
    let port = 0
    const seen: { url: string; method: string; client: string; audit: unknown }[] = []

    before(async () => {
      const keys = await sharedKeys(wire.cluster.plane.store, Date.now())
      const name = 'system:node:real'
      const own = await issue(keys.authority, { name, use: 'server', hosts: [address ?? ''] }, Date.now())
      agent = createServer(
        { ...own, ca: keys.authority.cert, requestCert: true, rejectUnauthorized: true },
        (request, response) => {
          const client = String((request.socket as TLSSocket).getPeerX509Certificate()?.subject ?? '')
          const { url = '', method = '', headers } = request
          seen.push({ url, method, client, audit: headers['authorization'] })
          response.end('agent')
        },
      )
      agent.on(
        'upgrade',
        (_, socket) =>
          void socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n'),
      )
      agent.listen(0, address)
      await once(agent, 'listening')
      port = (agent.address() as AddressInfo).port
      for (const [called, at] of [
        ['real', address],
        ['thief', address],
        ['local', '127.0.0.1'],
        ['meta', '169.254.169.254'],
      ] as const) {
        await must(wire, nodes, { metadata: { name: called } })
        const addresses = [{ type: 'InternalIP', address: at }]
        const body = { status: { addresses, daemonEndpoints: { kubeletEndpoint: { Port: port } } } }
        assert.equal((await wire.call('PATCH', `${nodes}/${called}/status`, { headers: merge, body })).status, 200)
      }
    })
    after(() => {
      agent.closeAllConnections()
      agent.close()
    })

    test('its own API sees our certificate; another port sees none', async () => {
      for (const name of ['real', `real:${port}`, `http:real:${port}`, `https:real:`])
        assert.equal((await wire.call('GET', `${nodes}/${name}/proxy/pods/?a=b`)).text, 'agent', name)
      assert.equal(seen.at(-1)?.url, '/pods/?a=b')
      const host = { headers: { host: 'localhost' } }
      assert.equal((await wire.call('GET', `${nodes}/real/proxy/pods`, host)).text, 'agent')
      assert.match(seen.at(-1)?.client ?? '', /kube-apiserver-kubelet-client|kubelet/)
      backend.seen.length = 0
      assert.equal((await wire.call('GET', `${nodes}/real:${backend.port}/proxy/x`)).status, 200)
      assert.equal(backend.seen[0]?.url, '/x')
    })

    test('a stream by GET is no reading', async () => {
      const rule = { apiGroups: [''], resources: ['nodes/proxy'] }
      const reader = await wire.account('node-reader', [{ ...rule, verbs: ['get'] }], true)
      const maker = await wire.account('node-maker', [{ ...rule, verbs: ['get', 'create'] }], true)
      const exec = `${nodes}/real/proxy/exec/default/web/main?command=id&output=1`
      assert.equal(await status(`${nodes}/real/proxy/pods`, reader), 200)
      assert.equal(await status(exec, reader, 'POST'), 403)
      assert.equal(await upgraded(exec, reader), 403)
      assert.equal(await upgraded(exec, maker), 101)
    })

    test('rights in a namespace are none on nodes', async () => {
      const all = await wire.account('all-here', [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }])
      for (const path of [
        '/api/v1/namespaces/default/nodes/real/proxy/pods',
        '/api/v1/namespaces/nodes/nodes/real/proxy/pods',
      ])
        assert.ok([403, 404].includes(await status(path, all)), path)
      assert.equal(await status(`${nodes}/real/proxy/pods`, all), 403)
      assert.ok([403, 404].includes(await upgraded('/api/v1/namespaces/default/nodes/real/proxy/exec/a/b/c', all)))
      assert.equal((await wire.call('GET', '/api/v1/pods/web/proxy/x')).status, 404)
    })

    test('a node that says it is where another one is, or where only the server gets, is not asked', async () => {
      seen.length = 0
      const theft = await wire.call('GET', `${nodes}/thief/proxy/pods`)
      assert.equal(theft.status, 503)
      assert.match(theft.json.message, /^error trying to reach service: .*another node's/)
      for (const name of ['local', 'meta', 'local:8080'])
        assert.deepEqual((await wire.call('GET', `${nodes}/${name}/proxy/x`)).json.message, 'address not allowed')
      assert.equal(seen.length, 0)
    })
  })
})
