import assert from 'node:assert/strict'
import { test } from 'node:test'
import { imageArchive } from './archive.ts'
import { tar } from './tar.ts'

const text = (bytes: Buffer, start: number, length: number): string =>
  bytes.toString('latin1', start, start + length).replace(/\0.*$/s, '')

test('a tar archive has one block of header, data padded to blocks, and two blocks of zeroes', () => {
  const bytes = tar([
    { type: 'file', path: 'a/b', data: Buffer.from('hello'), mode: 0o755 },
    { type: 'link', path: 'c', target: 'a/b' },
  ])
  assert.equal(bytes.length, 512 * 5)
  assert.equal(text(bytes, 0, 100), 'a/b')
  assert.equal(text(bytes, 100, 8), '0000755')
  assert.equal(text(bytes, 124, 12), '00000000005')
  assert.equal(text(bytes, 512, 5), 'hello')
  assert.equal(text(bytes, 1024 + 157, 100), 'a/b')
  assert.ok(bytes.subarray(-1024).every(byte => byte === 0))
})

test('a long path is split at a slash, one that cannot be is refused', () => {
  const long = `${'d'.repeat(90)}/${'f'.repeat(60)}`
  const bytes = tar([{ type: 'file', path: long, data: Buffer.alloc(0) }])
  assert.equal(text(bytes, 0, 100), 'f'.repeat(60))
  assert.equal(text(bytes, 345, 155), 'd'.repeat(90))
  assert.throws(() => tar([{ type: 'file', path: 'x'.repeat(101), data: Buffer.alloc(0) }]), RangeError)
})

test('what an archive cannot hold is refused, not cut off', () => {
  const data = Buffer.alloc(0)
  for (const entry of [
    { type: 'link', path: 'a', target: 'é'.repeat(51) },
    { type: 'file', path: 'a\0b', data },
    { type: 'file', path: 'a', data, mode: 2 ** 21 },
    { type: 'file', path: 'a', data, mode: -1 },
  ] as const)
    assert.throws(() => tar([entry]), RangeError, JSON.stringify(entry))
})

test('equal images have equal bytes and name themselves', () => {
  const image = { name: 'docker.io/library/a:1', architecture: 'amd64', config: { Cmd: ['/a'] }, files: [] } as const
  assert.deepEqual(imageArchive(image), imageArchive(image))
  assert.ok(imageArchive(image).includes('docker.io/library/a:1'))
})
