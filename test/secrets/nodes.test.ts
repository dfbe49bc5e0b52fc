/** A node that was taken over, and what it gets to read of Secrets: those of the pods that it runs, while it runs them. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { nodes, persistentVolumeClaims, persistentVolumes, pods, secrets } from '#kinds/facts/generated/refs.ts'
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { Client } from '#client/client.ts'
import { type Cluster, startCluster } from '#testing/startCluster.ts'

let cluster: Cluster
let admin: Client
let alpha: Client
let beta: Client
const forbidden = { reason: 'Forbidden' }
const container = { name: 'c', image: 'i' }

before(async () => {
  // Pods of every kind of volume are wanted here: what a namespace takes is not asked.
  cluster = await startCluster({ controllers: false, plugins: { disable: ['PodSecurity', 'ServiceAccount'] } })
  admin = cluster.client
  alpha = cluster.as('system:node:alpha', ['system:nodes'])
  beta = cluster.as('system:node:beta', ['system:nodes'])
  for (const name of ['alpha', 'beta'])
    await admin.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name }, spec: {} })
})
after(() => cluster.stop())

const makeSecret = (name: string, namespace = 'default') =>
  admin.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace } })
const makePod = (name: string, spec: object, annotations = {}): Promise<Pod> =>
  admin.create(pods, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'default', annotations },
    spec: { nodeName: 'alpha', containers: [container], ...spec },
  })

/** The ways in which a pod names a secret. */
const ways: Readonly<Record<string, (name: string) => object>> = {
  env: name => ({
    containers: [{ ...container, env: [{ name: 'A', valueFrom: { secretKeyRef: { name, key: 'k' } } }] }],
  }),
  envfrom: name => ({ containers: [{ ...container, envFrom: [{ secretRef: { name } }] }] }),
  init: name => ({ initContainers: [{ ...container, name: 'i', envFrom: [{ secretRef: { name } }] }] }),
  pull: name => ({ imagePullSecrets: [{ name }] }),
  volume: name => ({ volumes: [{ name: 'v', secret: { secretName: name } }] }),
  projected: name => ({ volumes: [{ name: 'v', projected: { sources: [{ secret: { name } }] } }] }),
  csi: name => ({ volumes: [{ name: 'v', csi: { driver: 'd', nodePublishSecretRef: { name } } }] }),
  azure: name => ({ volumes: [{ name: 'v', azureFile: { secretName: name, shareName: 's' } }] }),
  cephfs: name => ({ volumes: [{ name: 'v', cephfs: { monitors: ['m'], secretRef: { name } } }] }),
  flex: name => ({ volumes: [{ name: 'v', flexVolume: { driver: 'a/b', secretRef: { name } } }] }),
  iscsi: name => ({
    volumes: [
      { name: 'v', iscsi: { targetPortal: 't', iqn: 'iqn.2001-04.com.example:storage', lun: 0, secretRef: { name } } },
    ],
  }),
  rbd: name => ({ volumes: [{ name: 'v', rbd: { monitors: ['m'], image: 'i', secretRef: { name } } }] }),
}

/** However it asks. */
async function reads(node: Client, name: string): Promise<boolean> {
  const one = { namespace: 'default', fieldSelector: `metadata.name=${name}` }
  const asked = await Promise.allSettled([node.get(secrets, `default/${name}`), node.list(secrets, one)])
  const [got, listed] = asked.map(({ status }) => status === 'fulfilled')
  assert.equal(got, listed)
  return got === true
}

test('every way of naming a secret opens it to that node alone, as long as the pod is there', async () => {
  for (const [way, spec] of Object.entries(ways)) {
    const name = `by-${way}`
    await makeSecret(name)
    assert.equal(await reads(alpha, name), false, `${way}: before`)
    await makePod(name, spec(name))
    assert.equal(await reads(alpha, name), true, way)
    assert.equal(await reads(beta, name), false, `${way}: another node`)
    await admin.delete(pods, `default/${name}`, { gracePeriodSeconds: 0 })
    assert.equal(await reads(alpha, name), false, `${way}: afterwards`)
  }
})

