import assert from 'node:assert/strict'
import { generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import { type Sample, alternative, derItem, hex, sampleRequest } from './csr-samples.ts'
import { requestedNamesOf } from './csr-names.ts'

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
