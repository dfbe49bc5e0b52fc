/** What keeps a pod from nodes, as values; and that who explains refuses what who places refuses, at random. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Breaks } from '#base/breaks.ts'
import type { Obstacle, Placement } from '#kinds/facts/bulwark.ts'
import type { Node, Pod, PodAffinityTerm, PodSpec, Taint } from '#kinds/facts/generated/types/core_v1.ts'
import { asking, cluster, node, on, pod } from '../fixture.ts'
import { place } from '../place.ts'
import { plugins } from '../plugins/index.ts'
import { podInfo } from '../snapshot.ts'
import { explainPlacement } from './explain.ts'

const pause = (): Promise<void> => Promise.resolve()

const explain = (what: Pod, nodes: readonly Node[], pods: readonly Pod[] = []): Promise<Placement> =>
  explainPlacement(what, { nodes, pods, namespaces: [] }, { pause })

/** All that keeps it from one node. */
async function kept(what: Pod, one: Node, pods: readonly Pod[] = []): Promise<readonly Obstacle[]> {
  const { nodes } = await explain(what, [one], pods)
  return nodes.flatMap(found => found.obstacles)
}

const texts = (obstacles: readonly Obstacle[]): readonly (readonly string[])[] =>
  obstacles.map(({ by, line, fix }) => [by, line, fix])

test('what lacks: the field, what is left, and two ways out; a node that is too small however empty', async () => {
  const busy = on(pod('busy', asking('1800m')), 'worker')
  assert.deepEqual(texts(await kept(pod('web', asking('500m')), node('worker'), [busy])), [
    [
      'NodeResourcesFit',
      'spec.containers[0].resources.requests.cpu: 500m; node worker has 200m free of 2',
      'lower requests.cpu to 200m, or free 300m on worker',
    ],
  ])
  assert.deepEqual(texts(await kept(pod('web', asking('1', '8Gi')), node('worker'))), [
    [
      'NodeResourcesFit',
      'spec.containers[0].resources.requests.memory: 8Gi; node worker has 4Gi free of 4Gi',
      'lower requests.memory to 4Gi, or a node that has more than 4Gi',
    ],
  ])
  const gpus = { containers: [{ name: 'c', resources: { requests: { 'example.com/gpu': '2' } } }] }
  assert.deepEqual(texts(await kept(pod('web', gpus), node('worker'))), [
    [
      'NodeResourcesFit',
      'spec.containers[0].resources.requests[example.com/gpu]: 2; node worker has 0 free of 0',
      'a node that has any example.com/gpu',
    ],
  ])
  const full = node('worker', { allocatable: { pods: '1' } })
  const [first] = await kept(pod('web'), full, [on(pod('p'), 'worker')])
  assert.deepEqual([first?.reason, first?.line], ['Too many pods', 'status.allocatable.pods: 1; 1 are there'])
})

test('lowering a request to what is told makes it fit, and not a thousandth less', async () => {
  const busy = on(pod('busy', asking('1800m')), 'worker')
  assert.equal((await explain(pod('web', asking('200m')), [node('worker')], [busy])).fits, 'worker')
  assert.equal((await explain(pod('web', asking('201m')), [node('worker')], [busy])).fits, undefined)
})

test('taints, labels, cordons: whose line it is, and the command', async () => {
  const spec = {
    taints: [
      { key: 'team', value: 'a', effect: 'NoSchedule' as const },
      { key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' as const },
      { key: 'soft', effect: 'PreferNoSchedule' as const },
    ],
    unschedulable: true,
  }
  const found = await kept(pod('web', { nodeSelector: { disk: 'ssd' } }), node('w', { spec, labels: { disk: 'hdd' } }))
  assert.deepEqual(texts(found), [
    ['NodeUnschedulable', 'spec.unschedulable: true', 'kubectl uncordon w'],
    [
      'TaintToleration',
      'spec.taints[0]: team=a:NoSchedule',
      'tolerate it in spec.tolerations: {key: team, operator: Equal, value: a, effect: NoSchedule}; or kubectl taint node w team:NoSchedule-',
    ],
    [
      'TaintToleration',
      'spec.taints[1]: node.kubernetes.io/not-ready:NoExecute',
      'mend the node (its conditions say what ails it), or tolerate it in spec.tolerations: {key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute}',
    ],
    [
      'NodeAffinity',
      'spec.nodeSelector[disk]: ssd; node w has disk=hdd',
      'kubectl label node w disk=ssd --overwrite; or leave it out of spec.nodeSelector',
    ],
  ])
  assert.deepEqual(found[1]?.object, { kind: 'Node', name: 'w' })
  assert.equal(found[3]?.object, undefined, 'the line is the pod’s own')
})

test('of the terms of node affinity the one of which the least is missing', async () => {
  const wants = (key: string, operator: 'In' | 'Exists' | 'NotIn' | 'Gt', values: string[] = []) => ({
    key,
    operator,
    ...(values.length === 0 ? {} : { values }),
  })
  const nodeSelectorTerms = [
    { matchExpressions: [wants('a', 'In', ['1']), wants('b', 'Exists')] },
    { matchExpressions: [wants('zone', 'NotIn', ['z']), wants('kubernetes.io/hostname', 'Exists')] },
  ]
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } }
  assert.deepEqual(texts(await kept(pod('web', { affinity }), node('w', { labels: { zone: 'z' } }))), [
    [
      'NodeAffinity',
      'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[1].matchExpressions[0]: zone NotIn [z]; node w has zone=z',
      'kubectl label node w zone-; or leave the expression out',
    ],
  ])
})

