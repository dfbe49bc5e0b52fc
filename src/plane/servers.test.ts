/** Two servers on one store, of which one is a moment behind, or leads no longer. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { isReason } from '#api/status.ts'
import { makeClient } from '#client/client.ts'
import { configMaps, endpoints, endpointSlices, namespaces } from '#kinds/facts/generated/refs.ts'
import type { ConfigMap } from '#kinds/facts/generated/types/core_v1.ts'
import type { Snapshot, Store } from '#server/store/contract.ts'
import { openMemoryStore } from '#server/store/memory.ts'
import { sharedKeys } from './keys.ts'
import { publishAmong } from './publish.ts'
import { type Plane, makePlane, schemeAndDecode, usualNetwork } from './plane.ts'

/** What it shows stands still from `hold` until it is asked for the newest, or has written itself. */
function lagging(store: Store): { readonly store: Store; hold(): void } {
  let held: { readonly revision: number; readonly snapshots: Map<string, Snapshot> } | undefined
  const empty = store.snapshot('nothing')
  const overrides: Pick<Store, 'revision' | 'snapshot' | 'fresh' | 'commit'> = {
    revision: () => held?.revision ?? store.revision(),
    snapshot: resource => (held === undefined ? store.snapshot(resource) : (held.snapshots.get(resource) ?? empty)),
    fresh: async () => void (held = undefined),
    commit: async operations => {
      const result = await store.commit(operations)
      held = undefined
      return result
    },
  }
  return {
    store: new Proxy(store, {
      get: (_, name) => {
        const value: unknown = Reflect.get(name in overrides ? overrides : store, name)
        return typeof value === 'function' ? value.bind(store) : value
      },
    }),
    hold: () => {
      const snapshots = store.resources().map(resource => [resource, store.snapshot(resource)] as const)
      held = { revision: store.revision(), snapshots: new Map(snapshots) }
    },
  }
}

async function servers() {
  const { scheme, decode } = schemeAndDecode()
  const store = openMemoryStore({ decode, clock: systemClock, freeze: true })
  const keys = await sharedKeys(store, Date.now())
  const make = (over: Store): Promise<Plane> =>
    makePlane({
      store: over,
      scheme,
      clock: systemClock,
      log: silentLog,
      keys,
      network: usualNetwork,
      random: Math.random,
    })
  const behind = lagging(store)
  const planes = [await make(store), await make(behind.store)] as const
  const [near, far] = planes.map(plane => plane.client(plane.server.identity('test', ['system:masters']), 'test'))
  assert.ok(near !== undefined && far !== undefined)
  return { near, far, plane: planes[0], other: planes[1], store, hold: () => behind.hold() }
}

const configMap = (name: string, value: string, namespace = 'default'): ConfigMap => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace },
  data: { value },
})

test('a server that is behind refuses nothing that the newest state allows', async () => {
  const { near, far, hold } = await servers()
  hold()
  const made = await near.create(configMaps, configMap('a', 'one'))
  const second = await far.update(configMaps, { ...made, data: { value: 'two' } })
  hold()
  const third = await near.update(configMaps, { ...second, data: { value: 'three' } })
  await far.update(configMaps, { ...third, data: { value: 'four' } })
  hold()
  await near.create(configMaps, configMap('b', 'one'))
  await far.delete(configMaps, 'default/b')
  await assert.rejects(near.get(configMaps, 'default/b'), (error: unknown) => isReason(error, 'NotFound'))
  hold()
  await near.create(namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'new' }, spec: {} })
  await far.create(configMaps, configMap('c', 'one', 'new'))
})

test('what looks like no change to a server that is behind may be one', async () => {
  const { near, far, hold } = await servers()
  await near.create(configMaps, configMap('a', 'one'))
  hold()
  const found = await near.get(configMaps, 'default/a')
  await near.update(configMaps, { ...found, data: { value: 'two' } })
  await far.update(configMaps, configMap('a', 'one'))
  assert.equal((await near.get(configMaps, 'default/a')).data?.['value'], 'one')
})

test('a refusal that holds is given once, also by a server that is behind', async () => {
  const { near, far, hold } = await servers()
  const made = await near.create(configMaps, configMap('a', 'one'))
  hold()
  await near.update(configMaps, { ...made, data: { value: 'two' } })
  await assert.rejects(far.update(configMaps, { ...made, data: { value: 'late' } }), (error: unknown) =>
    isReason(error, 'Conflict'),
  )
  await assert.rejects(far.delete(configMaps, 'default/none'), (error: unknown) => isReason(error, 'NotFound'))
  await assert.rejects(far.create(configMaps, configMap('a', 'x', 'nowhere')), (error: unknown) =>
    isReason(error, 'NotFound'),
  )
})

test('who no longer leads writes nothing', async () => {
  const { plane, store, near } = await servers()
  const term = { type: 'put', resource: 'terms.internal.bulwark.dev', key: 'test', managed: '' } as const
  const object = () => ({ apiVersion: 'internal.bulwark.dev/v1', kind: 'Term', metadata: {} })
  const first = await store.commit([{ ...term, object: object() }])
  assert.ok(first.ok)
  const door = plane.server.fenced(() => [
    { type: 'check', resource: term.resource, key: term.key, expect: first.revision },
  ])
  const leader = makeClient(request => door(plane.server.identity('leader', ['system:masters']), request))
  const made = await leader.create(configMaps, configMap('a', 'in term'))
  await store.commit([{ ...term, object: object() }])
  const late = (error: unknown) => isReason(error, 'InternalError') && error.message.includes('no longer leads')
  await assert.rejects(leader.update(configMaps, { ...made, data: { value: 'late' } }), late)
  await assert.rejects(leader.create(configMaps, configMap('b', 'late')), late)
  await assert.rejects(leader.delete(configMaps, 'default/a'), late)
  assert.equal((await near.get(configMaps, 'default/a')).data?.['value'], 'in term')
})

test('the service of the API has all servers behind it, and none that is gone', async () => {
  const { near, plane, other } = await servers()
  const shown = async (): Promise<readonly (readonly string[])[]> => {
    const legacy = await near.get(endpoints, 'default/kubernetes')
    const slice = await near.get(endpointSlices, 'default/kubernetes')
    return [
      (legacy.subsets ?? []).flatMap(subset => (subset.addresses ?? []).map(({ ip }) => ip)),
      (slice.endpoints ?? []).flatMap(({ addresses }) => addresses),
    ]
  }
  const one = await publishAmong(plane, { address: '10.0.0.1', port: 6443 })
  const two = await publishAmong(other, { address: '10.0.0.2', port: 6443 })
  const both = ['10.0.0.1', '10.0.0.2']
  assert.deepEqual(await shown(), [both, both])
  await one.stop()
  assert.deepEqual(await shown(), [['10.0.0.2'], ['10.0.0.2']])
  await two.stop()
})
