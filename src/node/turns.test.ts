import assert from 'node:assert/strict'
import { test } from 'node:test'
import { makeTurns } from './turns.ts'

test('no more than so many at a time, those that end something first, errors give the place back', async () => {
  const turns = makeTurns(2)
  const order: string[] = []
  let [underWay, most] = [0, 0]
  const work =
    (name: string, fails = false) =>
    async (): Promise<void> => {
      order.push(name)
      most = Math.max(most, ++underWay)
      await new Promise(resolve => setImmediate(resolve))
      underWay--
      if (fails) throw new Error(name)
    }
  const all = await Promise.allSettled([
    turns.run('later', work('a', true)),
    turns.run('later', work('b')),
    turns.run('later', work('c')),
    turns.run('first', work('d')),
    turns.run('later', work('e')),
  ])
  assert.deepEqual(order, ['a', 'b', 'd', 'c', 'e'])
  assert.equal(most, 2)
  assert.deepEqual(
    all.map(one => one.status),
    ['rejected', 'fulfilled', 'fulfilled', 'fulfilled', 'fulfilled'],
  )
  await turns.run('later', work('f'))
  assert.equal(order.at(-1), 'f')
})
