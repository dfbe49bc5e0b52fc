import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Xaes } from './xaes.ts'

const before = new Uint8Array()
const nonce = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWX')

test("XAES-256-GCM gives the specification's answers", () => {
  for (const [fill, aad, hex] of [
    [1, '', 'ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271'],
    [3, 'c2sp.org/XAES-256-GCM', '986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d'],
  ] as const) {
    const xaes = new Xaes(Buffer.alloc(32, fill))
    const sealed = xaes.seal(Buffer.from('XAES-256-GCM'), Buffer.from(aad), { before, nonce })
    assert.equal(sealed.subarray(24).toString('hex'), hex)
    assert.equal(xaes.open(sealed, Buffer.from(aad))?.toString(), 'XAES-256-GCM')
    assert.equal(xaes.open(sealed, Buffer.from(`${aad}x`)), undefined)
  }
})

test('no nonce is drawn twice, also over many pages', () => {
  const xaes = new Xaes(Buffer.alloc(32, 1))
  const seen = new Set<string>()
  for (let i = 0; i < 2000; i++) seen.add(xaes.seal(before, before, { before }).subarray(0, 24).toString('hex'))
  assert.equal(seen.size, 2000)
})
