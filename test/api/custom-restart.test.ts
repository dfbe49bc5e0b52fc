/** Custom resources on disk: what was kept is served at once, as its definition has it now. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import type { KObject, ResourceRef } from '#api/metadata.ts'
import { customResourceDefinitions } from '#kinds/facts/generated/refs.ts'
import { sharedKeys } from '#plane/keys.ts'
import { type Plane, makePlane, schemeAndDecode, usualNetwork } from '#plane/plane.ts'
import { openSqliteStore } from '#server/store/sqlite/open.ts'
import { keepBytes } from '#server/http/encode.ts'
import { definition, schemaOf, versionOf } from './definitions.ts'

const widgets: ResourceRef = {
  group: 'example.com',
  version: 'v1',
  resource: 'widgets',
  kind: 'Widget',
  namespaced: true,
}

async function open(path: string): Promise<{ readonly plane: Plane; readonly close: () => Promise<void> }> {
  const { scheme, decode } = schemeAndDecode()
  const store = await openSqliteStore({ path, decode, clock: systemClock, freeze: true, onBytes: keepBytes(scheme) })
  const keys = await sharedKeys(store, Date.now())
  const plane = await makePlane({
    store,
    scheme,
    clock: systemClock,
    log: silentLog,
    keys,
    network: usualNetwork,
    random: Math.random,
  })
  const close = async (): Promise<void> => {
    await plane.stop()
    await store.close()
  }
  return { plane, close }
}

const clientOf = (plane: Plane) => plane.client(plane.server.identity('test', ['system:masters']), 'test')
const specOf = (object: KObject): unknown => Reflect.get(object, 'spec')

async function settled(plane: Plane, plural: string): Promise<void> {
  while (plane.scheme.stored('example.com', plural) === undefined) await new Promise(resolve => setTimeout(resolve, 5))
}

const schema = (properties: object): object => schemaOf({ type: 'object', properties })

test('after a restart everything is there', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'bulwark-custom-'))
  const path = join(dir, 'store')
  const first = await open(path)
  const client = clientOf(first.plane)
  await client.create(customResourceDefinitions, definition({ schema: schema({ a: { type: 'string' } }) }) as never)
  await settled(first.plane, 'widgets')
  const body = {
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { name: 'one', namespace: 'default' },
    spec: { a: 'x' },
  }
  await client.create(widgets, body)
  await client.patch(customResourceDefinitions, 'widgets.example.com', {
    type: 'merge',
    content: {
      spec: { versions: [versionOf('v1', schema({ a: { type: 'string' }, b: { type: 'integer', default: 3 } }))] },
    } as never,
  })
  assert.deepEqual(specOf(await client.get(widgets, 'default/one')), { a: 'x', b: 3 })
  await first.close()

  const second = await open(path)
  const again = clientOf(second.plane)
  assert.deepEqual(specOf(await again.get(widgets, 'default/one')), { a: 'x', b: 3 })
  await again.patch(customResourceDefinitions, 'widgets.example.com', {
    type: 'merge',
    content: {
      spec: { versions: [versionOf('v1', schema({ a: { type: 'string' }, c: { type: 'integer', default: 4 } }))] },
    } as never,
  })
  assert.deepEqual(specOf(await again.get(widgets, 'default/one')), { a: 'x', c: 4 })
  await again.delete(customResourceDefinitions, 'widgets.example.com')
  while (second.plane.scheme.stored('example.com', 'widgets') !== undefined)
    await new Promise(resolve => setTimeout(resolve, 5))
  assert.equal(second.plane.store.snapshot('widgets.example.com').size, 0)
  await second.close()
  rmSync(dir, { recursive: true, force: true })
})
