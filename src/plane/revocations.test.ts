import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { longestLife } from '#controllers/certificates/revoked.ts'
import { makeAuthority } from '#pki/issue.ts'

test('no authority outlives what takes its certificates back', async () => {
  const now = Date.now()
  const { validToDate } = new X509Certificate((await makeAuthority('one', now)).cert)
  assert.ok(validToDate.getTime() <= now + longestLife)
})
