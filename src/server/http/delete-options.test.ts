import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatusError } from '#api/status.ts'
import { deleteOptions } from './delete-options.ts'

const read = (body: unknown, query = '') => deleteOptions(new URLSearchParams(query), body)
const refused = (body: unknown, query = ''): number => {
  try {
    read(body, query)
  } catch (error) {
    if (error instanceof StatusError) return error.code
    throw error
  }
  return 200
}

test('what a body says', () => {
  assert.deepEqual(read(undefined), { dryRun: false, preconditions: {} })
  const body = {
    kind: 'DeleteOptions',
    apiVersion: 'v1',
    gracePeriodSeconds: 0,
    propagationPolicy: 'Foreground',
    orphanDependents: null,
    dryRun: ['All'],
    preconditions: { uid: 'u', resourceVersion: '7' },
  }
  assert.deepEqual(read(body), {
    dryRun: true,
    gracePeriodSeconds: 0,
    propagationPolicy: 'Foreground',
    preconditions: { uid: 'u', resourceVersion: '7' },
  })
  assert.equal(read({ orphanDependents: true }).propagationPolicy, 'Orphan')
  assert.equal(read({ orphanDependents: false }).propagationPolicy, 'Background')
})

test('what the query says where the body is silent', () => {
  const query = 'gracePeriodSeconds=5&propagationPolicy=Orphan&dryRun=All'
  assert.deepEqual(read({}, query), {
    dryRun: true,
    gracePeriodSeconds: 5,
    propagationPolicy: 'Orphan',
    preconditions: {},
  })
  assert.equal(read({ gracePeriodSeconds: 1 }, query).gracePeriodSeconds, 1)
  assert.equal(read(undefined, 'orphanDependents=true').propagationPolicy, 'Orphan')
  assert.equal(read(undefined, 'orphanDependents=false').propagationPolicy, 'Background')
})

test('a wish that cannot be read deletes nothing', () => {
  const bad = [
    'text',
    ['All'],
    { dryRun: 'All' },
    { dryRun: [1] },
    { preconditions: { uid: 5 } },
    { preconditions: 'u' },
    { preconditions: [] },
    { gracePeriodSeconds: '0' },
    { gracePeriodSeconds: 1.5 },
    { orphanDependents: 'true' },
    { propagationPolicy: 1 },
    { kind: 'Pod', apiVersion: 'v1' },
  ]
  for (const body of bad) assert.equal(refused(body), 400, JSON.stringify(body))
  const invalid = [
    { dryRun: ['all'] },
    { propagationPolicy: 'orphan' },
    { propagationPolicy: 'Orphan', orphanDependents: true },
  ]
  for (const body of invalid) assert.equal(refused(body), 422, JSON.stringify(body))
  assert.equal(refused(undefined, 'dryRun='), 422)
  assert.equal(refused(undefined, 'gracePeriodSeconds=x'), 400)
})
