/**
 * Signed heads: now and then the last number and hash of a chain, signed. Whoever can write the log can make hashes that fit;
 * a head that was signed before is what they cannot undo. Each head carries the signature before it.
 */
import {
  type KeyObject,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  randomUUID,
  sign,
  verify,
} from 'node:crypto'
import {
  closeSync,
  fdatasync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  write,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { type Link, genesis } from './chain.ts'

/** Why a head was signed: it was time, a file was full, the server ended, old files were removed as asked for. */
export type Occasion = 'begin' | 'interval' | 'rotation' | 'shutdown' | 'removal'
const occasions: readonly string[] = ['begin', 'interval', 'rotation', 'shutdown', 'removal']

export interface Head extends Link {
  readonly chain: string
  readonly occasion: Occasion
  /** RFC 3339. */
  readonly time: string
  /** The signature of the head before, '' for the first. */
  readonly before: string
  readonly signature: string
}

export interface ChainFiles {
  /** PKCS 8. */
  readonly key: string
  readonly heads: string
  /** The chain's name and where its records are. */
  readonly chain: string
}

/** @param dir of one chain */
export const chainFiles = (dir: string): ChainFiles => ({
  key: join(dir, 'heads.key'),
  heads: join(dir, 'heads.log'),
  chain: join(dir, 'chain.json'),
})

/** What is not as it was written. */
export class HeadsError extends Error {}

function readOr<T>(path: string, read: (text: string) => T, absent: () => T): T {
  try {
    return read(readFileSync(path, 'utf8'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return absent()
    throw error
  }
}

function writeNew(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const file = openSync(`${path}.new`, 'w', 0o600)
  try {
    writeSync(file, text)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  renameSync(`${path}.new`, path)
}

export const loadKey = (files: ChainFiles): KeyObject => createPrivateKey(readFileSync(files.key, 'utf8'))

function loadOrCreateKey(files: ChainFiles): KeyObject {
  return readOr(
    files.key,
    text => createPrivateKey(text),
    () => {
      const { privateKey } = generateKeyPairSync('ed25519')
      writeNew(files.key, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
      return privateKey
    },
  )
}

export interface ChainPlace {
  readonly id: string
  /** Absolute path of the log. */
  readonly path: string
  /** Where it was before, oldest first. */
  readonly before: readonly string[]
}

/** @throws HeadsError */
export function readPlace(files: ChainFiles): ChainPlace | undefined {
  return readOr(
    files.chain,
    text => {
      const value = parsed(text)
      const { id, path, before } = value as Partial<ChainPlace>
      if (typeof id !== 'string' || typeof path !== 'string' || !Array.isArray(before))
        throw new HeadsError(`${files.chain} names no chain`)
      return { id, path, before: before.map(String) }
    },
    () => undefined,
  )
}

function parsed(text: string): object {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // Said below.
  }
  throw new HeadsError('no JSON')
}

const signedText = ({ chain, sequence, hash: of, occasion, time, before }: Omit<Head, 'signature'>): Buffer =>
  Buffer.from(`bulwark audit head\n${chain}\n${sequence}\n${of}\n${occasion}\n${time}\n${before}\n`)

export interface ReadHeads {
  /** Up to the first that is wrong. */
  readonly heads: readonly Head[]
  readonly problem?: string
}

/**
 * The first may be any: a later head vouches for all records before it, so that the oldest need not be kept.
 * @param path what it reads as in messages
 */
export function headsIn(text: string, key: KeyObject, path: string): ReadHeads {
  const lines = text.split('\n')
  // The last line may be torn: the server ended while it was written.
  lines.pop()
  const heads: Head[] = []
  for (const [at, line] of lines.entries()) {
    const head = headOf(line)
    if (head === undefined) return { heads, problem: `${path}:${at + 1} is no signed head` }
    const follows = heads.length === 0 || head.before === heads.at(-1)?.signature
    if (!follows || !verify(null, signedText(head), key, Buffer.from(head.signature, 'base64')))
      return {
        heads,
        problem: `${path}:${at + 1} is not signed by the key of this log, or heads before it were changed or are missing`,
      }
    heads.push(head)
  }
  return { heads }
}

function headOf(line: string): Head | undefined {
  try {
    const { chain, sequence, hash: of, occasion, time, before, signature } = parsed(line) as Partial<Head>
    const texts = [chain, of, occasion, time, before, signature]
    if (texts.some(one => typeof one !== 'string') || !Number.isSafeInteger(sequence)) return undefined
    if (!occasions.includes(occasion ?? '')) return undefined
    return { chain, sequence, hash: of, occasion, time, before, signature } as Head
  } catch {
    return undefined
  }
}

export const readHeads = (files: ChainFiles, key: KeyObject): ReadHeads =>
  readOr<ReadHeads>(
    files.heads,
    text => headsIn(text, key, files.heads),
    () => ({ heads: [] }),
  )

/** Eight bytes of a public key's hash, for people to compare. */
export function fingerprint(key: KeyObject): string {
  const bytes = key.export({ type: 'spki', format: 'der' })
  return hash('sha256', bytes, 'hex').slice(0, 16)
}

interface Move {
  readonly chain: string
  readonly place: ChainPlace | undefined
  readonly path: string
}

/** @returns where the log was */
function move(files: ChainFiles, { chain, place, path }: Move): string | undefined {
  const before = place === undefined ? [] : [...place.before, place.path]
  if (before.includes(path)) throw new HeadsError(`the audit log was at ${path} before: give it a path of its own`)
  writeNew(files.chain, `${JSON.stringify({ id: chain, path, before })}\n`)
  return place?.path
}

const writing = promisify(write)
const syncing = promisify(fdatasync)

/** The pen of one chain: opened once, by whoever writes its log. */
export class Signer {
  readonly chain: string
  /** Heads that were there are not as they were written; they stay as they are, for whoever verifies. */
  readonly problem: string | undefined
  /** Where the log was until now, where that is another place. */
  readonly moved: string | undefined
  readonly #key: KeyObject
  readonly #files: ChainFiles
  #file: number
  #size: number
  #before: string
  #last: Head | undefined

  /** @param path of the log */
  constructor(files: ChainFiles, path: string) {
    mkdirSync(dirname(files.key), { recursive: true, mode: 0o700 })
    this.#key = loadOrCreateKey(files)
    const place = readPlace(files)
    this.chain = place?.id ?? randomUUID()
    if (place?.path !== path) this.moved = move(files, { chain: this.chain, place, path })
    const text = readOr(
      files.heads,
      found => found,
      () => '',
    )
    // All of them are for whoever verifies: a server that starts looks at the newest.
    const { heads, problem } = headsIn(newest(text), createPublicKey(this.#key), files.heads)
    this.problem = problem
    this.#files = files
    this.#before = heads.at(-1)?.signature ?? ''
    this.#last = heads.findLast(head => head.chain === this.chain && head.occasion !== 'removal')
    this.#file = openSync(files.heads, 'a', 0o600)
    this.#size = Buffer.byteLength(text.slice(0, text.lastIndexOf('\n') + 1))
    ftruncateSync(this.#file, this.#size)
  }

  /** Where the chain was when its end was last signed. */
  get last(): Link {
    return this.#last ?? genesis(this.chain)
  }

  /** To be called only when the records up to there are on disk, one call after the other. @throws Error of the file */
  async sign(link: Link, occasion: Occasion, now: number): Promise<void> {
    const { sequence, hash: of } = link
    const time = new Date(now).toISOString()
    const head = { chain: this.chain, sequence, hash: of, occasion, time, before: this.#before }
    const signature = sign(null, signedText(head), this.#key).toString('base64')
    const line = Buffer.from(`${JSON.stringify({ ...head, signature })}\n`)
    try {
      const { bytesWritten } = await writing(this.#file, line)
      if (bytesWritten !== line.byteLength) throw new Error('the disk is full')
      await syncing(this.#file)
    } catch (error) {
      // Half a line would make the next one unreadable.
      ftruncateSync(this.#file, this.#size)
      throw error
    }
    this.#size += line.byteLength
    this.#before = signature
    if (occasion !== 'removal') this.#last = { ...head, signature }
  }

  /** Lets go of heads that are older than this, but for the newest. Like `sign`, one call after the other. */
  forget(sequence: number): void {
    const lines = readFileSync(this.#files.heads, 'utf8').slice(0, this.#size).split('\n').slice(0, -1)
    const keep = lines.findIndex(
      (line, at) => at === lines.length - 1 || (headOf(line)?.sequence ?? Infinity) >= sequence,
    )
    if (keep <= 0) return
    const text = `${lines.slice(keep).join('\n')}\n`
    writeNew(this.#files.heads, text)
    closeSync(this.#file)
    this.#file = openSync(this.#files.heads, 'a', 0o600)
    this.#size = Buffer.byteLength(text)
  }

  close(): void {
    closeSync(this.#file)
  }
}

/** Characters of the newest heads. */
const mostNew = 32 * 1024

function newest(text: string): string {
  if (text.length <= mostNew) return text
  return text.slice(text.indexOf('\n', text.length - mostNew) + 1)
}
