import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '#base/log.ts'
import type { KObject, ResourceRef } from '#api/metadata.ts'
import type { Change } from '#api/reader.ts'
import { makeClient } from './client.ts'
import { makeFakeApi, refusal } from './fake.ts'
import { makeFakeClock, settle } from './fake-clock.ts'
import { makeInformer } from './informer.ts'

const pods: ResourceRef = { group: '', version: 'v1', resource: 'pods', kind: 'Pod', namespaced: true }
const pod = (name: string, labels: Record<string, string> = {}): KObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'n', labels },
})

function world() {
  const clock = makeFakeClock()
  const api = makeFakeApi(clock)
  const client = makeClient(api.transport)
  const informer = makeInformer({ client, clock, log: silentLog, random: () => 0.5 })
  const seen: string[] = []
  const note = (changes: readonly Change[]): void => {
    for (const { type, key, previous } of changes) seen.push(`${type}${previous === undefined ? '' : '*'} ${key}`)
  }
  return { clock, api, client, informer, seen, note }
}
const byApp = {
  name: 'app',
  resource: 'pods',
  of: (object: KObject) => (object.metadata.labels?.['app'] === undefined ? [] : [object.metadata.labels['app']]),
}

test('lists, then follows, with indexes in step', async () => {
  const { client, informer, seen, note } = world()
  await client.create(pods, pod('b', { app: 'web' }))
  await client.create(pods, pod('a'))
  await informer.require([pods], [byApp])
  informer.subscribe(pods, note)
  await client.patch(pods, 'n/a', { type: 'merge', content: { metadata: { labels: { app: 'web' } } } })
  const last = await client.create(pods, pod('c'))
  await informer.reached(Number(last.metadata.resourceVersion), 'pods')
  assert.deepEqual(
    informer.list(pods, 'n').map(one => one.metadata.name),
    ['a', 'b', 'c'],
  )
  assert.deepEqual(
    informer.byIndex(pods, 'app', 'web').map(one => one.metadata.name),
    ['a', 'b'],
  )
  await client.delete(pods, 'n/b')
  await settle()
  assert.deepEqual(
    informer.byIndex(pods, 'app', 'web').map(one => one.metadata.name),
    ['a'],
  )
  assert.deepEqual(seen, ['put n/a', 'put n/b', 'put* n/a', 'put n/c', 'delete* n/b'])
  await informer.stop()
})

test('a list of many pages is one list', async () => {
  const { client, informer } = world()
  for (let i = 0; i < 1201; i++) await client.create(pods, pod(`p${i}`))
  await informer.require([pods])
  assert.equal(informer.list(pods).length, 1201)
  await informer.stop()
})

test('a watch that ends is resumed from where it was', async () => {
  const { api, client, clock, informer, seen, note } = world()
  await informer.require([pods])
  informer.subscribe(pods, note)
  await client.create(pods, pod('a'))
  await settle()
  const lists: string[] = []
  api.before = request => void lists.push(request.verb)
  api.endWatches()
  await settle()
  await client.create(pods, pod('b'))
  await clock.advance(60_000)
  assert.deepEqual(seen, ['put n/a', 'put n/b'])
  assert.ok(!lists.includes('list'))
  await informer.stop()
})

test('after 410 it lists again and tells only the difference', async () => {
  const { api, client, clock, informer, seen, note } = world()
  await client.create(pods, pod('stays'))
  await client.create(pods, pod('goes'))
  await informer.require([pods])
  informer.subscribe(pods, note)
  api.endWatches()
  await client.delete(pods, 'n/goes')
  await client.create(pods, pod('comes'))
  api.oldest = api.revision()
  await clock.advance(120_000)
  assert.deepEqual(seen, ['put n/goes', 'put n/stays', 'delete* n/goes', 'put n/comes'])
  await informer.stop()
})

test('an unreachable server is tried again until it answers', async () => {
  const { api, clock, client, informer } = world()
  await client.create(pods, pod('a'))
  let refusals = 3
  api.before = () => {
    if (refusals-- > 0) throw refusal('ServiceUnavailable', 'starting')
  }
  const filled = informer.require([pods])
  await settle()
  await clock.advance(300_000)
  await filled
  assert.equal(informer.list(pods).length, 1)
  await informer.stop()
})
