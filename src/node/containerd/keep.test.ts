import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeLog } from '#base/log.ts'
import { keepAlive } from './keep.ts'

test('what ends is started again, also when the first attempt fails', async () => {
  const stop = new AbortController()
  const again = Promise.withResolvers<void>()
  let [alive, starts] = [false, 0]
  const running = keepAlive(
    {
      isAlive: () => alive,
      start: async () => {
        starts++
        if (starts === 1) throw new Error('no')
        alive = true
        again.resolve()
      },
    },
    makeLog(() => undefined, 'error'),
    stop.signal,
  )
  const holdsLoop = setInterval(() => undefined, 1000)
  await again.promise
  clearInterval(holdsLoop)
  stop.abort()
  await running
  assert.equal(starts, 2)
})

test('nothing is started once it shall stop', async () => {
  const stop = new AbortController()
  stop.abort()
  await keepAlive(
    { isAlive: () => false, start: () => assert.fail('started') },
    makeLog(() => undefined, 'error'),
    stop.signal,
  )
})
