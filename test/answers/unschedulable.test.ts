/** A pod that no node takes: upstream's words where clients look, a number beside them, and behind it what stands in the way. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Bulwark, decisionAnnotation, decisions } from '#kinds/facts/bulwark.ts'
import { clusterRoleBindings, nodes, pods, serviceAccounts } from '#kinds/facts/generated/refs.ts'
import type { Pod, PodSpec } from '#kinds/facts/generated/types/core_v1.ts'
import { events } from '#client/events.ts'
import { type Target, startTargetWith } from '../api/https.ts'

let target: Target
before(async () => {
  target = await startTargetWith({ nodes: 1, controllers: true })
})
after(() => target.stop())

const rbac = 'rbac.authorization.k8s.io'
const path = '/apis/bulwark.dev/v1alpha1/decisions'

async function until<T>(what: () => Promise<T | undefined>): Promise<T> {
  for (const end = Date.now() + 20_000; Date.now() < end; await sleep(20)) {
    const found = await what()
    if (found !== undefined) return found
  }
  throw new Error('it did not come')
}

const create = (name: string, spec: Partial<PodSpec>): Promise<Pod> =>
  until(() =>
    target.cluster.client
      .create(pods, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name, namespace: 'default' },
        spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
      })
      // The namespace's service account comes a moment later.
      .catch(() => undefined),
  )

/** As its event names it. */
const numberOf = (name: string): Promise<string> =>
  until(async () => {
    const { items } = await target.cluster.client.list(events, { namespace: 'default' })
    const found = items.find(one => one.involvedObject.name === name && one.reason === 'FailedScheduling')
    return found?.metadata.annotations?.[decisionAnnotation]
  })

const unscheduled = (name: string) =>
  until(async () => {
    const pod = await target.cluster.client.get(pods, `default/${name}`)
    return pod.status?.conditions?.find(one => one.type === 'PodScheduled' && one.status === 'False')
  })

const why = (number: string): Promise<Bulwark['Decision']> => target.cluster.client.get(decisions, number)

const huge = { containers: [{ name: 'c', image: 'i', resources: { requests: { cpu: '5000' } } }] }

test('condition and event say upstream’s words; the number on the event leads to node, field and change', async () => {
  await create('huge', { ...huge, nodeSelector: { disk: 'ssd' } })
  const number = await numberOf('huge')
  assert.match(number, /^[0-9a-f]{12}$/)
  const message =
    "0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector. preemption: 0/1 nodes are available: 1 Preemption is not helpful for scheduling."
  const condition = await unscheduled('huge')
  assert.deepEqual([condition.reason, condition.message], ['Unschedulable', message])
  const { items } = await target.cluster.client.list(events, { namespace: 'default' })
  assert.equal(items.find(one => one.involvedObject.name === 'huge')?.message, message)

  const { spec, status } = await why(number)
  assert.deepEqual(
    [spec?.username, spec?.verb, spec?.resource, spec?.subresource, spec?.namespace, spec?.name],
    ['default-scheduler', 'create', 'pods', 'binding', 'default', 'huge'],
  )
  assert.deepEqual(
    [status?.reason, status?.message, status?.by, status?.allowedNow, status?.code],
    ['Unschedulable', message, 'scheduling', false, undefined],
  )
  const [node] = status?.nodes ?? []
  assert.deepEqual(
    [node?.name, node?.obstacles.map(one => one.by)],
    ['node-0', ['NodeAffinity', 'NodeResourcesFit']],
    'also what the scheduler did not come to',
  )
  assert.match(status?.fix ?? '', /^on node-0: kubectl label node node-0 disk=ssd; .*; and lower requests\.cpu to \d/)
})

