import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Pod, Volume } from '#kinds/facts/generated/types/core_v1.ts'
import { writeAtomic } from './atomic.ts'
import { payload, type Payload, VolumeError } from './payload.ts'

const files = (texts: Record<string, string>, mode = 0o644): Payload =>
  new Map(Object.entries(texts).map(([path, text]) => [path, { data: Buffer.from(text), mode }]))

test('new files replace old ones in one step, equal ones are not written', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'volume-'))
  assert.equal(await writeAtomic(dir, files({ a: '1', 'b/c': '2' })), true)
  assert.equal(readFileSync(join(dir, 'b/c'), 'utf8'), '2')
  assert.equal(readlinkSync(join(dir, 'a')), '..data/a')
  const first = readlinkSync(join(dir, '..data'))
  assert.equal(await writeAtomic(dir, files({ a: '1', 'b/c': '2' })), false)
  assert.equal(await writeAtomic(dir, files({ a: '3' }, 0o400)), true)
  assert.notEqual(readlinkSync(join(dir, '..data')), first)
  assert.deepEqual(
    readdirSync(dir).filter(name => !name.startsWith('..')),
    ['a'],
  )
  assert.equal(readdirSync(dir).includes(first), false)
  assert.equal(statSync(join(dir, 'a')).mode & 0o777, 0o400)
  rmSync(dir, { recursive: true })
})

test('no file leaves its volume', async () => {
  for (const path of ['../x', '/x', 'a/../../x', '..data', ''])
    await assert.rejects(writeAtomic('/nowhere', files({ [path]: '' })), VolumeError)
})

const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'default', labels: { a: 'b' } },
  spec: { containers: [{ name: 'c' }] },
}
const show = async (volume: Omit<Volume, 'name'>): Promise<Record<string, string>> => {
  const found = await payload(
    { name: 'v', ...volume },
    {
      pod,
      references: {
        configMap: name =>
          name === 'cm'
            ? {
                apiVersion: 'v1',
                kind: 'ConfigMap',
                metadata: { name },
                data: { k: 'v', l: 'w' },
                binaryData: { b: 'AQI=' },
              }
            : undefined,
        secret: () => undefined,
      },
      place: { nodeName: 'n', hostIPs: [], podIPs: [], allocatable: {} },
      token: async ({ audience }) => `token for ${audience}`,
    },
  )
  return Object.fromEntries(
    [...(found ?? [])].map(([path, { data, mode }]) => [
      path,
      `${mode.toString(8)} ${Buffer.from(data).toString('latin1')}`,
    ]),
  )
}

test('config maps give all keys or those asked for', async () => {
  assert.deepEqual(await show({ configMap: { name: 'cm' } }), { k: '644 v', l: '644 w', b: '644 \x01\x02' })
  const items = [{ key: 'k', path: 'd/k', mode: 0o400 }]
  assert.deepEqual(await show({ configMap: { name: 'cm', items } }), { 'd/k': '400 v' })
  assert.deepEqual(await show({ secret: { secretName: 'no', optional: true } }), {})
  await assert.rejects(show({ secret: { secretName: 'no' } }), new VolumeError('secret "no" not found'))
  await assert.rejects(
    show({ configMap: { name: 'cm', items: [{ key: 'x', path: 'x' }] } }),
    /references non-existent config key: x/,
  )
})

test('projected volumes join their sources', async () => {
  const sources = [
    { serviceAccountToken: { path: 'token', audience: 'api' } },
    { configMap: { name: 'cm', items: [{ key: 'k', path: 'k' }] } },
    { downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
  ]
  assert.deepEqual(await show({ projected: { sources, defaultMode: 0o600 } }), {
    token: '600 token for api',
    k: '600 v',
    labels: '600 a="b"',
  })
})
