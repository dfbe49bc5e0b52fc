import assert from 'node:assert/strict'
import { type KeyObject, type SigningOptions, generateKeyPairSync, sign } from 'node:crypto'
import { test } from 'node:test'
import { ecRequest, pem, pssRequest } from './samples.ts'
import { requestProblem } from './signature.ts'

function item(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const size = content.length
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff]
  return Buffer.concat([Buffer.from([tag, ...length]), content])
}
const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const algorithm = (id: string): Buffer => item(0x30, item(0x06, hex(id)))
const bits = (bytes: Buffer): Buffer => item(0x03, Buffer.from([0]), bytes)

interface Pair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}
interface Made {
  readonly pair: Pair
  readonly id: string
  readonly hash: string | undefined
  /** Whose key is inside, where it is not the one that signs. */
  readonly named?: Pair
  readonly spoil?: (signature: Buffer) => Buffer
  readonly options?: SigningOptions
}

function made({ pair, id, hash, named = pair, spoil = one => one, options = {} }: Made): string {
  const key = named.publicKey.export({ format: 'der', type: 'spki' })
  const info = item(0x30, item(0x02, Buffer.from([0])), item(0x30), key, item(0xa0))
  const signature = sign(hash, info, { key: pair.privateKey, ...options })
  const der = item(0x30, info, algorithm(id), bits(spoil(signature)))
  return pem('CERTIFICATE REQUEST', der.toString('base64'))
}

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ed = generateKeyPairSync('ed25519')
const ecdsa = { pair: ec, id: '2a8648ce3d040302', hash: 'sha256' }
const pkcs1 = { pair: rsa, id: '2a864886f70d01010b', hash: 'sha256' }
const edwards = { pair: ed, id: '2b6570', hash: undefined }
const flipped = (signature: Buffer): Buffer => {
  const copy = Buffer.from(signature)
  copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1
  return copy
}

test('what is signed with the key inside is taken', () => {
  for (const request of [ecRequest, pssRequest, made(ecdsa), made(pkcs1), made(edwards)])
    assert.equal(requestProblem(request), undefined)
  assert.equal(requestProblem(made({ ...pkcs1, id: '2a864886f70d010105', hash: 'sha1' })), undefined)
})

test("somebody else's key, a spoilt signature and another hash are refused", () => {
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const spoilt: readonly (readonly [Made, string])[] = [
    [{ ...ecdsa, named: other }, 'x509: ECDSA verification failure'],
    [{ ...ecdsa, spoil: flipped }, 'x509: ECDSA verification failure'],
    [{ ...ecdsa, spoil: () => Buffer.alloc(0) }, 'x509: ECDSA verification failure'],
    [{ ...ecdsa, options: { dsaEncoding: 'ieee-p1363' } }, 'x509: ECDSA verification failure'],
    [{ ...ecdsa, hash: 'sha512' }, 'x509: ECDSA verification failure'],
    [{ ...pkcs1, spoil: flipped }, 'crypto/rsa: verification error'],
    [{ ...pkcs1, spoil: one => one.subarray(1) }, 'crypto/rsa: verification error'],
    [{ ...edwards, spoil: flipped }, 'x509: Ed25519 verification failure'],
  ]
  for (const [request, problem] of spoilt) assert.equal(requestProblem(made(request)), problem)
})

test('algorithms that prove nothing, and keys that do not fit them, are refused', () => {
  const mismatch = 'x509: signature algorithm specifies an RSA public key, but have public key of type *ecdsa.PublicKey'
  const weak = generateKeyPairSync('rsa', { modulusLength: 512 })
  const foreign = generateKeyPairSync('ec', { namedCurve: 'secp256k1' })
  const unknown = 'x509: cannot verify signature: algorithm unimplemented'
  const refused: readonly (readonly [Made, string | RegExp])[] = [
    [{ ...ecdsa, id: pkcs1.id }, mismatch],
    [{ ...pkcs1, id: ecdsa.id }, /specifies an ECDSA public key, but have public key of type \*rsa.PublicKey/],
    [{ ...edwards, id: ecdsa.id }, /but have public key of type ed25519.PublicKey/],
    [{ ...pkcs1, id: '2a864886f70d010104', hash: 'md5' }, /insecure algorithm MD5-RSA$/],
    [{ ...ecdsa, id: '2a03' }, unknown],
    // PSS without its parameters.
    [{ ...pkcs1, id: '2a864886f70d01010a' }, unknown],
    [{ pair: generateKeyPairSync('ed448'), id: '2b6571', hash: undefined }, unknown],
    [{ ...pkcs1, pair: weak }, /^crypto\/rsa: 512-bit keys are insecure/],
    [{ ...ecdsa, pair: foreign }, 'x509: unsupported elliptic curve'],
  ]
  for (const [request, problem] of refused) {
    const found = requestProblem(made(request)) ?? ''
    if (typeof problem === 'string') assert.equal(found, problem)
    else assert.match(found, problem)
  }
})

test('what is no request is refused, whatever follows it', () => {
  const block = 'PEM block type must be CERTIFICATE REQUEST'
  const type = (request: string, name: string): string =>
    Buffer.from(Buffer.from(request, 'base64').toString().replaceAll('CERTIFICATE REQUEST', name)).toString('base64')
  for (const text of ['', 'AAAA', type(ecRequest, 'NEW CERTIFICATE REQUEST'), type(ecRequest, 'CERTIFICATE')])
    assert.equal(requestProblem(text), block)
  for (const body of ['', 'MII=', 'MAA=', 'MAAwAA==', Buffer.alloc(2000, 0x30).toString('base64')])
    assert.match(requestProblem(pem('CERTIFICATE REQUEST', body)) ?? '', /^asn1: /, body)
  const started = performance.now()
  assert.equal(requestProblem(Buffer.alloc(2_000_000, 0x61).toString('base64')), block)
  assert.ok(performance.now() - started < 500)
})
