/** A store that comes to seal otherwise while it is used. */
import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { Notes, dataOf, decode, done, put, write } from '../conformance/harness.ts'
import type { Rewritten } from '../changing.ts'
import type { Store } from '../contract.ts'
import { Keyring } from '../encryption.ts'
import type { Rule } from '../providers/providers.ts'
import { openSqliteStore, type SqliteOptions } from './open.ts'

const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
const [one, two] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
const nameOf = (key: Buffer): string => `bulwark:${new Keyring([key]).name.toString('hex')}`
const rule = (name: string, ...more: readonly { name: string; secret: Buffer }[]): Rule => ({
  resources: ['secrets'],
  providers: [{ type: 'aescbc', keys: [{ name, secret: Buffer.alloc(32, name.length) }, ...more] }],
})

async function withStore(run: (path: string, open: (more: Partial<SqliteOptions>) => Promise<Store>) => Promise<void>) {
  const folder = mkdtempSync(join(memory, 'bulwark-rotation-'))
  const path = join(folder, 'store.db')
  try {
    await run(path, more => openSqliteStore({ decode, clock: systemClock, path, sealed: 'all', freeze: true, ...more }))
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function rewriteAll(store: Store, most = 7): Promise<number> {
  let sum = 0
  for (let from: string | undefined = ''; from !== undefined;) {
    const step: Rewritten | undefined = await store.encryption?.rewrite(from, most)
    assert.ok(step !== undefined && step.rewritten <= most)
    sum += step.rewritten
    from = step.next
  }
  return sum
}

test('a new key seals everything anew, without a revision or an event, and the old one is not needed any more', () =>
  withStore(async (_, open) => {
    const store = await open({ keys: [one] })
    for (let i = 0; i < 40; i++) await write(store, `k${i}`, `value ${i}`)
    await write(store, 'k0', 'changed')
    const revision = store.revision()
    const notes = new Notes(store, revision)
    await store.encryption?.use({ keys: [two, one], sealed: 'all' })
    assert.equal((await store.encryption?.survey())?.stale, 41)
    await write(store, 'late', 'sealed with the new key')
    const some = await store.encryption?.rewrite('', 10)
    assert.equal(some?.rewritten, 10)
    await store.close()
    // Cut short: the next start goes on.
    const again = await open({ keys: [two, one] })
    assert.equal((await again.encryption?.survey())?.stale, 31)
    assert.equal(await rewriteAll(again), 31)
    const { counts, stale } = (await again.encryption?.survey()) ?? { counts: new Map<string, number>(), stale: -1 }
    assert.deepEqual([[...counts], stale], [[[nameOf(two), 42]], 0])
    await again.encryption?.use({ keys: [two], sealed: 'all' })
    const old = new Notes(again, 1)
    assert.equal((await old.count(42)).at(-2), 'put k0=changed@42')
    await again.close()
    assert.deepEqual(notes.lines, ['put late=sealed with the new key@43'])
    await assert.rejects(open({ keys: [one] }), { name: 'StoreRefused', why: 'key' })
    const last = await open({ keys: [two] })
    assert.equal(dataOf(last.snapshot('things').get('k7')), 'value 7')
    assert.equal(last.revision(), revision + 1)
    await last.close()
  }))

test('a key that came while the store was closed: once everything is sealed anew the old one is not needed, not even by what no row holds', () =>
  withStore(async (_, open) => {
    const store = await open({ keys: [one] })
    for (let i = 0; i < 5; i++) await write(store, `k${i}`, `value ${i}`)
    await store.close()
    const rotating = await open({ keys: [two, one] })
    assert.equal(await rewriteAll(rotating), 5)
    await rotating.encryption?.use({ keys: [two], sealed: 'all' })
    await rotating.close()
    const last = await open({ keys: [two] })
    assert.equal(dataOf(last.snapshot('things').get('k3')), 'value 3')
    await last.close()
  }))

test('a provider takes over and gives back; what it sealed begins as upstream has it', () =>
  withStore(async (path, open) => {
    const keys = [one]
    const store = await open({ keys, rules: [rule('a')] })
    await done(store.commit([put('s/1', 'confidential', { resource: 'secrets', managed: '[{"manager":"m"}]' })]))
    await write(store, 'thing', 'ours')
    await store.encryption?.use({
      keys,
      sealed: 'all',
      rules: [rule('bb', { name: 'a', secret: Buffer.alloc(32, 1) })],
    })
    assert.equal(await rewriteAll(store), 1)
    assert.deepEqual(
      (await store.encryption?.survey())?.counts,
      new Map([
        [nameOf(one), 1],
        ['k8s:enc:aescbc:v1:bb:', 1],
      ]),
    )
    await store.close()
    assert.ok(readFileSync(path).includes('k8s:enc:aescbc:v1:bb:'))
    // Without the provider it does not open, and the refusal says what is missing.
    await assert.rejects(open({ keys }), { name: 'StoreRefused', why: 'corrupt', message: /k8s:enc:aescbc:v1:bb:/ })
    const again = await open({ keys, rules: [rule('bb')] })
    const kept = again.snapshot('secrets').get('s/1')
    assert.deepEqual([dataOf(kept), kept?.managed], ['confidential', '[{"manager":"m"}]'])
    const off: Rule = { resources: ['secrets'], providers: [{ type: 'identity' }, ...rule('bb').providers] }
    await again.encryption?.use({ keys, sealed: 'all', rules: [off] })
    assert.equal(await rewriteAll(again), 1)
    await again.close()
    await (await open({ keys })).close()
  }))

test('what a provider sealed is signed with the master key: it counts as needing that one, and is sealed anew with the next', () =>
  withStore(async (_, open) => {
    const rules = [rule('a')]
    const store = await open({ keys: [one], rules })
    await done(store.commit([put('s/1', 'confidential', { resource: 'secrets' })]))
    await store.encryption?.use({ keys: [two, one], sealed: 'all', rules })
    const before = await store.encryption?.survey()
    assert.deepEqual([[...(before?.masters ?? [])], before?.stale], [[nameOf(one)], 1])
    assert.equal(await rewriteAll(store), 1)
    const after = await store.encryption?.survey()
    assert.deepEqual([[...(after?.masters ?? [])], after?.stale], [[nameOf(two)], 0])
    await store.encryption?.use({ keys: [two], sealed: 'all', rules })
    await store.close()
    const last = await open({ keys: [two], rules })
    assert.equal(dataOf(last.snapshot('secrets').get('s/1')), 'confidential')
    await last.close()
  }))

test('what a provider cannot seal now is refused, and nothing else is', () =>
  withStore(async (_, open) => {
    const refuse = (resource: string): string | undefined => (resource === 'secrets' ? 'the plugin is away' : undefined)
    const store = await open({ keys: [one], refuse })
    const [secret, thing] = await Promise.all([
      store.commit([put('s/1', 'x', { resource: 'secrets' })]),
      store.commit([put('t', 'x')]),
    ])
    assert.ok(!secret.ok && secret.reason === 'failed' && secret.message === 'the plugin is away')
    assert.ok(thing.ok)
    await store.close()
  }))
