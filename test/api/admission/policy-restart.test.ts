/** A policy that refuses everything does not keep a server from starting, nor its administrator from taking it back. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import {
  clusterRoles,
  configMaps,
  validatingAdmissionPolicies as policies,
  validatingAdmissionPolicyBindings as bindings,
} from '#kinds/facts/generated/refs.ts'
import { sharedKeys } from '#plane/keys.ts'
import { type Plane, makePlane, schemeAndDecode, usualNetwork } from '#plane/plane.ts'
import { keepBytes } from '#server/http/encode.ts'
import { openSqliteStore } from '#server/store/sqlite/open.ts'

async function open(path: string): Promise<{ readonly plane: Plane; readonly close: () => Promise<void> }> {
  const { scheme, decode } = schemeAndDecode()
  const store = await openSqliteStore({ path, decode, clock: systemClock, freeze: true, onBytes: keepBytes(scheme) })
  const keys = await sharedKeys(store, Date.now())
  const parts = { store, scheme, clock: systemClock, log: silentLog, keys }
  const plane = await makePlane({ ...parts, network: usualNetwork, random: Math.random })
  const close = async (): Promise<void> => {
    await plane.stop()
    await store.close()
  }
  return { plane, close }
}

const clientOf = (plane: Plane) => plane.client(plane.server.identity('test', ['system:masters']), 'test')

test('what a cluster cannot be without comes back', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'bulwark-policies-'))
  t.after(() => rmSync(dir, { recursive: true }))
  const path = join(dir, 'store')
  const first = await open(path)
  const client = clientOf(first.plane)
  await client.delete(clusterRoles, 'view')
  const rule = { apiGroups: ['*'], apiVersions: ['*'], operations: ['*'], resources: ['*/*'] } as const
  const metadata = { name: 'nothing' }
  await client.create(policies, {
    metadata,
    spec: { matchConstraints: { resourceRules: [rule] }, validations: [{ expression: 'false' }] },
  } as never)
  await client.create(bindings, { metadata, spec: { policyName: 'nothing', validationActions: ['Deny'] } } as never)
  const map = { metadata: { name: 'a', namespace: 'default' } }
  await assert.rejects(client.create(configMaps, map as never), /failed expression: false/)
  await first.close()

  const second = await open(path)
  const again = clientOf(second.plane)
  assert.equal((await again.get(clusterRoles, 'view'))?.metadata.name, 'view')
  await assert.rejects(again.create(configMaps, map as never), /failed expression: false/)
  await again.delete(bindings, 'nothing')
  await again.create(configMaps, map as never)
  await second.close()
})
