import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { makeAuthority } from '#pki/issue.ts'
import { frontProxyIdentity, frontProxyName } from './front-proxy.ts'

const day = 24 * 3600 * 1000

test('the certificate is one and the same until it must be renewed', async () => {
  let now = Date.now()
  const authority = await makeAuthority('proxies', now)
  const identity = frontProxyIdentity(() => authority, { ...systemClock, now: () => now })
  const [first, again] = await Promise.all([identity(), identity()])
  assert.equal(first, again)
  const certificate = new X509Certificate(first.cert)
  assert.equal(certificate.subject, `CN=${frontProxyName}`)
  assert.ok(certificate.verify(new X509Certificate(authority.cert).publicKey))
  now += 50 * day
  assert.equal(await identity(), first)
  now += 20 * day
  const second = await identity()
  assert.notEqual(second, first)
  assert.ok(new X509Certificate(second.cert).validToDate.getTime() > now + 80 * day)
})

test('where it could not be issued it is tried again', async () => {
  const identity = frontProxyIdentity(() => ({ cert: 'none', key: 'none' }), systemClock)
  await assert.rejects(identity())
  await assert.rejects(identity())
})
