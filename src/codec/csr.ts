/** Reads a certificate request (PKCS #10, DER): who asks to be called what, to be in which groups, and how that is signed. */

/** What is no certificate request. */
export class CsrError extends Error {}

interface Item {
  readonly tag: number
  readonly content: Buffer
  /** With tag and length. */
  readonly whole: Buffer
}

const sequence = 0x30
const set = 0x31
const oid = 0x06
const integer = 0x02
const bitString = 0x03
const commonName = Buffer.from([0x55, 0x04, 0x03])
const organization = Buffer.from([0x55, 0x04, 0x0a])
const bmp = 0x1e

function* items(bytes: Buffer): Generator<Item> {
  for (let at = 0; at < bytes.length;) {
    const tag = bytes[at] ?? 0
    const first = bytes[at + 1] ?? 0x80
    const longer = first < 0x80 ? 0 : first - 0x80
    if (longer > 4 || (first >= 0x80 && longer === 0) || at + 2 + longer > bytes.length)
      throw new CsrError('asn1: structure error: invalid length')
    const size = longer === 0 ? first : bytes.readUIntBE(at + 2, longer)
    const start = at + 2 + longer
    if (start + size > bytes.length) throw new CsrError('asn1: syntax error: data truncated')
    yield { tag, content: bytes.subarray(start, start + size), whole: bytes.subarray(at, start + size) }
    at = start + size
  }
}

const within = (item: Item | undefined, tag: number): readonly Item[] => {
  if (item?.tag !== tag) throw new CsrError('asn1: structure error: tags do not match')
  return [...items(item.content)]
}

/** Swapped on a copy: the bytes may be somebody else's. */
const textOf = ({ tag, content }: Item): string =>
  tag === bmp && content.length % 2 === 0 ? Buffer.from(content).swap16().toString('utf16le') : content.toString('utf8')

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

/** @param base64 of PEM. @throws CsrError */
function valuesOf(base64: string, wanted: Buffer): readonly string[] {
  const [info] = within(requestOf(base64), sequence)
  const [, subject] = within(info, sequence)
  return within(subject, sequence).flatMap(names =>
    within(names, set).flatMap(pair => {
      const [type, value] = within(pair, sequence)
      if (type?.tag !== oid || value === undefined) throw new CsrError('asn1: structure error: tags do not match')
      return type.content.equals(wanted) ? [textOf(value)] : []
    }),
  )
}

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
  if (id?.tag !== oid) throw new CsrError('asn1: structure error: tags do not match')
  return { id: id.content.toString('hex'), parameters: parameters?.whole ?? Buffer.alloc(0) }
}

function bitsOf(item: Item | undefined): Buffer {
  if (item?.tag !== bitString) throw new CsrError('asn1: structure error: tags do not match')
  if (item.content[0] !== 0) throw new CsrError('asn1: syntax error: invalid padding bits in BIT STRING')
  return item.content.subarray(1)
}

/** @param base64 of PEM. @throws CsrError */
export function signedRequestOf(base64: string): SignedRequest {
  const [info, algorithm, signature, ...more] = within(requestOf(base64), sequence)
  const [version, subject, key] = within(info, sequence)
  if (info === undefined || key === undefined || version?.tag !== integer || subject?.tag !== sequence)
    throw new CsrError('asn1: structure error: tags do not match')
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
