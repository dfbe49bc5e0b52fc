import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Breaks, pause } from './breaks.ts'

test('a break comes when enough was done, and the count starts anew', async () => {
  let breaks = 0
  const work = new Breaks(async () => void breaks++, 10)
  assert.equal(work.after(9), undefined)
  await work.after(1)
  assert.equal(breaks, 1)
  assert.equal(work.after(9), undefined)
  await work.after(100)
  assert.equal(breaks, 2)
})

test('others have their turn in a break', async () => {
  const order: string[] = []
  setImmediate(() => order.push('other'))
  await pause()
  order.push('own')
  assert.deepEqual(order, ['other', 'own'])
})
