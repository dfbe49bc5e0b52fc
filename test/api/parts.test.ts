/** Writes that are about a part of an object, and applies to kinds that insist on a version otherwise. */
import { noNodeInfo } from '#kinds/facts/node-info.ts'
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodes, podDisruptionBudgets, pods, serviceAccounts } from '../../src/kinds/facts/generated/refs.ts'
import type { Node, Pod } from '../../src/kinds/facts/generated/types/core_v1.ts'
import { startCluster } from '../../src/testing/startCluster.ts'

const budget = (minAvailable: number) => ({
  apiVersion: 'policy/v1',
  kind: 'PodDisruptionBudget',
  metadata: { name: 'b', namespace: 'default' },
  spec: { minAvailable, selector: { matchLabels: { a: 'b' } } },
})

test('an apply without a version changes a kind whose PUT needs one', { timeout: 30_000 }, async () => {
  await using cluster = await startCluster({ controllers: false })
  for (const minAvailable of [1, 2]) {
    const answer = await cluster.plane.server.door(cluster.plane.server.identity('admin', ['system:masters']), {
      verb: 'patch',
      group: 'policy',
      version: 'v1',
      resource: 'poddisruptionbudgets',
      namespace: 'default',
      name: 'b',
      patch: { type: 'apply', content: budget(minAvailable) },
      options: { fieldManager: 'me' },
    })
    assert.ok(answer.type === 'object')
  }
  assert.equal((await cluster.client.get(podDisruptionBudgets, 'default/b')).spec?.minAvailable, 2)
})

test('a node keeps the status that it registers with', { timeout: 30_000 }, async () => {
  await using cluster = await startCluster({ controllers: false })
  const nodeInfo = noNodeInfo
  const node: Node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n' },
    spec: {},
    status: { capacity: { cpu: '4' }, daemonEndpoints: { kubeletEndpoint: { Port: 10_250 } }, nodeInfo },
  }
  await cluster.client.create(nodes, node)
  assert.equal((await cluster.client.get(nodes, 'n')).status?.capacity?.['cpu'], '4')
})

test('ephemeral containers are added through their own path, and nothing else is', { timeout: 30_000 }, async () => {
  await using cluster = await startCluster({ controllers: false })
  await cluster.client.create(serviceAccounts, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default', namespace: 'default' },
  })
  const pod: Pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'default' },
    spec: { containers: [{ name: 'a', image: 'b' }] },
  }
  const made = await cluster.client.create(pods, pod)
  const debug = { name: 'debug', image: 'busybox', targetContainerName: 'a' }
  await cluster.client.update(
    pods,
    { ...made, spec: { ...made.spec, containers: made.spec?.containers ?? [], ephemeralContainers: [debug] } },
    { subresource: 'ephemeralcontainers' },
  )
  const after = await cluster.client.get(pods, 'default/p')
  assert.equal(after.spec?.ephemeralContainers?.[0]?.name, 'debug')
  await assert.rejects(
    cluster.client.update(pods, { ...after, spec: { ...after.spec, containers: [{ name: 'other', image: 'b' }] } }),
    { reason: 'Invalid' },
  )
})
