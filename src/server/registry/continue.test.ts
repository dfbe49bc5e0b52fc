import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decodeContinue, encodeContinue } from './continue.ts'

test('a token says again what was put into it, whatever the key', () => {
  const revision = fc.oneof(fc.integer({ min: 1 }), fc.constant(-1))
  fc.assert(
    fc.property(revision, fc.string({ maxLength: 500 }), (at, after) => {
      assert.deepEqual(decodeContinue(encodeContinue({ revision: at, after })), { revision: at, after })
    }),
  )
})

test('anything else is a bad request, never another error', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.base64String(),
        fc.json().map(text => Buffer.from(text).toString('base64url')),
      ),
      token => {
        assert.throws(() => decodeContinue(token), { reason: 'BadRequest' })
      },
    ),
  )
})
