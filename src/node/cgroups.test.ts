import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cpuQuota, cpuShares, groupFiles, removeGroup } from './cgroups.ts'

test('shares and quota keep to the least and the greatest', () => {
  assert.deepEqual([0, 1, 100, 1_000, 1_000_000].map(cpuShares), [2, 2, 102, 1024, 262_144])
  assert.deepEqual([1, 10, 500].map(cpuQuota), [1_000, 1_000, 50_000])
})

test('only what is limited is written', () => {
  assert.deepEqual(groupFiles({ cpuRequest: 0 }), [['cpu', 'cpu.shares', '2']])
  assert.deepEqual(
    groupFiles({ cpuRequest: 250, cpuLimit: 500, memoryLimit: 1024, pids: 9 }).map(([, ...file]) => file.join('=')),
    [
      'cpu.shares=256',
      'cpu.cfs_period_us=100000',
      'cpu.cfs_quota_us=50000',
      'memory.limit_in_bytes=1024',
      'pids.max=9',
    ],
  )
})

test('the root group is never removed', async () => {
  for (const group of ['/', '', 'x', '//']) await assert.rejects(removeGroup(group), RangeError)
})
