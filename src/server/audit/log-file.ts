/** The file under a log: appended to in whole lines, changed for a new one when it is full, healed when it is opened. */
import {
  closeSync,
  createReadStream,
  createWriteStream,
  existsSync,
  fchmodSync,
  fdatasync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  write,
  writeSync,
} from 'node:fs'
import { dirname, extname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { createGzip } from 'node:zlib'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { type Link, linkIn } from './chain.ts'
import { linesOf, rotatedFiles, rotatedName } from './files.ts'
import { type ChainFiles, type Occasion, Signer } from './heads.ts'

export interface LogFileOptions {
  readonly path: string
  readonly chain: ChainFiles
  readonly clock: Clock
  readonly log: Log
  /** Bytes at which a new file is begun. */
  readonly mostBytes: number
  /** Full files that are kept; 0: all. */
  readonly backups: number
  /** Milliseconds that full files are kept; 0: for ever. */
  readonly age: number
  readonly compress: boolean
}

const writing = promisify(write)
const syncing = promisify(fdatasync)

/** @throws Error, also for a pipe or a device: those hold up everybody, and cannot be read again to go on from */
function openPrivate(path: string): number {
  const file = openSync(path, 'a+', 0o600)
  try {
    if (!fstatSync(file).isFile()) throw new Error(`the audit log ${path} is no plain file; - is standard output`)
    fchmodSync(file, 0o600)
  } catch (error) {
    closeSync(file)
    throw error
  }
  return file
}

/** @returns false where there is none: somebody took it away */
function moved(from: string, to: string): boolean {
  try {
    renameSync(from, to)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw error
  }
}

const roomBytes = 512 * 1024
/** UTF-8 of one unit of a string. */
const mostBytesOfUnit = 3

const lineBreak = 0x0a
const firstLook = 64 * 1024

/** Takes off a line that was torn when its writer ended. @returns what is left, and the last line of it */
function heal(file: number): { readonly size: number; readonly last: string } {
  const { size } = fstatSync(file)
  for (let look = firstLook; ; look *= 4) {
    const from = Math.max(0, size - look)
    const bytes = Buffer.alloc(size - from)
    readSync(file, bytes, 0, bytes.byteLength, from)
    const end = bytes.lastIndexOf(lineBreak)
    const before = end < 1 ? -1 : bytes.lastIndexOf(lineBreak, end - 1)
    if (before < 0 && from > 0) continue
    const whole = from + end + 1
    if (whole < size) ftruncateSync(file, whole)
    return { size: whole, last: end < 0 ? '' : bytes.toString('utf8', before + 1, end) }
  }
}

/** The last line of where the log was before. */
function lastOf(path: string | undefined): string {
  if (path === undefined || !existsSync(path)) return ''
  const file = openSync(path, 'r+')
  try {
    return heal(file).last
  } finally {
    closeSync(file)
  }
}

/** Of a file that is written no more. */
async function lastLinkIn(path: string): Promise<Link | undefined> {
  let last = ''
  for await (const { text } of linesOf(path)) last = text
  return linkIn(last)
}

/** A name that no file has yet: those that are full in the same millisecond would take each other's. */
function freeName(path: string, now: number): string {
  const taken = new Set(rotatedFiles(path).map(one => one.time))
  let time = Math.floor(now)
  const latest = Math.max(0, ...taken)
  // Names say the order, also where the clock went back.
  if (time <= latest) time = latest + 1
  return rotatedName(path, time)
}

async function pack(path: string): Promise<void> {
  const target = `${path}.gz`
  await pipeline(createReadStream(path), createGzip(), createWriteStream(`${target}.new`, { mode: 0o600 }))
  renameSync(`${target}.new`, target)
  rmSync(path, { force: true })
}

export class LogFile {
  readonly #options: LogFileOptions
  readonly #signer: Signer
  #file: number
  /** Bytes of whole lines. */
  #size: number
  #link: Link
  #signed: number
  /** Behind whole lines there is a part of one, which could not be taken off. */
  #torn = false
  /** Number of the last record that was removed since this was opened. */
  #removed = 0
  /** Heads are signed one after the other; what takes longer waits in a line of its own. */
  #signing: Promise<void> = Promise.resolve()
  /** What is written at once is put here first: memory that is asked for each time costs more than the write. */
  readonly #room = Buffer.allocUnsafeSlow(roomBytes)
  #chores: Promise<void> = Promise.resolve()

  /** @throws Error where the file cannot be opened: a server without its record does not start. */
  constructor(options: LogFileOptions) {
    const { path, chain, log } = options
    this.#options = options
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    this.#signer = new Signer(chain, path)
    if (this.#signer.problem !== undefined) log.error('audit heads were changed', { problem: this.#signer.problem })
    this.#file = openPrivate(path)
    const { size, last } = heal(this.#file)
    this.#size = size
    this.#link = this.#begin(last === '' ? lastOf(this.#signer.moved) : last)
    this.#signed = this.#signer.last.sequence
    // From here on a log without heads is one whose heads were taken away.
    this.sign('begin').catch((error: unknown) => log.error('the audit log cannot be signed', { error: String(error) }))
    this.#tidy()
  }

  /** Where the chain goes on: what was signed counts, where the file has less or something else. */
  #begin(last: string): Link {
    const signed = this.#signer.last
    const read = last === '' ? undefined : linkIn(last)
    if (read !== undefined && read.sequence >= signed.sequence) return { sequence: read.sequence, hash: read.hash }
    if (signed.sequence > (read?.sequence ?? 0))
      this.#options.log.error('records are missing at the end of the audit log: run bulwark audit verify', {
        signed: signed.sequence,
        found: read?.sequence ?? 0,
      })
    return signed
  }

  get link(): Link {
    return this.#link
  }

  /** Whole lines. @param link of the last of them @throws Error of the disk; then nothing of them is in the file */
  async append(text: string, link: Link): Promise<void> {
    const bytes = Buffer.from(text)
    if (this.#torn) this.#cut()
    if (this.#size > 0 && this.#size + bytes.byteLength > this.#options.mostBytes) await this.#rotate()
    try {
      for (let from = 0; from < bytes.byteLength;) {
        const { bytesWritten } = await writing(this.#file, bytes, from)
        if (bytesWritten === 0) throw new Error('the disk is full')
        from += bytesWritten
      }
    } catch (error) {
      this.#mend()
      throw error
    }
    this.#size += bytes.byteLength
    this.#link = link
  }

  /** As `append`, without leaving the loop: into the kernel's memory. @returns false where it is much, or another file must be begun */
  appendNow(text: string, link: Link): boolean {
    if (text.length * mostBytesOfUnit > this.#room.byteLength) return false
    if (this.#torn) this.#cut()
    const length = this.#room.write(text)
    if (this.#size > 0 && this.#size + length > this.#options.mostBytes) return false
    try {
      for (let from = 0; from < length;) {
        const written = writeSync(this.#file, this.#room, from, length - from)
        if (written === 0) throw new Error('the disk is full')
        from += written
      }
    } catch (error) {
      this.#mend()
      throw error
    }
    this.#size += length
    this.#link = link
    return true
  }

  #cut(): void {
    ftruncateSync(this.#file, this.#size)
    this.#torn = false
  }

  /** Takes off what was begun, now or before the next line. */
  #mend(): void {
    this.#torn = true
    try {
      this.#cut()
    } catch {
      // What went wrong before is what is told.
    }
  }

  /** Signs what is written, where that is more than was signed before. @throws Error of the disk */
  sign(occasion: Occasion): Promise<void> {
    return this.#inLine(async () => {
      if (this.#link.sequence === this.#signed && occasion === 'interval') return
      const link = this.#link
      await syncing(this.#file)
      await this.#signer.sign(link, occasion, this.#options.clock.now())
      this.#signed = link.sequence
    })
  }

  #inLine(work: () => Promise<void>): Promise<void> {
    const done = this.#signing.then(work)
    this.#signing = done.catch(() => undefined)
    return done
  }

  async #rotate(): Promise<void> {
    const { path, clock, log } = this.#options
    await this.sign('rotation')
    const full = freeName(path, clock.now())
    const there = moved(path, full)
    if (!there) log.error('the audit log was taken away: run bulwark audit verify', { path })
    const before = this.#file
    try {
      this.#file = openPrivate(path)
    } catch (error) {
      // The next try finds it where it was.
      if (there) moved(full, path)
      throw error
    }
    this.#size = 0
    // Somebody may be bringing it to the disk just now.
    void this.#inLine(async () => closeSync(before))
    this.#tidy()
  }

  /** Packs and removes full files, beside everything else. */
  #tidy(): void {
    const { path, compress, log } = this.#options
    this.#chores = this.#chores
      .then(async () => {
        if (compress) for (const file of rotatedFiles(path)) if (extname(file.path) !== '.gz') await pack(file.path)
        await this.#prune()
      })
      .catch((error: unknown) => log.error('full audit logs could not be looked after', { error: String(error) }))
  }

  /** Removes what is too old or too much, after saying so under a signature: it is not missing, it was not to be kept. */
  async #prune(): Promise<void> {
    const { path, backups, age, clock } = this.#options
    const files = rotatedFiles(path)
    const many = backups === 0 ? 0 : Math.max(0, files.length - backups)
    const doomed = files.filter((file, at) => at < many || (age > 0 && file.time < clock.now() - age))
    const last = doomed.at(-1)
    if (last === undefined) return
    const until = await lastLinkIn(last.path)
    const forgotten = this.#removed
    if (until !== undefined)
      await this.#inLine(async () => {
        await this.#signer.sign(until, 'removal', clock.now())
        // Those of the removal before this one have done their work.
        this.#signer.forget(forgotten)
        this.#removed = until.sequence
      })
    for (const file of doomed) rmSync(file.path, { force: true })
  }

  async close(): Promise<void> {
    await this.#chores
    await this.sign('shutdown').catch(() => undefined)
    closeSync(this.#file)
    this.#signer.close()
  }
}
