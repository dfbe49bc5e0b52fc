import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '#base/clock.ts'
import { Turns } from './turns.ts'

/** Time is over when the test says so. */
function makeClock(): { readonly clock: Clock; readonly expire: () => void } {
  const calls = new Set<() => void>()
  const after: Clock['after'] = (_, call) => {
    calls.add(call)
    return () => void calls.delete(call)
  }
  return { clock: { now: () => 0, monotonic: () => 0, after }, expire: () => [...calls].forEach(call => call()) }
}

test('one after the other, in the order of asking; other keys do not wait', async () => {
  const turns = new Turns(makeClock().clock)
  const seen: string[] = []
  const take = async (key: string, name: string): Promise<() => void> => {
    const end = await turns.take(key, 10)
    assert.ok(end !== undefined)
    seen.push(name)
    return end
  }
  const first = await take('a', 'first')
  const second = take('a', 'second')
  const third = take('a', 'third')
  ;(await take('b', 'other'))()
  assert.deepEqual(seen, ['first', 'other'])
  first()
  ;(await second)()
  ;(await third)()
  assert.deepEqual(seen, ['first', 'other', 'second', 'third'])
})

test('who waits too long gets none, and does not let those behind pass those before', async () => {
  const { clock, expire } = makeClock()
  const turns = new Turns(clock)
  const first = await turns.take('a', 10)
  const late = turns.take('a', 10)
  await Promise.resolve()
  expire()
  assert.equal(await late, undefined)
  let came = false
  const third = turns.take('a', 10).then(end => {
    came = true
    return end
  })
  await new Promise(setImmediate)
  assert.equal(came, false)
  first?.()
  assert.ok((await third) !== undefined)
})
