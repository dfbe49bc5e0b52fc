/** What watchers of config maps hear. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Api, type Json, type Watch, openApi } from './api.ts'

let api: Api
let path = ''
before(async () => {
  api = await openApi()
  path = `/api/v1/namespaces/${await api.namespace()}/configmaps`
})
after(() => api.stop())

const key = 'watch-this-configmap'
const watchLabels = (labels: readonly string[], resourceVersion = ''): Promise<Watch> => {
  const selector = encodeURIComponent(`${key} in (${labels.join(',')})`)
  return api.watch(`${path}?labelSelector=${selector}&resourceVersion=${resourceVersion}`)
}
const create = (name: string, label: string): Promise<Json> =>
  api.create(path, { metadata: { name, labels: { [key]: label } } })
const mutate = (name: string, mutation: string): Promise<Json> => api.patch(`${path}/${name}`, { data: { mutation } })
const relabel = (name: string, label: string): Promise<Json> =>
  api.patch(`${path}/${name}`, { metadata: { labels: { [key]: label } } })

async function expect(watch: Watch, type: string, object?: Json): Promise<Json> {
  const event = await watch.next()
  assert.equal(event.type, type)
  if (object !== undefined) assert.deepEqual(event.object, object)
  return event.object
}

/** Events come in order: what a later event of another watcher did not bring along was never sent. */
const expectNothing = (watch: Watch): void => assert.deepEqual(watch.waiting, [])

test('[sig-api-machinery] Watchers should observe add, update, and delete watch notifications on configmaps', async () => {
  const [a, b, both] = [await watchLabels(['A']), await watchLabels(['B']), await watchLabels(['A', 'B'])]
  const made = await create('map-a', 'A')
  for (const watch of [a, both]) await expect(watch, 'ADDED', made)
  for (const mutation of ['1', '2']) {
    const changed = await mutate('map-a', mutation)
    for (const watch of [a, both]) await expect(watch, 'MODIFIED', changed)
  }
  await api.delete(`${path}/map-a`)
  for (const watch of [a, both]) await expect(watch, 'DELETED')
  const other = await create('map-b', 'B')
  for (const watch of [b, both]) await expect(watch, 'ADDED', other)
  await api.delete(`${path}/map-b`)
  for (const watch of [b, both]) await expect(watch, 'DELETED')
  expectNothing(a)
  for (const watch of [a, b, both]) watch.stop()
})

test('[sig-api-machinery] Watchers should be able to start watching from a specific resource version', async () => {
  await create('since', 'since')
  const first = await mutate('since', '1')
  const second = await mutate('since', '2')
  await api.delete(`${path}/since`)
  const watch = await watchLabels(['since'], first.metadata.resourceVersion)
  await expect(watch, 'MODIFIED', second)
  await expect(watch, 'DELETED')
  watch.stop()
})

test('[sig-api-machinery] Watchers should be able to restart watching from the last resource version observed by the previous watch', async () => {
  const broken = await watchLabels(['restart'])
  await expect(broken, 'ADDED', await create('restart', 'restart').then(made => made))
  await mutate('restart', '1')
  const last = await expect(broken, 'MODIFIED')
  broken.stop()
  const second = await mutate('restart', '2')
  const restarted = await watchLabels(['restart'], last.metadata.resourceVersion)
  await api.delete(`${path}/restart`)
  await expect(restarted, 'MODIFIED', second)
  await expect(restarted, 'DELETED')
  restarted.stop()
})

test('[sig-api-machinery] Watchers should observe an object deletion if it stops meeting the requirements of the selector', async () => {
  const watch = await watchLabels(['before'])
  await expect(watch, 'ADDED', await create('label', 'before'))
  await expect(watch, 'MODIFIED', await mutate('label', '1'))
  await relabel('label', 'wrong')
  await expect(watch, 'DELETED')
  await mutate('label', '2')
  await expect(watch, 'ADDED', await relabel('label', 'before'))
  await expect(watch, 'MODIFIED', await mutate('label', '3'))
  await api.delete(`${path}/label`)
  await expect(watch, 'DELETED')
  expectNothing(watch)
  watch.stop()
})

test('[sig-api-machinery] Watchers should receive events on concurrent watches in same order', async () => {
  const iterations = 30
  const { metadata } = await api.get(path)
  const stop = new AbortController()
  const produced = (async () => {
    for (let index = 0; !stop.signal.aborted; index++) {
      const name = `order-${index % 7}`
      if ((await api.call('GET', `${path}/${name}`)).status !== 200) await create(name, 'order')
      else if (index % 3 === 0) await api.delete(`${path}/${name}`)
      else await mutate(name, String(index))
    }
  })()
  const watches: Watch[] = []
  let since: string = metadata.resourceVersion
  for (let round = 0; round < iterations; round++) {
    watches.push(await api.watch(`${path}?resourceVersion=${since}`))
    const versions = await Promise.all(
      watches.map(watch => watch.next().then(({ object }): string => object.metadata.resourceVersion)),
    )
    since = versions[0] ?? ''
    assert.deepEqual(
      versions,
      versions.map(() => since),
    )
  }
  stop.abort()
  await produced
  for (const watch of watches) watch.stop()
})
