/** Custom resources go through admission like all others: pruned, converted, counted, by webhooks that see the version they asked for. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { definitions, established, mergePatch, schemaOf, versionOf, widget } from '../definitions.ts'
import { type Hook, one, startHook, two, v1, versions } from '../hook.ts'
import { patched } from './hook-server.ts'
import type { Reply } from '../wire.ts'
import { type Setting, group, openSetting } from './setting.ts'

let setting: Setting
let converter: Hook

before(async () => {
  setting = await openSetting()
  converter = await startHook()
})
after(async () => {
  converter.stop()
  await setting.stop()
})

const rules = (plural: string, version = '*'): object => ({
  rules: [{ operations: ['*'], apiGroups: ['example.com'], apiVersions: [version], resources: [plural] }],
  objectSelector: {},
})

test('what a webhook adds is pruned and defaulted by the schema', async () => {
  const { wire, hooks } = setting
  const schema = schemaOf({
    type: 'object',
    properties: { a: { type: 'string' }, b: { type: 'string', default: 'usual' }, c: { type: 'string' } },
  })
  const at = await established(wire, { plural: 'gadgets', kind: 'Gadget', schema })
  const body = { ...widget('g', { spec: { a: '1' } }), kind: 'Gadget' }
  hooks.on('/prune', ({ request }) =>
    request.operation === 'DELETE'
      ? { allowed: true }
      : patched([
          { op: 'add', path: '/spec/c', value: request.object.spec.b },
          { op: 'add', path: '/spec/nonsense', value: 1 },
          { op: 'remove', path: '/spec/b' },
        ]),
  )
  await setting.configure('Mutating', 'prune', rules('gadgets'))
  const made = await wire.call('POST', at, { body })
  assert.deepEqual(made.json.spec, { a: '1', b: 'usual', c: 'usual' }, made.text)
  assert.deepEqual(hooks.asked('/prune')[0].request.kind, { group: 'example.com', version: 'v1', kind: 'Gadget' })
  hooks.on('/prune', () => patched([{ op: 'add', path: '/spec/a', value: 7 }]))
  assert.equal((await wire.call('PATCH', `${at}/g`, { body: { spec: { a: '2' } }, headers: mergePatch })).status, 422)
  await setting.remove('Mutating', 'prune')
})

test('creation, update and deletion of custom resources, and definitions, can be denied', async () => {
  const { wire, hooks } = setting
  const at = '/apis/example.com/v1/namespaces/default/gadgets'
  hooks.on('/never', ({ request }) => ({ allowed: false, status: { message: `no ${request.operation}` } }))
  await setting.configure('Validating', 'never', rules('gadgets'))
  const told = async (method: string, path: string, call = {}): Promise<string> =>
    (await wire.call(method, path, call)).json.message.replace(/^.*: /, '')
  assert.equal(await told('POST', at, { body: { ...widget('x'), kind: 'Gadget' } }), 'no CREATE')
  assert.equal(await told('PATCH', `${at}/g`, { body: { spec: { a: '3' } }, headers: mergePatch }), 'no UPDATE')
  assert.equal(await told('DELETE', `${at}/g`), 'no DELETE')
  await setting.remove('Validating', 'never')
  const crds = {
    rules: [
      {
        operations: ['CREATE'],
        apiGroups: ['apiextensions.k8s.io'],
        apiVersions: ['*'],
        resources: ['customresourcedefinitions'],
      },
    ],
    objectSelector: {},
  }
  await setting.configure('Validating', 'never', crds)
  await assert.rejects(established(wire, { plural: 'others', kind: 'Other' }), /no CREATE/)
  assert.equal((await wire.call('DELETE', `${group}/validatingwebhookconfigurations/never`)).status, 200)
})

test('a webhook for another version is shown that version, by the conversion webhook, and its patch comes back', async () => {
  const { wire, hooks } = setting
  await established(wire, { versions: versions('v1'), spec: converter.conversion() })
  hooks.on('/second', ({ request }) =>
    request.object.spec.host === undefined
      ? { allowed: false, status: { message: `shown ${request.object.apiVersion}` } }
      : patched([{ op: 'replace', path: '/spec/host', value: 'changed' }]),
  )
  await setting.configure('Mutating', 'second', rules('widgets', 'v2'))
  const made = await wire.call('POST', one, { body: v1('a', 'h:1') })
  assert.equal(made.status, 201, made.text)
  assert.deepEqual([made.json.apiVersion, made.json.spec], ['example.com/v1', { hostPort: 'changed:1' }])
  assert.deepEqual((await wire.call('GET', `${two}/a`)).json.spec, { host: 'changed', port: '1' })
  const [{ request }] = hooks.asked('/second')
  assert.deepEqual(
    [request.kind.version, request.requestKind.version, request.object.apiVersion],
    ['v2', 'v1', 'example.com/v2'],
  )
  const updated = await wire.call('PATCH', `${one}/a`, { body: { spec: { hostPort: 'x:2' } }, headers: mergePatch })
  assert.deepEqual(updated.json.spec, { hostPort: 'changed:2' })
  assert.deepEqual(hooks.asked('/second').at(-1).request.oldObject.spec, { host: 'changed', port: '1' })
})

test('custom resources are counted', async () => {
  const { wire } = setting
  const { plane } = setting.wire.cluster
  const at = '/apis/example.com/v1/namespaces/default/gadgets'
  const object = Object.assign(
    { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'q', namespace: 'default' } },
    {
      spec: { hard: {} },
      status: { hard: { 'count/gadgets.example.com': '2' }, used: { 'count/gadgets.example.com': '1' } },
    },
  )
  const put = { type: 'put', resource: 'resourcequotas', key: 'default/q', managed: '', object } as const
  assert.ok((await plane.store.commit([put])).ok)
  const gadget = (name: string) => wire.call('POST', at, { body: { ...widget(name), kind: 'Gadget' } })
  assert.equal((await gadget('h')).status, 201)
  assert.match(
    (await gadget('i')).json.message,
    /gadgets.example.com "i" is forbidden: exceeded quota: q, requested: count\/gadgets.example.com=1, used: count\/gadgets.example.com=2/,
  )
})

test('what is shared with the old object stays as it was when the definition changes before the write is done', async () => {
  const { wire, hooks } = setting
  const inside = (properties: object): object =>
    versionOf('v1', schemaOf({ type: 'object', properties: { in: { type: 'object', properties } } }, statusSchema), {
      subresources: { status: {} },
    })
  const statusSchema = { status: { type: 'object' } }
  const number = (value: number): object => ({ type: 'integer', default: value })
  const change = async (properties: object): Promise<void> => {
    const call = { body: { spec: { versions: [inside(properties)] } }, headers: mergePatch }
    const reply = await wire.call('PATCH', `${definitions}/changings.example.com`, call)
    assert.equal(reply.status, 200, reply.text)
  }
  const at = await established(wire, { plural: 'changings', kind: 'Changing', versions: [inside({ a: number(1) })] })
  const made = await wire.call('POST', at, { body: { ...widget('c', { spec: { in: {} } }), kind: 'Changing' } })
  assert.deepEqual(made.json.spec, { in: { a: 1 } }, made.text)
  const labelled = (path: string, text: string): Promise<Reply> =>
    wire.call('PATCH', `${at}/c${path}`, { body: { metadata: { labels: { text } }, status: {} }, headers: mergePatch })
  hooks.on('/late', async () => {
    await change({ b: number(2) })
    return { allowed: true }
  })
  await setting.configure('Validating', 'late', rules('changings'))
  const changed = await labelled('', 'one')
  assert.equal(changed.status, 200, changed.text)
  assert.deepEqual(changed.json.spec, { in: { b: 2 } })
  await setting.remove('Validating', 'late')
  // A second try begins with an object that the new definition has gone over already.
  hooks.on('/late', async () => {
    if (hooks.asked('/late').length === 2) {
      await change({ c: number(3) })
      assert.equal((await labelled('', 'two')).status, 200)
    }
    return { allowed: true }
  })
  await setting.configure('Validating', 'late', rules('changings/status'))
  const written = await labelled('/status', 'three')
  assert.equal(written.status, 200, written.text)
  assert.deepEqual(written.json.spec, { in: { c: 3 } })
  await setting.remove('Validating', 'late')
})
