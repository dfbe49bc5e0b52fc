import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { openMemoryStore } from '#server/store/memory.ts'
import { keysResource, sharedKeys } from './keys.ts'

const open = () => openMemoryStore({ decode: (_, text) => JSON.parse(text), clock: systemClock })

test('two servers that start together share one set of keys', async () => {
  const store = open()
  const [one, two] = await Promise.all([sharedKeys(store, Date.now()), sharedKeys(store, Date.now())])
  assert.deepEqual(one, two)
  assert.deepEqual(await sharedKeys(store, Date.now()), one)
  await store.close()
})

test('a cluster from before there was aggregation keeps what it has and gets an authority for it', async () => {
  const store = open()
  const { authority, tokenKey } = await sharedKeys(store, Date.now())
  const old = { apiVersion: 'internal.bulwark.dev/v1', kind: 'SharedKeys', metadata: { name: 'cluster' } }
  const data = { authority, tokenKey }
  const object: typeof old & { data: object } = { ...old, data }
  assert.ok((await store.commit([{ type: 'put', resource: keysResource, key: 'cluster', object, managed: '' }])).ok)
  const [found, again] = await Promise.all([sharedKeys(store, Date.now()), sharedKeys(store, Date.now())])
  assert.deepEqual(found, again)
  assert.deepEqual({ authority: found.authority, tokenKey: found.tokenKey }, data)
  const proxy = new X509Certificate(found.frontProxy.cert)
  assert.ok(proxy.ca && !proxy.checkIssued(new X509Certificate(authority.cert)))
  await store.close()
})
