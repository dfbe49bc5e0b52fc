import assert from 'node:assert/strict'
import { test } from 'node:test'
import { timeoutIn } from './timeout.ts'

const read = (timeout: string) => timeoutIn(new URLSearchParams({ timeout })).timeout

test('durations are read as Go writes them', () => {
  for (const [text, milliseconds] of [
    ['30s', 30_000],
    ['1m30s', 90_000],
    ['1.5s', 1500],
    ['.5s', 500],
    ['500ms', 500],
    ['1h', 3_600_000],
    ['0', undefined],
    ['0s', undefined],
    ['-5s', undefined],
    ['', undefined],
  ] as const)
    assert.equal(read(text), milliseconds, text)
  for (const text of ['5', 's', '1x', '1s ', '1s2', '+', '1'.repeat(200)])
    assert.throws(() => read(text), { message: /^invalid timeout specified in the request URL - / }, text)
})
