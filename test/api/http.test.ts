/** The API as bytes on a connection. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { connect } from 'node:tls'
import { type Reply, type Wire, openWire } from './wire.ts'

let wire: Wire
const maps = '/api/v1/namespaces/default/configmaps'
const bound = (name: string) => wire.call('POST', maps, { body: { metadata: { name } } })
before(async () => {
  wire = await openWire()
  await bound('one')
})
after(() => wire.stop())

const accepting = (accept: string, path = maps): Promise<Reply> => wire.call('GET', path, { headers: { accept } })

test('what is accepted is what is answered', async () => {
  const table = await accepting('application/json;as=Table;v=v1;g=meta.k8s.io,application/json')
  assert.equal(table.json.kind, 'Table')
  assert.equal(table.json.rows[0].cells.length, table.json.columnDefinitions.length)
  const partial = await accepting('application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io')
  assert.equal(partial.json.kind, 'PartialObjectMetadataList')
  assert.deepEqual(Object.keys(partial.json.items[0]).toSorted(), ['apiVersion', 'kind', 'metadata'])
  const proto = await accepting('application/vnd.kubernetes.protobuf')
  assert.match(proto.text, /^k8s\0/)
  assert.match((await accepting('application/yaml', `${maps}/one`)).text, /^apiVersion: v1\n/m)
  for (const accept of ['text/html', 'application/json;as=Nothing;v=v1;g=meta.k8s.io', 'x'])
    assert.equal((await accepting(accept)).status, 406, accept)
  const list = await accepting('text/html, */*')
  assert.deepEqual([list.status, list.json.kind, list.json.items[0].kind], [200, 'ConfigMapList', undefined])
  const { json } = await wire.call('GET', '/api/v1/namespaces/none/configmaps')
  assert.deepEqual(json.items, [])
})

test('HEAD answers the headers of GET', async () => {
  const get = await wire.call('GET', `${maps}/one`)
  const head = await wire.call('HEAD', `${maps}/one`)
  assert.deepEqual([head.status, head.text, head.headers['content-length']], [200, '', get.headers['content-length']])
})

test('a body that waits for a sign to go on gets it', async () => {
  const reply = await wire.call('POST', maps, {
    body: { metadata: { name: 'patient' } },
    headers: { expect: '100-continue' },
  })
  assert.equal(reply.status, 201)
})

test('a deletion that cannot be read deletes nothing', async () => {
  await bound('survivor')
  for (const body of [
    { dryRun: 'All' },
    { preconditions: { uid: 1 } },
    { gracePeriodSeconds: '1' },
    { kind: 'ConfigMap', apiVersion: 'v1' },
    '[',
    '"x"',
  ])
    assert.equal((await wire.call('DELETE', `${maps}/survivor`, { body })).status, 400, JSON.stringify(body))
  assert.equal((await wire.call('DELETE', `${maps}/survivor?dryRun=All`)).status, 200)
  assert.equal((await wire.call('GET', `${maps}/survivor`)).status, 200)
})

test('a watch is framed line by line and ends with its time, a bookmark last', async () => {
  const query = '?watch=1&timeoutSeconds=1&allowWatchBookmarks=true'
  const { status, headers, text } = await wire.call('GET', maps + query)
  const events = text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line))
  assert.deepEqual([status, headers['content-type']], [200, 'application/json'])
  assert.ok(events.length >= 2)
  assert.ok(events.slice(0, -1).every(one => one.type === 'ADDED' && one.object.kind === 'ConfigMap'))
  assert.equal(events.at(-1).type, 'BOOKMARK')
  assert.match(events.at(-1).object.metadata.resourceVersion, /^\d+$/)
})

test('a watch of history that is gone says so in its stream', async () => {
  const { store } = wire.cluster.plane
  await store.compact(store.revision())
  const { status, text } = await wire.call('GET', `${maps}?watch=true&resourceVersion=1`)
  const [event] = text.split('\n').map(line => (line === '' ? undefined : JSON.parse(line)))
  assert.deepEqual([status, event.type, event.object.code, event.object.reason], [200, 'ERROR', 410, 'Expired'])
})

/** What a server answers to a request for an upgrade, first line. */
async function upgraded(path: string, token: string): Promise<string> {
  const socket = connect({
    host: wire.url.hostname,
    port: Number(wire.url.port),
    ca: wire.tls.ca,
    ALPNProtocols: ['http/1.1'],
  })
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n`,
  )
  const parts: Buffer[] = []
  for await (const part of socket) parts.push(part)
  return Buffer.concat(parts).toString().split('\r\n')[0] ?? ''
}

test('whoever may only read opens no shell', async () => {
  const resources = ['pods', 'pods/exec', 'pods/attach', 'pods/portforward', 'pods/log']
  const token = await wire.account('reader', [{ verbs: ['get', 'list', 'watch'], apiGroups: [''], resources }])
  for (const stream of ['exec', 'attach', 'portforward']) {
    const path = `/api/v1/namespaces/default/pods/x/${stream}?command=sh`
    assert.match(await upgraded(path, token), /^HTTP\/1\.1 403/, stream)
    assert.equal((await wire.call('GET', path, { token })).status, 403, stream)
    assert.match(await upgraded(path, 'nonsense'), /^HTTP\/1\.1 401/, stream)
  }
  assert.match(await upgraded(maps, token), /^HTTP\/1\.1 40[03]/)
})

test('pods get an account, its token, and a priority that they do not choose', async () => {
  const pods = '/api/v1/namespaces/default/pods'
  const spec = { containers: [{ name: 'a', image: 'b' }] }
  const post = (name: string, more: object = {}) =>
    wire.call('POST', pods, { body: { metadata: { name }, spec: { ...spec, ...more } } })
  const without = await post('early', { serviceAccountName: 'absent' })
  assert.equal(without.status, 403)
  assert.match(without.json.message, /service account default\/absent: serviceaccount \\?"absent\\?" not found/)
  await wire.call('POST', '/api/v1/namespaces/default/serviceaccounts', { body: { metadata: { name: 'default' } } })
  const { json } = await post('usual')
  const [mount] = json.spec.containers[0].volumeMounts
  assert.equal(mount.mountPath, '/var/run/secrets/kubernetes.io/serviceaccount')
  const volume = json.spec.volumes.find((one: { name: string }) => one.name === mount.name)
  assert.equal(volume.projected.sources[0].serviceAccountToken.expirationSeconds, 3607)
  assert.deepEqual(
    [json.spec.serviceAccountName, json.spec.priority, json.spec.preemptionPolicy],
    ['default', 0, 'PreemptLowerPriority'],
  )
  assert.deepEqual(
    json.spec.tolerations.map((one: { tolerationSeconds: number }) => one.tolerationSeconds),
    [300, 300],
  )
  const plain = await post('plain', { automountServiceAccountToken: false })
  assert.equal(plain.json.spec.volumes, undefined)
  assert.equal((await post('greedy', { priority: 1_000_000 })).status, 403)
  assert.equal((await post('none', { priorityClassName: 'none' })).status, 403)
  const critical = await post('critical', { priorityClassName: 'system-node-critical' })
  assert.equal(critical.json.spec?.priority ?? critical.status, 2_000_001_000)
})
