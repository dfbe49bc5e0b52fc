import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mergeTolerations } from './tolerations.ts'

test('seconds beyond 2^53 are compared like others', () => {
  const most = JSON.parse('{"key":"a","operator":"Exists","effect":"NoExecute","tolerationSeconds":5}')
  const one = { ...most, tolerationSeconds: 2n ** 62n }
  assert.deepEqual(mergeTolerations([one, one], [one]), [one])
  assert.equal(mergeTolerations([one], [{ ...most, key: 'b' }]).length, 2)
})
