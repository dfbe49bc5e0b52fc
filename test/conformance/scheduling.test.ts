/** Where pods may run, who gives way to whom, and taints; on two simulated nodes. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Api, type Json, assertNewer, openApi } from './api.ts'
import { makeMovedClock } from './clock.ts'

const clock = makeMovedClock()
const nodes = ['node-0', 'node-1'] as const
const extended = 'scheduling.k8s.io/foo'
let api: Api
before(async () => {
  api = await openApi({ nodes: 2, clock })
  for (const name of nodes)
    await api.patch(`/api/v1/nodes/${name}/status`, {
      status: { capacity: { [extended]: '5' }, allocatable: { [extended]: '5' } },
    })
  for (const [name, value] of Object.entries({ low: 1, medium: 100, high: 1000 }))
    await api.create('/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name }, value })
})
after(() => api.stop())

const podsOf = async (): Promise<string> => `/api/v1/namespaces/${await api.namespace()}/pods`
const pod = (name: string, spec: object = {}, container: object = {}): object => ({
  metadata: { name, labels: { name } },
  spec: { terminationGracePeriodSeconds: 1, ...spec, containers: [{ name: 'pause', image: 'pause', ...container }] },
})
const on = (name: string): object => ({
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] }],
    },
  },
})
const asking = (amounts: object): object => ({ resources: { requests: amounts, limits: amounts } })

async function run(pods: string, one: Json): Promise<Json> {
  await api.create(pods, one)
  return api.until(
    'it runs',
    () => api.get(`${pods}/${one.metadata.name}`),
    ({ status }) => status.phase === 'Running',
  )
}

/** The scheduler has looked, and found no node. */
const unschedulable = (pods: string, name: string): Promise<Json> =>
  api.until(
    `${name} has no node`,
    () => api.get(`${pods}/${name}`),
    ({ status }) =>
      (status.conditions ?? []).some((one: Json) => one.type === 'PodScheduled' && one.reason === 'Unschedulable'),
  )
const clear = async (pods: string): Promise<void> => {
  await api.delete(pods, { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0 })
  await api.until(
    'none is left',
    () => api.items(pods),
    found => found.length === 0,
  )
}

test('[sig-architecture] Conformance Tests should have at least two untainted nodes', async () => {
  const found = await api.items('/api/v1/nodes')
  assert.ok(found.filter(({ spec }) => (spec.taints ?? []).length === 0 && spec.unschedulable !== true).length >= 2)
})

test('[sig-scheduling] SchedulerPredicates [Serial] validates resource limits of pods that are allowed to run', async () => {
  const pods = await podsOf()
  const { status } = await api.get('/api/v1/nodes/node-0')
  const cores = Number(status.allocatable.cpu)
  assert.ok(cores > 0)
  for (const name of nodes)
    await run(pods, pod(`filler-${name}`, { affinity: on(name) }, asking({ cpu: `${cores * 700}m` })))
  await api.create(pods, pod('additional', {}, asking({ cpu: `${cores * 500}m` })))
  await unschedulable(pods, 'additional')
  await clear(pods)
})

test('[sig-scheduling] SchedulerPredicates [Serial] validates that NodeSelector is respected if not matching', async () => {
  const pods = await podsOf()
  await api.create(pods, pod('restricted', { nodeSelector: { label: 'nonempty' } }))
  await unschedulable(pods, 'restricted')
  await clear(pods)
})

test('[sig-scheduling] SchedulerPredicates [Serial] validates that NodeSelector is respected if matching', async () => {
  const pods = await podsOf()
  await api.patch('/api/v1/nodes/node-1', { metadata: { labels: { 'kubernetes.io/e2e': '42' } } })
  const { spec } = await run(pods, pod('with-labels', { nodeSelector: { 'kubernetes.io/e2e': '42' } }))
  assert.equal(spec.nodeName, 'node-1')
  await clear(pods)
})

test('[sig-scheduling] SchedulerPredicates [Serial] validates that there exists conflict between pods with same hostPort and protocol but one using 0.0.0.0 hostIP', async () => {
  // Ports of the node are the node's: whoever wants them says so.
  const pods = `/api/v1/namespaces/${await api.namespace({ 'pod-security.kubernetes.io/enforce': 'privileged' })}/pods`
  const ports = (hostIP: string): object => ({
    ports: [{ containerPort: 8080, hostPort: 54322, protocol: 'TCP', hostIP }],
  })
  const { status } = await run(pods, pod('pod4', { affinity: on('node-0') }, ports('')))
  await api.create(pods, pod('pod5', { affinity: on('node-0') }, ports(status.hostIP)))
  await unschedulable(pods, 'pod5')
  await clear(pods)
})

