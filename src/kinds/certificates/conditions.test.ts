/** Who may change what of a signing request's status. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WriteContext } from '#api/kind.ts'
import type { CertificateSigningRequest as Request } from '#kinds/facts/generated/types/certificates_v1.ts'
import { owned } from '../fill.ts'
import { CertificateSigningRequest } from './certificateSigningRequest.ts'
import { certificate } from './samples.ts'

type Status = NonNullable<Request['status']>

const request = (status: Status): Request => ({
  apiVersion: 'certificates.k8s.io/v1',
  kind: 'CertificateSigningRequest',
  metadata: { name: 'a' },
  spec: { request: '', signerName: 'example.com/a', usages: ['client auth'] },
  status,
})
const condition = (type: string, rest: object = {}) => ({ type, status: 'True', reason: 'r', ...rest })
const now = '2026-01-01T00:00:00Z'
const earlier = '2025-01-01T00:00:00Z'
const dated = { lastUpdateTime: earlier, lastTransitionTime: earlier }

/** What is wrong with a write of this subresource, and what would be kept. */
function written(subresource: string, before: Status, after: Status) {
  const old = request(before)
  const next = owned(request(after))
  const context: WriteContext<Request> = { now, user: { name: 'u', groups: [] }, subresource, version: 'v1', old }
  CertificateSigningRequest.prepare?.(next, context)
  const errors = (CertificateSigningRequest.validate?.(next, context) ?? []).map(
    ({ path, detail }) => `${path}: ${detail}`,
  )
  return { errors, status: next.status }
}

const twice = Buffer.concat([Buffer.from(certificate, 'base64'), Buffer.from(certificate, 'base64')]).toString('base64')
const approved: Status = { conditions: [condition('Approved', dated)] }

test('an approval sets conditions, and no certificate', () => {
  const { errors, status } = written('approval', {}, { conditions: [condition('Own'), condition('Approved')] })
  assert.deepEqual(errors, [])
  assert.deepEqual(
    status?.conditions?.map(one => [one.type, one.lastUpdateTime, one.lastTransitionTime]),
    [
      ['Own', now, now],
      ['Approved', now, now],
    ],
  )
  assert.deepEqual(written('approval', {}, { certificate }).errors, [
    'status.certificate: updates may not set certificate content',
  ])
  assert.deepEqual(written('approval', approved, {}).errors, [
    'status.conditions: updates may not remove a condition of type "Approved"',
  ])
})

test('who signs neither adds nor changes a judgement, and signs once', () => {
  assert.deepEqual(written('status', {}, approved).errors, [
    'status.conditions: updates may not add a condition of type "Approved"',
  ])
  const reworded = written('status', approved, { conditions: [condition('Approved', { reason: 'mine' })] })
  assert.deepEqual(reworded, { errors: [], status: approved })
  assert.deepEqual(written('status', approved, { ...approved, certificate }).errors, [])
  assert.deepEqual(written('status', { certificate }, { certificate: twice }).errors, [
    'status.certificate: updates may not modify existing certificate content',
  ])
})

test('a condition that stays keeps the time of its transition', () => {
  const { status } = written('approval', approved, { conditions: [condition('Approved')] })
  assert.equal(status?.conditions?.[0]?.lastUpdateTime, now)
  assert.equal(status?.conditions?.[0]?.lastTransitionTime, earlier)
})