const term = (app: string, topologyKey = 'zone'): PodAffinityTerm => ({
  labelSelector: { matchLabels: { app } },
  topologyKey,
})
const near = (...terms: PodAffinityTerm[]): Partial<PodSpec> => ({
  affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
})
const apart = (...terms: PodAffinityTerm[]): Partial<PodSpec> => ({
  affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } },
})

test('ports, other pods, spreading: the pod or the domain that is in the way', async () => {
  const port = { containers: [{ name: 'c', ports: [{ containerPort: 80, hostPort: 80 }] }] }
  const [taken] = await kept(pod('web', port), node('w'), [on(pod('other', port), 'w')])
  assert.deepEqual(
    [taken?.object, taken?.fix],
    [{ kind: 'Pod', namespace: 'n', name: 'other' }, 'take another hostPort, or end pod n/other, which has it'],
  )
  const zoned = node('w', { labels: { zone: 'z' } })
  const [missed] = await kept(pod('web', near(term('db'))), zoned)
  assert.match(missed?.line ?? '', /podAffinity\S+\[0\]; no pod that it selects runs where zone=z/)
  const [alone] = await kept(pod('web', apart(term('x'), term('db'))), zoned, [on(pod('db', {}, { app: 'db' }), 'w')])
  assert.deepEqual(alone?.object, { kind: 'Pod', namespace: 'n', name: 'db' })
  assert.match(alone?.line ?? '', /podAntiAffinity\S+\[1\]; n\/db runs where zone=z/)
  const [unwanted] = await kept(pod('web', {}, { app: 'web' }), zoned, [on(pod('shy', apart(term('web'))), 'w')])
  assert.match(unwanted?.fix ?? '', /end pod n\/shy/)
  const spread: Partial<PodSpec> = {
    topologySpreadConstraints: [
      {
        maxSkew: 1,
        topologyKey: 'zone',
        whenUnsatisfiable: 'DoNotSchedule',
        labelSelector: { matchLabels: { app: 'w' } },
      },
    ],
  }
  const cordoned = node('v', { labels: { zone: 'y' }, spec: { unschedulable: true } })
  const { nodes, closest } = await explain(
    pod('web', spread, { app: 'w' }),
    [zoned, cordoned],
    [on(pod('w1', {}, { app: 'w' }), 'w')],
  )
  const uneven = nodes.find(one => one.name === 'w')?.obstacles[0]
  assert.match(uneven?.line ?? '', /maxSkew: 1; zone=z has 1 such pods, the least is 0/)
  assert.equal(uneven?.fix, 'set maxSkew to 2, or make room where zone=y')
  assert.equal(closest?.node, 'w')
})

test('the closest node comes first, of many only some are listed, and breaks are made', async () => {
  const crowd = Array.from({ length: 700 }, (_, at) => node(`n${at}`, { spec: { unschedulable: true } }))
  const almost = node('almost', { allocatable: { cpu: '900m' } })
  let breaks = 0
  const { nodes, leftOff, closest } = await explainPlacement(
    pod('web', asking('1')),
    { nodes: [...crowd, almost], pods: [], namespaces: [] },
    { pause: () => Promise.resolve(void breaks++) },
  )
  assert.deepEqual([nodes.length, leftOff, nodes[0]?.name], [500, 201, 'almost'])
  assert.deepEqual(closest, { node: 'almost', fix: 'lower requests.cpu to 900m, or a node that has more than 900m' })
  assert.ok(breaks > 0)
  assert.deepEqual(await explain(pod('web'), []), { nodes: [], leftOff: 0 })
})

test('a pod that comes with thousands of terms neither holds up others nor makes the answer long', async () => {
  const terms = Array.from({ length: 2000 }, (): PodAffinityTerm => ({ topologyKey: 'none', labelSelector: {} }))
  const affinity = { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: terms } }
  const pods = Array.from({ length: 100 }, (_, at) => on(pod(`p${at}`), 'n0'))
  let breaks = 0
  const { nodes, closest } = await explainPlacement(
    pod('web', { affinity }),
    { nodes: ['n0', 'n1'].map(name => node(name, { allocatable: { pods: '500' } })), pods, namespaces: [] },
    { pause: () => Promise.resolve(void breaks++) },
  )
  assert.ok(breaks >= 100, String(breaks))
  for (const { obstacles } of nodes) {
    assert.equal(obstacles.length, 20)
    assert.match(obstacles[0]?.line ?? '', /no such label$/)
    assert.match(obstacles[19]?.line ?? '', /; and 1980 more stand in the way$/)
  }
  assert.match(closest?.fix ?? '', /; and 1980 changes more$/)
})