interface Filled {
  readonly pods: string
  readonly victim: Json
  readonly others: readonly Json[]
}

/** Two pods on each node; of all, one is less important than the others. */
async function filled(): Promise<Filled> {
  const pods = await podsOf()
  const made: Json[] = []
  for (const name of nodes)
    for (const index of [0, 1])
      made.push(
        await run(
          pods,
          pod(
            `${name}-${index}`,
            { affinity: on(name), priorityClassName: made.length === 0 ? 'low' : 'medium' },
            asking({ [extended]: '2' }),
          ),
        ),
      )
  const [victim, ...others] = made
  return { pods, victim, others }
}

async function assertPreempted({ pods, victim, others }: Filled): Promise<void> {
  const { status, json } = await api.call('GET', `${pods}/${victim.metadata.name}`)
  assert.ok(
    status === 404 || json.metadata.deletionTimestamp !== undefined || json.metadata.uid !== victim.metadata.uid,
  )
  for (const { metadata } of others)
    assert.equal((await api.get(`${pods}/${metadata.name}`)).metadata.deletionTimestamp, undefined)
}

test('[sig-scheduling] SchedulerPreemption [Serial] validates basic preemption works', async () => {
  const all = await filled()
  const { spec } = await run(all.pods, pod('preemptor', { priorityClassName: 'high' }, asking({ [extended]: '2' })))
  assert.equal(spec.nodeName, 'node-0')
  await assertPreempted(all)
  await clear(all.pods)
})

test('[sig-scheduling] SchedulerPreemption [Serial] validates lower priority pod preemption by critical pod', async () => {
  const all = await filled()
  const system = '/api/v1/namespaces/kube-system/pods'
  const critical = { priorityClassName: 'system-cluster-critical', automountServiceAccountToken: false }
  await run(system, pod('critical-pod', critical, asking({ [extended]: '2' })))
  await assertPreempted(all)
  await api.delete(`${system}/critical-pod`, { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0 })
  await clear(all.pods)
})

test('[sig-scheduling] SchedulerPreemption [Serial] validates pod disruption condition is added to the preempted pod', async () => {
  const pods = await podsOf()
  const victim = pod('victim', { affinity: on('node-0'), priorityClassName: 'low' }, asking({ [extended]: '4' }))
  await run(pods, { ...victim, metadata: { name: 'victim', finalizers: ['e2e.example.com/seen'] } })
  const preemptor = pod('preemptor', { affinity: on('node-0'), priorityClassName: 'high' }, asking({ [extended]: '4' }))
  await api.create(pods, preemptor)
  const { status } = await api.until(
    'the victim goes',
    () => api.get(`${pods}/victim`),
    ({ metadata }) => metadata.deletionTimestamp !== undefined,
  )
  const condition = status.conditions.find((one: Json) => one.type === 'DisruptionTarget')
  assert.equal(condition?.status, 'True')
  assert.equal(condition.reason, 'PreemptionByScheduler')
  await api.patch(`${pods}/victim`, { metadata: { finalizers: null } })
  await clear(pods)
})

