/** Reads DER as far as certificate requests need it. Lengths are checked before anything is taken; nothing is copied. */

/** What is no certificate request. */
export class CsrError extends Error {}

export interface Item {
  readonly tag: number
  readonly content: Buffer
  /** With tag and length. */
  readonly whole: Buffer
}

export const tags = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octets: 0x04,
  oid: 0x06,
  bmp: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const

/** One after the other. @throws CsrError */
export function* items(bytes: Buffer): Generator<Item> {
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

export const mismatch = (): CsrError => new CsrError('asn1: structure error: tags do not match')

/** @throws CsrError */
export const within = (item: Item | undefined, tag: number): readonly Item[] => {
  if (item?.tag !== tag) throw mismatch()
  return [...items(item.content)]
}

/** Swapped on a copy: the bytes may be somebody else's. */
export const textOf = ({ tag, content }: Item): string =>
  tag === tags.bmp && content.length % 2 === 0
    ? Buffer.from(content).swap16().toString('utf16le')
    : content.toString('utf8')
