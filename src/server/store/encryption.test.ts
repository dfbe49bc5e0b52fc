import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Keyring, SealBroken, loadOrCreateKey } from './encryption.ts'

const key = (fill: number): Buffer => Buffer.alloc(32, fill)
const path = { resource: 'secrets', key: 'a/b', version: 3 }

function withFolder(run: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'bulwark-key-'))
  try {
    run(folder)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

test('what is sealed opens at its place, under any key of the ring, and never looks the same twice', () => {
  const plain = Buffer.from('a secret that nobody reads')
  const sealed = new Keyring([key(1)]).seal(path, plain)
  assert.deepEqual(new Keyring([key(2), key(1)]).open(path, sealed), plain)
  assert.notDeepEqual(new Keyring([key(1)]).seal(path, plain), sealed)
  assert.ok(!sealed.includes('secret'))
  assert.deepEqual(new Keyring([key(1)]).open(path, new Keyring([key(1)]).seal(path, Buffer.alloc(0))), Buffer.alloc(0))
})

test('altered, moved, rolled back, cut or under another key, it does not open', () => {
  const ring = new Keyring([key(1)])
  const sealed = ring.seal(path, Buffer.from('value'))
  for (const other of [{ resource: 'configmaps' }, { key: 'a/c' }, { version: 2 }])
    assert.throws(() => ring.open({ ...path, ...other }, sealed), SealBroken)
  for (let i = 0; i < sealed.length; i++) {
    const flipped = Buffer.from(sealed)
    flipped.writeUInt8(flipped.readUInt8(i) ^ 1, i)
    assert.throws(() => ring.open(path, flipped), SealBroken)
    assert.throws(() => ring.open(path, sealed.subarray(0, i)), SealBroken)
  }
  assert.throws(() => new Keyring([key(2)]).open(path, sealed), SealBroken)
  assert.throws(() => new Keyring([]), RangeError)
  assert.throws(() => new Keyring([key(1).subarray(1)]), RangeError)
})

test('a key file is made once, private, and refused when others may read it or it is not a key', () =>
  withFolder(folder => {
    const file = join(folder, 'key')
    const made = loadOrCreateKey(file)
    assert.equal(made.length, 32)
    assert.equal(statSync(file).mode & 0o777, 0o600)
    assert.deepEqual(loadOrCreateKey(file), made)
    assert.notDeepEqual(loadOrCreateKey(join(folder, 'other')), made)
    chmodSync(file, 0o640)
    assert.throws(() => loadOrCreateKey(file), { name: 'StoreRefused', why: 'key' })
    const short = join(folder, 'short')
    writeFileSync(short, 'x', { mode: 0o600 })
    assert.throws(() => loadOrCreateKey(short), { name: 'StoreRefused', why: 'key' })
    symlinkSync(join(folder, 'other'), join(folder, 'link'))
    assert.throws(() => loadOrCreateKey(join(folder, 'link')))
    assert.throws(() => loadOrCreateKey(folder), { why: 'key' })
  }))
