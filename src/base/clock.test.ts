import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { systemClock } from './clock.ts'

test('what is months away waits that long', () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  const day = 86_400_000
  let calls = 0
  systemClock.after(60 * day, () => calls++)
  const stop = systemClock.after(60 * day, () => (calls += 10))
  for (let days = 0; days < 59; days++) mock.timers.tick(day)
  assert.equal(calls, 0)
  stop()
  for (let days = 0; days < 3; days++) mock.timers.tick(day)
  assert.equal(calls, 1)
  mock.timers.reset()
})
