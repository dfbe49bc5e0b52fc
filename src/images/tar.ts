/** Writes tar archives in memory: ustar, no times, root as owner, so that equal input gives equal bytes. */

export type TarEntry =
  | { readonly type: 'file'; readonly path: string; readonly data: Uint8Array; readonly mode?: number }
  | { readonly type: 'link'; readonly path: string; readonly target: string }
  | { readonly type: 'folder'; readonly path: string; readonly mode?: number }

const block = 512
/** Bytes of a path. */
const longest = 256
const flags = { file: '0', link: '2', folder: '5' } as const

/** Splits a path into ustar's name (100 bytes) and prefix (155 bytes). @throws RangeError when it fits neither way. */
function split(path: string): { readonly name: string; readonly prefix: string } {
  if (Buffer.byteLength(path) <= 100) return { name: path, prefix: '' }
  for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)]
    if (Buffer.byteLength(name) <= 100 && Buffer.byteLength(prefix) <= 155) return { name, prefix }
  }
  throw new RangeError(`path too long for a tar archive: ${path}`)
}

/** @throws RangeError for what the field cannot hold */
function octal(value: number, width: number): string {
  const digits = value.toString(8)
  if (!Number.isInteger(value) || value < 0 || digits.length >= width)
    throw new RangeError(`${value} does not fit into a tar archive`)
  return `${digits.padStart(width - 1, '0')}\0`
}

/** @throws RangeError for a text that would be cut off */
function fits(text: string, length: number): string {
  if (Buffer.byteLength(text) > length || text.includes('\0'))
    throw new RangeError(`too long for a tar archive, or with a zero byte: ${JSON.stringify(text)}`)
  return text
}

function header(entry: TarEntry): Buffer {
  const head = Buffer.alloc(block)
  const { name, prefix } = split(fits(entry.type === 'folder' ? `${entry.path}/` : entry.path, longest))
  const size = entry.type === 'file' ? entry.data.length : 0
  head.write(name, 0)
  head.write(octal('mode' in entry && entry.mode !== undefined ? entry.mode : defaultMode[entry.type], 8), 100)
  head.write(octal(0, 8) + octal(0, 8) + octal(size, 12) + octal(0, 12), 108)
  head.write('        ', 148)
  head.write(flags[entry.type], 156)
  if (entry.type === 'link') head.write(fits(entry.target, 100), 157)
  head.write('ustar\u000000', 257)
  head.write(prefix, 345, 155)
  const sum = head.reduce((total, byte) => total + byte, 0)
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return head
}
const defaultMode = { file: 0o644, link: 0o777, folder: 0o755 } as const

export function tar(entries: readonly TarEntry[]): Buffer {
  const parts: Uint8Array[] = []
  for (const entry of entries) {
    parts.push(header(entry))
    if (entry.type !== 'file') continue
    parts.push(entry.data, Buffer.alloc((block - (entry.data.length % block)) % block))
  }
  return Buffer.concat([...parts, Buffer.alloc(2 * block)])
}
