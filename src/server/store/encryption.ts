/**
 * Encryption at rest: AES-256-GCM. Each value has a key and nonce of its own, derived (HKDF-SHA256) from the master key and
 * a fresh salt, so no nonce can repeat; the additional data binds it to its key path and to the key's write counter, so a
 * value that was altered, moved to another key, or put back from an earlier write does not open.
 *
 * Sealed form: 4 bytes naming the master key, 16 of salt, the ciphertext, 16 of tag.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs'
import type { GroupResource } from '#api/metadata.ts'
import { StoreRefused } from './contract.ts'

export const keyBytes = 32
const nameBytes = 4
const saltBytes = 16
const tagBytes = 16
const nonceBytes = 12
const headBytes = nameBytes + saltBytes

export interface ValuePath {
  readonly resource: GroupResource
  readonly key: string
  /** The key's own write counter. */
  readonly version: number
}

/** The value was altered, or belongs to another key path, another write or another master key. */
export class SealBroken extends Error {
  constructor(path: ValuePath, why: string) {
    super(`the sealed value of ${path.resource} ${path.key} ${why}`)
    this.name = 'SealBroken'
  }
}

interface Derived {
  readonly key: Buffer
  readonly nonce: Buffer
}

const nameOf = (master: Uint8Array): Buffer =>
  createHash('sha256').update('bulwark key name\0').update(master).digest().subarray(0, nameBytes)

const nameIn = (bytes: Uint8Array): number => Buffer.from(bytes.buffer, bytes.byteOffset, nameBytes).readUInt32BE()

function derive(master: Uint8Array, salt: Uint8Array): Derived {
  const bytes = Buffer.from(hkdfSync('sha256', master, salt, 'bulwark value 1', keyBytes + nonceBytes))
  return { key: bytes.subarray(0, keyBytes), nonce: bytes.subarray(keyBytes) }
}

/** JSON of a list says where each part ends, whatever is in it. */
const bound = ({ resource, key, version }: ValuePath): Buffer => Buffer.from(JSON.stringify([resource, key, version]))

/** Seals under its first master key, opens under any of them. */
export class Keyring {
  readonly #keys: ReadonlyMap<number, Uint8Array>
  readonly #name: Buffer
  readonly #first: Uint8Array

  /** Throws RangeError unless there is a key, each of 32 bytes. */
  constructor(keys: readonly Uint8Array[]) {
    const [first] = keys
    if (first === undefined || keys.some(key => key.length !== keyBytes))
      throw new RangeError(`an encryption key has ${keyBytes} bytes`)
    this.#first = first
    this.#name = nameOf(first)
    this.#keys = new Map(keys.map(key => [nameIn(nameOf(key)), key]))
  }

  seal(path: ValuePath, plain: Uint8Array): Buffer {
    const salt = randomBytes(saltBytes)
    const { key, nonce } = derive(this.#first, salt)
    const cipher = createCipheriv('aes-256-gcm', key, nonce)
    cipher.setAAD(bound(path))
    const body = cipher.update(plain)
    // GCM is a stream: all of the text is out before `final`, which only makes the tag.
    cipher.final()
    return Buffer.concat([this.#name, salt, body, cipher.getAuthTag()])
  }

  /** Throws SealBroken. */
  open(path: ValuePath, sealed: Uint8Array): Buffer {
    if (sealed.length < headBytes + tagBytes) throw new SealBroken(path, 'is cut short')
    const master = this.#keys.get(nameIn(sealed))
    if (master === undefined) throw new SealBroken(path, 'was sealed under another key')
    const { key, nonce } = derive(master, sealed.subarray(nameBytes, headBytes))
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
    decipher.setAAD(bound(path))
    decipher.setAuthTag(sealed.subarray(sealed.length - tagBytes))
    try {
      const plain = decipher.update(sealed.subarray(headBytes, sealed.length - tagBytes))
      decipher.final()
      return plain
    } catch {
      throw new SealBroken(path, 'was altered or put in another place')
    }
  }
}

/** Reads a master key that must be there. Throws StoreRefused('key'). */
export function loadKey(path: string): Buffer {
  try {
    return readKey(path)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    throw new StoreRefused(
      'key',
      `there is no key file ${path}: copy it from a server that uses this store, and name it with --key-file`,
    )
  }
}

/**
 * Reads the master key, or makes one: 32 random bytes, mode 0600, on disk before it is used. Throws StoreRefused('key') for
 * a file that others may read, that is no plain file, or that has another length.
 */
export function loadOrCreateKey(path: string): Buffer {
  const fresh = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`
  try {
    return readKey(path)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
  const file = openSync(fresh, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
  try {
    fchmodSync(file, 0o600)
    writeSync(file, randomBytes(keyBytes))
    fsyncSync(file)
    // A link fails where another process was first; a rename would replace the key that it may already use.
    linkIfAbsent(fresh, path)
  } finally {
    closeSync(file)
    rmSync(fresh, { force: true })
  }
  syncFolderOf(path)
  return readKey(path)
}

function linkIfAbsent(from: string, to: string): void {
  try {
    linkSync(from, to)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
}

function syncFolderOf(path: string): void {
  const folder = openSync(path.includes('/') ? path.slice(0, path.lastIndexOf('/')) || '/' : '.', constants.O_RDONLY)
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

function readKey(path: string): Buffer {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    const { mode, size } = fstatSync(file)
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw new StoreRefused('key', `${path} is no plain file`)
    if ((mode & 0o077) !== 0)
      throw new StoreRefused(
        'key',
        `others may read the key ${path}: make it private (chmod 600) and think about replacing it`,
      )
    if (size !== keyBytes)
      throw new StoreRefused('key', `the key ${path} has ${size} bytes, not ${keyBytes}: restore the right file`)
    return readFileSync(file)
  } finally {
    closeSync(file)
  }
}
