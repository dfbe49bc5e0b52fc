import assert from 'node:assert/strict'
import { test } from 'node:test'
import { config } from '#processes/fixture.ts'
import { UsageError } from './place.ts'
import { withSigning } from './signing-flag.ts'

const seconds = (text: string): number | undefined =>
  withSigning(config, { clusterSigningDuration: text }).signingSeconds

test('durations are read as Go reads them, and nothing changes where none is given', () => {
  assert.equal(withSigning(config, {}), config)
  assert.deepEqual(
    ['8760h', '1h30m', '1.5h', '90m', '600s', '1h0m0.5s', '+2h'].map(seconds),
    [31_536_000, 5400, 5400, 5400, 600, 3600, 7200],
  )
})

test('what is no duration, or none that could be signed for, is a usage error', () => {
  for (const text of ['', '0', '0h', '500ms', '-1h', '1', '1d', 'h', '1h 30m', '1..5h', `${'9'.repeat(40)}h`])
    assert.throws(
      () => seconds(text),
      (error: unknown) => error instanceof UsageError && error.message.includes(text),
      text,
    )
})
