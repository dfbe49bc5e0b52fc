import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeFakeClock } from './fake-clock.ts'
import { makeQueue } from './queue.ts'

test('a key waits once, and comes again when it was added while a worker had it', () => {
  const queue = makeQueue(makeFakeClock(), () => undefined)
  queue.add('a')
  queue.add('a')
  queue.add('b')
  assert.equal(queue.take(), 'a')
  queue.add('a')
  assert.equal(queue.take(), 'b')
  assert.equal(queue.take(), undefined)
  queue.done('a')
  assert.equal(queue.take(), 'a')
  queue.done('a')
  assert.equal(queue.take(), undefined)
})

test('back-off doubles for each key by itself, is bounded, and is forgotten', () => {
  const queue = makeQueue(makeFakeClock(), () => undefined, { first: 5, max: 30 })
  assert.deepEqual(
    [1, 2, 3, 4, 5].map(() => queue.retry('a')),
    [5, 10, 20, 30, 30],
  )
  assert.equal(queue.retry('b'), 5)
  queue.forget('a')
  assert.equal(queue.retry('a'), 5)
})

test('of several delays the earliest counts', async () => {
  const clock = makeFakeClock()
  let ready = 0
  const queue = makeQueue(clock, () => ready++)
  queue.addAfter('a', 1000)
  queue.addAfter('a', 100)
  queue.addAfter('a', 500)
  await clock.advance(99)
  assert.equal(ready, 0)
  await clock.advance(1)
  assert.equal(queue.take(), 'a')
  queue.done('a')
  await clock.advance(2000)
  assert.equal(ready, 1)
})

test('nothing is given out after stop', async () => {
  const clock = makeFakeClock()
  const queue = makeQueue(clock, () => undefined)
  queue.add('a')
  queue.addAfter('b', 10)
  queue.stop()
  queue.add('c')
  await clock.advance(100)
  assert.equal(queue.take(), undefined)
})
