/**
 * Encryption at rest: XAES-256-GCM (xaes.ts). Each value has a key of its own, derived from the master key and a fresh salt;
 * the additional data binds it to its key path, to the key's write counter and, where the store knows it before it writes, to
 * its row. A value that was altered, moved to another key, or put back from an earlier write does not open.
 *
 * Sealed form: 4 bytes naming the master key, 24 of salt and nonce, the ciphertext, 16 of tag. Another name for the same
 * master key marks values of the first form (HKDF-SHA256, 16 bytes of salt), which are read and never written.
 */
import { createDecipheriv, createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import type { GroupResource } from '#api/metadata.ts'
import { Marks } from './marks.ts'
import { keyBytes, nonceBytes, tagBytes, Xaes } from './xaes.ts'

export { keyBytes } from './xaes.ts'

const nameBytes = 4
const oldSalt = 16
const gcmNonce = 12
const signatureBytes = 20

export interface ValuePath {
  readonly resource: GroupResource
  readonly key: string
  /** The key's own write counter. */
  readonly version: number
  /** Number of the row that holds it, never given twice; absent where it is unknown before the write. */
  readonly id?: number
}

/** The value was altered, or belongs to another key path, another write or another master key. */
export class SealBroken extends Error {
  constructor(path: ValuePath, why: string) {
    super(`the sealed value of ${path.resource} ${path.key} ${why}`)
    this.name = 'SealBroken'
  }
}

const digestOf = (label: string, master: Uint8Array): Buffer =>
  createHash('sha256').update(`${label}\0`).update(master).digest()

const nameIn = (bytes: Uint8Array): number => Buffer.from(bytes.buffer, bytes.byteOffset, nameBytes).readUInt32BE()

const derived = (master: Uint8Array, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', master, '', `bulwark ${purpose}`, keyBytes))

/** Neither a resource nor a key has a zero byte in it. */
const bound = ({ resource, key, version, id }: ValuePath): Buffer =>
  Buffer.from(`bulwark value 2\0${resource}\0${key}\0${version}\0${id ?? ''}`)

/** What people call the master key whose name a sealed value begins with. */
export const masterTitle = (sealed: Uint8Array): string =>
  `bulwark:${Buffer.from(sealed.subarray(0, nameBytes)).toString('hex')}`

/** One master key, and what is derived from it once. */
class Master {
  readonly name: Buffer
  readonly title: string
  readonly oldName: number
  readonly marks: Marks
  readonly xaes: Xaes
  readonly #secret: Uint8Array
  readonly #signing: Buffer

  constructor(secret: Uint8Array) {
    this.#secret = secret
    this.name = digestOf('bulwark key name 2', secret).subarray(0, nameBytes)
    this.title = masterTitle(this.name)
    this.oldName = nameIn(digestOf('bulwark key name', secret))
    this.xaes = new Xaes(derived(secret, 'values'))
    this.marks = new Marks(derived(secret, 'marks of rows'))
    this.#signing = derived(secret, 'signatures')
  }

  sign(text: string | Uint8Array): Buffer {
    return createHmac('sha256', this.#signing).update(text).digest().subarray(0, signatureBytes)
  }

  /** A value of the first form, without its name. @returns undefined where it is not what was sealed */
  openOld(sealed: Uint8Array, { resource, key, version }: ValuePath): Buffer | undefined {
    const info = 'bulwark value 1'
    const bytes = Buffer.from(hkdfSync('sha256', this.#secret, sealed.subarray(0, oldSalt), info, keyBytes + gcmNonce))
    const decipher = createDecipheriv('aes-256-gcm', bytes.subarray(0, keyBytes), bytes.subarray(keyBytes), {
      authTagLength: tagBytes,
    })
    decipher.setAAD(Buffer.from(JSON.stringify([resource, key, version])))
    decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes))
    const plain = decipher.update(sealed.subarray(oldSalt, sealed.length - tagBytes))
    try {
      decipher.final()
      return plain
    } catch {
      return undefined
    }
  }
}

/** Seals under its first master key, opens under any of them. */
export class Keyring {
  readonly #masters: ReadonlyMap<number, Master>
  readonly #old: ReadonlyMap<number, Master>
  readonly #first: Master
  /** What values are counted as that are sealed now. */
  readonly prefix: string

  /** Throws RangeError unless there is a key, each of 32 bytes. */
  constructor(keys: readonly Uint8Array[]) {
    if (keys.some(key => key.length !== keyBytes)) throw new RangeError(`an encryption key has ${keyBytes} bytes`)
    const masters = keys.map(key => new Master(key))
    const [first] = masters
    if (first === undefined) throw new RangeError('there is no encryption key')
    this.#first = first
    this.prefix = `${first.title}:`
    this.#masters = new Map(masters.map(master => [nameIn(master.name), master]))
    this.#old = new Map(masters.map(master => [master.oldName, master]))
  }

  /** What a value begins with that is sealed as values are now. */
  get name(): Buffer {
    return this.#first.name
  }

  /** Sealed as values are sealed now. */
  isCurrent(sealed: Uint8Array): boolean {
    return sealed.length > nameBytes && nameIn(sealed) === nameIn(this.#first.name)
  }

  /** Name of the master key that sealed this, whichever form it has, as people know it. */
  titleOf(sealed: Uint8Array): string {
    const name = nameIn(sealed)
    return (this.#masters.get(name) ?? this.#old.get(name))?.title ?? masterTitle(sealed)
  }

  /** Of the master key that sealed this, for what a whole store adds up to; undefined for a value of another key. */
  marks(sealed: Uint8Array = this.name): Marks | undefined {
    return this.#masters.get(nameIn(sealed))?.marks
  }

  /** 20 bytes. */
  sign(text: string | Uint8Array): Buffer {
    return this.#first.sign(text)
  }

  /** Whether one of the master keys signed it. */
  signed(text: string | Uint8Array, signature: Uint8Array): boolean {
    return this.signer(text, signature) !== undefined
  }

  /** Name of the master key that signed it, as people know it. */
  signer(text: string | Uint8Array, signature: Uint8Array): string | undefined {
    if (signature.length !== signatureBytes) return undefined
    return [...this.#masters.values()].find(master => timingSafeEqual(master.sign(text), signature))?.title
  }

  /** What a value sealed under one of them is counted as. */
  prefixOf(sealed: Uint8Array): string {
    return this.isCurrent(sealed) ? this.prefix : `${this.titleOf(sealed)}:`
  }

  /** Names of the master keys as people know them, the sealing one first. */
  get titles(): readonly string[] {
    return [...this.#masters.values()].map(({ title }) => title)
  }

  seal(path: ValuePath, plain: Uint8Array): Buffer {
    return this.#first.xaes.seal(plain, bound(path), { before: this.#first.name })
  }

  /** Throws SealBroken. A value of the first form opens only where no row is named: it is bound to none. */
  open(path: ValuePath, sealed: Uint8Array): Buffer {
    if (sealed.length < nameBytes + oldSalt + tagBytes) throw new SealBroken(path, 'is cut short')
    const name = nameIn(sealed)
    const body = sealed.subarray(nameBytes)
    const master = this.#masters.get(name)
    const old = path.id === undefined ? this.#old.get(name) : undefined
    if (master === undefined && old === undefined) throw new SealBroken(path, 'was sealed under another key')
    const plain = master === undefined ? old?.openOld(body, path) : master.xaes.open(body, bound(path))
    if (plain === undefined) throw new SealBroken(path, 'was altered or put in another place')
    return plain
  }
}

/** How much longer a value is when it is sealed, in bytes. */
export const sealBytes = nameBytes + nonceBytes + tagBytes
