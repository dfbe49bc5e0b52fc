import assert from 'node:assert/strict'
import { test } from 'node:test'
import { same, sameStatus } from './equal.ts'

test('absent equals empty, quantities compare by value, everything else by itself', () => {
  const template = (cpu: string, extra: object = {}) => ({
    containers: [{ resources: { requests: { cpu } }, ...extra }],
  })
  assert.ok(same(template('100m'), template('0.1')))
  assert.ok(same(template('1', { env: [], x: {} }), template('1')))
  assert.ok(!same(template('1', { args: ['0.1'] }), template('1', { args: ['100m'] })))
  assert.ok(!same(template('1'), template('2')))
  assert.ok(!same({ a: [1, 2] }, { a: [2, 1] }))
  assert.ok(!same({ runAsNonRoot: false }, {}))
  assert.ok(sameStatus({ readyReplicas: 0 }, {}))
})
