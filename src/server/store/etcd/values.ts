/**
 * A value in etcd: one line of text that says what follows, then the object as every store keeps it, plain or sealed. Bound
 * by checksum or seal to its key and to the key's own write counter, which is etcd's `version`.
 *
 *     bulwark1 FORM MARK EXPIRES SUM\n...
 */
import { crc32 } from 'node:zlib'
import { SealBroken, type ValuePath } from '../encryption.ts'
import { framed, signerOf, unframed } from '../providers/frame.ts'
import { isProvided, prefixIn } from '../providers/providers.ts'
import { isSealed, type Vault } from '../vault.ts'

export interface Content {
  /** Made once for each attempt to write: who finds it knows which attempt it was. No spaces. */
  readonly mark: string
  /** Milliseconds since the epoch when it goes by itself; 0 for never. */
  readonly expires: number
  /** See text.ts. */
  readonly text: Uint8Array
}

const magic = 'bulwark1 '
const newline = 10
const longestHead = 200

/** Not written by us: another program uses these keys. */
export class ValueForeign extends Error {
  override readonly name = 'ValueForeign'
}

/** Written by us, and not what it was. */
export class ValueBroken extends Error {
  override readonly name = 'ValueBroken'
}

/** What the store's own seal made of a value, without what stands before it; undefined where it is not sealed so. */
export function sealIn(value: Uint8Array): Uint8Array | undefined {
  return headOf(value)?.[0] === 's' ? value.subarray(value.indexOf(newline) + 1) : undefined
}

export interface Closing {
  readonly vault: Vault
  /** etcd's key: some providers bind values to it. */
  readonly aad: Uint8Array
}

interface Head {
  readonly form: string
  readonly mark: string
  readonly expires: number
}

const sumOf = ({ resource, key, version }: ValuePath, { form, mark, expires }: Head, body: Uint8Array): string =>
  crc32(body, crc32(`${form} ${mark} ${expires} ${version} ${resource} ${key}`))
    .toString(16)
    .padStart(8, '0')

/** The value to write when it becomes write number `path.version` of its key. */
export function toValue(path: ValuePath, content: Content, { vault, aad }: Closing): Buffer {
  const { ring, sealed } = vault
  const provider = ring === undefined ? undefined : vault.providers?.writer(path.resource)
  if (ring !== undefined && provider !== undefined) {
    const value = Buffer.from(provider.seal(framed(path, content, ring), aad))
    vault.tally?.sealed({ resource: path.resource, prefix: provider.title, keyId: provider.keyId })
    return value
  }
  const seals = ring !== undefined && isSealed(sealed, path.resource)
  const body = seals ? ring.seal(path, content.text) : content.text
  if (seals) vault.tally?.sealed({ resource: path.resource, prefix: ring.prefix })
  const head: Head = { form: seals ? 's' : 'p', mark: content.mark, expires: content.expires }
  const line = `${magic}${head.form} ${head.mark} ${head.expires} ${sumOf(path, head, body)}\n`
  return Buffer.concat([Buffer.from(line), body])
}

function headOf(value: Uint8Array): readonly string[] | undefined {
  const end = value.subarray(0, longestHead).indexOf(newline)
  const line = Buffer.from(value.buffer, value.byteOffset, Math.max(0, end)).toString('latin1')
  return line.startsWith(magic) ? line.slice(magic.length).split(' ') : undefined
}

/** @throws ValueForeign, ValueBroken, SealBroken */
export function fromValue(path: ValuePath, value: Uint8Array, closing: Closing): Content {
  const { tally, ring, providers } = closing.vault
  const seal = isProvided(value) ? undefined : sealIn(value)
  if (tally === undefined || (seal === undefined && !isProvided(value))) return contentOf(path, value, closing)
  const { resource } = path
  const origin = seal === undefined ? providers?.origin(resource, value) : { prefix: ring?.prefixOf(seal) }
  const counted = { prefix: undefined, ...origin, resource }
  try {
    const content = contentOf(path, value, closing)
    tally.opened(counted, true)
    return content
  } catch (error) {
    tally.opened(counted, false)
    throw error
  }
}

function contentOf(path: ValuePath, value: Uint8Array, { vault, aad }: Closing): Content {
  const { ring, sealed } = vault
  if (isProvided(value)) return fromProvider(path, value, { vault, aad })
  const fields = headOf(value)
  if (fields === undefined) throw new ValueForeign('it was not written by Bulwark')
  const [form = '', mark = '', expires = '', sum = ''] = fields
  const head: Head = { form, mark, expires: Number(expires) }
  const body = value.subarray(value.indexOf(newline) + 1)
  if (sumOf(path, head, body) !== sum) throw new ValueBroken('its checksum is wrong')
  if (form === 's') {
    if (ring === undefined) throw new ValueBroken('it is sealed and there is no key')
    return { mark, expires: head.expires, text: ring.open(path, body) }
  }
  // A value put in plainly where sealed ones are the rule was not written by us.
  if (ring !== undefined && isSealed(sealed, path.resource)) throw new ValueBroken('it should be sealed and is not')
  return { mark, expires: head.expires, text: body }
}

function fromProvider(path: ValuePath, value: Uint8Array, { vault, aad }: Closing): Content {
  const { ring, providers } = vault
  const plain = providers?.open(path.resource, value, aad)
  if (plain === undefined || ring === undefined)
    throw new SealBroken(path, `was sealed as ${prefixIn(value)} and does not open`)
  const found = unframed(path, plain, ring)
  if (found === undefined) throw new SealBroken(path, 'was altered or put in another place')
  return found
}

/** Name of the master key that signed a provider's value; undefined where it does not open, or none of ours did. */
export function signerOfValue(path: ValuePath, value: Uint8Array, { vault, aad }: Closing): string | undefined {
  const plain = vault.providers?.open(path.resource, value, aad)
  return plain === undefined || vault.ring === undefined ? undefined : signerOf(path, plain, vault.ring)
}
