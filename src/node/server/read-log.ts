/** Reads a container's log as `kubectl logs` asks for it. */
import { watch } from 'node:fs'
import { type FileHandle, open, stat } from 'node:fs/promises'

export interface LogOptions {
  readonly follow?: boolean
  readonly tailLines?: number
  /** Milliseconds since the epoch. */
  readonly since?: number
  readonly timestamps?: boolean
  readonly limitBytes?: number
  readonly signal?: AbortSignal
  /** Whether the container may still write. */
  readonly alive?: () => boolean
}

const chunkSize = 64 << 10
/** A writer that never ends its line is cut there. */
const longestLine = 1 << 20
const pollMs = 250

/** Where the last `lines` lines begin. A line end at the very end of the file ends the last line. */
export async function tailOffset(file: FileHandle, lines: number): Promise<number> {
  const { size } = await file.stat()
  if (lines <= 0) return size
  const chunk = Buffer.alloc(chunkSize)
  let [end, ends] = [size - 1, 0]
  while (end > 0) {
    const start = Math.max(0, end - chunkSize)
    const { bytesRead } = await file.read(chunk, 0, end - start, start)
    for (let at = bytesRead - 1; at >= 0; at--) if (chunk[at] === 0x0a && ++ends === lines) return start + at + 1
    end = start
  }
  return 0
}

/** `TIME STREAM P|F… TEXT`: the text with its line end, or undefined where the line is older than `since`. */
export function shown(line: string, { since, timestamps }: LogOptions): string | undefined {
  const first = line.indexOf(' ')
  const second = line.indexOf(' ', first + 1)
  const third = line.indexOf(' ', second + 1)
  if (first < 0 || second < 0) return `${line}\n`
  const time = line.slice(0, first)
  if (since !== undefined && Date.parse(time) < since) return undefined
  const tag = third < 0 ? line.slice(second + 1) : line.slice(second + 1, third)
  const text = third < 0 ? '' : line.slice(third + 1)
  const end = tag.split(':')[0] === 'P' ? '' : '\n'
  return `${timestamps === true ? `${time} ` : ''}${text}${end}`
}

/** Resolves when the file may have grown. */
function grown(path: string, signal: AbortSignal | undefined): Promise<void> {
  return new Promise(resolve => {
    const done = (): void => {
      clearTimeout(timer)
      watcher?.close()
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, pollMs)
    const watcher = tryWatch(path, done)
    signal?.addEventListener('abort', done, { once: true })
  })
}

function tryWatch(path: string, call: () => void): ReturnType<typeof watch> | undefined {
  try {
    const watcher = watch(path, { persistent: false }, call)
    watcher.on('error', () => undefined)
    return watcher
  } catch {
    return undefined
  }
}

const replaced = async (file: FileHandle, path: string): Promise<boolean> => {
  const [ours, there] = await Promise.all([file.stat(), stat(path).catch(() => undefined)])
  return there !== undefined && there.ino !== ours.ino
}

/** Whole lines as they are written, from `offset` on; goes on with a new file after a rotation. */
async function* lines(path: string, options: LogOptions): AsyncGenerator<string> {
  let file = await open(path)
  try {
    let at = options.tailLines === undefined ? 0 : await tailOffset(file, options.tailLines)
    let rest = Buffer.alloc(0)
    for (;;) {
      // Asked before reading: what was written until the end is then still read.
      const alive = options.alive?.() ?? false
      const { buffer, bytesRead } = await file.read(Buffer.alloc(chunkSize), 0, chunkSize, at)
      at += bytesRead
      rest = Buffer.concat([rest, buffer.subarray(0, bytesRead)])
      let start = 0
      for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a, start)) {
        yield rest.toString('utf8', start, end)
        start = end + 1
      }
      rest = rest.length - start > longestLine ? Buffer.alloc(0) : rest.subarray(start)
      if (options.signal?.aborted === true) return
      if (bytesRead > 0) continue
      if (await replaced(file, path)) {
        await file.close()
        file = await open(path)
        at = 0
      } else if (options.follow !== true || !alive) return
      else await grown(path, options.signal)
    }
  } finally {
    await file.close()
  }
}

/** @throws Error when there is no such file */
export async function* readLog(path: string, options: LogOptions): AsyncGenerator<Buffer> {
  let left = options.limitBytes ?? Infinity
  for await (const line of lines(path, options)) {
    const text = shown(line, options)
    if (text === undefined) continue
    const bytes = Buffer.from(text)
    if (bytes.length >= left) {
      yield bytes.subarray(0, left)
      return
    }
    left -= bytes.length
    yield bytes
  }
}
