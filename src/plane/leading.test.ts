import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { makeClient } from '#client/client.ts'
import { makeFakeApi } from '#client/fake.ts'
import type { Check } from '#server/store/contract.ts'
import { openMemoryStore } from '#server/store/memory.ts'
import { type LeadingParts, leading } from './leading.ts'

const hold = () => new Promise(resolve => setTimeout(resolve, 5))
async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 2000 && !condition(); i++) await hold()
  assert.ok(condition(), 'what the case waits for did not happen')
}

test('one leads, begins again where that failed, and the next one takes over with a term of its own', async () => {
  const store = openMemoryStore({ decode: (_, text) => JSON.parse(text), clock: systemClock })
  const api = makeFakeApi(systemClock)
  const log: string[] = []
  const terms: Check[] = []
  let fails = 1
  const parts = (identity: string): LeadingParts => ({
    client: makeClient(api.transport),
    clock: { ...systemClock, after: (_, call) => systemClock.after(1, call) },
    log: silentLog,
    random: () => 0,
    key: 'kube-system/leader',
    identity,
    retry: 0.01,
    store,
    begin: async checks => {
      if (fails-- > 0) throw new Error('not yet')
      log.push(`${identity} begins`)
      terms.push(...checks())
      return { rescan: () => undefined, stop: async () => void log.push(`${identity} stops`) }
    },
  })
  const one = leading(parts('one'))
  await until(() => log.length === 1)
  const two = leading(parts('two'))
  await hold()
  await one.stop()
  await until(() => log.length === 3)
  await two.stop()
  assert.deepEqual(log, ['one begins', 'one stops', 'two begins', 'two stops'])
  const [first, second] = terms
  assert.ok(first !== undefined && second !== undefined && second.expect > first.expect)
  const late = await store.commit([first])
  assert.ok(!late.ok && late.reason === 'conflict')
  assert.ok((await store.commit([second])).ok)
  await store.close()
})
