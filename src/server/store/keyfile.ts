/** The file with the master keys of encryption at rest: 32 bytes each, the first seals, all open. */
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { StoreRefused } from './contract.ts'
import { keyBytes } from './xaes.ts'

export { keyBytes } from './xaes.ts'

/** While a key is replaced there are two; more are there only where several replacements were cut short. */
const mostKeys = 16

export interface KeyFile {
  /** At least one. */
  readonly keys: readonly Uint8Array[]
  /** Made by this call. */
  readonly fresh: boolean
}

/** Reads master keys that must be there. Throws StoreRefused('key'). */
export function loadKeys(path: string): readonly Uint8Array[] {
  try {
    return readKeys(path)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    throw new StoreRefused(
      'key',
      `there is no key file ${path}: copy it from a server that uses this store, and name it with --key-file`,
    )
  }
}

/**
 * Reads the master keys, or makes one: 32 random bytes, mode 0600, on disk before it is used. Throws StoreRefused('key') for
 * a file that others may read, that is no plain file, or that has another length.
 */
export function loadOrCreateKeys(path: string): KeyFile {
  try {
    return { keys: readKeys(path), fresh: false }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
  const made = writeBeside(path, randomBytes(keyBytes))
  try {
    // A link fails where another process was first; a rename would replace the key that it may already use.
    linkIfAbsent(made, path)
  } finally {
    rmSync(made, { force: true })
  }
  syncFolderOf(path)
  return { keys: readKeys(path), fresh: true }
}

/** Replaces the file by one with these keys: whoever reads it finds the old keys or the new ones, whole. */
export function replaceKeys(path: string, keys: readonly Uint8Array[]): void {
  if (keys.length === 0 || keys.length > mostKeys || keys.some(key => key.length !== keyBytes))
    throw new RangeError(`a key file holds 1 to ${mostKeys} keys of ${keyBytes} bytes`)
  const made = writeBeside(path, Buffer.concat(keys))
  try {
    renameSync(made, path)
  } catch (error) {
    rmSync(made, { force: true })
    throw error
  }
  syncFolderOf(path)
}

function writeBeside(path: string, bytes: Uint8Array): string {
  const fresh = `${path}.${process.pid}.${randomBytes(6).toString('hex')}`
  const file = openSync(fresh, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
  try {
    fchmodSync(file, 0o600)
    // All of it, also where the disk takes it in parts.
    writeFileSync(file, bytes)
    fsyncSync(file)
  } catch (error) {
    // What is not in use is not to lie about.
    rmSync(fresh, { force: true })
    throw error
  } finally {
    closeSync(file)
  }
  return fresh
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

function readKeys(path: string): readonly Uint8Array[] {
  const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
  try {
    const { mode, size } = fstatSync(file)
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) throw new StoreRefused('key', `${path} is no plain file`)
    if ((mode & 0o077) !== 0)
      throw new StoreRefused(
        'key',
        `others may read the key ${path}: make it private (chmod 600) and think about replacing it`,
      )
    if (size === 0 || size % keyBytes !== 0 || size > mostKeys * keyBytes)
      throw new StoreRefused(
        'key',
        `the key ${path} has ${size} bytes, not ${keyBytes} for each key: restore the right file`,
      )
    const bytes = readFileSync(file)
    return Array.from({ length: size / keyBytes }, (_, i) => bytes.subarray(i * keyBytes, (i + 1) * keyBytes))
  } finally {
    closeSync(file)
  }
}
