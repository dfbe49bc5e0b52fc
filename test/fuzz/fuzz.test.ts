/** A short round of each fuzzer, the same every time; `npm run soak -- fuzz` runs them long. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fuzz } from './campaign.ts'
import { targets } from './targets.ts'

for (const target of targets)
  test(`bad input: ${target.name}`, async () => {
    const { findings } = await fuzz(target, { seed: 1, goesOn: runs => runs < target.rounds })
    assert.deepEqual(
      findings.map(({ input, wrong }) => `${input.toString('latin1')}\n${wrong}`),
      [],
    )
  })
