import assert from 'node:assert/strict'
import { test } from 'node:test'
import { between, podBetween, sampleOf } from './sample.ts'

const time = (second: number): string => new Date(1_700_000_000_000 + second * 1000).toISOString()
const part = (second: number, cpu: unknown, memory: unknown = 2048) => ({
  cpu: { time: time(second), usageCoreNanoSeconds: cpu },
  memory: { time: time(second), workingSetBytes: memory },
})
const pod = (second: number, uid: string, containers: Readonly<Record<string, unknown>>) => ({
  podRef: { namespace: 'a', name: 'b', uid },
  containers: Object.entries(containers).map(([name, cpu]) => ({ name, ...part(second, cpu) })),
})
const sample = (second: number, containers: Readonly<Record<string, unknown>>, uid = '1') =>
  sampleOf({ node: part(second, second * 5e8), pods: [pod(second, uid, containers)] })

test('what was used is told in each second', () => {
  const [before, after] = [sample(0, { x: 1e9 }), sample(10, { x: 3e9 })]
  const node = between(before.node, after.node)
  assert.deepEqual(node, { cpu: 5e8, memory: 2048, at: Date.parse(time(10)), window: 10_000 })
  const used = podBetween(before.pods.get('a/b'), after.pods.get('a/b'))
  assert.equal(used?.get('x')?.cpu, 2e8)
})

test('a pod is told of whole or not at all', () => {
  const of = (before: ReturnType<typeof sample>, after: ReturnType<typeof sample>) =>
    podBetween(before.pods.get('a/b'), after.pods.get('a/b'))
  assert.equal(of(sample(0, { x: 1 }), sample(10, { x: 2, y: 1 })), undefined)
  assert.equal(of(sample(0, { x: 5 }), sample(10, { x: 1 })), undefined)
  assert.equal(of(sample(10, { x: 1 }), sample(10, { x: 2 })), undefined)
  assert.equal(of(sample(0, { x: 1 }, '1'), sample(10, { x: 2 }, '2')), undefined)
  assert.equal(of(sample(0, {}), sample(10, {})), undefined)
  assert.equal(podBetween(undefined, sample(1, { x: 1 }).pods.get('a/b')), undefined)
})

test('what cannot be is passed over', () => {
  for (const bad of [
    undefined,
    null,
    5,
    'x',
    [],
    {},
    { node: [], pods: {} },
    { pods: [null, 7, { podRef: 1, containers: 'x' }] },
  ]) {
    const { node, pods } = sampleOf(bad)
    assert.equal(node, undefined)
    for (const one of pods.values()) assert.equal(one.containers.size, 0)
  }
  for (const cpu of [-1, Infinity, Number.NaN, '5', 1e30])
    assert.equal(sampleOf({ pods: [pod(1, '1', { x: cpu })] }).pods.get('a/b')?.containers.size, 0)
  const odd = sampleOf({ pods: [pod(1, '1', { ['__proto__']: 1, constructor: 2 })] }).pods.get('a/b')
  assert.ok(odd?.containers.has('constructor'))
})
