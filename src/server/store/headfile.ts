/**
 * The newest durable revision in a small file beside the store, so that an older copy of it put in its place
 * is noticed. Written after each commit, never before: it may lag the store, it cannot lead it. Two slots are written in
 * turn, so that a write cut short leaves the other one. Where the store is sealed they are signed.
 */
import { closeSync, constants, fsyncSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { StoreRefused } from './contract.ts'
import type { Keyring } from './encryption.ts'

const plainBytes = 32
const signedBytes = 64

const digits = (revision: number): string => String(revision).padStart(20, '0')
const plainSlot = (revision: number): string =>
  `${digits(revision)} ${crc32(digits(revision)).toString(16).padStart(8, '0')}\n`.padEnd(plainBytes, '\n')

const signedText = (revision: number): string => `head ${revision}`
const signedSlot = (revision: number, ring: Keyring): string =>
  `s${digits(revision)} ${ring.sign(signedText(revision)).toString('hex')}\n`.padEnd(signedBytes, '\n')

export interface Told {
  /** 0 where there is none. */
  readonly revision: number
  /** By whom: a file without signature is of a store from before there were any. */
  readonly by: 'nobody' | 'anybody' | 'us' | 'others'
}

function plainRevision(text: string): number | undefined {
  const revision = Number(text.slice(0, 20))
  return text.length === plainBytes && plainSlot(revision) === text ? revision : undefined
}

function signedRevision(text: string, ring: Keyring): number | undefined {
  const revision = Number(text.slice(1, 21))
  const whole = text.length === signedBytes && text.startsWith('s') && Number.isSafeInteger(revision)
  return whole && ring.signed(signedText(revision), Buffer.from(text.slice(22, 62), 'hex')) ? revision : undefined
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return ''
    throw error
  }
}

/** Throws StoreRefused where no slot can be read. */
export function readHead(path: string, ring: Keyring | undefined): Told {
  const text = textOf(path)
  if (text === '') return { revision: 0, by: 'nobody' }
  const signed = text.startsWith('s')
  if (signed && ring === undefined) return { revision: 0, by: 'others' }
  const bytes = signed ? signedBytes : plainBytes
  const slots = [text.slice(0, bytes), text.slice(bytes, 2 * bytes)]
  const known = slots.map(slot => (signed && ring !== undefined ? signedRevision(slot, ring) : plainRevision(slot)))
  const revision = Math.max(...known.map(one => one ?? -1))
  if (revision >= 0) return { revision, by: signed ? 'us' : 'anybody' }
  if (signed) return { revision: 0, by: 'others' }
  throw new StoreRefused(
    'corrupt',
    `${path} cannot be read: make sure the database is the newest, then ${ring === undefined ? 'delete this file' : 'run: bulwark store accept'}`,
  )
}

/** Writes it anew, signed; on disk when this returns. */
export function anchor(path: string, revision: number, ring: Keyring): void {
  writeFileSync(`${path}.new`, signedSlot(revision, ring).repeat(2), { mode: 0o600, flush: true })
  renameSync(`${path}.new`, path)
}

export class HeadFile {
  readonly #file: number
  readonly #bytes: number
  #slot: (revision: number) => string
  #turn = 0

  constructor(path: string, ring: Keyring | undefined) {
    this.#file = openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o600)
    this.#bytes = ring === undefined ? plainBytes : signedBytes
    this.#slot = ring === undefined ? plainSlot : revision => signedSlot(revision, ring)
  }

  /** From now on it signs with the first key of these, and no slot needs another; on disk when this returns. */
  use(ring: Keyring, revision: number): void {
    this.#slot = of => signedSlot(of, ring)
    this.write(revision)
    this.write(revision)
    fsyncSync(this.#file)
  }

  /** Without waiting for the disk: after a loss of power it lags, which is allowed. */
  write(revision: number): void {
    writeSync(this.#file, this.#slot(revision), this.#turn * this.#bytes, 'latin1')
    this.#turn = 1 - this.#turn
  }

  close(): void {
    fsyncSync(this.#file)
    closeSync(this.#file)
  }
}
