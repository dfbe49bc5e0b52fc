/** Budgets, summed roles, and adoption. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clusterRoles, podDisruptionBudgets, pods, replicaSets } from '#kinds/facts/generated/refs.ts'
import type { ReplicaSet } from '#kinds/facts/generated/types/apps_v1.ts'
import type { Pod, PodStatus } from '#kinds/facts/generated/types/core_v1.ts'
import type { ClusterRole } from '#kinds/facts/generated/types/rbac_v1.ts'
import { disruption } from './disruption.ts'
import { deletionOrder } from './pods.ts'
import { replicaSet } from './replicaset.ts'
import { roleAggregation } from './role-aggregation.ts'
import { makeWorld } from './world.ts'

const set = (replicas: number): ReplicaSet => ({
  apiVersion: 'apps/v1',
  kind: 'ReplicaSet',
  metadata: { name: 'web', namespace: 'n' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [] } },
  },
})
const pod = (
  name: string,
  status: PodStatus = {},
  extra: { nodeName?: string; cost?: string; created?: string } = {},
): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    namespace: 'n',
    uid: name,
    labels: { app: 'web' },
    creationTimestamp: extra.created ?? '2026-01-01T00:00:00Z',
    ...(extra.cost === undefined ? {} : { annotations: { 'controller.kubernetes.io/pod-deletion-cost': extra.cost } }),
  },
  spec: { containers: [], ...(extra.nodeName === undefined ? {} : { nodeName: extra.nodeName }) },
  status,
})

test('orphans are adopted, pods that no longer fit are released, and the count is kept', async () => {
  const world = await makeWorld([replicaSet])
  const {
    metadata: { uid: _, creationTimestamp: __, ...metadata },
    ...rest
  } = pod('orphan')
  await world.client.create(pods, { ...rest, metadata })
  await world.client.create(replicaSets, set(2))
  await world.settle()
  const all = await world.list(pods)
  assert.equal(all.length, 2)
  assert.ok(all.every(one => one.metadata.ownerReferences?.[0]?.name === 'web'))
  await world.client.patch(pods, 'n/orphan', { type: 'merge', content: { metadata: { labels: { app: 'other' } } } })
  await world.settle()
  assert.deepEqual((await world.client.get(pods, 'n/orphan')).metadata.ownerReferences, [])
  assert.equal((await world.list(pods)).length, 3)
  await world.stop()
})

test('what is ended first when there are too many', () => {
  const ready = (since: string): PodStatus => ({
    phase: 'Running',
    conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: since }],
  })
  const old = '2026-01-01T00:00:00Z'
  const all = [
    pod('old', ready(old), { nodeName: 'a' }),
    pod('crowded', ready(old), { nodeName: 'b' }),
    pod('cheap', ready(old), { nodeName: 'a', cost: '-5' }),
    pod('young', ready('2026-01-01T09:59:00Z'), { nodeName: 'a' }),
    pod('unready', { phase: 'Running' }, { nodeName: 'a' }),
    pod('pending', { phase: 'Pending' }, { nodeName: 'a' }),
    pod('unassigned', { phase: 'Pending' }),
  ]
  const crowd = (one: Pod): number => (one.spec.nodeName === 'b' ? 2 : 1)
  const order = all.toSorted(deletionOrder(crowd, Date.parse('2026-01-01T10:00:00Z'))).map(one => one.metadata.name)
  assert.deepEqual(order, ['unassigned', 'pending', 'unready', 'cheap', 'crowded', 'young', 'old'])
})

test('a budget allows what is healthy beyond what it wants', async () => {
  const world = await makeWorld([replicaSet, disruption])
  await world.client.create(replicaSets, set(4))
  const budget = (spec: object) =>
    ({
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: { name: 'b', namespace: 'n' },
      spec: { selector: { matchLabels: { app: 'web' } }, ...spec },
    }) as const
  await world.client.create(podDisruptionBudgets, budget({ maxUnavailable: '25%' }))
  await world.settle()
  const read = async () => {
    const { status } = await world.client.get(podDisruptionBudgets, 'n/b')
    return [
      status?.disruptionsAllowed,
      status?.currentHealthy,
      status?.desiredHealthy,
      status?.expectedPods,
      status?.conditions?.[0]?.reason,
    ]
  }
  assert.deepEqual(await read(), [0, 0, 3, 4, 'InsufficientPods'])
  await world.startPods()
  await world.settle()
  assert.deepEqual(await read(), [1, 4, 3, 4, 'SufficientPods'])
  await world.stop()
})

test('a summed role has the rules of those that its labels choose', async () => {
  const world = await makeWorld([roleAggregation])
  const role = (name: string, labels: Record<string, string>, verbs: readonly string[]): ClusterRole => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name, labels },
    rules: verbs.length === 0 ? [] : [{ apiGroups: [''], resources: ['pods'], verbs }],
  })
  await world.client.create(clusterRoles, {
    ...role('sum', {}, []),
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { to: 'sum' } }] },
  })
  await world.client.create(clusterRoles, role('a', { to: 'sum' }, ['get']))
  await world.client.create(clusterRoles, role('b', { to: 'sum' }, ['list']))
  await world.client.create(clusterRoles, role('c', {}, ['delete']))
  await world.settle()
  const verbs = async () => (await world.client.get(clusterRoles, 'sum')).rules.map(one => one.verbs.join())
  assert.deepEqual(await verbs(), ['get', 'list'])
  await world.client.delete(clusterRoles, 'a')
  await world.settle()
  assert.deepEqual(await verbs(), ['list'])
  await world.stop()
})
