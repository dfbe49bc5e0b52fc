/** Reads a certificate request (PKCS #10, DER): who asks to be called what, to be in which groups, and how that is signed. */
import { CsrError, type Item, items, mismatch, tags, textOf, within } from './der.ts'

const { bitString, integer, oid, sequence, set } = tags
export const commonName = '550403'
export const organization = '55040a'

const header = '-----BEGIN CERTIFICATE REQUEST-----'
const footer = '-----END CERTIFICATE REQUEST-----'

/** @param base64 of PEM. @throws CsrError */
function requestOf(base64: string): Item {
  const pem = Buffer.from(base64, 'base64').toString('latin1')
  // The first block counts, for those who sign as well.
  const start = pem.indexOf('-----BEGIN')
  const end = pem.indexOf(footer, start)
  const body = pem.startsWith(header, start) && end > start ? pem.slice(start + header.length, end) : '-'
  if (!/^[A-Za-z0-9+/=\s]*$/.test(body)) throw new CsrError('PEM block type must be CERTIFICATE REQUEST')
  const [request, ...more] = items(Buffer.from(body, 'base64'))
  if (request === undefined) throw new CsrError('asn1: syntax error: sequence truncated')
  if (more.length > 0) throw new CsrError('asn1: syntax error: trailing data')
  return request
}

/** The parts of what is signed: version, subject, key, attributes. @throws CsrError */
export const partsOf = (base64: string): readonly Item[] => {
  const [info] = within(requestOf(base64), sequence)
  return within(info, sequence)
}

export interface Attribute {
  /** Hexadecimal. */
  readonly type: string
  readonly value: string
}

/** In the order of the request. @throws CsrError */
export const attributesOf = (subject: Item | undefined): readonly Attribute[] =>
  within(subject, sequence).flatMap(names =>
    within(names, set).map(pair => {
      const [type, value] = within(pair, sequence)
      if (type?.tag !== oid || value === undefined) throw mismatch()
      return { type: type.content.toString('hex'), value: textOf(value) }
    }),
  )

const valuesOf = (base64: string, wanted: string): readonly string[] =>
  attributesOf(partsOf(base64)[1]).flatMap(({ type, value }) => (type === wanted ? [value] : []))

/** @param base64 of PEM. @throws CsrError */
export const organizationsOf = (base64: string): readonly string[] => valuesOf(base64, organization)
export const commonNamesOf = (base64: string): readonly string[] => valuesOf(base64, commonName)

/** An algorithm by its number in hexadecimal, and its parameters with tag and length, empty where there are none. */
export interface Algorithm {
  readonly id: string
  readonly parameters: Buffer
}

export interface SignedRequest {
  /** What is signed. */
  readonly signed: Buffer
  /** DER of the SubjectPublicKeyInfo. */
  readonly key: Buffer
  readonly keyAlgorithm: Algorithm
  /** The key itself, without its algorithm. */
  readonly keyBits: Buffer
  readonly algorithm: Algorithm
  readonly signature: Buffer
}

function algorithmOf(item: Item | undefined): Algorithm {
  const [id, parameters] = within(item, sequence)
  if (id?.tag !== oid) throw mismatch()
  return { id: id.content.toString('hex'), parameters: parameters?.whole ?? Buffer.alloc(0) }
}

function bitsOf(item: Item | undefined): Buffer {
  if (item?.tag !== bitString) throw mismatch()
  if (item.content[0] !== 0) throw new CsrError('asn1: syntax error: invalid padding bits in BIT STRING')
  return item.content.subarray(1)
}

/** @param base64 of PEM. @throws CsrError */
export function signedRequestOf(base64: string): SignedRequest {
  const [info, algorithm, signature, ...more] = within(requestOf(base64), sequence)
  const [version, subject, key] = within(info, sequence)
  if (info === undefined || key === undefined || version?.tag !== integer || subject?.tag !== sequence) throw mismatch()
  if (more.length > 0) throw new CsrError('asn1: structure error: too many fields')
  const [keyAlgorithm, keyBits] = within(key, sequence)
  return {
    signed: info.whole,
    key: key.whole,
    keyAlgorithm: algorithmOf(keyAlgorithm),
    keyBits: bitsOf(keyBits),
    algorithm: algorithmOf(algorithm),
    signature: bitsOf(signature),
  }
}
