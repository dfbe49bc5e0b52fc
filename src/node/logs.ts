/** Container logs on disk: rotation and last words. The format is CRI's: `TIME STREAM P|F TEXT`. */
import { createReadStream, createWriteStream } from 'node:fs'
import { open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'

export interface LogLimits {
  /** Bytes at which a file is rotated. */
  readonly size: number
  /** Files kept of a container, the one written to included. */
  readonly files: number
}

export const usualLimits: LogLimits = { size: 10 << 20, files: 5 }

const stampOf = (now: number): string =>
  new Date(now).toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')

/** Files rotated away from `path`, oldest first. */
export async function rotated(path: string): Promise<readonly string[]> {
  const names = await readdir(dirname(path)).catch(() => [])
  const prefix = `${basename(path)}.`
  return names
    .filter(name => name.startsWith(prefix) && !name.endsWith('.tmp'))
    .sort()
    .map(name => join(dirname(path), name))
}

async function compress(path: string): Promise<void> {
  await pipeline(createReadStream(path), createGzip(), createWriteStream(`${path}.gz.tmp`, { mode: 0o640 }))
  await rename(`${path}.gz.tmp`, `${path}.gz`)
  await rm(path)
}

/** Rotates the file when it has grown too large. @param reopen makes the runtime write to a new file */
export async function rotate(
  path: string,
  limits: LogLimits,
  around: { readonly now: number; readonly reopen: () => Promise<void> },
): Promise<boolean> {
  const size = await stat(path).then(
    found => found.size,
    () => 0,
  )
  if (size < limits.size) return false
  const old = await rotated(path)
  // The newest rotated file stays as it is, for readers that follow; the others are compressed.
  for (const file of old.slice(0, Math.max(0, old.length - limits.files + 2))) await rm(file, { force: true })
  for (const file of old.slice(Math.max(0, old.length - limits.files + 2)))
    if (!file.endsWith('.gz')) await compress(file)
  const moved = `${path}.${stampOf(around.now)}`
  await rename(path, moved)
  try {
    await around.reopen()
  } catch (error) {
    await rename(moved, path)
    throw error
  }
  return true
}

/** The last bytes of a file as text. */
export async function tailBytes(path: string, most: number): Promise<string> {
  const file = await open(path).catch(() => undefined)
  if (file === undefined) return ''
  try {
    const { size } = await file.stat()
    const start = Math.max(0, size - most)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(size, most)), 0, Math.min(size, most), start)
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await file.close()
  }
}

/** What the container last wrote, without the format's prefixes: at most 80 lines of 2048 bytes. */
export async function lastOutput(path: string): Promise<string> {
  const lines = (await tailBytes(path, 16_384)).split('\n').filter(line => line !== '')
  const texts = lines.map(line => /^\S+ \S+ ([PF])\S* (.*)$/s.exec(line)).filter(match => match !== null)
  return texts
    .slice(-80)
    .map(([, tag, text]) => (tag === 'P' ? text : `${text}\n`))
    .join('')
    .slice(-2048)
}
