/**
 * What a provider is given to seal: the object as JSON, which upstream's API server can read, with one field more in front
 * that it passes over. That field has what the store needs besides, and a signature that binds all of it to its place: some
 * providers (aescbc, secretbox) do not say where a value belongs, one does not even say whether it is whole.
 *
 *     {"bulwark.dev":["1 MARK EXPIRES LENGTH SIGNATURE",MANAGED],"apiVersion":...
 */
import type { Keyring, ValuePath } from '../encryption.ts'
import { divide } from '../text.ts'

export interface Framed {
  /** See etcd/values.ts; '' where there is none. */
  readonly mark: string
  readonly expires: number
  /** See text.ts. */
  readonly text: Uint8Array
}

const opening = '{"bulwark.dev":["1 '
const brace = 0x7b
const closingBrace = 0x7d
const bracket = 0x5d
const comma = 0x2c

const signedPart = ({ resource, key, version, id }: ValuePath, { mark, expires, text }: Framed): Buffer =>
  Buffer.concat([Buffer.from(`framed\0${resource}\0${key}\0${version}\0${id ?? ''}\0${mark}\0${expires}\0`), text])

export function framed(path: ValuePath, content: Framed, ring: Keyring): Buffer {
  const { mark, expires, text } = content
  const middle = text.indexOf(divide)
  const managed = text.subarray(0, middle)
  const object = text.subarray(middle + 1)
  if (middle < 0 || object[0] !== brace) throw new TypeError('a stored value is no object')
  const signature = ring.sign(signedPart(path, content)).toString('hex')
  const head = `${opening}${mark} ${expires} ${managed.length} ${signature}"${managed.length > 0 ? ',' : ''}`
  const end = object[1] === closingBrace ? ']' : '],'
  return Buffer.concat([Buffer.from(head), managed, Buffer.from(end), object.subarray(1)])
}

const longestHead = 300

interface Read {
  readonly found: Framed
  readonly signature: Buffer
}

function read(bytes: Uint8Array): Read | undefined {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, longestHead)).toString('latin1')
  const quote = head.indexOf('"', opening.length)
  if (!head.startsWith(opening) || quote < 0) return undefined
  const [mark = '', expires = '', length = '', signature = ''] = head.slice(opening.length, quote).split(' ')
  const size = Number(length)
  const start = quote + 1 + (size > 0 ? 1 : 0)
  const after = start + size
  if (size > 0 && bytes[quote + 1] !== comma) return undefined
  if (!Number.isSafeInteger(size) || size < 0 || bytes[after] !== bracket) return undefined
  const rest = bytes.subarray(after + (bytes[after + 1] === comma ? 2 : 1))
  const text = Buffer.concat([bytes.subarray(start, after), Uint8Array.of(divide, brace), rest])
  return { found: { mark, expires: Number(expires), text }, signature: Buffer.from(signature, 'hex') }
}

/** @returns undefined where it is not what was framed for this place */
export function unframed(path: ValuePath, bytes: Uint8Array, ring: Keyring): Framed | undefined {
  const one = read(bytes)
  return one !== undefined && ring.signed(signedPart(path, one.found), one.signature) ? one.found : undefined
}

/** Name of the master key that signed it; undefined where none of these did. */
export function signerOf(path: ValuePath, bytes: Uint8Array, ring: Keyring): string | undefined {
  const one = read(bytes)
  return one === undefined ? undefined : ring.signer(signedPart(path, one.found), one.signature)
}
