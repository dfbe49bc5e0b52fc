/** What a node's agent may not do, asked in process as that agent. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { nodes, pods, secrets, serviceAccounts, leases } from '#kinds/facts/generated/refs.ts'
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { Lease } from '#kinds/facts/generated/types/coordination_v1.ts'
import type { Client } from '#client/client.ts'
import { type Cluster, startCluster } from '#testing/startCluster.ts'

let cluster: Cluster
let admin: Client
let alpha: Client
const uids = new Map<string, string>()

const pod = (name: string, node: string): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default' },
  spec: {
    nodeName: node,
    serviceAccountName: node,
    containers: [{ name: 'a', image: 'b', envFrom: [{ secretRef: { name: node } }] }],
  },
})
const forbidden = { reason: 'Forbidden' }

before(async () => {
  cluster = await startCluster({ controllers: false })
  admin = cluster.client
  alpha = cluster.as('system:node:alpha', ['system:nodes'])
  for (const name of ['alpha', 'beta']) {
    await admin.create(nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name }, spec: {} })
    const metadata = { name, namespace: 'default' }
    await admin.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata })
    await admin.create(serviceAccounts, { apiVersion: 'v1', kind: 'ServiceAccount', metadata })
    const made = await admin.create(pods, pod(`on-${name}`, name))
    uids.set(made.metadata.name ?? '', made.metadata.uid ?? '')
  }
})
after(() => cluster.stop())

test('a node reads the secrets of its own pods, one by one, and no others', async () => {
  assert.equal((await alpha.get(secrets, 'default/alpha')).metadata.name, 'alpha')
  const one = { namespace: 'default', fieldSelector: 'metadata.name=alpha' }
  assert.equal((await alpha.list(secrets, one)).items.length, 1)
  await assert.rejects(alpha.get(secrets, 'default/beta'), forbidden)
  await assert.rejects(alpha.list(secrets, { ...one, fieldSelector: 'metadata.name=beta' }), forbidden)
  await assert.rejects(alpha.list(secrets, { ...one, fieldSelector: 'metadata.name!=alpha' }), forbidden)
  await assert.rejects(alpha.list(secrets, { namespace: 'default' }), forbidden)
  await assert.rejects(alpha.list(secrets), forbidden)
  await assert.rejects(alpha.delete(secrets, 'default/alpha'), forbidden)
})

test('a node sees and writes its own node, lease and pods only', async () => {
  assert.equal((await alpha.list(pods, { fieldSelector: 'spec.nodeName=alpha' })).items.length, 1)
  await assert.rejects(alpha.list(pods), forbidden)
  await assert.rejects(alpha.list(pods, { fieldSelector: 'spec.nodeName=beta' }), forbidden)
  await assert.rejects(alpha.get(nodes, 'beta'), forbidden)
  await assert.rejects(alpha.list(nodes), forbidden)
  const lease = (name: string, namespace = 'kube-node-lease'): Lease => ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name, namespace },
    spec: {},
  })
  await alpha.create(leases, lease('alpha'))
  await assert.rejects(alpha.create(leases, lease('beta')), forbidden)
  await assert.rejects(alpha.create(leases, lease('alpha', 'default')), forbidden)
  const status = (name: string) =>
    alpha.patch(pods, `default/${name}`, {
      subresource: 'status',
      type: 'merge',
      content: { status: { phase: 'Running' } },
    })
  assert.equal((await status('on-alpha')).status?.phase, 'Running')
  await assert.rejects(status('on-beta'), forbidden)
  await assert.rejects(alpha.delete(pods, 'default/on-beta'), forbidden)
  const labelled = { metadata: { labels: { a: 'b' } } }
  await assert.rejects(
    alpha.patch(pods, 'default/on-alpha', { subresource: 'status', type: 'merge', content: labelled }),
    forbidden,
  )
})

test('a node changes neither its taints nor labels that others rely on', async () => {
  const patch = (content: object) =>
    alpha.patch(nodes, 'alpha', { type: 'merge', content: JSON.parse(JSON.stringify(content)) })
  await assert.rejects(patch({ spec: { taints: null } }), forbidden)
  for (const label of [
    'node-restriction.kubernetes.io/x',
    'node-role.kubernetes.io/x',
    'k8s.io/x',
    'x.kubernetes.io/y',
  ])
    await assert.rejects(patch({ metadata: { labels: { [label]: '1' } } }), forbidden, label)
  for (const label of [
    'free',
    'example.org/x',
    'node.kubernetes.io/x',
    'a.kubelet.kubernetes.io/x',
    'topology.kubernetes.io/zone',
  ])
    assert.equal((await patch({ metadata: { labels: { [label]: '1' } } })).metadata.labels?.[label], '1')
  await assert.rejects(
    patch({ metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'x', uid: 'y' }] } }),
    forbidden,
  )
})

const request = (spec: object) => ({
  subresource: 'token',
  body: {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: {},
    spec: { audiences: [], ...spec },
  },
})
const boundTo = (name: string, uid: string | undefined = uids.get(name)) => ({
  boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, ...(uid === undefined ? {} : { uid }) },
})

test('a node gets tokens for its own pods alone, and bound to them', async () => {
  const ask = (account: string, spec: object) => alpha.post(serviceAccounts, `default/${account}`, request(spec))
  const { status } = (await ask('alpha', boundTo('on-alpha'))) as { status?: { token?: string } }
  assert.match(status?.token ?? '', /^[\w-]+\.[\w-]+\.[\w-]+$/)
  const refused: readonly [string, object][] = [
    ['beta', boundTo('on-beta')],
    ['alpha', {}],
    ['alpha', boundTo('on-beta')],
    ['alpha', boundTo('on-alpha', '')],
    ['alpha', boundTo('on-alpha', 'another')],
    ['alpha', { boundObjectRef: { apiVersion: 'v1', kind: 'Node', name: 'alpha' } }],
    ['alpha', { boundObjectRef: { apiVersion: 'v1', kind: 'Secret', name: 'alpha' } }],
  ]
  for (const [account, spec] of refused) await assert.rejects(ask(account, spec), forbidden, JSON.stringify(spec))
})

test('mirror pods are of their own node and read nothing', async () => {
  const node = await admin.get(nodes, 'alpha')
  const owner = { apiVersion: 'v1', kind: 'Node', name: 'alpha', uid: node.metadata.uid ?? '', controller: true }
  const mirror = (name: string, with_: { owner?: object; spec?: object; node?: string } = {}): Pod => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'default',
      annotations: { 'kubernetes.io/config.mirror': 'x' },
      ownerReferences: [{ ...owner, ...with_.owner }],
    },
    spec: { nodeName: with_.node ?? 'alpha', containers: [{ name: 'a', image: 'b' }], ...with_.spec },
  })
  await alpha.create(pods, mirror('good'))
  const bad: readonly { owner?: object; spec?: object; node?: string }[] = [
    { node: 'beta' },
    { owner: { uid: 'another' } },
    { owner: { controller: false } },
    { owner: { blockOwnerDeletion: true } },
    { spec: { serviceAccountName: 'alpha' } },
    { spec: { volumes: [{ name: 'v', secret: { secretName: 'beta' } }] } },
    { spec: { volumes: [{ name: 'v', persistentVolumeClaim: { claimName: 'c' } }] } },
  ]
  for (const one of bad) await assert.rejects(alpha.create(pods, mirror('bad', one)), forbidden, JSON.stringify(one))
  await assert.rejects(alpha.create(pods, pod('plain', 'alpha')), forbidden)
  const account = { spec: { serviceAccountName: 'alpha' } }
  await assert.rejects(
    admin.create(pods, mirror('by-admin', account)),
    /a mirror pod may not reference service accounts/,
  )
})
