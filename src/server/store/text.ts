/**
 * How an object is stored: its managedFields as JSON text (may be empty), a newline, the object as JSON text. JSON text has
 * no raw newline, so the first one divides them.
 */
declare global {
  interface JSON {
    /** A value that JSON.stringify writes as exactly this text. */
    rawJSON(text: string): object
  }
}

/** The byte between the two parts: a newline. */
export const divide = 10

const exact = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? JSON.rawJSON(String(value)) : value)

/** JSON with bigints as plain integers. Throws TypeError on what JSON cannot say. */
export function jsonText(value: object): string {
  try {
    return JSON.stringify(value)
  } catch {
    return JSON.stringify(value, exact)
  }
}

export interface Parts {
  readonly managed: string
  readonly text: string
}

export const storedText = ({ managed, text }: Parts): string => `${managed}\n${text}`

/** Takes stored bytes apart. Without a newline they are not ours. */
export function partsOf(bytes: Uint8Array): Parts {
  const at = bytes.indexOf(divide)
  if (at < 0) throw new Error('a stored value has no division between managed fields and object')
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return { managed: buffer.toString('utf8', 0, at), text: buffer.toString('utf8', at + 1) }
}
