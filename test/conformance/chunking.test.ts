/** Lists in pages, also once what they began with has been compacted. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Api, type Json, openApi } from './api.ts'
import { makeMovedClock } from './clock.ts'

const total = 400
const clock = makeMovedClock()
/** As often as the store compacts. */
const compaction = 5 * 60_000
let api: Api
let path = ''
before(async () => {
  api = await openApi({ controllers: false, clock })
  path = `/api/v1/namespaces/${await api.namespace()}/podtemplates`
  const template = { spec: { containers: [{ name: 'test', image: 'test2' }] } }
  for (let batch = 0; batch < total; batch += 20)
    await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        api.create(path, { metadata: { name: nameOf(batch + index) }, template }),
      ),
    )
})
after(() => api.stop())

const nameOf = (index: number): string => `template-${String(index).padStart(4, '0')}`

/** Checks one page against what was found before it. @returns how many are found with it. */
function assertPage(page: Json, limit: number, found: number): number {
  const { items, metadata } = page
  assert.ok(items.length <= limit)
  assert.deepEqual(
    items.map((one: Json) => one.metadata.name),
    items.map((_: Json, index: number) => nameOf(found + index)),
  )
  const sum = found + Number(items.length)
  if ((metadata.continue ?? '') === '') assert.equal(metadata.remainingItemCount, undefined)
  else assert.equal(metadata.remainingItemCount + sum, total)
  return sum
}

async function assertPages(first: Json, limit: number, before: number): Promise<void> {
  let page = first
  let found = assertPage(page, limit, before)
  while ((page.metadata.continue ?? '') !== '') {
    const next = await api.get(`${path}?limit=${limit}&continue=${page.metadata.continue}`)
    assert.equal(next.metadata.resourceVersion, first.metadata.resourceVersion)
    page = next
    found = assertPage(page, limit, found)
  }
  assert.equal(found, total)
}

test('[sig-api-machinery] Servers with support for API chunking should return chunks of results for list calls', async () => {
  for (let round = 0; round < 3; round++) await assertPages(await api.get(`${path}?limit=17`), 17, 0)
  assert.equal((await api.items(`${path}?limit=${total + 1}`)).length, total)
})

test('[sig-api-machinery] Servers with support for API chunking should support continue listing from the last key if the original version has been compacted away, though the list is inconsistent [Slow]', async () => {
  const limit = total / 10
  const first = await api.get(`${path}?limit=${limit}`)
  assertPage(first, limit, 0)
  const second = `${path}?limit=${limit}&continue=`
  const expired = await api.until(
    'the token expires',
    async () => {
      // What came after the first page is what a compaction keeps.
      await api.patch(`${path}/${nameOf(0)}`, { metadata: { annotations: { at: String(performance.now()) } } })
      clock.advance(compaction)
      return api.call('GET', second + String(first.metadata.continue))
    },
    ({ status }) => status !== 200,
  )
  assert.equal(expired.status, 410)
  assert.equal(expired.json.reason, 'Expired')
  const fresh = expired.json.metadata.continue
  assert.ok(fresh.length > 0)
  const rest = await api.get(second + String(fresh))
  assert.notEqual(rest.metadata.resourceVersion, first.metadata.resourceVersion)
  assert.equal(rest.items.length, limit)
  await assertPages(rest, limit, limit)
})
