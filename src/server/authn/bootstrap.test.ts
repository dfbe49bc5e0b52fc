import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KObject } from '#api/metadata.ts'
import { openMemoryStore } from '#server/store/memory.ts'
import { makeBootstrapAuthenticator } from './bootstrap.ts'
import { type Authenticated, firstOf } from './chain.ts'

const start = Date.parse('2026-01-01T00:00:00Z')
const clock = { now: () => start, monotonic: () => 0, after: () => () => undefined }
const good = 'abcdef.0123456789abcdef'
const usual = {
  'token-id': 'abcdef',
  'token-secret': '0123456789abcdef',
  'usage-bootstrap-authentication': 'true',
}

interface Given {
  readonly data?: Readonly<Record<string, string>>
  readonly type?: string
  readonly key?: string
  readonly deletionTimestamp?: string
  readonly audiences?: readonly string[]
  readonly token?: string
}

async function answer(given: Given = {}): Promise<Authenticated | undefined> {
  const store = openMemoryStore({ clock, decode: (_, text): KObject => JSON.parse(text) })
  const key = given.key ?? 'kube-system/bootstrap-token-abcdef'
  const [namespace = '', name = ''] = key.split('/')
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  const data = Object.fromEntries(Object.entries(given.data ?? usual).map(([name, text]) => [name, base64(text)]))
  const { deletionTimestamp } = given
  const metadata = { name, namespace, ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }) }
  const type = given.type ?? 'bootstrap.kubernetes.io/token'
  const object = { apiVersion: 'v1', kind: 'Secret', metadata, type, data }
  await store.commit([{ type: 'put', resource: 'secrets', key, managed: '', object }])
  const own = makeBootstrapAuthenticator({ store, clock, audiences: ['api'] })
  const found = own.authenticate(given.token ?? good, given.audiences)
  assert.ok(!(found instanceof Promise), 'nothing is waited for')
  await store.close()
  return found
}

test('a good token is its own user, in the groups that it names', async () => {
  const found = await answer({
    data: { ...usual, expiration: '2026-01-01T00:00:01Z', 'auth-extra-groups': 'system:bootstrappers:a' },
  })
  assert.equal(found?.user.name, 'system:bootstrap:abcdef')
  assert.deepEqual(found.user.groups, ['system:bootstrappers', 'system:bootstrappers:a', 'system:authenticated'])
  assert.deepEqual(found.audiences, ['api'])
  assert.deepEqual((await answer({ audiences: ['other', 'api'] }))?.audiences, ['api'])
})

test('whatever is not right about it refuses', async () => {
  const wrong: Record<string, Given> = {
    secret: { token: 'abcdef.0123456789abcdeg' },
    id: { data: { ...usual, 'token-id': 'ghijkl' } },
    shape: { token: 'ABCDEF.0123456789abcdef' },
    longer: { token: `${good}0` },
    line: { token: `${good}\n` },
    path: { token: '../../.0123456789abcdef' },
    type: { type: 'Opaque' },
    namespace: { key: 'default/bootstrap-token-abcdef' },
    name: { key: 'kube-system/abcdef' },
    expired: { data: { ...usual, expiration: '2026-01-01T00:00:00Z' } },
    'no time': { data: { ...usual, expiration: 'tomorrow' } },
    'half a time': { data: { ...usual, expiration: '2027' } },
    usage: { data: { ...usual, 'usage-bootstrap-authentication': 'TRUE' } },
    'no usage': { data: { 'token-id': 'abcdef', 'token-secret': usual['token-secret'] } },
    masters: { data: { ...usual, 'auth-extra-groups': 'system:masters' } },
    'one of the groups': { data: { ...usual, 'auth-extra-groups': 'system:bootstrappers:a,system:nodes' } },
    'no secret': { data: { 'token-id': 'abcdef', 'usage-bootstrap-authentication': 'true' } },
    deleting: { deletionTimestamp: '2026-01-01T00:00:00Z' },
    audience: { audiences: ['other'] },
  }
  for (const [why, given] of Object.entries(wrong)) assert.equal(await answer(given), undefined, why)
  assert.ok(await answer())
})

test('one that cannot answer does not keep the others from it, and nobody waits without need', async () => {
  const found = { user: { name: 'x' } as Authenticated['user'], audiences: [] }
  const said: unknown[] = []
  const none = { authenticate: () => undefined }
  const failing = { authenticate: () => Promise.reject(new Error('gone')) }
  const late = { authenticate: () => Promise.resolve(found) }
  const at = (...list: { authenticate: () => Authenticated | undefined | Promise<Authenticated | undefined> }[]) =>
    firstOf(
      () => list,
      error => void said.push(error),
    ).authenticate('t')
  assert.equal(at(none, { authenticate: () => found }, failing), found)
  assert.equal(await at(none, failing, late), found)
  assert.equal(await at(failing, none), undefined)
  assert.equal(said.length, 2)
})
