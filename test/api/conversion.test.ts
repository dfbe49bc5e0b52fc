/** Versions that a webhook converts. */
import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { definitions, established, mergePatch, removedAll, until, widget } from './definitions.ts'
import { type Hook, answer, honest, one, startHook, text, two, v1, v2, versions } from './hook.ts'
import { type Reply, type Wire, openWire } from './wire.ts'

let wire: Wire
let hook: Hook
before(async () => {
  wire = await openWire()
  hook = await startHook()
})
after(async () => {
  hook.stop()
  await wire.stop()
})
beforeEach(() => {
  hook.respond = honest
  hook.calls = []
})
afterEach(async () => {
  hook.respond = honest
  await removedAll(wire)
})

const install = (stored: 'v1' | 'v2' = 'v1', config: object = {}): Promise<string> =>
  established(wire, { versions: versions(stored), spec: hook.conversion(config) })
const patch = (path: string, body: object) => wire.call('PATCH', path, { body, headers: mergePatch })

test('objects are read and written in each version', async () => {
  await install()
  assert.equal((await wire.call('POST', one, { body: v1('a') })).status, 201)
  assert.equal(hook.calls.length, 0, 'what is in the version that is kept is not converted')
  const shown = (await wire.call('GET', `${two}/a`)).json
  assert.deepEqual([shown.apiVersion, shown.spec], ['example.com/v2', { host: 'h', port: '1' }])
  assert.deepEqual(hook.calls[0]?.request.desiredAPIVersion, 'example.com/v2')
  assert.equal(hook.calls[0]?.request.objects[0].metadata.name, 'a')
  await wire.call('GET', `${two}/a`)
  await wire.call('GET', two)
  assert.equal(hook.calls.length, 1, 'what was converted once is known')
  const made = await wire.call('POST', two, { body: v2('b') })
  assert.equal(made.status, 201, made.text)
  assert.deepEqual(made.json.spec, { host: 'h', port: '2' })
  assert.equal(made.json.metadata.resourceVersion, (await wire.call('GET', `${one}/b`)).json.metadata.resourceVersion)
  assert.deepEqual((await wire.call('GET', `${one}/b`)).json.spec, { hostPort: 'h:2' })
  const patched = await patch(`${two}/b`, { spec: { port: '3' } })
  assert.deepEqual(patched.json.spec, { host: 'h', port: '3' })
  assert.equal(patched.json.metadata.generation, 2)
  const put = { ...patched.json, spec: { host: 'x', port: '4' } }
  assert.equal((await wire.call('PUT', `${two}/b`, { body: put })).json.spec.host, 'x')
  assert.deepEqual((await wire.call('GET', `${one}/b`)).json.spec, { hostPort: 'x:4' })
  const list = (await wire.call('GET', two)).json.items.map(
    (item: Reply['json']) => `${item.apiVersion} ${item.spec.port}`,
  )
  assert.deepEqual(list, ['example.com/v2 1', 'example.com/v2 4'])
})

test('each version has its schema, columns and appliers', async () => {
  await install()
  const wrong = await wire.call('POST', two, { body: v2('a', { host: 'h', port: '123456' }) })
  assert.match(wrong.json.message, /spec\.port: Too long: may not be more than 5 bytes/)
  assert.match(
    (await wire.call('POST', one, { body: v1('a', 'x') })).json.message,
    /spec\.hostPort in body should match/,
  )
  const apply = (body: object, query = '') =>
    wire.call('PATCH', `${two}/a?fieldManager=me${query}`, {
      body,
      headers: { 'content-type': 'application/apply-patch+yaml' },
    })
  assert.equal((await apply(v2('a'))).status, 201)
  const again = await apply(v2('a', { host: 'other', port: '2' }))
  assert.equal(again.status, 200, again.text)
  assert.deepEqual(again.json.spec, { host: 'other', port: '2' })
  assert.deepEqual((await wire.call('GET', `${one}/a`)).json.spec, { hostPort: 'other:2' })
  const table = async (path: string) =>
    (await wire.call('GET', path, { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } })).json.rows[0]
      .cells
  assert.deepEqual(
    [await table(one), await table(two)],
    [
      ['a', 'other:2'],
      ['a', 'other'],
    ],
  )
})

test('a scale is read and written in its version', async () => {
  const count = {
    type: 'object',
    properties: {
      spec: {
        type: 'object',
        properties: { hostPort: text, host: text, port: { type: 'integer' }, n: { type: 'integer' } },
      },
      status: { type: 'object' },
    },
  }
  const scale = (path: string): object => ({
    status: {},
    scale: { specReplicasPath: path, statusReplicasPath: '.status.n' },
  })
  const both = [
    { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: count }, subresources: scale('.spec.n') },
    { name: 'v2', served: true, storage: false, schema: { openAPIV3Schema: count }, subresources: scale('.spec.port') },
  ]
  await established(wire, { versions: both, spec: hook.conversion() })
  hook.respond = ({ request: { uid, desiredAPIVersion, objects } }, response) =>
    answer(response, uid, {
      result: { status: 'Success' },
      convertedObjects: objects.map(one => {
        const spec = desiredAPIVersion.endsWith('v2') ? { port: one.spec.n } : { n: one.spec.port }
        return { ...one, apiVersion: desiredAPIVersion, spec }
      }),
    })
  await wire.call('POST', one, { body: widget('a', { spec: { n: 2 } }) })
  assert.equal((await wire.call('GET', `${two}/a/scale`)).json.spec.replicas, 2)
  assert.equal((await patch(`${two}/a/scale`, { spec: { replicas: 4 } })).json.spec.replicas, 4)
  assert.deepEqual((await wire.call('GET', `${one}/a`)).json.spec, { n: 4 })
})

