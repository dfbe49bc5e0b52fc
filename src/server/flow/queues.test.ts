import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Queues, deal, hashOf } from './queues.ts'

const limits = { queues: 64, handSize: 6, lengthLimit: 50 }

test('a hand holds different queues, the same for the same flow', () => {
  for (const name of ['', 'alice', 'system:node:a', 'x'.repeat(500)]) {
    const hand = deal(hashOf(name), limits)
    assert.equal(new Set(hand).size, 6)
    assert.ok(hand.every(at => at >= 0 && at < 64))
    assert.deepEqual(hand, deal(hashOf(name), limits))
  }
  assert.equal(deal(hashOf('a'), { queues: 3, handSize: 8, lengthLimit: 1 }).length, 3)
})

test('queues are used evenly by many flows', () => {
  const used = new Map<number, number>()
  for (let flow = 0; flow < 3_000; flow++)
    for (const at of deal(hashOf(`flow-${flow}`), limits)) used.set(at, (used.get(at) ?? 0) + 1)
  assert.equal(used.size, 64)
  assert.ok(Math.max(...used.values()) < 2 * Math.min(...used.values()))
})

test('a flow that asks for much and one that asks for little are served in turns', () => {
  const queues = new Queues<string>(limits)
  for (let at = 0; at < 200; at++) queues.add('heavy', 'heavy', 1)
  for (let at = 0; at < 5; at++) queues.add('light', 'light', 1)
  const order: string[] = []
  for (let at = 0; at < 60; at++) {
    const next = queues.next()
    if (next === undefined) break
    queues.take(next)
    order.push(next.item)
    queues.leave(next.queue, 1, 0.003)
  }
  assert.equal(order.filter(one => one === 'light').length, 5)
})

test('a full queue takes nobody, and what left leaves room', () => {
  const queues = new Queues<number>({ queues: 1, handSize: 1, lengthLimit: 2 })
  const [first] = [queues.add('a', 1, 1), queues.add('a', 2, 1)]
  assert.equal(queues.add('b', 3, 1), undefined)
  assert.equal(first !== undefined && queues.remove(first), true)
  assert.equal(first !== undefined && queues.remove(first), false)
  assert.notEqual(queues.add('b', 3, 1), undefined)
  assert.equal(queues.waiting, 2)
})
