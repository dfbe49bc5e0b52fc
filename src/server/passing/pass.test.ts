import assert from 'node:assert/strict'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { StatusError } from '#api/status.ts'
import { bounded } from './pass.ts'

test('a body that is longer or shorter than it says is none', async () => {
  const through = async (declared: number | undefined, body: string): Promise<string> => {
    const stream = bounded(declared)
    stream.end(body)
    return text(stream)
  }
  assert.equal(await through(5, 'hello'), 'hello')
  assert.equal(await through(undefined, 'hello'), 'hello')
  await assert.rejects(through(4, 'hello'), StatusError)
  await assert.rejects(through(6, 'hello'), StatusError)
})
