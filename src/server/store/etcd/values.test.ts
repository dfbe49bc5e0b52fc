import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Vault } from '../vault.ts'
import { Keyring, SealBroken } from '../encryption.ts'
import { ValueBroken, ValueForeign, fromValue as open, toValue as close } from './values.ts'

const aad = Buffer.from('/registry/secrets/a/x')
const toValue = (at: typeof path, what: typeof content, vault: Vault): Buffer => close(at, what, { vault, aad })
const fromValue = (at: typeof path, value: Uint8Array, vault: Vault) => open(at, value, { vault, aad })
const ring = new Keyring([Buffer.alloc(32, 1)])
const plain = { ring: undefined, sealed: [] }
const sealed = { ring, sealed: ['secrets'] }
const path = { resource: 'secrets', key: 'a/x', version: 3 }
const content = {
  mark: 'abc.1',
  expires: 1_700_000_000_000,
  text: Buffer.from('[]\n{"kind":"Secret","data":"confidential"}'),
}

test('a value comes back as it was, plain or sealed', () => {
  for (const vault of [plain, sealed]) {
    const value = toValue(path, content, vault)
    const { mark, expires, text } = fromValue(path, value, vault)
    assert.deepEqual(
      [mark, expires, Buffer.from(text).toString()],
      [content.mark, content.expires, content.text.toString()],
    )
    assert.equal(value.includes('confidential'), vault === plain)
  }
})

test('a value elsewhere, of another write, altered or plain where it should be sealed does not open', () => {
  for (const vault of [plain, sealed]) {
    const value = toValue(path, content, vault)
    const broken = (at: typeof path, bytes: Uint8Array): void =>
      assert.throws(
        () => fromValue(at, bytes, vault),
        error => error instanceof ValueBroken || error instanceof SealBroken || error instanceof ValueForeign,
      )
    broken({ ...path, key: 'a/y' }, value)
    broken({ ...path, resource: 'configmaps' }, value)
    broken({ ...path, version: 4 }, value)
    broken(path, value.subarray(0, -1))
    for (let at = 0; at < value.length; at += 7) {
      const altered = Buffer.from(value)
      altered[at] = (altered[at] ?? 0) ^ 1
      broken(path, altered)
    }
  }
  assert.throws(() => fromValue(path, toValue(path, content, plain), sealed), /should be sealed/)
  assert.throws(() => fromValue(path, toValue(path, content, sealed), plain), /there is no key/)
})

test("other programs' values are told apart, whatever they are", () => {
  assert.throws(() => fromValue(path, Buffer.from('k8s\0\n\x0c'), plain), ValueForeign)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
      for (const value of [bytes, Buffer.concat([Buffer.from('bulwark1 '), bytes])]) {
        assert.throws(
          () => fromValue(path, value, sealed),
          error => error instanceof ValueForeign || error instanceof ValueBroken || error instanceof SealBroken,
        )
      }
    }),
  )
})