test('a pod that is over opens nothing any more, and its node cannot bring it back for another', async () => {
  await makeSecret('over')
  await makePod('over', ways['env']?.('over') ?? {})
  const report = (phase: string) =>
    alpha.patch(pods, 'default/over', { subresource: 'status', type: 'merge', content: { status: { phase } } })
  await report('Running')
  assert.equal(await reads(alpha, 'over'), true)
  await report('Succeeded')
  assert.equal(await reads(alpha, 'over'), false)
  await admin.delete(pods, 'default/over', { gracePeriodSeconds: 0 })
})

test('ephemeral containers open what they name, once somebody who may has added them', async () => {
  await makeSecret('debug')
  await makePod('debugged', {})
  const content = {
    spec: {
      ephemeralContainers: [
        { ...container, name: 'd', env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'debug', key: 'k' } } }] },
      ],
    },
  }
  const add = (who: Client) =>
    who.patch(pods, 'default/debugged', { subresource: 'ephemeralcontainers', type: 'strategic', content })
  await assert.rejects(add(alpha), forbidden)
  assert.equal(await reads(alpha, 'debug'), false)
  await add(admin)
  assert.equal(await reads(alpha, 'debug'), true)
  assert.equal(await reads(beta, 'debug'), false)
  await admin.delete(pods, 'default/debugged', { gracePeriodSeconds: 0 })
  assert.equal(await reads(alpha, 'debug'), false)
})

test('volumes lead from the claim to secrets for the node, not to those for the controller, and not by name alone', async () => {
  for (const name of ['stage', 'publish', 'expand', 'control', 'elsewhere']) await makeSecret(name)
  await admin.create(persistentVolumeClaims, {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'claim', namespace: 'default' },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '1Gi' } },
      volumeName: 'pv',
      storageClassName: '',
    },
  })
  const ref = (name: string) => ({ name, namespace: 'default' })
  const volume = (name: string, claim: string, more: object) =>
    admin.create(persistentVolumes, {
      apiVersion: 'v1',
      kind: 'PersistentVolume',
      metadata: { name },
      spec: {
        capacity: { storage: '1Gi' },
        accessModes: ['ReadWriteOnce'],
        claimRef: { namespace: 'default', name: claim },
        csi: { driver: 'd', volumeHandle: name, ...more },
      },
    })
  await makePod('claims', { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'claim' } }] })
  assert.equal(await reads(alpha, 'stage'), false)
  await volume('pv', 'claim', {
    nodeStageSecretRef: ref('stage'),
    nodePublishSecretRef: ref('publish'),
    nodeExpandSecretRef: ref('expand'),
    controllerPublishSecretRef: ref('control'),
    controllerExpandSecretRef: ref('control'),
  })
  await volume('other', 'another', { nodeStageSecretRef: ref('elsewhere') })
  for (const name of ['stage', 'publish', 'expand']) {
    assert.equal(await reads(alpha, name), true, name)
    assert.equal(await reads(beta, name), false, name)
  }
  for (const name of ['control', 'elsewhere']) assert.equal(await reads(alpha, name), false, name)
  await assert.rejects(
    alpha.patch(persistentVolumes, 'other', { type: 'merge', content: { spec: { claimRef: { name: 'claim' } } } }),
    forbidden,
  )
  await assert.rejects(
    alpha.patch(persistentVolumeClaims, 'default/claim', { type: 'merge', content: { spec: { volumeName: 'other' } } }),
    forbidden,
  )
  await admin.delete(pods, 'default/claims', { gracePeriodSeconds: 0 })
  assert.equal(await reads(alpha, 'stage'), false)
})

