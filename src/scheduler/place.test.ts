/** Placement as values: a pod and a cluster in, a node or the reasons out. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod, PodSpec } from '#kinds/facts/generated/types/core_v1.ts'
import { requestsOf, scoredRequestsOf } from './amounts.ts'
import { asking, cluster, node, pod } from './fixture.ts'
import { place } from './place.ts'
import { plugins } from './plugins/index.ts'
import { preempt } from './preempt.ts'
import { type Cluster, podInfo } from './snapshot.ts'

const where = (what: Pod, all: Cluster): string => {
  const decision = place(podInfo(what), all, { plugins, random: () => 0 })
  return decision.placed ? decision.node : decision.message
}

test('reasons are counted by node and sorted', () => {
  const all = cluster(
    [
      node('a', { spec: { unschedulable: true } }),
      node('b', { spec: { taints: [{ key: 'x', effect: 'NoSchedule' }] } }),
      node('c', { allocatable: { cpu: '1', pods: '1' } }),
    ],
    [[pod('p'), 'c']],
  )
  assert.equal(
    where(pod('web', asking('1500m')), all),
    '0/3 nodes are available: 1 Insufficient cpu, 1 Too many pods, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable.',
  )
  assert.equal(
    where(pod('web', { nodeSelector: { disk: 'ssd' } }), cluster([node('a')])),
    "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.",
  )
  assert.equal(where(pod('web'), cluster([])), 'no nodes available to schedule pods')
})

test('what a pod asks for: sidecars run along, init containers one after the other, overhead on top', () => {
  const ask = (cpu: string, restartPolicy?: 'Always') => ({
    name: cpu,
    resources: { requests: { cpu } },
    ...(restartPolicy === undefined ? {} : { restartPolicy }),
  })
  const spec = {
    containers: [ask('100m'), ask('200m')],
    initContainers: [ask('50m', 'Always'), ask('400m'), ask('30m', 'Always')],
    overhead: { cpu: '7m' },
  }
  // Running: 300 + 80; starting: 50 + 400 at the worst.
  assert.equal(requestsOf(pod('p', spec)).cpu, 450 + 7)
  assert.equal(requestsOf(pod('p', { ...spec, resources: { requests: { cpu: '1' } } })).cpu, 1007)
  assert.deepEqual(scoredRequestsOf(pod('p')), { cpu: 100, memory: 200 * 1024 * 1024, storage: 0, others: undefined })
})

test('the emptier node wins; preferences weigh more', () => {
  const nodes = [node('a'), node('b', { labels: { disk: 'ssd' } })]
  assert.equal(where(pod('web', asking('100m')), cluster(nodes, [[pod('x', asking('1')), 'b']])), 'a')
  const preferred = [
    { weight: 100, preference: { matchExpressions: [{ key: 'disk', operator: 'In' as const, values: ['ssd'] }] } },
  ]
  const affine = {
    ...asking('100m'),
    affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: preferred } },
  }
  assert.equal(where(pod('web', affine), cluster(nodes, [[pod('x', asking('1')), 'b']])), 'b')
  const tainted = [node('a', { spec: { taints: [{ key: 'old', effect: 'PreferNoSchedule' }] } }), node('b')]
  assert.equal(where(pod('web', asking('100m')), cluster(tainted, [[pod('x', asking('500m')), 'b']])), 'b')
})

test('host ports of one address collide, of different ones do not', () => {
  const port = (hostIP?: string): Partial<PodSpec> => ({
    containers: [
      { name: 'c', ports: [{ containerPort: 1, hostPort: 80, ...(hostIP === undefined ? {} : { hostIP }) }] },
    ],
  })
  const all = cluster([node('a')], [[pod('x', port('10.0.0.1')), 'a']])
  assert.equal(where(pod('web', port('10.0.0.2')), all), 'a')
  assert.equal(
    where(pod('web', port()), all),
    "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
  )
})

const near = (app: string, key: string) => [{ labelSelector: { matchLabels: { app } }, topologyKey: key }]

test('pods that want to be together or apart', () => {
  const zone = (name: string) => ({ labels: { zone: name } })
  const nodes = [node('a', zone('1')), node('b', zone('2'))]
  const together = { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: near('db', 'zone') } } }
  const apart = {
    affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: near('db', 'zone') } },
  }
  const db = pod('db', {}, { app: 'db' })
  assert.equal(where(pod('web', together), cluster(nodes, [[db, 'b']])), 'b')
  assert.equal(where(pod('web', apart), cluster(nodes, [[db, 'b']])), 'a')
  assert.match(where(pod('web', together), cluster(nodes)), /2 node\(s\) didn't match pod affinity rules/)
  assert.equal(
    where(pod('db-0', together, { app: 'db' }), cluster([nodes[0] ?? node('a')])),
    'a',
    'the first of its group',
  )
  const lonely = pod('db-0', apart, { app: 'db' })
  assert.match(
    where(
      pod('db-1', {}, { app: 'db' }),
      cluster(nodes, [
        [lonely, 'a'],
        [lonely, 'a'],
      ]),
    ),
    /^b$/,
  )
  assert.match(
    where(pod('x', {}, { app: 'db' }), cluster([node('a', zone('1'))], [[lonely, 'a']])),
    /didn't satisfy existing pods anti-affinity rules/,
  )
})

test('spread keeps to the allowed skew and says where a label lacks', () => {
  const spread = {
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'zone',
        whenUnsatisfiable: 'DoNotSchedule' as const,
        labelSelector: { matchLabels: { app: 'web' } },
      },
    ],
  }
  const nodes = [node('a', { labels: { zone: '1' } }), node('b', { labels: { zone: '2' } })]
  const web = (name: string) => pod(name, {}, { app: 'web' })
  assert.equal(where(pod('w', spread, { app: 'web' }), cluster(nodes, [[web('1'), 'a']])), 'b')
  const full = cluster(
    [nodes[0] ?? node('a'), node('c'), node('b', { labels: { zone: '2' }, spec: { unschedulable: true } })],
    [[web('1'), 'a']],
  )
  assert.equal(
    where(pod('w', spread, { app: 'web' }), full),
    "0/3 nodes are available: 1 node(s) didn't match pod topology spread constraints, 1 node(s) didn't match pod topology spread constraints (missing required label), 1 node(s) were unschedulable.",
  )
})

test('preemption ends as little as possible, and nothing where it would not help', () => {
  const small = (name: string, priority: number) => pod(name, { ...asking('1'), priority })
  const all = cluster(
    [node('a'), node('b')],
    [
      [small('low', 1), 'a'],
      [small('mid', 5), 'a'],
      [small('mid2', 5), 'b'],
      [small('mid3', 5), 'b'],
    ],
  )
  const high = podInfo(pod('high', { ...asking('1'), priority: 10 }))
  const refused = place(high, all, { plugins, random: () => 0 })
  assert.ok(!refused.placed)
  const { preemption } = preempt(high, refused, { cluster: all, plugins })
  assert.deepEqual([preemption?.node, preemption?.victims.map(one => one.key)], ['a', ['n/low']])
  assert.equal(all.node('a')?.pods.size, 2, 'the cluster is as before')
  const equal = podInfo(pod('equal', { ...asking('1'), priority: 1 }))
  assert.equal(
    preempt(equal, refused, { cluster: all, plugins }).message,
    ' preemption: 0/2 nodes are available: 2 No preemption victims found for incoming pod.',
  )
})

test('many terms say the same as few, about pods that are alike and others', () => {
  const term = (app: string) => ({ topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app } } })
  const nodes = ['a', 'b', 'c'].map(name => node(name, { labels: { 'kubernetes.io/hostname': name } }))
  const running = [
    [pod('one', {}, { app: 'x3' }), 'a'],
    [pod('two', {}, { app: 'x3' }), 'a'],
    [pod('three', {}, { app: 'x7' }), 'b'],
    [{ ...pod('four', {}, { app: 'x3' }), metadata: { name: 'four', namespace: 'other', labels: { app: 'x3' } } }, 'c'],
  ] as const
  const all = cluster(nodes, running)
  const terms = Array.from({ length: 20 }, (_, at) => term(`x${at}`))
  const apart = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } }
  // Of another namespace is another pod, however much they look alike.
  assert.equal(where(pod('apart', { affinity: apart }), all), 'c')
  const near = {
    podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: Array.from({ length: 20 }, () => term('x7')) },
  }
  assert.equal(where(pod('near', { affinity: near }), all), 'b')
  const weighed = terms.map((podAffinityTerm, at) => ({ weight: at === 7 ? 100 : 1, podAffinityTerm }))
  const wish = { podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: weighed } }
  assert.equal(where(pod('wish', { affinity: wish }), all), 'b')
})

test('5,000 pods on 500 nodes are placed quickly and evenly', () => {
  const all = cluster(
    Array.from({ length: 500 }, (_, i) => node(`n${i}`, { allocatable: { cpu: '16', memory: '64Gi', pods: '110' } })),
  )
  let start = 0
  for (let i = 0; i < 5000; i++) {
    const info = podInfo(pod(`p${i}`, asking('100m', '128Mi')))
    const decision = place(info, all, { plugins, random: () => 0.5, start })
    assert.ok(decision.placed)
    start = decision.next
    all.setPod(info, decision.node)
  }
  const counts = all.nodes.map(one => one.pods.size)
  assert.ok(Math.max(...counts) <= 14, `fullest node has ${Math.max(...counts)}`)
})
