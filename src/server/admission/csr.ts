/** Reads the subject of a certificate request (PKCS #10, DER): who asks to be called what, and to be in which groups. */

/** What is no certificate request. */
export class CsrError extends Error {}

interface Item {
  readonly tag: number
  readonly content: Buffer
}

const sequence = 0x30
const set = 0x31
const oid = 0x06
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
    yield { tag, content: bytes.subarray(start, start + size) }
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

/** @param base64 of PEM. @throws CsrError */
function valuesOf(base64: string, wanted: Buffer): readonly string[] {
  const pem = Buffer.from(base64, 'base64').toString('latin1')
  // The first block counts, for those who sign as well.
  const body =
    /^(?:(?!-----BEGIN)[^])*-----BEGIN CERTIFICATE REQUEST-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE REQUEST-----/.exec(
      pem,
    )?.[1]
  if (body === undefined) throw new CsrError('PEM block type must be CERTIFICATE REQUEST')
  const [request] = items(Buffer.from(body, 'base64'))
  const [info] = within(request, sequence)
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
