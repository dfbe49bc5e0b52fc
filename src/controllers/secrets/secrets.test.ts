/** What expires is told of in time, and what Secrets held goes after them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { secrets } from '#kinds/facts/generated/refs.ts'
import type { Secret } from '#kinds/facts/generated/types/core_v1.ts'
import { type SecretVersion, ownApiVersion, secretStatuses, secretVersions } from '#kinds/facts/secrets.ts'
import { timestamp } from '#base/clock.ts'
import { makeWorld } from '../world.ts'
import { dueOf } from './due.ts'
import { secretStatus } from './status.ts'
import { secretVersionExpiry } from './versions.ts'

const day = 24 * 3600 * 1000
const start = Date.UTC(2026, 0, 1)
const secret = (annotations: Readonly<Record<string, string>>, more: Partial<Secret> = {}): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 's', namespace: 'n', annotations },
  ...more,
})
const version = (revision: number, uid: string, more: Partial<SecretVersion> = {}): SecretVersion => ({
  apiVersion: ownApiVersion,
  kind: 'SecretVersion',
  metadata: { name: `s:${revision}`, namespace: 'n' },
  secretName: 's',
  secretUID: uid,
  revision,
  ...more,
})

test('annotations: days and times, spans, and what is neither', () => {
  const due = (annotations: Readonly<Record<string, string>>) => dueOf(secret(annotations), start)
  assert.equal(due({ 'bulwark.dev/expires-at': '2026-06-01' }).expires, Date.UTC(2026, 5, 1))
  assert.equal(due({ 'bulwark.dev/expires-at': '2026-06-01T12:00:00+02:00' }).expires, Date.UTC(2026, 5, 1, 10))
  assert.equal(due({ 'bulwark.dev/rotate-every': '90d' }).rotation, start + 90 * day)
  assert.equal(
    due({ 'bulwark.dev/rotate-every': '2w', 'bulwark.dev/rotated-at': '2026-01-11' }).rotation,
    start + 24 * day,
  )
  for (const text of ['', 'soon', '2026', '2026-13-01', '2026-01-01T25:00:00Z', '1767225600'])
    assert.deepEqual(
      due({ 'bulwark.dev/expires-at': text }).unreadable,
      ['the annotation bulwark.dev/expires-at'],
      text,
    )
  for (const text of ['', '90', '0d', '-1d', '1y', '9999999d', '1d2h'])
    assert.deepEqual(
      due({ 'bulwark.dev/rotate-every': text }).unreadable,
      ['the annotation bulwark.dev/rotate-every'],
      text,
    )
  const broken = dueOf({ ...secret({}), type: 'kubernetes.io/tls', data: { 'tls.crt': 'bm9uZQ==' } }, start)
  assert.deepEqual([broken.expires, broken.unreadable], [undefined, ['the certificate in tls.crt']])
})

test('what lasts long is told of thirty days before, what lasts short in its last third', () => {
  const soon = (to: string) => dueOf(secret({ 'bulwark.dev/expires-at': to }), start).soon
  assert.equal(soon('2027-01-01'), Date.UTC(2026, 11, 2))
  assert.equal(soon('2026-01-31'), Date.UTC(2026, 0, 21))
})

test('conditions and events follow the clock; a new content begins anew; who takes the wish back gets rid of them', async () => {
  const world = await makeWorld([secretStatus])
  const shown = async () =>
    (await world.list(secretStatuses))
      .flatMap(one => one.status?.conditions ?? [])
      .map(({ type, status }) => `${type}=${status}`)
  await world.client.create(
    secrets,
    secret({ 'bulwark.dev/expires-at': '2026-03-02', 'bulwark.dev/rotate-every': '30d' }),
  )
  await world.client.create(secrets, { ...secret({}), metadata: { name: 'plain', namespace: 'n' } })
  await world.settle()
  assert.deepEqual(await shown(), ['Expired=False', 'ExpiringSoon=False', 'RotationDue=False', 'Readable=True'])
  const [status] = await world.list(secretStatuses)
  assert.equal(status?.metadata.name, 's')
  assert.equal(status?.metadata.ownerReferences?.[0]?.kind, 'Secret')
  assert.deepEqual(await world.said(), [])
  await world.clock.advance(31 * day)
  assert.deepEqual(await shown(), ['Expired=False', 'ExpiringSoon=False', 'RotationDue=True', 'Readable=True'])
  assert.match((await world.said()).join(), /^SecretRotationDue: it was to be replaced by 2026-01-31T/)
  await world.clock.advance(10 * day)
  assert.deepEqual(await shown(), ['Expired=False', 'ExpiringSoon=True', 'RotationDue=True', 'Readable=True'])
  const owner = (await world.client.get(secrets, 'n/s')).metadata.uid ?? ''
  const { metadata, ...rest } = version(1, owner)
  await world.client.create(secretVersions, {
    ...rest,
    metadata: { ...metadata, creationTimestamp: timestamp(world.clock.now()) },
  })
  await world.settle()
  assert.deepEqual(await shown(), ['Expired=False', 'ExpiringSoon=True', 'RotationDue=False', 'Readable=True'])
  await world.clock.advance(20 * day)
  assert.deepEqual(await shown(), ['Expired=True', 'ExpiringSoon=False', 'RotationDue=False', 'Readable=True'])
  const said = await world.said()
  assert.equal(said.filter(text => text.startsWith('SecretExpired')).length, 1)
  assert.equal(said.filter(text => text.startsWith('SecretExpiring')).length, 1)
  await world.client.patch(secrets, 'n/s', { type: 'merge', content: { metadata: { annotations: null } } })
  await world.settle()
  assert.deepEqual(await world.list(secretStatuses), [])
  await world.stop()
})

test('versions outlive their Secret as long as the last of them says', async () => {
  const world = await makeWorld([secretVersionExpiry])
  const { metadata } = await world.client.create(secrets, secret({}))
  const uid = metadata.uid ?? ''
  await world.client.create(secretVersions, version(1, uid))
  await world.client.create(secretVersions, version(2, uid))
  await world.settle()
  await world.clock.advance(40 * day)
  assert.equal((await world.list(secretVersions)).length, 2)
  await world.client.create(secretVersions, version(3, uid, { expiresAt: timestamp(world.clock.now() + 3 * day) }))
  await world.client.delete(secrets, 'n/s')
  await world.settle()
  assert.equal((await world.list(secretVersions)).length, 3)
  await world.clock.advance(2 * day)
  assert.equal((await world.list(secretVersions)).length, 3)
  await world.clock.advance(day + 1000)
  assert.equal((await world.list(secretVersions)).length, 0)
  await world.stop()
})

test('versions of another Secret of that name, of which nobody said how long, go at once; those of the living stay', async () => {
  const world = await makeWorld([secretVersionExpiry])
  const { metadata } = await world.client.create(secrets, secret({}))
  await world.client.create(secretVersions, version(1, 'former'))
  await world.client.create(secretVersions, version(2, metadata.uid ?? ''))
  await world.settle()
  assert.deepEqual(
    (await world.list(secretVersions)).map(one => one.revision),
    [2],
  )
  await world.stop()
})
