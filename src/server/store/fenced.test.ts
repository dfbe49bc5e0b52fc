import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HandClock, dataOf, decode, done, put, write } from './conformance/harness.ts'
import { fencedStore } from './fenced.ts'
import { openMemoryStore } from './memory.ts'

test('a leader writes while its term lasts, and nothing afterwards', async () => {
  const store = openMemoryStore({ decode, clock: new HandClock() })
  const term = await write(store, 'term', 'first')
  const leader = fencedStore(store, () => [{ type: 'check', resource: 'things', key: 'term', expect: term.revision }])
  const { kept, revision } = await done(leader.commit([put('a', 'one')]))
  assert.equal(kept.length, 1)
  const stale = await leader.commit([put('a', 'two', { expect: revision - 1 })])
  assert.ok(!stale.ok && stale.reason === 'conflict' && stale.at === 0)
  await write(store, 'term', 'second')
  const late = await leader.commit([put('a', 'two', { expect: revision })])
  assert.ok(!late.ok && late.reason === 'failed' && late.message.includes('no longer leads'))
  assert.equal(dataOf(leader.snapshot('things').get('a')), 'one')
  await leader.close()
})
