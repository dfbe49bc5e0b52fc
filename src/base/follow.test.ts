import assert from 'node:assert/strict'
import { test } from 'node:test'
import { follow } from './follow.ts'

const settle = () => new Promise(resolve => setImmediate(resolve))

test('a text is applied when it changes; what cannot be taken or read leaves the former one', async () => {
  let wake: (() => void) | undefined
  const clock = {
    now: () => 0,
    monotonic: () => 0,
    after: (_: number, call: () => void) => {
      wake = call
      return () => (wake = undefined)
    },
  }
  const tick = async (): Promise<void> => {
    wake?.()
    await settle()
  }
  const applied: string[] = []
  const failures: string[] = []
  let text: string | Error = 'a'
  const apply = (one: string): void => {
    if (one === 'bad') throw new Error('bad text')
    applied.push(one)
  }
  const stop = await follow({
    clock,
    interval: 10,
    apply,
    read: () => (text instanceof Error ? Promise.reject(text) : Promise.resolve(text)),
    failed: error => void failures.push(error instanceof Error ? error.message : ''),
  })
  await tick()
  text = 'b'
  await tick()
  text = 'bad'
  await tick()
  await tick()
  text = new Error('gone')
  await tick()
  await tick()
  text = 'c'
  await tick()
  text = new Error('gone again')
  await tick()
  assert.deepEqual(applied, ['a', 'b', 'c'])
  assert.deepEqual(failures, ['bad text', 'gone', 'gone again'])
  stop()
  assert.equal(wake, undefined)
  const first = { clock, interval: 10, apply, read: () => Promise.resolve('bad'), failed: () => undefined }
  await assert.rejects(follow(first), /bad text/)
})
