/** Volumes and claims that nobody uses come and go. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { operate } from './operations.ts'
import { heldSample } from './samples-groups.ts'
import { type Api, type Json, assertNewer, openApi } from './api.ts'

let api: Api
before(async () => {
  api = await openApi({ nodes: 0 })
})
after(() => api.stop())

interface Pair {
  readonly volume: Json
  readonly claim: Json
}

async function pair(name: string, claims: string): Promise<Pair> {
  const volume = await api.create('/api/v1/persistentvolumes', {
    metadata: { generateName: `${name}-`, labels: { e2e: name } },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '2Gi' },
      storageClassName: name,
      persistentVolumeReclaimPolicy: 'Retain',
      csi: { driver: 'e2e-driver', volumeHandle: 'e2e-conformance' },
    },
  })
  const claim = await api.create(claims, {
    metadata: { generateName: 'pvc-' },
    spec: { accessModes: ['ReadWriteOnce'], storageClassName: name, resources: { requests: { storage: '1Gi' } } },
  })
  return { volume, claim }
}

const gone = (path: string): Promise<unknown> =>
  api.until(
    `${path} is empty`,
    () => api.items(path),
    found => found.length === 0,
  )
const labelled = (path: string, { metadata }: Json, value: string): Promise<Json> =>
  api.patch(`${path}/${metadata.name}`, { metadata: { labels: { [metadata.name]: value } } }, 'strategic')

test('[sig-storage] PersistentVolumes CSI Conformance should run through the lifecycle of a PV and a PVC', async () => {
  const name = await api.namespace()
  const volumes = '/api/v1/persistentvolumes'
  const claims = `/api/v1/namespaces/${name}/persistentvolumeclaims`
  const mine = `${volumes}?labelSelector=e2e%3D${name}`
  const first = await pair(name, claims)
  assert.equal((await api.items(mine)).length, 1)
  assert.equal((await api.items(claims)).length, 1)
  for (const [path, one] of [
    [volumes, first.volume],
    [claims, first.claim],
  ] as const) {
    const patched = await labelled(path, one, 'patched')
    assert.equal(patched.metadata.labels[one.metadata.name], 'patched')
    assertNewer(patched, one)
    assert.equal((await api.get(`${path}/${one.metadata.name}`)).metadata.uid, one.metadata.uid)
  }
  await api.delete(`${claims}/${first.claim.metadata.name}`)
  await gone(claims)
  await api.delete(`${volumes}/${first.volume.metadata.name}`)
  await gone(mine)
  const second = await pair(name, claims)
  for (const [path, one] of [
    [claims, second.claim],
    [volumes, second.volume],
  ] as const) {
    const found = await api.get(`${path}/${one.metadata.name}`)
    const labels = { ...found.metadata.labels, [one.metadata.name]: 'updated' }
    await api.update(`${path}/${one.metadata.name}`, { ...found, metadata: { ...found.metadata, labels } })
    const selected = `${path}?labelSelector=${one.metadata.name}%3Dupdated`
    assert.equal((await api.items(selected)).length, 1)
    await api.delete(selected)
    await gone(selected)
  }
})

test(heldSample.tests.join(), () => operate(api, heldSample))
