import assert from 'node:assert/strict'
import { test } from 'node:test'
import { timestamp } from '#base/clock.ts'
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
  // Another server's clock may be an hour behind.
  assert.deepEqual(await left(1000), ['just-over', 'unsaid', 'week'])
  assert.deepEqual(await left(day), ['unsaid', 'week'])
  assert.deepEqual(await left(8 * day - 1000), ['unsaid', 'week'])
  assert.deepEqual(await left(8 * day + 1000), ['unsaid'])
  assert.deepEqual(await left(3650 * day), ['unsaid'])
  assert.deepEqual(await left(3651 * day + 1000), [])
  await world.stop()
})
