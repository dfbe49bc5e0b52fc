import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  configMaps,
  deployments,
  namespaces,
  nodes,
  pods,
  replicaSets,
  secrets,
  serviceAccounts,
} from '#kinds/facts/generated/refs.ts'
import type { ConfigMap } from '#kinds/facts/generated/types/core_v1.ts'
import type { KObject, OwnerReference, ResourceRef } from '#api/metadata.ts'
import { garbageCollector } from './garbage.ts'
import { namespaceController } from './namespace.ts'
import { rootCertificates, serviceAccount } from './serviceaccount.ts'
import { type World, makeWorld } from './world.ts'

const widgets: ResourceRef = { group: 'x.io', version: 'v1', resource: 'widgets', kind: 'Widget', namespaced: true }
const all: ResourceRef[] = [configMaps, secrets, pods, replicaSets, deployments, nodes, serviceAccounts, widgets]

const own = (owner: KObject, extra: Partial<OwnerReference> = {}): OwnerReference => ({
  apiVersion: owner.apiVersion,
  kind: owner.kind,
  name: owner.metadata.name ?? '',
  uid: owner.metadata.uid ?? '',
  blockOwnerDeletion: true,
  ...extra,
})
const map = (name: string, owners: readonly OwnerReference[] = [], namespace = 'n'): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace, ownerReferences: owners },
})
const names = (world: World): string =>
  world.api
    .cache('configmaps')
    .list()
    .map(one => one.metadata.name)
    .join(' ')

async function chain(world: World) {
  const a = await world.client.create(configMaps, map('a'))
  const b = await world.client.create(configMaps, map('b', [own(a)]))
  const c = await world.client.create(configMaps, map('c', [own(b)]))
  await world.settle()
  return { a, b, c }
}

test('in the background the owner goes first and everything below follows', async () => {
  const world = await makeWorld([garbageCollector(() => all)])
  await chain(world)
  await world.client.delete(configMaps, 'n/a', { propagationPolicy: 'Background' })
  await world.settle()
  assert.equal(names(world), '')
  await world.stop()
})

test('in the foreground the owner goes last', async () => {
  const world = await makeWorld([garbageCollector(() => all)])
  await chain(world)
  world.api.log.length = 0
  await world.client.delete(configMaps, 'n/a', { propagationPolicy: 'Foreground' })
  await world.settle()
  assert.equal(names(world), '')
  const order: string[] = []
  for (const line of world.api.log) order.push(line.replace('configmaps n/', ''))
  assert.deepEqual(order, ['delete a', 'delete b', 'delete c', 'update b', 'update a'])
  await world.stop()
})

test('orphaned dependents stay, without the reference', async () => {
  const world = await makeWorld([garbageCollector(() => all)])
  await chain(world)
  await world.client.delete(configMaps, 'n/a', { propagationPolicy: 'Orphan' })
  await world.settle()
  assert.equal(names(world), 'b c')
  assert.deepEqual((await world.client.get(configMaps, 'n/b')).metadata.ownerReferences, [])
  await world.stop()
})

test('one owner that lives is enough; the reference to the other goes', async () => {
  const world = await makeWorld([garbageCollector(() => all)])
  const a = await world.client.create(configMaps, map('a'))
  const b = await world.client.create(configMaps, map('b'))
  await world.client.create(configMaps, map('c', [own(a), own(b)]))
  await world.client.delete(configMaps, 'n/a')
  await world.settle()
  const { metadata } = await world.client.get(configMaps, 'n/c')
  assert.deepEqual(
    metadata.ownerReferences?.map(one => one.name),
    ['b'],
  )
  await world.stop()
})

test('an owner in another namespace, of another uid or never seen counts as absent', async () => {
  const world = await makeWorld([garbageCollector(() => all)])
  const far = await world.client.create(configMaps, map('far', [], 'other'))
  const near = await world.client.create(configMaps, map('near'))
  await world.client.create(configMaps, map('a', [own(far)]))
  await world.client.create(configMaps, map('b', [own(near, { uid: 'other' })]))
  await world.client.create(configMaps, map('c', [own(near)]))
  await world.client.create(configMaps, map('d', [own(near, { kind: 'Unheard', apiVersion: 'q/v1' })]))
  await world.settle()
  assert.equal(names(world), 'c d near far')
  await world.stop()
})

test('a circle of owners is deleted in the foreground too', async () => {
  const world = await makeWorld([garbageCollector(() => all)])
  const a = await world.client.create(configMaps, map('a'))
  const b = await world.client.create(configMaps, map('b', [own(a)]))
  await world.client.patch(configMaps, 'n/a', {
    type: 'merge',
    content: { metadata: { ownerReferences: [{ ...own(b) }] } },
  })
  await world.settle()
  await world.client.delete(configMaps, 'n/a', { propagationPolicy: 'Foreground' })
  await world.settle()
  await world.clock.advance(60_000)
  assert.equal(names(world), '')
  await world.stop()
})

test('custom resources are owners and dependents as any other, from when they appear', async () => {
  let known = all.filter(ref => ref !== widgets)
  const world = await makeWorld([garbageCollector(() => known)])
  const widget = await world.client.create(widgets, {
    apiVersion: 'x.io/v1',
    kind: 'Widget',
    metadata: { name: 'w', namespace: 'n' },
  })
  await world.client.create(configMaps, map('a', [own(widget)]))
  await world.settle()
  assert.equal(names(world), 'a')
  known = all
  await world.clock.advance(40_000)
  await world.client.delete(widgets, 'n/w')
  await world.settle()
  assert.equal(names(world), '')
  await world.stop()
})

test('a namespace is emptied, pods first, tells what it waits for, and then goes', async () => {
  const world = await makeWorld([namespaceController(() => all)])
  const { client } = world
  await client.create(namespaces, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'n' },
    spec: { finalizers: ['kubernetes'] },
  })
  await client.create(configMaps, map('a'))
  await client.create(configMaps, { ...map('b'), metadata: { name: 'b', namespace: 'n', finalizers: ['x.io/hold'] } })
  await client.create(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'n' },
    spec: { containers: [], nodeName: 'n1' },
  })
  world.api.log.length = 0
  await client.delete(namespaces, 'n')
  await world.settle()
  assert.ok(names(world).startsWith('a'), 'nothing else goes while pods are there')
  await world.endPods()
  await world.settle()
  const { status } = await client.get(namespaces, 'n')
  assert.equal(status?.phase, 'Terminating')
  const messages = status.conditions?.filter(one => one.status === 'True').map(one => one.message)
  assert.deepEqual(messages, [
    'Some resources are remaining: configmaps. has 1 resource instances',
    'Some content in the namespace has finalizers remaining: x.io/hold in 1 resource instances',
  ])
  await client.patch(configMaps, 'n/b', { type: 'merge', content: { metadata: { finalizers: [] } } })
  await world.settle()
  assert.equal((await world.list(namespaces)).length, 0)
  await world.stop()
})

test('every namespace has its service account and the root certificate, again when they are taken away', async () => {
  const world = await makeWorld([serviceAccount, rootCertificates(() => 'PEM')])
  await world.client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' }, spec: {} })
  await world.settle()
  await world.client.delete(serviceAccounts, 'n/default')
  await world.client.patch(configMaps, 'n/kube-root-ca.crt', {
    type: 'merge',
    content: { data: { 'ca.crt': 'forged' } },
  })
  await world.settle()
  assert.equal((await world.list(serviceAccounts)).length, 1)
  assert.deepEqual((await world.client.get(configMaps, 'n/kube-root-ca.crt')).data, { 'ca.crt': 'PEM' })
  await world.stop()
})
