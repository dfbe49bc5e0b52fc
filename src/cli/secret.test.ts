/** Who read a Secret, as the record has it, and which contents of it there are. */
import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import type { SecretVersion } from '#kinds/facts/secrets.ts'
import { openAudit } from '#processes/audit.ts'
import type { Audit } from '#server/audit/audit.ts'
import { CommandError, UsageError } from './place.ts'
import { readingsOf, secretReaders } from './secret-readers.ts'
import { revisionsOf, rollbackSecret } from './secret-versions.ts'

interface Did {
  readonly who: string
  readonly as?: string
  readonly verb?: 'get' | 'list' | 'watch' | 'patch' | 'delete' | 'deletecollection' | 'create'
  readonly resource?: string
  readonly name?: string
  readonly namespace?: string
  readonly code?: number
}

function put(audit: Audit, did: Did): void {
  const { resource = 'secrets', name = 'db', namespace = 'shop', verb = 'get' } = did
  const trail = audit.open({
    id: `${Math.random()}`,
    uri: '/x',
    agent: 'x',
    sourceIPs: () => ['192.0.2.7'],
    attempted: () => '',
  })
  const group = resource === 'secretversions' ? 'bulwark.dev' : ''
  const asked = {
    verb,
    resourceRequest: true,
    path: '/x',
    group,
    version: 'v1',
    resource,
    subresource: '',
    name,
    namespace,
  }
  void trail.identify({ name: did.who, groups: [], source: 'x509' }, asked, did.as !== undefined)
  if (did.as !== undefined) trail.impersonated({ name: did.as, groups: [], source: 'x' })
  trail.end(did.code ?? 200)
}

async function recorded(all: readonly Did[]): Promise<{ name: string; dataDir: string }> {
  const dataDir = mkdtempSync(join(process.env['TMPDIR'] ?? '/tmp', 'secret-cli-'))
  const audit = await openAudit({}, { dir: join(dataDir, 'default', 'audit'), clock: systemClock, log: silentLog })
  for (const one of all) put(audit, one)
  await audit.close()
  return { name: 'default', dataDir }
}

test('readers: by name, with others, nodes, whoever was impersonated, through writes, and who was refused', async () => {
  const at = await recorded([
    { who: 'ann' },
    { who: 'ann' },
    { who: 'other-secret', name: 'else' },
    { who: 'other-namespace', namespace: 'park' },
    { who: 'lister', verb: 'list', name: '' },
    { who: 'watcher', verb: 'watch', name: '', namespace: '' },
    { who: 'system:node:n1', verb: 'watch' },
    { who: 'patcher', verb: 'patch' },
    { who: 'remover', verb: 'deletecollection', name: '' },
    { who: 'creator', verb: 'create' },
    { who: 'historian', resource: 'secretversions', name: 'db:3' },
    { who: 'wrong-historian', resource: 'secretversions', name: 'else:3' },
    { who: 'maps', resource: 'configmaps' },
    { who: 'eve', code: 403 },
    { who: 'mallory', as: 'jane' },
  ])
  const all = await readingsOf('db', { ...at, namespace: 'shop' }, Date.now())
  const shown = all.map(one => `${one.who}: ${one.verb} ${one.how}${one.read ? '' : ' refused'} ${one.times}`)
  assert.deepEqual(shown.toSorted(), [
    'ann: get by name 2',
    'eve: get by name refused 1',
    'historian: get what it held before 1',
    'lister: list with its namespace 1',
    'mallory: get by name 1',
    'patcher: patch by name 1',
    'remover: deletecollection with its namespace 1',
    'system:node:n1: watch by name 1',
    'watcher: watch with all Secrets 1',
  ])
  assert.equal(all.find(one => one.who === 'mallory')?.as, 'jane')
  assert.match(await secretReaders('db', { ...at, namespace: 'shop' }, Date.now()), /^WHO +HOW +RESULT +TIMES/)
  assert.equal(await secretReaders('nobody', { ...at, namespace: 'void', since: '1h' }, Date.now() + 7_200_000), '')
  await assert.rejects(readingsOf('db', { ...at, since: 'yesterday' }, Date.now()), UsageError)
  await assert.rejects(readingsOf('db', { name: 'default', dataDir: '/nonexistent' }, Date.now()), CommandError)
})

test('names in the record cannot move the cursor', async () => {
  const at = await recorded([{ who: 'eve\u001b[2J\nadmin' }])
  const text = await secretReaders('db', { ...at, namespace: 'shop' }, Date.now())
  assert.ok(!text.includes('\u001b') && text.split('\n').length === 3, JSON.stringify(text))
})

const version = (revision: number, uid: string, time: string, more: Partial<SecretVersion> = {}): SecretVersion => ({
  apiVersion: 'bulwark.dev/v1alpha1',
  kind: 'SecretVersion',
  metadata: { name: `db:${revision}`, creationTimestamp: time },
  secretName: 'db',
  secretUID: uid,
  revision,
  data: { key: 'dmFsdWU=' },
  ...more,
})

test('history: from when until when, also across a deletion, and nothing of the values', () => {
  const versions = [
    version(2, 'a', '2026-01-02T00:00:00Z', { replacedBy: 'ann' }),
    version(3, 'a', '2026-01-03T00:00:00Z', { expiresAt: '2026-01-04T00:00:00Z' }),
    version(4, 'b', '2026-01-05T00:00:00Z', { replacedBy: 'bob' }),
  ]
  const secret = {
    apiVersion: 'v1' as const,
    kind: 'Secret' as const,
    metadata: { name: 'db', uid: 'b', creationTimestamp: '2026-01-04T12:00:00Z' },
    data: { other: 'dmFsdWU=' },
  }
  const all = revisionsOf(versions, secret)
  assert.deepEqual(
    all.map(one => [one.revision, one.written, one.replaced, one.by, one.keys.join()]),
    [
      [2, '', '2026-01-02T00:00:00Z', 'ann', 'key'],
      [3, '2026-01-02T00:00:00Z', '2026-01-03T00:00:00Z', 'deleted, kept until 2026-01-04T00:00:00Z', 'key'],
      [4, '', '2026-01-05T00:00:00Z', 'bob', 'key'],
      [5, '2026-01-05T00:00:00Z', undefined, undefined, 'other'],
    ],
  )
  assert.ok(!JSON.stringify(all).includes('dmFsdWU'))
})

test('a revision is a number', async () => {
  for (const to of ['', '0', '-1', '1x', 'db:1', '1e3'])
    await assert.rejects(rollbackSecret('db', { name: 'default', to }), UsageError, to)
})
