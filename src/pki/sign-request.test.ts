import assert from 'node:assert/strict'
import { X509Certificate, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { makeAuthority } from './issue.ts'
import { type RequestedCertificate, signRequest } from './sign-request.ts'

const now = Date.UTC(2026, 0, 1)
const hour = 3600
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' })
const wanted = (more: Partial<RequestedCertificate> = {}): RequestedCertificate => ({
  subject: [{ id: '2.5.4.3', value: 'jane' }],
  alternatives: [],
  publicKey: publicKey.export({ format: 'der', type: 'spki' }),
  usages: ['client auth', 'digital signature'],
  seconds: 24 * hour,
  ...more,
})
const authority = await makeAuthority('test-ca', now)
const ca = new X509Certificate(authority.cert)
const signed = async (more?: Partial<RequestedCertificate>, at = now) =>
  new X509Certificate(await signRequest(authority, wanted(more), at))
const times = ({ validFrom, validTo }: X509Certificate) => [Date.parse(validFrom) - now, Date.parse(validTo) - now]

test('it holds what was decided and nothing else, and its authority verifies it', async () => {
  const certificate = await signed({
    subject: [
      { id: '2.5.4.10', value: 'devs' },
      { id: '2.5.4.3', value: 'jörg, O=admins' },
    ],
    alternatives: [
      { type: 'dns', value: 'a.example.com' },
      { type: 'ip', value: '2001:db8:0:0:0:0:0:1' },
      { type: 'email', value: 'a@b.c' },
      { type: 'uri', value: 'spiffe://a/b' },
    ],
  })
  assert.ok(certificate.verify(ca.publicKey) && certificate.checkIssued(ca) && !certificate.ca)
  assert.ok(certificate.publicKey.equals(publicKey))
  const { CN, O } = certificate.toLegacyObject().subject
  assert.deepEqual([CN, O], ['jörg, O=admins', 'devs'])
  assert.equal(
    certificate.subjectAltName,
    'DNS:a.example.com, IP Address:2001:DB8:0:0:0:0:0:1, email:a@b.c, URI:spiffe://a/b',
  )
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.2'])
  const other = await signed()
  assert.notEqual(other.serialNumber, certificate.serialNumber)
})

test('a name that is written like bytes stays a name', async () => {
  // The library reads it as a UTF8String that says system:masters.
  const value = `#0c0e${Buffer.from('system:masters').toString('hex')}`
  const certificate = await signed({ subject: [{ id: '2.5.4.10', value }] })
  assert.equal(certificate.toLegacyObject().subject.O, value)
})

test('it is dated back; a short one keeps its whole time, and none outlives the authority', async () => {
  const back = -5 * 60 * 1000
  assert.deepEqual(times(await signed({ seconds: 600 })), [back, 600_000])
  assert.deepEqual(times(await signed({ seconds: 24 * hour })), [back, 24 * hour * 1000 + back])
  const end = Date.parse(ca.validTo)
  const last = await signed({ seconds: 24 * hour }, end - 60_000)
  assert.equal(Date.parse(last.validTo), end)
  await assert.rejects(signed({}, end), /the signer has expired/)
})

test('usages are those that were asked for, and must be known', async () => {
  const both = await signed({ usages: ['server auth', 's/mime', 'email protection'] })
  assert.deepEqual(both.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.4'])
  assert.equal((await signed({ usages: ['digital signature'] })).keyUsage, undefined)
  await assert.rejects(signed({ usages: ['flying'] }), /unrecognized usage values: \["flying"\]/)
})
