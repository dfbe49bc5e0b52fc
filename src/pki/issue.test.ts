import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { issue, makeAuthority } from './issue.ts'

const now = Date.now()

test('a client certificate carries the user and the groups, and its authority verifies it', async () => {
  const authority = await makeAuthority('test-ca', now)
  const { cert } = await issue(
    authority,
    { name: 'system:node:a, b', groups: ['system:nodes', 'x=y'], use: 'client' },
    now,
  )
  const parsed = new X509Certificate(cert)
  const ca = new X509Certificate(authority.cert)
  assert.ok(parsed.verify(ca.publicKey) && parsed.checkIssued(ca) && ca.ca && !parsed.ca)
  const { CN, O } = parsed.toLegacyObject().subject
  assert.equal(CN, 'system:node:a, b')
  assert.deepEqual(O, ['system:nodes', 'x=y'])
  assert.deepEqual(parsed.keyUsage, ['1.3.6.1.5.5.7.3.2'])
})

test('a serving certificate is for its hosts and addresses, and never outlives its authority', async () => {
  const authority = await makeAuthority('test-ca', now)
  const { cert } = await issue(
    authority,
    { name: 'api', use: 'server', hosts: ['kubernetes.default.svc', '10.96.0.1', '127.0.0.1'], days: 36_500 },
    now,
  )
  const parsed = new X509Certificate(cert)
  assert.ok(parsed.checkHost('kubernetes.default.svc') !== undefined)
  assert.ok(parsed.checkIP('10.96.0.1') !== undefined)
  assert.equal(parsed.checkIP('10.96.0.2'), undefined)
  assert.ok(Date.parse(parsed.validTo) <= Date.parse(new X509Certificate(authority.cert).validTo))
})
