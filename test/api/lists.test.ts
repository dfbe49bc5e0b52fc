/** Pages, versions and the order of lists, in process. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { clusterRoles, configMaps, namespaces } from '#kinds/facts/generated/refs.ts'
import type { ListOptions } from '#api/door.ts'
import { StatusError } from '#api/status.ts'
import type { Client } from '#client/client.ts'
import { type Cluster, startCluster } from '#testing/startCluster.ts'

let cluster: Cluster
let client: Client
const put = (namespace: string, name: string, labels: Record<string, string> = {}) =>
  client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace, labels } })

before(async () => {
  cluster = await startCluster({ controllers: false })
  client = cluster.client
  for (const name of ['a', 'a-b', 'pages'])
    await client.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name }, spec: {} })
  for (const namespace of ['a', 'a-b'])
    for (const name of ['x', 'x-y', 'x.y', 'y']) await put(namespace, name, { n: name })
  for (let at = 0; at < 25; at++) await put('pages', `m${String(at).padStart(2, '0')}`, { even: String(at % 2 === 0) })
})
after(() => cluster.stop())

const list = (options: ListOptions & { readonly namespace?: string }) => client.list(configMaps, options)

async function pages(options: ListOptions & { readonly namespace?: string }) {
  const names: string[] = []
  const revisions = new Set<string>()
  const remaining: (number | undefined)[] = []
  let token: string | undefined
  do {
    const page = await list({ ...options, ...(token === undefined ? {} : { continue: token }) })
    names.push(...page.items.map(one => `${one.metadata.namespace}/${one.metadata.name}`))
    revisions.add(page.resourceVersion)
    remaining.push(page.remaining)
    token = page.continue
    await put('pages', `z${Math.random().toString(36).slice(2)}`)
  } while (token !== undefined)
  return { names, revisions, remaining }
}

test('keys sort by the bytes of namespace and name, and pages cut that order without loss', async () => {
  const all = (await list({ labelSelector: 'n' })).items.map(one => `${one.metadata.namespace}/${one.metadata.name}`)
  assert.deepEqual(all, ['a-b/x', 'a-b/x-y', 'a-b/x.y', 'a-b/y', 'a/x', 'a/x-y', 'a/x.y', 'a/y'])
  for (const limit of [1, 2, 3, 7, 8, 9]) assert.deepEqual((await pages({ labelSelector: 'n', limit })).names, all)
  assert.deepEqual((await pages({ namespace: 'a', limit: 3 })).names, ['a/x', 'a/x-y', 'a/x.y', 'a/y'])
})

test('all pages show one revision, whatever is written meanwhile', async () => {
  const before_ = (await list({ namespace: 'pages' })).items.length
  const { names, revisions, remaining } = await pages({ namespace: 'pages', limit: 10 })
  assert.equal(names.length, before_)
  assert.equal(revisions.size, 1)
  assert.equal(remaining[0], before_ - 10)
  assert.equal(remaining.at(-1), undefined)
  const selected = await pages({ namespace: 'pages', limit: 5, labelSelector: 'even=true' })
  assert.equal(selected.names.length, 13)
  assert.ok(selected.remaining.every(one => one === undefined))
})

test('a token that is too old is answered with a fresh one', async () => {
  const first = await list({ namespace: 'pages', limit: 5 })
  await put('pages', 'm04b')
  const { store } = cluster.plane
  await store.compact(store.revision())
  const refusal = await list({ namespace: 'pages', limit: 5, continue: first.continue ?? '' }).catch(
    (error: unknown) => error,
  )
  assert.ok(refusal instanceof StatusError)
  assert.equal(refusal.code, 410)
  const { metadata } = refusal.status() as unknown as { metadata: { continue?: string } }
  const next = await list({ namespace: 'pages', limit: 5, continue: metadata.continue ?? '' })
  assert.equal(next.items[0]?.metadata.name, 'm04b')
  const third = await list({ namespace: 'pages', limit: 5, continue: next.continue ?? '' })
  assert.equal(third.items.length, 5)
})

test('tokens that we did not make are refused, and show no other namespace', async () => {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const v = 'meta.k8s.io/v1'
  const bad = [
    'x',
    '!!',
    encode(1),
    encode({}),
    encode({ v, rv: 0, start: 'x\0' }),
    encode({ v, rv: 'x', start: 'x\0' }),
    encode({ v: 'v2', rv: 1, start: 'x\0' }),
    encode({ v, rv: 1 }),
    'A'.repeat(5000),
  ]
  for (const token of bad)
    await assert.rejects(list({ namespace: 'a', continue: token }), { reason: 'BadRequest' }, token.slice(0, 40))
  const page = await list({ namespace: 'a', limit: 9, continue: encode({ v, rv: -1, start: '../a-b/\0' }) }).catch(
    () => undefined,
  )
  assert.ok(page === undefined || page.items.every(one => one.metadata.namespace === 'a'))
})

test('names with dots in a row can end a page', async () => {
  for (const name of ['p', 'p..q', 'p..r'])
    await client.create(clusterRoles, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name, labels: { dots: 'yes' } },
      rules: [],
    })
  const options = { labelSelector: 'dots', limit: 2 }
  const first = await client.list(clusterRoles, options)
  assert.deepEqual(
    first.items.map(one => one.metadata.name),
    ['p', 'p..q'],
  )
  const rest = await client.list(clusterRoles, { ...options, continue: first.continue ?? '' })
  assert.deepEqual(
    rest.items.map(one => one.metadata.name),
    ['p..r'],
  )
})

test('versions: any, at least, exactly, and none yet', async () => {
  const old = await put('a', 'versioned')
  const at = old.metadata.resourceVersion ?? ''
  await client.update(configMaps, { ...old, data: { now: 'new' } })
  const named = { namespace: 'a', fieldSelector: 'metadata.name=versioned' }
  const data = async (options: ListOptions) => (await list({ ...named, ...options })).items[0]?.data
  assert.deepEqual(await data({ resourceVersion: '0' }), { now: 'new' })
  assert.deepEqual(await data({ resourceVersion: at }), { now: 'new' })
  assert.deepEqual(await data({ resourceVersion: at, resourceVersionMatch: 'NotOlderThan' }), { now: 'new' })
  assert.equal(await data({ resourceVersion: at, resourceVersionMatch: 'Exact' }), undefined)
  assert.equal((await list({ ...named, resourceVersion: at, resourceVersionMatch: 'Exact' })).resourceVersion, at)
  const bad: readonly ListOptions[] = [
    { resourceVersion: 'x' },
    { resourceVersion: '-1' },
    { resourceVersionMatch: 'Exact' },
    { resourceVersion: '0', resourceVersionMatch: 'Exact' },
  ]
  for (const options of bad) await assert.rejects(list({ ...named, ...options }), { reason: /BadRequest|Invalid/ })
  const future = await client
    .get(configMaps, 'a/versioned', { resourceVersion: '99999999' })
    .catch((error: unknown) => error)
  assert.ok(future instanceof StatusError)
  assert.deepEqual([future.code, future.details?.causes?.[0]?.reason], [504, 'ResourceVersionTooLarge'])
})
