/** A node that was taken over, and what it gets of devices and volumes: what its own pods use, by nothing that it writes itself. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  nodes,
  persistentVolumeClaims,
  persistentVolumes,
  pods,
  resourceClaims,
  resourceSlices,
} from '#kinds/facts/generated/refs.ts'
import type { Client } from '#client/client.ts'
import { type Cluster, startCluster } from '#testing/startCluster.ts'

let cluster: Cluster
let admin: Client
let alpha: Client
let beta: Client
const forbidden = { reason: 'Forbidden' }
const containers = [{ name: 'c', image: 'i' }]
before(async () => {
  cluster = await startCluster({ controllers: false, plugins: { disable: ['PodSecurity', 'ServiceAccount'] } })
  admin = cluster.client
  alpha = cluster.as('system:node:alpha', ['system:nodes'])
  beta = cluster.as('system:node:beta', ['system:nodes'])
  for (const name of ['alpha', 'beta'])
    await admin.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name }, spec: {} })
})
after(() => cluster.stop())

const makePod = (name: string, nodeName: string, spec: object) =>
  admin.create(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default' },
    spec: { nodeName, containers, ...spec },
  })
const says = (who: Client, pod: string, status: object) =>
  who.patch(pods, `default/${pod}`, {
    subresource: 'status',
    type: 'merge',
    content: JSON.parse(JSON.stringify({ status })),
  })

test('claims for devices: those of its own pods, as the controller names them and not as the node does', async () => {
  for (const name of ['web-gpu-1', 'prize'])
    await admin.create(resourceClaims, {
      apiVersion: 'resource.k8s.io/v1',
      kind: 'ResourceClaim',
      metadata: { name, namespace: 'default' },
      spec: { devices: { requests: [] } },
    })
  const template = { resourceClaims: [{ name: 'gpu', resourceClaimTemplateName: 'gpus' }] }
  await makePod('web', 'alpha', template)
  await assert.rejects(alpha.get(resourceClaims, 'default/web-gpu-1'), forbidden)
  const named = (resourceClaimName: string) => ({ resourceClaimStatuses: [{ name: 'gpu', resourceClaimName }] })
  await assert.rejects(says(alpha, 'web', named('prize')), forbidden)
  await says(admin, 'web', named('web-gpu-1'))
  assert.equal((await alpha.get(resourceClaims, 'default/web-gpu-1')).metadata.name, 'web-gpu-1')
  await assert.rejects(beta.get(resourceClaims, 'default/web-gpu-1'), forbidden)
  await assert.rejects(says(alpha, 'web', named('prize')), forbidden)
  await assert.rejects(says(alpha, 'web', { extendedResourceClaimStatus: { resourceClaimName: 'prize' } }), forbidden)
  await assert.rejects(says(beta, 'web', named('prize')), forbidden)
  await says(alpha, 'web', { phase: 'Running' })
  await assert.rejects(alpha.get(resourceClaims, 'default/prize'), forbidden)
  await assert.rejects(alpha.list(resourceClaims, { namespace: 'default' }), forbidden)
  await admin.delete(pods, 'default/web', { gracePeriodSeconds: 0 })
  await assert.rejects(alpha.get(resourceClaims, 'default/web-gpu-1'), forbidden)
})

test('a pod that stands for a file of the node asks for nothing that the API keeps', async () => {
  const { uid = '' } = (await admin.get(nodes, 'alpha')).metadata
  const mirror = (spec: object) =>
    alpha.create(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: 'file-alpha',
        namespace: 'default',
        annotations: { 'kubernetes.io/config.mirror': 'x' },
        ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'alpha', uid, controller: true }],
      },
      spec: { nodeName: 'alpha', containers, ...spec },
    })
  const projected = (source: object) => ({ volumes: [{ name: 'v', projected: { sources: [source] } }] })
  const asks: readonly (readonly [RegExp, object])[] = [
    [/reference resourceclaims$/, { resourceClaims: [{ name: 'g', resourceClaimTemplateName: 'gpus' }] }],
    [/reference csidrivers/, { volumes: [{ name: 'v', csi: { driver: 'd' } }] }],
    [/reference clustertrustbundles/, projected({ clusterTrustBundle: { name: 'b', path: 'p' } })],
  ]
  for (const [message, spec] of asks) await assert.rejects(mirror(spec), { ...forbidden, message })
  await mirror(projected({ downwardAPI: { items: [{ path: 'n', fieldRef: { fieldPath: 'metadata.name' } }] } }))
})

test('volumes: those that claims of its own pods are bound to', async () => {
  for (const name of ['mine', 'theirs']) {
    await admin.create(persistentVolumeClaims, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name, namespace: 'default' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } }, volumeName: `pv-${name}` },
    })
    await admin.create(persistentVolumes, {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name: `pv-${name}` },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        claimRef: { namespace: 'default', name },
        csi: { driver: 'd', volumeHandle: name },
      },
    })
  }
  const uses = (claimName: string) => ({ volumes: [{ name: 'v', persistentVolumeClaim: { claimName } }] })
  await makePod('db', 'alpha', uses('mine'))
  await makePod('other', 'beta', uses('theirs'))
  assert.equal((await alpha.get(persistentVolumes, 'pv-mine')).metadata.name, 'pv-mine')
  assert.equal((await beta.get(persistentVolumes, 'pv-theirs')).metadata.name, 'pv-theirs')
  for (const [node, name] of [
    [alpha, 'pv-theirs'],
    [beta, 'pv-mine'],
    [alpha, 'pv-none'],
  ] as const)
    await assert.rejects(node.get(persistentVolumes, name), forbidden)
  await assert.rejects(alpha.list(persistentVolumes), forbidden)
  const grown = { status: { capacity: { storage: '2Gi' } } }
  const grow = (node: Client) =>
    node.patch(persistentVolumeClaims, 'default/mine', { subresource: 'status', type: 'merge', content: grown })
  await assert.rejects(grow(beta), forbidden)
  assert.equal((await grow(alpha)).status?.capacity?.['storage'], '2Gi')
})

test('slices of devices: its own, under its own name', async () => {
  const slice = (name: string, nodeName: string) => ({
    apiVersion: 'resource.k8s.io/v1',
    kind: 'ResourceSlice' as const,
    metadata: { name },
    spec: {
      nodeName,
      driver: 'd.example.com',
      pool: { name: nodeName, generation: 1, resourceSliceCount: 1 },
      devices: [],
    },
  })
  const made = await alpha.create(resourceSlices, slice('a', 'alpha') as never)
  await beta.create(resourceSlices, slice('b', 'beta') as never)
  await assert.rejects(alpha.create(resourceSlices, slice('c', 'beta') as never), forbidden)
  await assert.rejects(alpha.get(resourceSlices, 'b'), forbidden)
  await assert.rejects(alpha.delete(resourceSlices, 'b'), forbidden)
  await assert.rejects(alpha.list(resourceSlices), forbidden)
  const own = await alpha.list(resourceSlices, { fieldSelector: 'spec.nodeName=alpha' })
  assert.deepEqual(
    own.items.map(one => one.metadata.name),
    ['a'],
  )
  await assert.rejects(alpha.update(resourceSlices, { ...made, spec: { ...made.spec, nodeName: 'beta' } }), /immutable/)
  await alpha.delete(resourceSlices, 'a')
})