test('[sig-scheduling] SchedulerPreemption [Serial] PreemptionExecutionPath runs ReplicaSets to verify preemption running path', async () => {
  const fake = 'example.com/fakecpu'
  await api.patch('/api/v1/nodes/node-0/status', {
    status: { capacity: { [fake]: '1000' }, allocatable: { [fake]: '1000' } },
  })
  const pods = await podsOf()
  const namespace = pods.split('/').at(-2)
  const sets = [200, 300, 450]
  const path = (at: number): string => `/apis/apps/v1/namespaces/${namespace}/replicasets/rs-pod${at + 1}`
  const watch = await api.watch(pods)
  for (const [at, amount] of sets.entries()) {
    await api.create('/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name: `p${at + 1}` }, value: at + 1 })
    const labels = { name: `pod${at + 1}` }
    const { spec }: Json = pod('a', { priorityClassName: `p${at + 1}` }, asking({ [fake]: String(amount) }))
    await api.create(path(at).replace(/\/[^/]*$/, ''), {
      metadata: { name: `rs-pod${at + 1}` },
      spec: { replicas: 1, selector: { matchLabels: labels }, template: { metadata: { labels }, spec } },
    })
    await api.until(
      'it is ready',
      () => api.get(path(at)),
      ({ status }) => status.readyReplicas === 1,
    )
  }
  await api.create('/apis/scheduling.k8s.io/v1/priorityclasses', { metadata: { name: 'p4' }, value: 4 })
  await run(pods, pod('pod4', { priorityClassName: 'p4' }, asking({ [fake]: '500' })))
  const names = new Set<string>()
  const made = (at: number): number => [...names].filter(name => name.startsWith(`rs-pod${at + 1}`)).length
  while (made(0) < 2 || made(1) < 2) names.add((await watch.next()).object.metadata.name)
  // The two that had to go were made anew once each; the third, which need not, never.
  for (const name of ['rs-pod1', 'rs-pod2'])
    await api.until(
      `${name} waits`,
      () => api.items(pods),
      found => found.some(one => one.metadata.name.startsWith(name) && one.status.phase === 'Pending'),
    )
  for (const { object } of watch.waiting) names.add(object.metadata.name)
  assert.deepEqual([made(0), made(1), made(2)], [2, 2, 1])
  watch.stop()
})

test('[sig-scheduling] SchedulerPreemption [Serial] PriorityClass endpoints verify PriorityClass endpoints can be operated with different HTTP methods', async () => {
  const classes = '/apis/scheduling.k8s.io/v1/priorityclasses'
  const [first, second] = [
    await api.create(classes, { metadata: { name: 'e2e-1' }, value: 1 }),
    await api.create(classes, { metadata: { name: 'e2e-2' }, value: 2 }),
  ]
  await api.refused(422, 'PATCH', `${classes}/e2e-1`, { value: 10 })
  await api.refused(422, 'PUT', `${classes}/e2e-2`, { ...second, value: 20 })
  await api.patch(`${classes}/e2e-1`, { description: 'updated description' })
  await api.update(`${classes}/e2e-2`, { ...second, description: 'updated description' })
  assert.ok((await api.items(classes)).length >= 2)
  for (const one of [first, second]) {
    const live = await api.get(`${classes}/${one.metadata.name}`)
    assert.equal(live.value, one.value)
    assert.equal(live.description, 'updated description')
    assertNewer(live, one)
  }
})

const taint = { key: 'kubernetes.io/e2e-evict-taint-key', value: 'evictTaintVal', effect: 'NoExecute' }
const tainted = (name: string, taints: readonly object[]): Promise<Json> =>
  api.patch(`/api/v1/nodes/${name}`, { spec: { taints } })
const tolerating = (tolerationSeconds: number): object => ({
  affinity: on('node-1'),
  tolerations: [{ ...taint, operator: 'Equal', tolerationSeconds }],
})
const gone = (path: string): Promise<Json> =>
  api.until(
    `${path} goes`,
    () => api.call('GET', path),
    ({ status }) => status === 404,
  )

test('[sig-node] NoExecuteTaintManager Single Pod [Serial] removing taint cancels eviction [Disruptive]', async () => {
  const pods = await podsOf()
  await run(pods, pod('stays', tolerating(150)))
  await run(pods, pod('goes', tolerating(100)))
  await tainted('node-1', [taint])
  await api.until(
    'the taint is seen',
    () => api.get('/api/v1/nodes/node-1'),
    ({ spec }) => (spec.taints ?? []).length > 0,
  )
  // The one that goes tells that the taint was acted upon.
  await api.until(
    'one goes',
    () => (clock.advance(5000), api.call('GET', `${pods}/goes`)),
    ({ status }) => status === 404,
  )
  await tainted('node-1', [])
  await run(pods, pod('again', tolerating(1)))
  clock.advance(200_000)
  await tainted('node-1', [taint])
  await api.until(
    'another goes',
    () => (clock.advance(1000), api.call('GET', `${pods}/again`)),
    ({ status }) => status === 404,
  )
  assert.equal((await api.get(`${pods}/stays`)).metadata.deletionTimestamp, undefined)
  await tainted('node-1', [])
  await clear(pods)
})

test('[sig-node] NoExecuteTaintManager Multiple Pods [Serial] evicts pods with minTolerationSeconds [Disruptive]', async () => {
  const pods = await podsOf()
  await run(pods, pod('short', tolerating(75)))
  await run(pods, pod('long', tolerating(375)))
  await tainted('node-1', [taint])
  await api.until(
    'the short one goes',
    () => (clock.advance(5000), api.call('GET', `${pods}/short`)),
    ({ status }) => status === 404,
  )
  assert.equal((await api.get(`${pods}/long`)).metadata.deletionTimestamp, undefined)
  clock.advance(400_000)
  await gone(`${pods}/long`)
  await tainted('node-1', [])
})
