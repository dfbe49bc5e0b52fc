/** Custom kinds whose versions a webhook converts: reads, lists of both, and what field selectors find. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Api, type Event, type Json, type Watch, openApi } from './api.ts'
import { define, definitionsPath } from './definitions.ts'
import { type Hooks, openHooks } from './hooks.ts'

let api: Api
let hooks: Hooks
before(async () => {
  api = await openApi({ controllers: false })
  hooks = await openHooks(api)
})
after(async () => {
  await hooks.stop()
  await api.stop()
})

const text = { type: 'string' }
const version = (name: string, fields: readonly string[], stored: string, selectable = false): object => ({
  name,
  served: true,
  storage: name === stored,
  schema: {
    openAPIV3Schema: { type: 'object', properties: Object.fromEntries(fields.map(field => [field, text])) },
  },
  ...(selectable ? { selectableFields: fields.map(field => ({ jsonPath: `.${field}` })) } : {}),
})
const versions = (stored: string, selectable = false): readonly object[] => [
  version('v1', ['hostPort'], stored, selectable),
  version('v2', ['host', 'port'], stored, selectable),
]

interface Custom {
  readonly definition: string
  path(version: 'v1' | 'v2'): string
  create(version: 'v1' | 'v2', name: string, fields: object): Promise<Json>
}

let groups = 0

/** A kind that is stored as v1. Resolves once its webhook answers. */
async function custom(selectable = false): Promise<Custom> {
  const group = `stable${++groups}.example.com`
  const namespace = await api.namespace()
  const webhook = { clientConfig: hooks.client('/crdconvert'), conversionReviewVersions: ['v1', 'v1beta1'] }
  const spec = { versions: versions('v1', selectable), conversion: { strategy: 'Webhook', webhook } }
  const made = await define(api, { group, kind: 'Converted', namespaced: true, spec })
  const path: Custom['path'] = of => `/apis/${group}/${of}/namespaces/${namespace}/converteds`
  const create: Custom['create'] = (of, name, fields) =>
    api.create(path(of), { apiVersion: `${group}/${of}`, kind: 'Converted', metadata: { name }, ...fields })
  const stub = { apiVersion: `${group}/v2`, kind: 'Converted', metadata: { name: 'stub' } }
  await api.until(
    'objects are converted',
    () => api.call('POST', path('v2'), { body: stub }),
    ({ status }) => status === 201,
  )
  await api.delete(`${path('v2')}/stub`)
  return { definition: `${definitionsPath}/${made.metadata.name}`, path, create }
}

const fieldsOf = ({ apiVersion, hostPort, host, port }: Json): readonly unknown[] => [
  apiVersion.split('/')[1],
  hostPort,
  host,
  port,
]
const asV1 = ['v1', 'localhost:8080', undefined, undefined]
const asV2 = ['v2', undefined, 'localhost', '8080']

test('[sig-api-machinery] CustomResourceConversionWebhook [Privileged:ClusterAdmin] should be able to convert from CR v1 to CR v2', async () => {
  const one = await custom()
  await one.create('v1', 'cr-instance-1', { hostPort: 'localhost:8080' })
  assert.deepEqual(fieldsOf(await api.get(`${one.path('v2')}/cr-instance-1`)), asV2)
})

test('[sig-api-machinery] CustomResourceConversionWebhook [Privileged:ClusterAdmin] should be able to convert a non homogeneous list of CRs', async () => {
  const one = await custom()
  await one.create('v1', 'cr-instance-1', { hostPort: 'localhost:8080' })
  await api.patch(one.definition, { spec: { versions: versions('v2') } })
  await one.create('v1', 'cr-instance-2', { hostPort: 'localhost:8080' })
  for (const [of, fields] of [
    ['v1', asV1],
    ['v2', asV2],
  ] as const) {
    const items = await api.items(one.path(of))
    assert.deepEqual(items.map(({ metadata }): string => metadata.name).toSorted(), ['cr-instance-1', 'cr-instance-2'])
    for (const item of items) assert.deepEqual(fieldsOf(item), fields)
  }
})

/** Says what came and went, by name. */
async function heard(watch: Watch, type: string, names: readonly string[]): Promise<void> {
  const found: string[] = []
  const counts = (event: Event): boolean => event.type === type && found.push(event.object.metadata.name) > 0
  while (found.length < names.length) await watch.until(`${type} ${names.join()}`, counts)
  assert.deepEqual(found.toSorted(), names)
}

test('[sig-api-machinery] CustomResourceFieldSelectors [Privileged:ClusterAdmin] CustomResourceFieldSelectors MUST list and watch custom resources matching the field selector', async () => {
  const one = await custom(true)
  const select = (of: 'v1' | 'v2', selector: string): string =>
    `${one.path(of)}?fieldSelector=${encodeURIComponent(selector)}`
  const named = async (path: string): Promise<readonly string[]> =>
    (await api.items(path)).map(({ metadata }): string => metadata.name).toSorted()
  const host = select('v2', 'host=host1')
  const both = select('v2', 'host=host1,port=80')
  const joined = select('v1', 'hostPort=host1:80')
  // What informers ask for.
  const whole = '&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true'
  const wide = await Promise.all([host, `${host}${whole}`].map(path => api.watch(path)))
  const narrow = await Promise.all([both, joined, `${both}${whole}`].map(path => api.watch(path)))

  await one.create('v2', 'cr-0', { host: 'host1', port: '80' })
  await one.create('v2', 'cr-1', { host: 'host1', port: '8080' })
  await one.create('v2', 'cr-2', { host: 'host2' })
  assert.deepEqual(await named(host), ['cr-0', 'cr-1'])
  assert.deepEqual(await named(both), ['cr-0'])
  assert.deepEqual(await named(joined), ['cr-0'])
  assert.deepEqual(await named(select('v1', 'hostPort=host1:8080')), ['cr-1'])
  for (const watch of wide) await heard(watch, 'ADDED', ['cr-0', 'cr-1'])
  for (const watch of narrow) await heard(watch, 'ADDED', ['cr-0'])

  await api.delete(both, { gracePeriodSeconds: 0 })
  const path = `${one.path('v2')}/cr-1`
  await api.update(path, { ...(await api.get(path)), host: 'host2' })
  assert.deepEqual(await named(host), [])
  assert.deepEqual(await named(both), [])
  for (const watch of wide) await heard(watch, 'DELETED', ['cr-0', 'cr-1'])
  for (const watch of narrow) await heard(watch, 'DELETED', ['cr-0'])
  // Nobody was told of what is not theirs.
  for (const watch of [...wide, ...narrow]) {
    assert.deepEqual(
      watch.waiting.filter(({ type }) => type !== 'BOOKMARK'),
      [],
    )
    watch.stop()
  }
})
