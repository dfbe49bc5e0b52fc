/** Writes tar archives in memory: ustar, no times, root as owner, so that equal input gives equal bytes. */

export type TarEntry =
  | { readonly type: 'file'; readonly path: string; readonly data: Uint8Array; readonly mode?: number }
  | { readonly type: 'link'; readonly path: string; readonly target: string }
  | { readonly type: 'folder'; readonly path: string; readonly mode?: number }

const block = 512
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

const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`

function header(entry: TarEntry): Buffer {
  const head = Buffer.alloc(block)
  const { name, prefix } = split(entry.type === 'folder' ? `${entry.path}/` : entry.path)
  const size = entry.type === 'file' ? entry.data.length : 0
  head.write(name, 0)
  head.write(octal('mode' in entry && entry.mode !== undefined ? entry.mode : defaultMode[entry.type], 8), 100)
  head.write(octal(0, 8) + octal(0, 8) + octal(size, 12) + octal(0, 12), 108)
  head.write('        ', 148)
  head.write(flags[entry.type], 156)
  if (entry.type === 'link') head.write(entry.target, 157, 100)
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
