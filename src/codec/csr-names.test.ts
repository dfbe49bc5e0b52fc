import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Sample, alternative, derItem, hex, sampleRequest } from './csr-samples.ts'
import { requestedNamesOf } from './csr-names.ts'
import { CsrError } from './der.ts'

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const publicKey = pair.publicKey.export({ format: 'der', type: 'spki' })
const namesOf = (sample: Sample) =>
  requestedNamesOf(sampleRequest(sample, { publicKey, sign: bytes => sign('sha256', bytes, pair.privateKey) }))

test('subject and alternative names are read, whatever their encoding', () => {
  const names = namesOf({
    name: 'jörg',
    groups: ['a', 'b, O=c'],
    // BMPString.
    more: [['55040a', derItem(0x1e, hex('00640065'))]],
    alternatives: [
      [alternative.dns, 'n1.example.com'],
      [alternative.ip, hex('0a000001')],
      [alternative.ip, hex('20010db8000000000000000000000001')],
      [alternative.email, 'a@b.c'],
      [alternative.uri, 'spiffe://a/b'],
      // A registered identifier, which nobody asks for.
      [0x88, hex('2a03')],
    ],
  })
  assert.deepEqual(names.commonNames, ['jörg'])
  assert.deepEqual(names.organizations, ['a', 'b, O=c', 'de'])
  assert.deepEqual(
    names.alternatives.map(({ type, value }) => `${type} ${value}`),
    ['dns n1.example.com', 'ip 10.0.0.1', 'ip 2001:db8:0:0:0:0:0:1', 'email a@b.c', 'uri spiffe://a/b'],
  )
  assert.ok(names.publicKey.equals(publicKey))
  assert.deepEqual(namesOf({}).alternatives, [])
})

test('names that readers could take for different ones are refused', () => {
  const refused: readonly (readonly [Sample, RegExp])[] = [
    [{ alternatives: [[alternative.dns, 'node\0.evil.com']] }, /^x509: SAN dNSName is malformed$/],
    [{ alternatives: [[alternative.dns, 'nöde']] }, /^x509: SAN dNSName is malformed$/],
    [{ alternatives: [[alternative.email, 'a\n@b']] }, /^x509: SAN rfc822Name is malformed$/],
    [{ alternatives: [[alternative.uri, 'no uri']] }, /^x509: cannot parse URI "no uri"$/],
    [{ alternatives: [[alternative.ip, hex('0a0000')]] }, /^x509: cannot parse IP address of length 3$/],
    [{ alternatives: [[alternative.dns, 'a']], times: 2 }, /duplicate requested extensions$/],
  ]
  for (const [sample, message] of refused) assert.throws(() => namesOf(sample), { message })
})

test('whatever the bytes are, they are names or no request', () => {
  const good = Buffer.from(
    sampleRequest(
      {
        name: 'a',
        groups: ['b'],
        alternatives: [
          [alternative.dns, 'c'],
          [alternative.ip, hex('0a000001')],
        ],
      },
      { publicKey, sign: bytes => sign('sha256', bytes, pair.privateKey) },
    ),
    'base64',
  ).toString()
  const der = Buffer.from(good.replaceAll(/-----[^-]+-----/g, ''), 'base64')
  const changes = fc.array(fc.tuple(fc.nat(der.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(changes, fc.nat(der.length), (changed, cut) => {
      const copy = Buffer.from(der)
      for (const [at, byte] of changed) copy[at] = byte
      const bytes = cut % 4 === 0 ? copy.subarray(0, cut) : copy
      const body = bytes.toString('base64')
      const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${body}\n-----END CERTIFICATE REQUEST-----\n`
      try {
        requestedNamesOf(Buffer.from(pem).toString('base64'))
      } catch (error) {
        assert.ok(error instanceof CsrError, String(error))
      }
    }),
    { numRuns: 3000 },
  )
})
