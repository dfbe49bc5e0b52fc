import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  volumeAttributesClasses,
} from '#kinds/facts/generated/refs.ts'
import type { PersistentVolume, PersistentVolumeClaim, Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { VolumeAttributesClass } from '#kinds/facts/generated/types/storage_v1.ts'
import { attributesProtection, claimProtection, volumeProtection } from './storage-protection.ts'
import { makeWorld } from './world.ts'

const claim = (name: string, spec: PersistentVolumeClaim['spec'] = {}): PersistentVolumeClaim => ({
  apiVersion: 'v1',
  kind: 'PersistentVolumeClaim',
  metadata: { name, namespace: 'n' },
  spec,
})
const pod = (name: string, nodeName: string | undefined, ...claims: readonly string[]): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'n' },
  spec: {
    containers: [],
    ...(nodeName === undefined ? {} : { nodeName }),
    volumes: claims.map(claimName => ({ name: claimName, persistentVolumeClaim: { claimName } })),
  },
})

test('a claim goes when no pod on a node uses it any more', async () => {
  const world = await makeWorld([claimProtection])
  for (const name of ['used', 'waited', 'free']) await world.client.create(persistentVolumeClaims, claim(name))
  await world.client.create(pods, pod('p', 'one', 'used'))
  await world.client.create(pods, pod('q', undefined, 'waited'))
  await world.settle()
  const names = async () => (await world.list(persistentVolumeClaims)).map(one => one.metadata.name)
  assert.deepEqual((await world.client.get(persistentVolumeClaims, 'n/free')).metadata.finalizers, [
    'kubernetes.io/pvc-protection',
  ])
  for (const name of ['used', 'waited', 'free']) await world.client.delete(persistentVolumeClaims, `n/${name}`)
  await world.settle()
  assert.deepEqual(await names(), ['used'])
  await world.client.delete(pods, 'n/p', { gracePeriodSeconds: 0 })
  await world.settle()
  assert.deepEqual(await names(), [])
  await world.stop()
})

test('a volume goes when it is bound no more', async () => {
  const world = await makeWorld([volumeProtection])
  const volume: PersistentVolume = { apiVersion: 'v1', kind: 'PersistentVolume', metadata: { name: 'v' }, spec: {} }
  await world.client.create(persistentVolumes, volume)
  await world.settle()
  const made = await world.client.get(persistentVolumes, 'v')
  await world.client.updateStatus(persistentVolumes, { ...made, status: { phase: 'Bound' } })
  await world.client.delete(persistentVolumes, 'v')
  await world.settle()
  const held = await world.client.get(persistentVolumes, 'v')
  await world.client.updateStatus(persistentVolumes, { ...held, status: { phase: 'Released' } })
  await world.settle()
  assert.deepEqual(await world.list(persistentVolumes), [])
  await world.stop()
})

test('a class of attributes goes when no claim names it any more', async () => {
  const world = await makeWorld([attributesProtection])
  const gold: VolumeAttributesClass = {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'VolumeAttributesClass',
    metadata: { name: 'gold' },
    driverName: 'd',
  }
  await world.client.create(volumeAttributesClasses, gold)
  await world.client.create(persistentVolumeClaims, claim('c', { volumeAttributesClassName: 'gold' }))
  await world.settle()
  await world.client.delete(volumeAttributesClasses, 'gold')
  await world.settle()
  assert.equal((await world.list(volumeAttributesClasses)).length, 1)
  await world.client.delete(persistentVolumeClaims, 'n/c')
  await world.settle()
  assert.deepEqual(await world.list(volumeAttributesClasses), [])
  await world.stop()
})