test('the change that is told lets the pod in, and the number then tells where it is', async () => {
  await create('fast', { nodeSelector: { disk: 'nvme' } })
  const number = await numberOf('fast')
  const command = /kubectl label node (\S+) (\S+)=([^\s;]+)/.exec((await why(number)).status?.fix ?? '')
  const [, node = '', key = '', value = ''] = command ?? assert.fail('no command')
  await target.cluster.client.patch(nodes, node, { type: 'merge', content: { metadata: { labels: { [key]: value } } } })
  await until(async () => {
    const { spec } = await target.cluster.client.get(pods, 'default/fast')
    return spec.nodeName
  })
  const { status } = await why(number)
  assert.deepEqual([status?.allowedNow, status?.message], [true, 'the pod is on node node-0'])
  await target.cluster.client.delete(pods, 'default/fast', { gracePeriodSeconds: 0 })
  assert.equal((await target.send(`${path}/${number}`)).code, 404)
})

test('a gated pod waits for its gate, not for a node', async () => {
  const { metadata } = await create('gated', { schedulingGates: [{ name: 'example.com/paid' }] })
  const number = (metadata.uid ?? '').replaceAll('-', '').slice(0, 12)
  const { status } = await why(number)
  assert.deepEqual(
    [status?.by, status?.reason, status?.line, status?.nodes],
    ['SchedulingGates', 'SchedulingGated', 'spec.schedulingGates: example.com/paid', undefined],
  )
})

test('lists have those that wait, and are narrowed by what a decision is about', async () => {
  const { items } = await target.cluster.client.list(decisions, {
    fieldSelector: 'spec.resource=pods,spec.namespace=default,spec.name=huge',
  })
  assert.deepEqual(
    items.map(({ metadata, status }) => [metadata.name, status?.reason, status?.nodes]),
    [[await numberOf('huge'), 'Unschedulable', undefined]],
  )
  const table = await target.send(path, { headers: { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' } })
  assert.match(table.text, /"default-scheduler","create","pods",""/)
})

test('who may see the pod but not decisions learns nothing by its number', async () => {
  await target.cluster.client.create(clusterRoleBindings, {
    apiVersion: `${rbac}/v1`,
    kind: 'ClusterRoleBinding',
    metadata: { name: 'ann-views' },
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'view' },
    subjects: [{ kind: 'User', apiGroup: rbac, name: 'ann' }],
  })
  const headers = { 'impersonate-user': 'ann' }
  const number = await numberOf('huge')
  assert.equal((await target.send('/api/v1/namespaces/default/pods/huge', { headers })).code, 200)
  for (const asked of [`${path}/${number}`, path]) {
    const answer = await target.send(asked, { headers })
    assert.deepEqual([answer.code, answer.reason], [403, 'Forbidden'])
    assert.ok(!answer.text.includes('node-0'), answer.text)
  }
  for (const odd of ['000000000000', number.toUpperCase(), `${number}0`, number.slice(0, 8)])
    assert.equal((await target.send(`${path}/${odd}`)).code, 404, odd)
})

test('a server that schedules nothing itself tells it as well: all it needs is in the store', async () => {
  const alone = await startTargetWith({ nodes: 0, controllers: false })
  try {
    const { client } = alone.cluster
    const metadata = { name: 'default', namespace: 'default' }
    await client.create(serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata })
    await client.create(nodes, {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'w' },
      spec: { taints: [{ key: 'team', value: 'a', effect: 'NoSchedule' }] },
    })
    const allocatable = { cpu: '8', memory: '8Gi', pods: '10' }
    await client.patch(nodes, 'w', { type: 'merge', content: { status: { allocatable } }, subresource: 'status' })
    const pod = await client.create(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web', namespace: 'default' },
      spec: { containers: [{ name: 'c', image: 'i' }] },
    })
    const number = (pod.metadata.uid ?? '').replaceAll('-', '').slice(0, 12)
    assert.equal((await alone.send(`${path}/${number}`)).code, 404, 'nobody has looked for a node yet')
    const said = { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '0/1 nodes are available' }
    const content = { status: { conditions: [said] } }
    await client.patch(pods, 'default/web', { type: 'strategic', content, subresource: 'status' })
    const { status } = await client.get(decisions, number)
    assert.equal(status?.message, said.message)
    assert.ok(status?.nodes?.[0]?.obstacles.some(one => one.line === 'spec.taints[0]: team=a:NoSchedule'))
  } finally {
    await alone.stop()
  }
})