test('lists and watches without exactly one name of its own are refused', async () => {
  await makeSecret('mine')
  await makePod('mine', ways['volume']?.('mine') ?? {})
  const selectors = [
    undefined,
    '',
    'metadata.name!=mine',
    'metadata.namespace=default',
    'type=Opaque',
    'metadata.name=by-env',
  ]
  for (const fieldSelector of selectors) {
    const options = { namespace: 'default', ...(fieldSelector === undefined ? {} : { fieldSelector }) }
    await assert.rejects(alpha.list(secrets, options), forbidden, String(fieldSelector))
    await assert.rejects(
      alpha.watch(secrets, { ...options, signal: AbortSignal.timeout(5000) }),
      forbidden,
      String(fieldSelector),
    )
  }
  await assert.rejects(alpha.list(secrets, { fieldSelector: 'metadata.name=mine' }), forbidden)
  await assert.rejects(alpha.get(secrets, 'kube-system/mine'), forbidden)
  const writes = [
    alpha.delete(secrets, 'default/mine'),
    alpha.patch(secrets, 'default/mine', { type: 'merge', content: { data: { a: 'Yg==' } } }),
    alpha.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'new', namespace: 'default' } }),
  ]
  for (const write of writes) await assert.rejects(write, forbidden)
})

test('what a node says of itself and its pods widens nothing', async () => {
  await makeSecret('prize')
  await makePod('plain', {})
  const uid = (await admin.get(nodes, 'alpha')).metadata.uid ?? ''
  const owner = { apiVersion: 'v1', kind: 'Node', name: 'alpha', uid, controller: true }
  const mirror = (name: string, spec: object): Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'default',
      annotations: { 'kubernetes.io/config.mirror': 'x' },
      ownerReferences: [owner],
    },
    spec: { nodeName: 'alpha', containers: [container], ...spec },
  })
  for (const [way, spec] of Object.entries(ways))
    await assert.rejects(alpha.create(pods, mirror(`m-${way}`, spec('prize'))), forbidden, way)
  const binding = {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name: 'pending' },
    target: { kind: 'Node', name: 'alpha' },
  }
  await admin.create(pods, {
    ...mirror('pending', ways['env']?.('prize') ?? {}),
    metadata: { name: 'pending', namespace: 'default' },
    spec: { containers: [container], ...ways['env']?.('prize') },
  })
  await assert.rejects(alpha.post(pods, 'default/pending', { subresource: 'binding', body: binding }), forbidden)
  const widening: readonly object[] = [
    { spec: ways['volume']?.('prize') ?? {} },
    { spec: { nodeName: 'alpha' } },
    { status: { resourceClaimStatuses: [{ name: 'a', resourceClaimName: 'prize' }] } },
  ]
  for (const content of widening)
    await alpha
      .patch(pods, 'default/plain', {
        subresource: 'status',
        type: 'merge',
        content: JSON.parse(JSON.stringify(content)),
      })
      .catch((error: unknown) => assert.equal(Reflect.get(Object(error), 'reason'), 'Forbidden'))
  await assert.rejects(
    alpha.patch(pods, 'default/plain', { type: 'merge', content: { spec: { imagePullSecrets: [{ name: 'prize' }] } } }),
    forbidden,
  )
  assert.equal(await reads(alpha, 'prize'), false)
  // Even a mirror pod that somebody else let in gives nothing.
  const open = await startCluster({
    controllers: false,
    plugins: { disable: ['PodSecurity', 'ServiceAccount', 'NodeRestriction'] },
  })
  await open.client.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'alpha' }, spec: {} })
  await open.client.create(secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'prize', namespace: 'default' },
  })
  const rogue = open.as('system:node:alpha', ['system:nodes'])
  await rogue.create(pods, mirror('rogue', ways['env']?.('prize') ?? {}))
  await assert.rejects(rogue.get(secrets, 'default/prize'), forbidden)
  await open.stop()
})

test('names that only look like a node are none', async () => {
  for (const [name, groups] of [
    ['system:node:', ['system:nodes']],
    ['system:node:alpha', []],
    ['alpha', ['system:nodes']],
    ['system:node:alpha ', ['system:nodes']],
    ['system:node:ALPHA', ['system:nodes']],
  ] as const)
    await assert.rejects(cluster.as(name, groups).get(secrets, 'default/mine'), forbidden, name)
})
