/** Exec through the API, and calls that go to an agent directly: both are on record, with who it was. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { type Server, createServer, get, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import type { Duplex } from 'node:stream'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { nodes, pods, serviceAccounts } from '#kinds/facts/generated/refs.ts'
import type { Event } from '#kinds/facts/generated/types/audit_v1.ts'
import { startNodeServer } from '#node/server/server.ts'
import { issue, type KeyPair, makeAuthority } from '#pki/issue.ts'
import { sharedKeys } from '#plane/keys.ts'
import { type Listener, issueServerCertificates, listenPlane } from '#plane/listen.ts'
import { type Plane, makePlane, schemeAndDecode, usualNetwork } from '#plane/plane.ts'
import { publish } from '#plane/publish.ts'
import { agentAudit, openAgentAudit } from '#processes/audit.ts'
import { agentRecords } from '#processes/agent-audit.ts'
import { makeAudit } from '#server/audit/audit.ts'
import { chainFiles } from '#server/audit/heads.ts'
import { eventSink } from '#server/audit/plain-sinks.ts'
import { search } from '#server/audit/search.ts'
import { verifyChain } from '#server/audit/verify.ts'
import { openMemoryStore } from '#server/store/memory.ts'

const upgrade = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' }

/** Agrees to every stream, says a word and ends it. */
async function startNode(authority: KeyPair): Promise<Server> {
  const own = await issue(authority, { use: 'server', name: 'system:node:n', hosts: ['127.0.0.1'] }, Date.now())
  const node = createServer({ ...own, ca: authority.cert, requestCert: true })
  node.on('upgrade', (_, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello')
    setTimeout(() => socket.end(), 20)
  })
  node.listen(0, '127.0.0.1')
  await once(node, 'listening')
  return node
}

suite('exec through the API', () => {
  const events: Event[] = []
  let plane: Plane
  let listener: Listener
  let node: Server
  let client: KeyPair
  let authority: KeyPair

  before(async () => {
    const clock = systemClock
    const { scheme, decode } = schemeAndDecode()
    const store = openMemoryStore({ decode, clock })
    const keys = await sharedKeys(store, clock.now())
    authority = keys.authority
    const audit = makeAudit({
      clock,
      backends: () => [{ sink: eventSink(event => void events.push(event)), mode: 'batch' }],
    })
    plane = await makePlane({
      store,
      scheme,
      clock,
      keys,
      audit,
      log: silentLog,
      network: usualNetwork,
      random: Math.random,
    })
    await publish(plane, { address: '127.0.0.1', port: 6443 })
    const certificates = await issueServerCertificates(authority, ['127.0.0.1'], clock.now())
    listener = await listenPlane(plane, { hosts: ['127.0.0.1'], port: 0, certificates })
    client = await issue(authority, { use: 'client', name: 'eve', groups: ['system:masters'] }, clock.now())
    node = await startNode(authority)
    const admin = plane.client(plane.server.identity('admin', ['system:masters']), 'test')
    await admin.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' }, spec: {} })
    await admin.patch(nodes, 'n', {
      subresource: 'status',
      type: 'merge',
      content: {
        status: {
          addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
          daemonEndpoints: { kubeletEndpoint: { Port: (node.address() as AddressInfo).port } },
        },
      },
    })
    await admin.create(serviceAccounts, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'default', namespace: 'default' },
    })
    await admin.create(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web', namespace: 'default' },
      spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] },
    })
  })
  after(async () => {
    await listener.close()
    node.close()
    await plane.stop()
    await plane.store.close()
  })

  test('is on record when it begins and when it ends, with what was run', async () => {
    events.length = 0
    const asking = request({
      host: '127.0.0.1',
      port: listener.port,
      path: '/api/v1/namespaces/default/pods/web/exec?command=cat&command=/etc/shadow&stdout=1',
      headers: {
        ...upgrade,
        'sec-websocket-key': Buffer.alloc(16).toString('base64'),
        'sec-websocket-protocol': 'v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.c2VjcmV0LXRva2Vu',
      },
      ca: authority.cert,
      cert: client.cert,
      key: client.key,
      agent: false,
    })
    asking.end()
    const [answer, socket] = (await once(asking, 'upgrade')) as [IncomingMessage, Duplex]
    assert.equal(answer.statusCode, 101)
    assert.deepEqual(
      events.map(({ stage, responseStatus }) => [stage, responseStatus?.code]),
      [['ResponseStarted', 101]],
    )
    socket.resume()
    await once(socket, 'close')
    while (events.length < 2) await new Promise(resolve => setTimeout(resolve, 5))
    const last = events[1]
    assert.equal(last?.stage, 'ResponseComplete')
    assert.equal(last?.verb, 'create')
    assert.equal(last?.user.username, 'eve')
    assert.match(last?.requestURI ?? '', /command=cat&command=\/etc\/shadow/)
    assert.deepEqual(
      [last?.objectRef?.resource, last?.objectRef?.subresource, last?.objectRef?.name],
      ['pods', 'exec', 'web'],
    )
    assert.equal(last?.annotations?.['authorization.k8s.io/decision'], 'allow')
    assert.doesNotMatch(JSON.stringify(events), /secret-token|c2VjcmV0/)
  })
})

suite('calls to an agent', () => {
  test('are in a chain of its own, who was let in and who was not', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'audit-agent-'))
    const authority = await makeAuthority('test', Date.now())
    const own = await issue(authority, { use: 'server', name: 'n', hosts: ['127.0.0.1'] }, Date.now())
    const audit = openAgentAudit({}, { dir: agentAudit(dir), clock: systemClock, log: silentLog })
    const server = await startNodeServer({
      clock: systemClock,
      // No pod runs here: what is asked for is refused after it is on record.
      agent: { pods: () => [] } as never,
      cri: {} as never,
      nodeName: 'n',
      dir,
      host: '127.0.0.1',
      port: 0,
      tls: { ...own, clientCA: authority.cert },
      authorize: async ({ name }) => name !== 'eve',
      record: agentRecords(audit, 'n'),
    })
    const ask = async (name: string, path: string, headers = {}): Promise<void> => {
      const pair = await issue(authority, { use: 'client', name }, Date.now())
      const to = { host: '127.0.0.1', port: server.port, path, headers, ca: authority.cert, ...pair, agent: false }
      const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
      get(to, resolve).on('error', reject)
      const answer = await promise
      for await (const _ of answer);
    }
    await ask('admin', '/healthz')
    await ask('eve', '/pods')
    await ask('eve', '/exec/shop/web/c?command=id', upgrade)
    await ask('admin', '/containerLogs/shop/web/c')
    await ask('system:bulwark:kubelet-client', '/containerLogs/shop/web/c')
    await server.close()
    await audit.close()
    const files = chainFiles(agentAudit(dir))
    const verdict = await verifyChain(files)
    assert.equal(verdict?.problem, undefined)
    const found: unknown[] = []
    for await (const { event } of search([[join(agentAudit(dir), 'audit.log')]], {})) {
      const { user, verb, objectRef: to, responseStatus, annotations } = event
      assert.equal(annotations?.['audit.bulwark.dev/component'], 'kubelet')
      found.push([user.username, verb, `${to?.resource}/${to?.name}/${to?.subresource}`, responseStatus?.code])
    }
    assert.deepEqual(found, [
      ['eve', 'get', 'nodes/n/pods', 403],
      ['eve', 'create', 'pods/web/exec', 403],
      ['admin', 'get', 'pods/web/log', 404],
    ])
  })
})
