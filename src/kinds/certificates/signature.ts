/** Whoever asks for a certificate has the key: the request is signed with it. Refusals are worded as Go's crypto/x509 has them. */
import { type KeyObject, constants, createPublicKey, verify } from 'node:crypto'
import { type Algorithm, type SignedRequest, signedRequestOf } from '#codec/csr.ts'
import { requestedNamesOf } from '#codec/csr-names.ts'
import { CsrError } from '#codec/der.ts'

type Type = 'RSA' | 'ECDSA' | 'Ed25519'

interface Scheme {
  readonly type: Type
  /** Undefined: the scheme has its own. */
  readonly hash: string | undefined
  /** Bytes of salt, where the signature has one. */
  readonly salt?: number
}

const schemes: ReadonlyMap<string, Scheme> = new Map([
  ['2a864886f70d010105', { type: 'RSA', hash: 'sha1' }],
  ['2b0e03021d', { type: 'RSA', hash: 'sha1' }],
  ['2a864886f70d01010b', { type: 'RSA', hash: 'sha256' }],
  ['2a864886f70d01010c', { type: 'RSA', hash: 'sha384' }],
  ['2a864886f70d01010d', { type: 'RSA', hash: 'sha512' }],
  ['2a8648ce3d0401', { type: 'ECDSA', hash: 'sha1' }],
  ['2a8648ce3d040302', { type: 'ECDSA', hash: 'sha256' }],
  ['2a8648ce3d040303', { type: 'ECDSA', hash: 'sha384' }],
  ['2a8648ce3d040304', { type: 'ECDSA', hash: 'sha512' }],
  ['2b6570', { type: 'Ed25519', hash: undefined }],
])

const md5 = '2a864886f70d010104'
const pss = '2a864886f70d01010a'

/** Parameters of RSASSA-PSS with one hash all through and a salt as long as it: no other is in use. */
const pssSchemes: ReadonlyMap<string, Scheme> = new Map(
  (
    [
      ['01', 32, 'sha256'],
      ['02', 48, 'sha384'],
      ['03', 64, 'sha512'],
    ] as const
  ).flatMap(([number, salt, hash]) => {
    const scheme = { type: 'RSA', hash, salt } as const
    const length = salt.toString(16)
    return ['0500', ''].map((none): [string, Scheme] => {
      const nothing = none.length / 2
      const size = (bytes: number): string => (bytes + nothing).toString(16).padStart(2, '0')
      const named = `30${size(11)}06096086480165030402${number}${none}`
      const inner = `a0${size(13)}${named}a1${size(26)}30${size(24)}06092a864886f70d010108${named}a2030201${length}`
      return [`30${(inner.length / 2).toString(16)}${inner}`, scheme]
    })
  }),
)

function schemeOf({ id, parameters }: Algorithm): Scheme {
  if (id === md5) throw new CsrError('x509: cannot verify signature: insecure algorithm MD5-RSA')
  const found = id === pss ? pssSchemes.get(parameters.toString('hex')) : schemes.get(id)
  if (found === undefined) throw new CsrError(unimplemented)
  return found
}

const unimplemented = 'x509: cannot verify signature: algorithm unimplemented'

const types: ReadonlyMap<string, Type> = new Map([
  ['2a864886f70d010101', 'RSA'],
  ['2a8648ce3d0201', 'ECDSA'],
  ['2b6570', 'Ed25519'],
])
/** As Go names the types of keys. */
const goTypes: Readonly<Record<Type, string>> = {
  RSA: '*rsa.PublicKey',
  ECDSA: '*ecdsa.PublicKey',
  Ed25519: 'ed25519.PublicKey',
}

/** P-224, P-256, P-384, P-521. */
const curves = new Set(['06052b81040021', '06082a8648ce3d030107', '06052b81040022', '06052b81040023'])
const uncompressed = 0x04
const fewestBits = 1024

function keyOf({ key, keyAlgorithm, keyBits }: SignedRequest, type: Type): KeyObject {
  if (type === 'ECDSA' && !curves.has(keyAlgorithm.parameters.toString('hex')))
    throw new CsrError('x509: unsupported elliptic curve')
  const point = 'x509: failed to unmarshal elliptic curve point'
  if (type === 'ECDSA' && keyBits[0] !== uncompressed) throw new CsrError(point)
  try {
    return createPublicKey({ key, format: 'der', type: 'spki' })
  } catch {
    throw new CsrError(type === 'ECDSA' ? point : `x509: invalid ${type} public key`)
  }
}

const failures: Readonly<Record<Type, string>> = {
  RSA: 'crypto/rsa: verification error',
  ECDSA: 'x509: ECDSA verification failure',
  Ed25519: 'x509: Ed25519 verification failure',
}

function checked(base64: string): void {
  const request = signedRequestOf(base64)
  requestedNamesOf(base64)
  const type = types.get(request.keyAlgorithm.id)
  // A key that cannot be read is told before what is wrong with the signature.
  const key = type === undefined ? undefined : keyOf(request, type)
  const scheme = schemeOf(request.algorithm)
  if (type === undefined || key === undefined) throw new CsrError(unimplemented)
  if (type !== scheme.type)
    throw new CsrError(
      `x509: signature algorithm specifies an ${scheme.type} public key, but have public key of type ${goTypes[type]}`,
    )
  const bits = key.asymmetricKeyDetails?.modulusLength ?? fewestBits
  if (bits < fewestBits)
    throw new CsrError(
      `crypto/rsa: ${bits}-bit keys are insecure (see https://go.dev/pkg/crypto/rsa#hdr-Minimum_key_size)`,
    )
  const { hash, salt } = scheme
  const how = salt === undefined ? {} : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: salt }
  if (!verifies(() => verify(hash, request.signed, { key, ...how }, request.signature)))
    throw new CsrError(failures[type])
}

/** OpenSSL throws for keys and signatures that it does not even begin with. */
function verifies(verified: () => boolean): boolean {
  try {
    return verified()
  } catch {
    return false
  }
}

/** @param base64 of PEM @returns what is wrong with the request; undefined: it is one, signed with the key inside. */
export function requestProblem(base64: string): string | undefined {
  try {
    checked(base64)
    return undefined
  } catch (error) {
    if (error instanceof CsrError) return error.message
    throw error
  }
}
