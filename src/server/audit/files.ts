/** The files of one log: the one that is written, and those that were full, oldest first. Names are as lumberjack makes them. */
import { type ReadStream, createReadStream, readdirSync } from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'

/** `audit.log` is `audit-2026-11-27T15-06-29.123.log` when it is full. */
export function rotatedName(path: string, now: number): string {
  const end = extname(path)
  const stamp = new Date(now).toISOString().slice(0, 23).replaceAll(':', '-')
  return join(dirname(path), `${basename(path, end)}-${stamp}${end}`)
}

const stampPattern = /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}$/

export interface Rotated {
  readonly path: string
  /** Milliseconds since the epoch. */
  readonly time: number
}

/** Oldest first. A file that is there packed and unpacked was not packed to the end: it counts once. */
export function rotatedFiles(path: string): readonly Rotated[] {
  const end = extname(path)
  const start = `${basename(path, end)}-`
  const all = namesIn(dirname(path))
  return all
    .filter(name => !name.endsWith('.gz') || !all.includes(name.slice(0, -3)))
    .flatMap(name => {
      const bare = name.endsWith('.gz') ? name.slice(0, -3) : name
      if (!bare.startsWith(start) || !bare.endsWith(end)) return []
      const stamp = bare.slice(start.length, bare.length - end.length)
      if (!stampPattern.test(stamp)) return []
      const time = Date.parse(`${stamp.slice(0, 10)}T${stamp.slice(11).replaceAll('-', ':')}Z`)
      return Number.isNaN(time) ? [] : [{ path: join(dirname(path), name), time }]
    })
    .sort((a, b) => a.time - b.time)
}

function namesIn(dir: string): readonly string[] {
  try {
    return readdirSync(dir)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

export interface Line {
  readonly text: string
  /** From 1. */
  readonly number: number
  /** No line break at its end: the last one of a file whose writer ended. */
  readonly torn: boolean
}

/** Bytes of a line that are read: more than one event can have. */
const longestLine = 64 * 1024 * 1024
const lineBreak = 0x0a

/** What makes a file unreadable, named by its path. */
export class FileError extends Error {}

/** In order, one at a time; a file is never in memory as a whole. A file that is not there has none. @throws FileError */
export async function* linesOf(path: string): AsyncGenerator<Line> {
  let kept: Buffer[] = []
  let size = 0
  let number = 0
  const take = (part: Buffer, torn: boolean): Line => {
    const text = Buffer.concat([...kept, part]).toString('utf8')
    kept = []
    size = 0
    return { text, number: ++number, torn }
  }
  for await (const chunk of chunksOf(path)) {
    let from = 0
    for (let at = chunk.indexOf(lineBreak); at >= 0; at = chunk.indexOf(lineBreak, from)) {
      yield take(chunk.subarray(from, at), false)
      from = at + 1
    }
    if (from < chunk.length) kept.push(chunk.subarray(from))
    size += chunk.length - from
    if (size > longestLine) throw new FileError(`${path}: line ${number + 1} is too long to be a record`)
  }
  if (kept.length > 0) yield take(Buffer.alloc(0), true)
}

async function* chunksOf(path: string): AsyncGenerator<Buffer> {
  const file = createReadStream(path, { highWaterMark: 256 * 1024 })
  try {
    for await (const chunk of path.endsWith('.gz') ? unpacked(file) : file) yield chunk as Buffer
  } catch (error) {
    const code: unknown = error instanceof Error && 'code' in error ? error.code : ''
    if (code === 'ENOENT') return
    throw new FileError(`${path}: ${error instanceof Error ? error.message : 'cannot be read'}`)
  } finally {
    file.destroy()
  }
}

function unpacked(file: ReadStream): Readable {
  const bytes = createGunzip()
  file.on('error', error => bytes.destroy(error))
  return file.pipe(bytes)
}
