/** Two servers on one store: what they charge adds up, whoever comes first. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Draft, KObject } from '#api/metadata.ts'
import { StatusError } from '#api/status.ts'
import { systemClock } from '#base/clock.ts'
import { commitCharged } from '#server/registry/charged.ts'
import type { RegistryDeps } from '#server/registry/deps.ts'
import type { Store } from '#server/store/contract.ts'
import { openMemoryStore } from '#server/store/memory.ts'
import { type Asked, requestOf } from '../fixture.ts'
import { makeAdmission } from '../step.ts'
import { resourceQuota } from './step.ts'

const quota = (status: object, name = 'q'): Draft<KObject> =>
  Object.assign(
    { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name, namespace: 'n' } },
    { spec: { hard: { pods: '10' } }, status },
  )
const pod = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'n' },
  spec: { containers: [] },
})

async function openStore(...quotas: readonly Draft<KObject>[]): Promise<Store> {
  const store = openMemoryStore({ decode: (_, text) => JSON.parse(text) as KObject, clock: systemClock, freeze: true })
  for (const object of quotas)
    await store.commit([
      { type: 'put', resource: 'resourcequotas', key: `n/${object.metadata.name ?? ''}`, managed: '', object },
    ])
  return store
}

const server = (store: Store): RegistryDeps =>
  ({ store, admission: makeAdmission([resourceQuota({ store, clock: systemClock })]) }) as unknown as RegistryDeps

async function create(deps: RegistryDeps, name: string, asked: Asked = {}): Promise<string> {
  const object = pod(name)
  try {
    const put = { type: 'put', resource: 'pods', key: `n/${name}`, expect: 0, managed: '', object } as const
    const result = await commitCharged(deps, requestOf({ object, ...asked }), [put])
    return result.ok ? 'made' : `${result.reason} ${result.reason === 'conflict' ? result.at : ''}`
  } catch (error) {
    if (error instanceof StatusError) return error.message
    throw error
  }
}

const usedIn = (store: Store, key = 'n/q'): unknown =>
  Reflect.get(Object(Reflect.get(store.snapshot('resourcequotas').get(key)?.object ?? {}, 'status')), 'used')

test('40 writes through two servers: ten are made', async () => {
  const store = await openStore(quota({ hard: { pods: '10' }, used: { pods: '0' } }))
  const servers = [server(store), server(store)] as const
  const all = await Promise.all(
    Array.from({ length: 40 }, (_, at) => create(at % 2 === 0 ? servers[0] : servers[1], `p${at}`)),
  )
  assert.equal(all.filter(one => one === 'made').length, 10)
  assert.equal(
    all.filter(one => one.includes('exceeded quota: q, requested: pods=1, used: pods=10, limited: pods=10')).length,
    30,
  )
  assert.deepEqual(usedIn(store), { pods: '10' })
  assert.equal(store.snapshot('pods').size, 10)
})

test('a write that collides takes nothing, and is told of as what it is', async () => {
  const store = await openStore(quota({ hard: { pods: '10' }, used: { pods: '0' } }))
  const deps = server(store)
  assert.equal(await create(deps, 'a'), 'made')
  assert.equal(await create(deps, 'a'), 'conflict 0')
  assert.deepEqual(usedIn(store), { pods: '1' })
  assert.equal(await create(deps, 'b'), 'made')
})

test('all quotas that hold are charged, or none', async () => {
  const store = await openStore(
    quota({ hard: { pods: '5' }, used: { pods: '0' } }),
    quota({ hard: { pods: '1', cpu: '1' }, used: { pods: '1', cpu: '0' } }, 'r'),
  )
  const deps = server(store)
  assert.match(await create(deps, 'a'), /must specify cpu for:|exceeded quota: r/)
  assert.deepEqual(usedIn(store), { pods: '0' })
})

test('a quota that has not been counted lets nothing through; one without limits of its own all', async () => {
  const uncounted = await openStore(quota({ hard: { pods: '10' } }))
  assert.match(await create(server(uncounted), 'a'), /status unknown for quota: q, resources: pods$/)
  const unseen = await openStore(quota({}))
  assert.equal(await create(server(unseen), 'a'), 'made')
})

test('a dry run is measured', async () => {
  const store = await openStore(quota({ hard: { pods: '1' }, used: { pods: '1' } }))
  const charge = async () => server(store).admission.charge(requestOf({ object: pod('a'), dryRun: true }))
  await assert.rejects(charge(), { message: /exceeded quota: q/ })
})