/** Numbers that repeat for a seed. */
function randomly(seed: number): (below: number) => number {
  let state = seed
  return below => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

function someWorld(random: (below: number) => number): { readonly nodes: Node[]; readonly pods: Pod[] } {
  const chance = (): boolean => random(3) === 0
  const effects: Taint['effect'][] = ['NoSchedule', 'NoExecute', 'PreferNoSchedule']
  const nodes = Array.from({ length: 1 + random(5) }, (_, at) =>
    node(`n${at}`, {
      labels: { ...(chance() ? {} : { zone: `z${random(2)}` }), ...(chance() ? { disk: `d${random(2)}` } : {}) },
      spec: {
        ...(chance()
          ? { taints: [{ key: 'k', value: `v${random(2)}`, effect: effects[random(3)] ?? 'NoSchedule' }] }
          : {}),
        ...(random(8) === 0 ? { unschedulable: true } : {}),
      },
      allocatable: { cpu: `${1 + random(2)}`, pods: `${1 + random(6)}` },
    }),
  )
  const pods = Array.from({ length: random(8) }, (_, at) => on(somePod(`p${at}`, random), `n${random(nodes.length)}`))
  return { nodes, pods }
}

function somePod(name: string, random: (below: number) => number): Pod {
  const chance = (): boolean => random(4) === 0
  const app = (): string => `a${random(3)}`
  const key = (): string => (chance() ? 'kubernetes.io/hostname' : 'zone')
  const spread = {
    maxSkew: 1,
    topologyKey: key(),
    whenUnsatisfiable: 'DoNotSchedule' as const,
    labelSelector: { matchLabels: { app: app() } },
    ...(chance() ? { minDomains: 3 } : {}),
  }
  const affinity = {
    ...(chance() ? near(term(app(), key())).affinity : {}),
    ...(chance() ? apart(term(app(), key()), term(app(), key())).affinity : {}),
    ...(chance()
      ? {
          nodeAffinity: {
            requiredDuringSchedulingIgnoredDuringExecution: {
              nodeSelectorTerms: [
                { matchExpressions: [{ key: 'disk', operator: 'In' as const, values: ['d1'] }] },
                ...(chance()
                  ? [{ matchFields: [{ key: 'metadata.name', operator: 'In' as const, values: ['n1'] }] }]
                  : []),
              ],
            },
          },
        }
      : {}),
  }
  return pod(
    name,
    {
      containers: [
        {
          name: 'c',
          resources: { requests: { cpu: `${random(12) * 100}m`, ...(random(9) === 0 ? { 'x.y/z': '1' } : {}) } },
          ...(chance() ? { ports: [{ containerPort: 80, hostPort: 80 + random(2) }] } : {}),
        },
      ],
      ...(chance() ? { nodeSelector: { disk: 'd0' } } : {}),
      ...(chance() ? { tolerations: [{ key: 'k', operator: 'Exists' as const }] } : {}),
      ...(chance() ? { topologySpreadConstraints: [spread] } : {}),
      affinity,
    },
    { app: app() },
  )
}

test('who explains refuses exactly where the plugin refuses, with its reason, for thousands of worlds at random', async () => {
  const counted = new Map<string, number>()
  for (let seed = 1; seed <= 3000; seed++) {
    const random = randomly(seed)
    const world = someWorld(random)
    const subject = somePod('subject', random)
    const all = cluster(
      world.nodes,
      world.pods.map(one => [one, one.spec.nodeName ?? ''] as const),
    )
    const info = podInfo(subject)
    for (const { name, filter, explain: tell } of plugins) {
      if (filter === undefined) continue
      assert.ok(tell !== undefined, `${name} explains itself`)
      const [refuses, explains] = [filter(info, all), await tell(info, all, new Breaks(pause, 500))]
      for (const one of all.nodes) {
        const [refusal, obstacles] = [refuses?.(one), explains(one)]
        const told = obstacles.map(({ reason }) => reason)
        const where = `${name}, seed ${seed}, ${one.name}`
        assert.equal(obstacles.length > 0, refusal !== undefined, where)
        for (const reason of refusal?.reasons ?? []) assert.ok(told.includes(reason), where)
        if (refusal !== undefined) counted.set(name, (counted.get(name) ?? 0) + 1)
      }
    }
    const { fits } = await explain(subject, world.nodes, world.pods)
    assert.equal(fits !== undefined, place(info, all, { plugins, random: () => 0 }).placed, `seed ${seed}`)
  }
  for (const { name, filter } of plugins)
    if (filter !== undefined && name !== 'NodeName') assert.ok((counted.get(name) ?? 0) > 50, `${name} refused often`)
})
