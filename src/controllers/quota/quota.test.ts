import assert from 'node:assert/strict'
import { test } from 'node:test'
import { configMaps, pods, resourceQuotas, services } from '#kinds/facts/generated/refs.ts'
import type { Pod, PodSpec, ResourceQuota } from '#kinds/facts/generated/types/core_v1.ts'
import { makeWorld } from '../world.ts'
import { quotaController } from './index.ts'

const pod = (name: string, spec: Partial<PodSpec> = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'n' },
  spec: {
    containers: [{ name: 'c', resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { cpu: '1' } } }],
    ...spec,
  },
})
const quota = (name: string, spec: ResourceQuota['spec']): ResourceQuota => ({
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name, namespace: 'n' },
  spec,
})

test('usage follows what is there; what has ended uses nothing but its name', async () => {
  const world = await makeWorld([quotaController(() => [pods, services, configMaps, resourceQuotas])])
  const used = async (name: string) => (await world.client.get(resourceQuotas, `n/${name}`)).status?.used
  const hard = {
    pods: '5',
    'requests.cpu': '2',
    memory: '1Gi',
    'limits.cpu': '4',
    'count/pods': '9',
    configmaps: '3',
    'services.nodeports': '2',
  }
  await world.client.create(resourceQuotas, quota('all', { hard }))
  await world.client.create(resourceQuotas, quota('short', { hard: { pods: '1' }, scopes: ['Terminating'] }))
  const first = await world.client.create(pods, pod('a'))
  await world.client.create(pods, pod('b', { activeDeadlineSeconds: 5 }))
  await world.client.create(configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'm', namespace: 'n' },
  })
  const ports = [{ port: 80 }, { port: 81 }]
  await world.client.create(services, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 's', namespace: 'n' },
    spec: { type: 'NodePort', ports },
  })
  await world.settle()
  assert.deepEqual(await used('all'), {
    pods: '2',
    'requests.cpu': '200m',
    memory: '128Mi',
    'limits.cpu': '2',
    'count/pods': '2',
    configmaps: '1',
    'services.nodeports': '2',
  })
  assert.deepEqual(await used('short'), { pods: '1' })
  await world.report(first, { phase: 'Succeeded' })
  await world.client.delete(configMaps, 'n/m')
  await world.settle()
  assert.deepEqual(await used('all'), {
    pods: '1',
    'requests.cpu': '100m',
    memory: '64Mi',
    'limits.cpu': '1',
    'count/pods': '2',
    configmaps: '0',
    'services.nodeports': '2',
  })
  await world.stop()
})

test('limits that somebody wrote into the status are mended at once, counts within minutes', async () => {
  const world = await makeWorld([quotaController(() => [pods, resourceQuotas])])
  await world.client.create(resourceQuotas, quota('q', { hard: { pods: '5' } }))
  await world.settle()
  const status = async () => (await world.client.get(resourceQuotas, 'n/q')).status
  const write = async (wrong: ResourceQuota['status']) => {
    await world.client.updateStatus(resourceQuotas, { ...quota('q', { hard: { pods: '5' } }), status: wrong ?? {} })
    await world.settle()
  }
  const right = { hard: { pods: '5' }, used: { pods: '0' } }
  await write({ ...right, hard: { pods: '9' } })
  assert.deepEqual(await status(), right)
  await write({ ...right, used: { pods: '4' } })
  assert.deepEqual(await status(), { ...right, used: { pods: '4' } }, 'what the server counts is taken at its word')
  await world.clock.advance(300_000)
  await world.settle()
  assert.deepEqual(await status(), right)
  await world.stop()
})
