import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Keyring, SealBroken } from './encryption.ts'

const key = (fill: number): Buffer => Buffer.alloc(32, fill)
const path = { resource: 'secrets', key: 'a/b', version: 3, id: 4096 }

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
  for (const other of [{ resource: 'configmaps' }, { key: 'a/c' }, { version: 2 }, { id: 4097 }])
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

/** Sealed by the first form, 'value' at secrets a/b, write 3, under a key of ones. */
const old = 'b38ce8fcf57637917e4ca93f20c6c6706853b6d94e1250386bc9ca3518c996dd8dc946d4f53c16a163'

test('a value of the first form is read where no row is named, and nowhere else', () => {
  const ring = new Keyring([key(2), key(1)])
  const { id: _, ...unbound } = path
  const sealed = Buffer.from(old, 'hex')
  assert.equal(ring.open(unbound, sealed).toString(), 'value')
  for (const other of [path, { ...unbound, version: 4 }, { ...unbound, key: 'a/c' }])
    assert.throws(() => ring.open(other, sealed), SealBroken)
  for (let i = 0; i < sealed.length; i++) {
    const flipped = Buffer.from(sealed)
    flipped.writeUInt8(flipped.readUInt8(i) ^ 1, i)
    assert.throws(() => ring.open(unbound, flipped), SealBroken)
  }
})

test('what one key of a ring signed is signed; anything else is not', () => {
  const signature = new Keyring([key(1)]).sign('head 7')
  assert.ok(new Keyring([key(2), key(1)]).signed('head 7', signature))
  assert.ok(!new Keyring([key(1)]).signed('head 8', signature))
  assert.ok(!new Keyring([key(2)]).signed('head 7', signature))
  assert.ok(!new Keyring([key(1)]).signed('head 7', signature.subarray(1)))
})
