import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '#base/log.ts'
import { makeClient } from './client.ts'
import { makeFakeApi, refusal } from './fake.ts'
import { makeFakeClock } from './fake-clock.ts'
import { type Term, elect } from './lease.ts'

function world() {
  const clock = makeFakeClock()
  const api = makeFakeApi(clock)
  let cut = ''
  const start = (identity: string) => {
    const client = makeClient(request => {
      if (cut === identity) throw refusal('ServiceUnavailable', 'cut off')
      return api.transport(request)
    })
    const stop = new AbortController()
    const terms: Term[] = []
    const parts = { client, clock, log: silentLog, random: () => 0.5, key: 'kube-system/x', identity }
    const ended = elect(parts, stop.signal, term => terms.push(term))
    return { terms, stop: async () => (stop.abort(), await ended) }
  }
  return { clock, start, cutOff: (identity: string) => void (cut = identity) }
}

test('one leads; the other takes over at once when the lease is given up', async () => {
  const { clock, start } = world()
  const a = start('a')
  await clock.advance(1)
  const b = start('b')
  await clock.advance(60_000)
  assert.deepEqual([a.terms.length, b.terms.length], [1, 0])
  await a.stop()
  assert.ok(a.terms[0]?.signal.aborted)
  await clock.advance(5000)
  assert.deepEqual(
    b.terms.map(term => term.number),
    [1],
  )
  await b.stop()
})

test('who cannot renew stops leading before anybody else begins', async () => {
  const { clock, start, cutOff } = world()
  const a = start('a')
  await clock.advance(1)
  const b = start('b')
  await clock.advance(10_000)
  cutOff('a')
  while (a.terms[0]?.signal.aborted === false) {
    assert.equal(b.terms.length, 0)
    await clock.advance(1000)
  }
  await clock.advance(20_000)
  assert.equal(b.terms.length, 1)
  await a.stop()
  await b.stop()
})
