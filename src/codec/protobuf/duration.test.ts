import assert from 'node:assert/strict'
import { test } from 'node:test'
import { durationOf, nanoseconds } from './duration.ts'

test('durations as Go reads and prints them', () => {
  for (const [text, nanos] of [
    ['0s', 0],
    ['15s', 15e9],
    ['1.002s', 1_002_000_000],
    ['1m30s', 90e9],
    ['1h0m0.5s', 3_600_500_000_000],
    ['-2m0s', -120e9],
    ['10ms', 10e6],
    ['1.5µs', 1500],
    ['7ns', 7],
  ] as const) {
    assert.equal(nanoseconds(text), nanos)
    assert.equal(durationOf(nanos), text)
  }
  assert.equal(nanoseconds('75s'), 75e9)
  assert.equal(durationOf(75e9), '1m15s')
})
