/** kill -9 of a whole server under load, as it runs without a flag: whatever a client was told is done is on record. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { StatusError } from '#api/status.ts'
import type { Client } from '#client/client.ts'
import { configMaps, secrets } from '#kinds/facts/generated/refs.ts'
import { chainFiles } from '#server/audit/heads.ts'
import { verifyChain } from '#server/audit/verify.ts'
import { KilledServer } from '../tools/killed-server.ts'

const namespace = 'default'

/** Everything that a client can be told: made, changed, read where that is on record, refused, removed. */
async function work(client: Client, name: string, ledger: string[]): Promise<void> {
  const metadata = { name, namespace }
  const key = `${namespace}/${name}`
  await client.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata })
  ledger.push(`create secrets/${name}`)
  await client.get(secrets, key)
  ledger.push(`get secrets/${name}`)
  const missing = await client.get(secrets, `${key}-not`).catch((error: unknown) => error)
  if (missing instanceof StatusError && missing.code === 404) ledger.push(`get secrets/${name}-not`)
  await client.create(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata })
  ledger.push(`create configmaps/${name}`)
  await client.update(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { a: 'b' } })
  ledger.push(`update configmaps/${name}`)
  await client.delete(configMaps, key)
  ledger.push(`delete configmaps/${name}`)
}

interface Line {
  readonly stage: string
  readonly verb: string
  readonly objectRef?: { readonly resource: string; readonly name?: string }
}

test('whatever a client was told is done is on record', { timeout: 60_000 }, async () => {
  const server = await KilledServer.make()
  try {
    const ledger: string[] = []
    for (let round = 0; round < 3; round++) {
      const client = await server.start()
      let over = false
      const workers = Array.from({ length: 12 }, async (_, worker) => {
        for (let at = 0; !over; at++) await work(client, `${round}-${worker}-${at}`, ledger).catch(() => undefined)
      })
      await sleep(300 + Math.random() * 700)
      await server.kill()
      over = true
      await Promise.all(workers)
    }
    const lines = readFileSync(join(server.at.audit, 'audit.log'), 'utf8').split('\n').slice(0, -1)
    const known = new Set(
      lines.map(line => {
        const { stage, verb, objectRef } = JSON.parse(line) as Line
        assert.equal(stage, 'ResponseComplete')
        return `${verb} ${objectRef?.resource}/${objectRef?.name}`
      }),
    )
    assert.ok(ledger.length > 500, `${ledger.length} acknowledged`)
    assert.deepEqual(
      ledger.filter(done => !known.has(done)),
      [],
    )
    assert.equal((await verifyChain(chainFiles(server.at.audit)))?.problem, undefined)
  } finally {
    await server.remove()
  }
})