test('watches convert, in order', async () => {
  await install()
  for (const name of ['a', 'b', 'c']) await wire.call('POST', one, { body: v1(name) })
  let first = true
  hook.respond = (review, response, request) => {
    const wait = first ? 60 : 0
    first = false
    setTimeout(() => honest(review, response, request), wait)
  }
  const watching = wire.call('GET', `${two}?watch=1&timeoutSeconds=1`)
  await wire.call('POST', one, { body: v1('d') })
  await wire.call('DELETE', `${one}/a`)
  const events = (await watching).text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))
  const seen = events.map(event => `${event.type} ${event.object.metadata.name} ${event.object.spec.port}`)
  assert.deepEqual(seen, ['ADDED a 1', 'ADDED b 1', 'ADDED c 1', 'ADDED d 1', 'DELETED a 1'])
})

test('fields are selected as the version that is asked for has them', async () => {
  const [first, second] = versions('v1')
  const both = [
    { ...first, selectableFields: [{ jsonPath: '.spec.hostPort' }] },
    { ...second, selectableFields: [{ jsonPath: '.spec.host' }, { jsonPath: '.spec.port' }] },
  ]
  await established(wire, { versions: both, spec: hook.conversion() })
  const watch = (path: string, selector: string) =>
    wire.call('GET', `${path}?watch=1&timeoutSeconds=1&fieldSelector=${encodeURIComponent(selector)}`)
  const watches = [
    watch(two, 'spec.host=h1'),
    watch(two, 'spec.host=h1,spec.port=80'),
    watch(one, 'spec.hostPort=h1:80'),
  ]
  for (const [name, host, port] of [
    ['a', 'h1', '80'],
    ['b', 'h1', '81'],
    ['c', 'h2', '80'],
  ] as const)
    assert.equal((await wire.call('POST', two, { body: v2(name, { host, port }) })).status, 201)
  const names = async (path: string, selector: string) =>
    (await wire.call('GET', `${path}?fieldSelector=${encodeURIComponent(selector)}`)).json.items.map(
      (item: Reply['json']) => item.metadata.name,
    )
  assert.deepEqual(await names(two, 'spec.host=h1'), ['a', 'b'])
  assert.deepEqual(await names(two, 'spec.host=h1,spec.port=80'), ['a'])
  assert.deepEqual(await names(one, 'spec.hostPort=h1:81'), ['b'])
  assert.deepEqual(await names(two, 'spec.host=h2,metadata.name=c'), ['c'])
  assert.equal((await wire.call('GET', `${one}?fieldSelector=spec.host%3Dh1`)).status, 400)
  await patch(`${two}/b`, { spec: { host: 'h2' } })
  await wire.call('DELETE', `${two}?fieldSelector=${encodeURIComponent('spec.host=h1')}`)
  const seen = (await Promise.all(watches)).map(reply =>
    reply.text
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
      .map(event => `${event.type} ${event.object.metadata.name}`),
  )
  assert.deepEqual(seen, [
    ['ADDED a', 'ADDED b', 'DELETED b', 'DELETED a'],
    ['ADDED a', 'DELETED a'],
    ['ADDED a', 'DELETED a'],
  ])
})

test('the version that is kept may change: everything is converted first', async () => {
  await install('v1')
  for (let at = 0; at < 20; at++) await wire.call('POST', one, { body: v1(`w${at}`) })
  assert.equal((await patch(`${definitions}/widgets.example.com`, { spec: { versions: versions('v2') } })).status, 200)
  await until(
    () => wire.call('GET', `${two}/w0`),
    reply => reply.status === 200,
  )
  await until(
    async () => {
      hook.calls = []
      return wire.call('GET', `${two}/w${Math.floor(Math.random() * 20)}`)
    },
    reply => reply.status === 200 && hook.calls.length === 0,
  )
  const shown = (await wire.call('GET', one)).json.items
  assert.equal(shown.length, 20)
  assert.deepEqual(shown[0].spec, { hostPort: 'h:1' })
  assert.equal((await patch(`${one}/w0`, { spec: { hostPort: 'n:9' } })).status, 200)
  assert.deepEqual((await wire.call('GET', `${two}/w0`)).json.spec, { host: 'n', port: '9' })
})

test('a service that leads back to the server itself, or is not there, is not asked', async () => {
  const service = { metadata: { name: 'hook' }, spec: { type: 'ExternalName', externalName: 'localhost' } }
  await wire.call('POST', '/api/v1/namespaces/default/services', { body: service })
  const client = { url: undefined, service: { name: 'hook', namespace: 'default', port: hook.port, path: '/x' } }
  const spec = JSON.parse(JSON.stringify(hook.conversion(client)))
  await established(wire, { versions: versions('v1'), spec })
  await wire.call('POST', one, { body: v1('a') })
  const led = await wire.call('GET', `${two}/a`)
  assert.match(led.json.message, /dial tcp localhost:\d+: an endpoint may not be such an address$/)
  await wire.call('DELETE', '/api/v1/namespaces/default/services/hook')
  await wire.call('POST', one, { body: v1('b') })
  const lost = await wire.call('GET', `${two}/b`)
  assert.equal(lost.status, 500)
  assert.match(
    lost.json.message,
    /conversion webhook for example\.com\/v1, Kind=Widget failed: Post ".*": service "hook" not found/,
  )
})
