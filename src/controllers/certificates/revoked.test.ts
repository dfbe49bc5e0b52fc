import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock, timestamp } from '#base/clock.ts'
import { makeClient } from '#client/client.ts'
import { fakeReader } from '#client/fake-reader.ts'
import { makeFakeApi } from '#client/fake.ts'
import { revokedCertificates } from '#kinds/facts/bulwark.ts'
import { makeWorld } from '../world.ts'
import { revocationCleaning } from './revoked.ts'

const hour = 3600 * 1000
const day = 24 * hour

test('a certificate stays taken back for as long as it could be good, and no longer', async () => {
  const world = await makeWorld([revocationCleaning])
  const began = world.clock.now()
  const add = (name: string, spec: object) =>
    world.client.create(revokedCertificates, {
      apiVersion: 'bulwark.dev/v1alpha1',
      kind: 'RevokedCertificate',
      metadata: { name },
      spec: { serialNumber: 'AB', ...spec },
    })
  await add('past', { notAfter: timestamp(began - 2 * day) })
  await add('just-over', { notAfter: timestamp(began - hour) })
  await add('week', { notAfter: timestamp(began + 7 * day) })
  await add('unsaid', {})
  const left = async (at: number): Promise<readonly string[]> => {
    while (world.clock.now() < began + at) {
      await world.clock.advance(Math.min(day, began + at - world.clock.now()))
      await world.settle()
    }
    return (await world.list(revokedCertificates)).map(one => one.metadata.name ?? '').toSorted()
  }
  await world.settle()
  // A server that begins does not know whether its clock is right; and another's may be behind.
  assert.deepEqual(await left(day - 1000), ['just-over', 'past', 'unsaid', 'week'])
  assert.deepEqual(await left(day), ['unsaid', 'week'])
  assert.deepEqual(await left(8 * day - 1000), ['unsaid', 'week'])
  assert.deepEqual(await left(8 * day + 1000), ['unsaid'])
  assert.deepEqual(await left(3650 * day), ['unsaid'])
  assert.deepEqual(await left(3651 * day + 1000), [])
  await world.stop()
})

test('a clock that is years ahead for some hours gives nothing back', async () => {
  const end = Date.UTC(2026, 0, 8)
  const object = {
    apiVersion: 'bulwark.dev/v1alpha1',
    kind: 'RevokedCertificate',
    metadata: { name: 'laptop' },
    spec: { serialNumber: 'AB', notAfter: timestamp(end) },
  }
  const api = makeFakeApi(systemClock)
  await makeClient(api.transport).create(revokedCertificates, object)
  const read = fakeReader(api)
  const none = { has: () => false, get: () => undefined, list: () => undefined }
  let memory: { readonly since: number } | undefined
  const decide = (now: number) => {
    const decision = revocationCleaning.decide('laptop', { now, read, memory, asked: none, refused: [] })
    memory = decision.memory
    return [decision.writes.length, decision.again ?? 0] as const
  }
  const [right, wrong] = [Date.UTC(2026, 0, 1), Date.UTC(2031, 0, 1)]
  assert.deepEqual(decide(wrong), [0, day])
  assert.deepEqual(decide(wrong + hour), [0, 23 * hour])
  assert.deepEqual(decide(right), [0, day])
  assert.deepEqual(decide(end - 1000), [0, 1001])
  assert.deepEqual(decide(end + 1), [0, day], 'what was seen before counts no more')
  assert.deepEqual(decide(end + day), [0, 1])
  assert.equal(decide(end + day + 1)[0], 1)
})
