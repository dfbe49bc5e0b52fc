/** Behind the number of a packet stands what concerns it, found without holding up anybody else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Draft, KObject } from '#api/metadata.ts'
import { systemClock } from '#base/clock.ts'
import { contactNumber, contactOf } from '#kinds/facts/contact.ts'
import type { Store } from '#server/store/contract.ts'
import { openMemoryStore } from '#server/store/memory.ts'
import { type Contacting, contactsIn } from './contacts.ts'
import { unplacedIn } from './unplaced.ts'

const uidOf = (at: number): string => `${at.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`

const pod = (at: number, namespace: string, address: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: `p${at}`, namespace, uid: uidOf(at) },
  spec: { nodeName: address === '' ? '' : 'worker', containers: [] },
  status: {
    podIP: address,
    conditions: [{ type: 'PodScheduled', status: address === '' ? 'False' : 'True', reason: 'Unschedulable' }],
  },
})
const policy = (namespace: string) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'p', namespace },
  spec: { podSelector: {} },
})

type Fixed = Draft<KObject> & { readonly metadata: { readonly name: string; readonly namespace?: string } }

async function openStore(objects: readonly (readonly [string, Fixed])[]): Promise<Store> {
  const store = openMemoryStore({ decode: (_, text) => JSON.parse(text) as KObject, clock: systemClock, freeze: false })
  const puts = objects.map(([resource, object]) => {
    const { name, namespace } = object.metadata
    const key = namespace === undefined ? name : `${namespace}/${name}`
    return { type: 'put', resource, key, managed: '', object } as const
  })
  for (let at = 0; at < puts.length; at += 1000) await store.commit(puts.slice(at, at + 1000))
  return store
}

/** Turns that others get meanwhile. */
async function turnsDuring(work: () => Promise<unknown>): Promise<number> {
  let [turns, over] = [0, false]
  const count = (): void => {
    turns++
    if (!over) setImmediate(count)
  }
  setImmediate(count)
  await work()
  over = true
  return turns
}

test('only what concerns the two pods is looked at', async () => {
  const asked: Parameters<Contacting>[1][] = []
  const policies = ['a', 'a-b', 'b', 'c'].map(name => ['networkpolicies.networking.k8s.io', policy(name)] as const)
  const namespaces = ['a', 'b', 'c'].map(
    name => ['namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }] as const,
  )
  const store = await openStore([
    ...policies,
    ...namespaces,
    ['nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'worker' } }],
    ['nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'other' } }],
    ['pods', pod(1, 'a', '10.244.0.1')],
    ['pods', pod(2, 'b', '10.244.0.2')],
    ['pods', pod(3, 'c', '10.244.0.3')],
  ])
  const contacts = contactsIn(store, (_, world) => {
    asked.push(world)
    return { allowedNow: false, message: 'm' }
  })
  const rest = { direction: 'in', peer: '10.244.0.2', proto: 'tcp', port: 80 } as const
  const decision = await contacts.get(contactNumber(contactOf(uidOf(1), rest)))
  assert.deepEqual([decision?.spec?.namespace, decision?.spec?.name, decision?.status?.message], ['a', 'p1', 'm'])
  const [world] = asked
  const names = (objects: readonly KObject[] = []) => objects.map(one => one.metadata.name)
  assert.deepEqual(names(world?.pods), ['p1', 'p2'])
  assert.deepEqual(names(world?.nodes), ['worker'])
  assert.deepEqual(names(world?.namespaces), ['a', 'b'])
  assert.deepEqual(
    world?.policies.map(one => one.metadata.namespace),
    ['a', 'b'],
  )
  assert.equal(await contacts.get(contactNumber(contactOf(uidOf(9), rest))), undefined)
  await store.close()
})

test('others have their turn, however many pods there are', async () => {
  const store = await openStore(Array.from({ length: 20_000 }, (_, at) => ['pods', pod(at, 'n', '')] as const))
  const contacts = contactsIn(store, () => ({ allowedNow: false, message: '' }))
  const rest = { direction: 'in', peer: '10.244.0.2', proto: 'tcp', port: 80 } as const
  const id = contactNumber(contactOf(uidOf(19_999), rest))
  assert.ok((await turnsDuring(() => contacts.get(id))) > 20)
  const unplaced = unplacedIn(store, () => Promise.resolve({ nodes: [], leftOff: 0 }))
  const list = async (): Promise<void> => {
    let found = 0
    for await (const { kind } of unplaced.all()) if (kind === 'Decision') found++
    assert.equal(found, 20_000)
  }
  assert.ok((await turnsDuring(list)) > 20)
  assert.ok((await turnsDuring(() => unplaced.get('ffffffffffff'))) > 20)
  await store.close()
})
