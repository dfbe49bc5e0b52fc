/** Inputs: `[name, config, files]`; what is written is read again by a reader of our own. Nobody else's archives are read in our process. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { imageArchive } from '#images/archive.ts'
import type { TarEntry } from '#images/tar.ts'
import { isRecord, refusable, same, type Target } from '../target.ts'

const block = 512
interface Read {
  readonly flag: string
  readonly mode: number
  readonly target: string
  readonly data: Buffer
}

function untar(bytes: Buffer): ReadonlyMap<string, Read> {
  assert.equal(bytes.length % block, 0)
  assert.ok(bytes.subarray(-2 * block).every(byte => byte === 0))
  const found = new Map<string, Read>()
  for (let at = 0; at < bytes.length - 2 * block;) {
    const text = (start: number, length: number): string =>
      bytes.toString('utf8', at + start, at + start + length).replace(/\0[^]*$/, '')
    const head = bytes.subarray(at, at + block)
    const sum = head.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 0x20 : byte), 0)
    assert.equal(Number.parseInt(text(148, 8), 8), sum, 'checksum')
    const [name, prefix, size] = [text(0, 100), text(345, 155), Number.parseInt(text(124, 12), 8)]
    const data = bytes.subarray(at + block, at + block + size)
    const path = prefix === '' ? name : `${prefix}/${name}`
    found.set(path, { flag: text(156, 1), mode: Number.parseInt(text(100, 8), 8), target: text(157, 100), data })
    at += block + Math.ceil(size / block) * block
  }
  return found
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

function entryOf(value: unknown): TarEntry | undefined {
  if (!isRecord(value)) return undefined
  const path = text(value['path'])
  if (path === undefined) return undefined
  const target = text(value['target'])
  if (target !== undefined) return { type: 'link', path, target }
  // Archives know no negative zero.
  const mode = Number.isSafeInteger(value['mode']) ? { mode: Number(value['mode']) + 0 } : {}
  const data = text(value['data'])
  return data === undefined
    ? { type: 'folder', path, ...mode }
    : { type: 'file', path, data: Buffer.from(data), ...mode }
}

/** As it comes back: text that is no UTF-8 text cannot. */
const shown = (name: string): string => Buffer.from(name).toString()

function check(entries: readonly TarEntry[], layer: ReadonlyMap<string, Read>): void {
  const last = new Map(entries.map(entry => [shown(entry.type === 'folder' ? `${entry.path}/` : entry.path), entry]))
  assert.equal(layer.size, last.size, 'as many paths')
  for (const [path, entry] of last) {
    const read = layer.get(path)
    assert.ok(read !== undefined, `${JSON.stringify(path)} is gone`)
    if (entry.type === 'link') assert.equal(read.target, shown(entry.target))
    if (entry.type === 'file') same(read.data, Buffer.from(entry.data), 'data')
    if (entry.type !== 'link' && entry.mode !== undefined) assert.equal(read.mode, entry.mode)
  }
}

function run(input: Buffer): void {
  const value = refusable((): unknown => JSON.parse(input.toString()), SyntaxError)
  if (!Array.isArray(value) || !Array.isArray(value[2])) return
  const [name, config, files] = value as [unknown, unknown, unknown[]]
  if (typeof name !== 'string' || !isRecord(config)) return
  const entries = files.map(entryOf).filter(entry => entry !== undefined)
  const image = { name, architecture: 'amd64', config, files: entries } as const
  const archive = refusable(() => imageArchive(image), RangeError)
  if (archive === undefined) return
  const outer = untar(archive)
  const blob = (digest: string): Buffer => {
    const found = outer.get(`blobs/sha256/${digest.slice(7)}`)?.data
    assert.ok(found !== undefined && `sha256:${createHash('sha256').update(found).digest('hex')}` === digest)
    return found
  }
  const index = JSON.parse(outer.get('index.json')?.data.toString() ?? '')
  const manifest = JSON.parse(blob(index.manifests[0].digest).toString())
  const layer = gunzipSync(blob(manifest.layers[0].digest))
  const settings = JSON.parse(blob(manifest.config.digest).toString())
  assert.equal(settings.rootfs.diff_ids[0], `sha256:${createHash('sha256').update(layer).digest('hex')}`)
  check(entries, untar(layer))
}

export const archive: Target = {
  name: 'image-archive',
  json: true,
  words: [
    'path',
    'data',
    'target',
    'mode',
    '../',
    '/',
    '\0',
    'x'.repeat(101),
    `${'d'.repeat(60)}/${'e'.repeat(60)}`,
    'é'.repeat(60),
  ],
  rounds: 500,
  run,
}
