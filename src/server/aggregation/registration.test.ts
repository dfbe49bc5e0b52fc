import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { APIService } from '#kinds/facts/generated/types/apiregistration_v1.ts'
import { steps } from './registration.ts'

const label = 'kube-aggregator.kubernetes.io/automanaged'
const service = { namespace: 'a', name: 'b' }

function one(managed: string | undefined, spec: Partial<APIService['spec']> = {}): APIService {
  return {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name: 'v1.x', uid: 'u', ...(managed === undefined ? {} : { labels: { [label]: managed } }) },
    spec: { group: 'x', version: 'v1', groupPriorityMinimum: 1000, versionPriority: 100, ...spec },
  }
}
const done = (current: APIService | undefined, desired: APIService | undefined): string => {
  const map = (object: APIService | undefined) => new Map(object === undefined ? [] : [['v1.x', object]])
  const [step] = steps(map(current), map(desired))
  return step?.do ?? 'nothing'
}

test('what is there and what should be decide', () => {
  const ours = one('true')
  for (const [current, desired, step] of [
    [undefined, undefined, 'nothing'],
    [undefined, ours, 'create'],
    [ours, ours, 'nothing'],
    [one('true', { versionPriority: 1 }), ours, 'update'],
    [one('true', { service }), ours, 'update'],
    [ours, undefined, 'delete'],
    [one(undefined), ours, 'nothing'],
    [one(undefined, { service }), ours, 'nothing'],
    [one(undefined), undefined, 'nothing'],
    [one('onstart', { service }), ours, 'nothing'],
    [one('onstart'), undefined, 'nothing'],
  ] as const)
    assert.equal(done(current, desired), step, JSON.stringify([current, desired]))
})
