/** Whatever comes from outside is taken or refused, and nothing else happens. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HookError } from '#server/outbound/hooks.ts'
import { commonNamesOf, organizationsOf } from '#codec/csr.ts'
import { CsrError } from '#codec/der.ts'
import { verified } from './review.ts'

const call = { uid: 'u', version: 'v1' } as const
const head = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' }

function taken(answer: unknown, mutating: boolean): boolean {
  try {
    const verdict = verified(answer, call, mutating)
    assert.equal(typeof verdict.allowed, 'boolean')
    assert.ok(verdict.warnings.every(text => typeof text === 'string'))
    assert.ok([...verdict.annotations].every(([key, value]) => typeof key === 'string' && typeof value === 'string'))
    return verdict.allowed
  } catch (error) {
    assert.ok(error instanceof HookError)
    return false
  }
}

test('answers of any shape are taken or refused; only true allows', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.boolean(), (answer, mutating) => {
      assert.equal(taken(answer, mutating), false)
    }),
  )
  const response = fc.record(
    {
      uid: fc.oneof(fc.constant('u'), fc.jsonValue()),
      allowed: fc.oneof(fc.boolean(), fc.jsonValue()),
      patch: fc.jsonValue(),
      patchType: fc.jsonValue(),
      status: fc.jsonValue(),
      warnings: fc.jsonValue(),
      auditAnnotations: fc.jsonValue(),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(response, fc.boolean(), (given, mutating) => {
      if (taken({ ...head, response: given }, mutating)) assert.equal(given.allowed, true)
    }),
  )
})

test('certificate requests of any bytes are read or refused', () => {
  const wrap = (body: string): string =>
    Buffer.from(`-----BEGIN CERTIFICATE REQUEST-----\n${body}\n-----END CERTIFICATE REQUEST-----`).toString('base64')
  const read = (base64: string): void => {
    for (const values of [organizationsOf, commonNamesOf])
      try {
        assert.ok(values(base64).every(value => typeof value === 'string'))
      } catch (error) {
        assert.ok(error instanceof CsrError)
      }
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), bytes => read(wrap(Buffer.from(bytes).toString('base64')))))
  const der = fc.array(fc.constantFrom(0x30, 0x31, 0x06, 0x0c, 0x02, 0x00, 0x02, 0x04, 0x08, 0x81, 0x84, 0xff), {
    maxLength: 60,
  })
  fc.assert(fc.property(der, bytes => read(wrap(Buffer.from(bytes).toString('base64')))))
  fc.assert(fc.property(fc.string(), read))
})
