/** What a store in etcd refuses to be opened with, what lies in etcd, and what a full etcd does. */
import assert from 'node:assert/strict'
import { createDecipheriv } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { systemClock } from '#base/clock.ts'
import { issue, makeAuthority } from '#pki/issue.ts'
import { Notes, dataOf, decode, done, put, shown, until, write } from '#server/store/conformance/harness.ts'
import { type CommitResult, type Store, StoreRefused } from '#server/store/contract.ts'
import { Keyring } from '#server/store/encryption.ts'
import { anchor } from '#server/store/headfile.ts'
import type { Rule } from '#server/store/providers/providers.ts'
import { EtcdClient } from '#server/store/etcd/client.ts'
import { alarmAction, noSpace } from '#server/store/etcd/codes.ts'
import { steps as known } from '#server/store/etcd/format.ts'
import { type EtcdOptions, openEtcdStore } from '#server/store/etcd/open.ts'
import { type EtcdCluster, skip, startEtcd } from './etcd.ts'

let prefixes = 0
const nextPrefix = (): string => `/r${prefixes++}`

suite('etcd: what is refused', { skip }, () => {
  let etcd: EtcdCluster
  let client: EtcdClient
  before(async () => {
    etcd = await startEtcd(1, ['--quota-backend-bytes=6000000', '--max-txn-ops=100'])
    client = new EtcdClient(etcd.access)
  })
  after(async () => {
    client.close()
    await etcd.stop()
  })

  const open = (prefix: string, more: Partial<EtcdOptions> = {}): Promise<Store> =>
    openEtcdStore({ decode, clock: systemClock, freeze: true, prefix, patience: 500, ...etcd.access, ...more })
  const refused = (why: StoreRefused['why'], message: RegExp, opening: Promise<Store>): Promise<void> =>
    assert.rejects(
      async () => (await opening).close(),
      error => {
        assert.ok(error instanceof StoreRefused, String(error))
        assert.equal(error.why, why)
        assert.match(error.message, message)
        return true
      },
    )
  const lay = async (key: string, value: string | Uint8Array): Promise<void> => {
    await client.ask(peer => peer.kv.put({ key: Buffer.from(key), value: Uint8Array.from(Buffer.from(value)) }))
  }
  const found = async (key: string): Promise<Uint8Array> => {
    const { kvs } = await client.ask(peer => peer.kv.range({ key: Buffer.from(key) }))
    return kvs[0]?.value ?? new Uint8Array()
  }

  test('who cannot get in is told what to do', async () => {
    const now = Date.now()
    const stranger = await makeAuthority('somebody else', now)
    const pair = await issue(stranger, { name: 'root', use: 'client' }, now)
    await refused(
      'unreachable',
      /refused the connection \(tlsv1 alert unknown ca\): --etcd-certfile and --etcd-keyfile must be a client certificate/,
      open('/x', pair),
    )
    await refused(
      'unreachable',
      /is not trusted \(unable to verify the first certificate\).*--etcd-cafile/,
      open('/x', { ca: stranger.cert }),
    )
    await refused('unreachable', /certificate required.*--etcd-certfile/, open('/x', { cert: '', key: '' }))
    const endpoints = ['https://127.0.0.1:1']
    await refused(
      'unreachable',
      /https:\/\/127.0.0.1:1 does not answer .*ECONNREFUSED.*check that it runs/,
      open('/x', { endpoints }),
    )
    await refused('unreachable', /in the clear: use https/, open('/x', { endpoints: ['http://10.0.0.1:2379'] }))
    await refused('unreachable', /in the clear/, open('/x', { endpoints: ['http://127.example.org:2379'] }))
    await refused('unreachable', /not the address of an etcd: nonsense/, open('/x', { endpoints: ['nonsense'] }))
  })

  test('keys of another program are left alone', async () => {
    const prefix = nextPrefix()
    await lay(`${prefix}/pods/default/web`, 'k8s\0\n')
    await refused('foreign', /\/pods\/default\/web, which another program wrote.*--etcd-prefix/, open(prefix))
    assert.equal((await found(`${prefix}/.bulwark/format`)).length, 0)
    const mixed = nextPrefix()
    await (await open(mixed)).close()
    await lay(`${mixed}/pods/default/web`, 'k8s\0\n')
    await refused('foreign', /another program/, open(mixed))
  })

  test('a newer format is refused, an older one is brought up, and a running server notices', async () => {
    const prefix = nextPrefix()
    const store = await open(prefix)
    await write(store, 'k', 'v')
    let steps = 0
    const upgrades = [...known, async () => void steps++]
    const newer = await open(prefix, { upgrades })
    assert.equal(steps, 1)
    assert.equal(dataOf(newer.snapshot('things').get('k')), 'v')
    await (await open(prefix, { upgrades })).close()
    assert.equal(steps, 1)
    await refused('newer', /has format 3, this version knows 2/, open(prefix))
    await until(() => store.revision() >= newer.revision())
    const late = await store.commit([put('k', 'old server')])
    assert.ok(!late.ok && late.reason === 'failed' && late.message.includes('format 3'))
    await assert.rejects(store.fresh(), { reason: 'ServiceUnavailable' })
    await Promise.all([store.close(), newer.close()])
  })

  test('sealed values lie in etcd sealed, and open only with their key at their place', async () => {
    const prefix = nextPrefix()
    const keys = () => [Buffer.alloc(32, 1)]
    const plain = await open(prefix)
    const secret = put('s/1', 'confidential', { resource: 'secrets', managed: '[{"manager":"m"}]' })
    await done(plain.commit([secret]))
    await plain.close()
    assert.ok(Buffer.from(await found(`${prefix}/secrets/s/1`)).includes('confidential'))
    const store = await open(prefix, { keys })
    assert.ok(!Buffer.from(await found(`${prefix}/secrets/s/1`)).includes('confidential'))
    const kept = store.snapshot('secrets').get('s/1')
    assert.deepEqual([dataOf(kept), kept?.managed], ['confidential', '[{"manager":"m"}]'])
    await refused('key', /give the key file/, open(prefix))
    await refused('key', /copy the key file from a server/, open(prefix, { keys: () => [Buffer.alloc(32, 2)] }))
    const both = await open(prefix, { keys, sealed: ['configmaps'] })
    await done(both.commit([put('s/2', 'secret two', { resource: 'secrets' })]))
    await done(both.commit([put('c/1', 'map', { resource: 'configmaps' })]))
    await store.fresh()
    assert.equal(dataOf(store.snapshot('configmaps').get('c/1')), 'map')
    await done(store.commit([put('c/2', 'a map too', { resource: 'configmaps' })]))
    for (const key of ['secrets/s/2', 'configmaps/c/1', 'configmaps/c/2'])
      assert.match(Buffer.from(await found(`${prefix}/${key}`)).toString('latin1'), /^bulwark1 s /, key)
    // Somebody who can write to etcd puts a secret in the place of another, and one that is not sealed.
    const errors = both.snapshot('secrets').size
    await lay(`${prefix}/secrets/s/3`, await found(`${prefix}/secrets/s/1`))
    await lay(`${prefix}/secrets/s/2`, await found(`${prefix}/configmaps/c/1`))
    await both.fresh()
    assert.equal(both.snapshot('secrets').get('s/3'), undefined)
    assert.equal(both.snapshot('secrets').get('s/2'), undefined)
    assert.equal(both.snapshot('secrets').size, errors - 1)
    await refused('corrupt', /secrets\/s\/2 in etcd is damaged.*etcdctl del/, open(prefix, { keys }))
    await Promise.all([store.close(), both.close()])
  })

  test('a value that was flipped, or put back from an earlier write, counts as removed and is refused at the start', async () => {
    const prefix = nextPrefix()
    const options = { keys: () => [Buffer.alloc(32, 1)], sealed: 'all' } as const
    const store = await open(prefix, options)
    for (const key of ['x', 'y', 'z']) await write(store, key, `first of ${key}`)
    const first = await found(`${prefix}/things/x`)
    await write(store, 'x', 'second of x')
    const flipped = Buffer.from(await found(`${prefix}/things/y`))
    flipped[flipped.length - 20] = (flipped.at(-20) ?? 0) ^ 1
    await lay(`${prefix}/things/x`, first)
    await lay(`${prefix}/things/y`, flipped)
    // The value of write 2, written again as write 3.
    await store.fresh()
    assert.deepEqual(
      shown(store.snapshot('things')).map(line => line.replace(/@.*/, '')),
      ['z=first of z'],
    )
    await store.close()
    await refused('corrupt', /things\/x in etcd is damaged/, open(prefix, options))
  })

  test('an etcd that is behind what this server saw is refused until that is accepted', async () => {
    const prefix = nextPrefix()
    const folder = mkdtempSync(join(tmpdir(), 'bulwark-head-'))
    const headPath = join(folder, 'etcd.head')
    const options = { keys: () => [Buffer.alloc(32, 1)], headPath }
    const store = await open(prefix, options)
    await write(store, 'k')
    await store.close()
    const again = await open(prefix, options)
    const seen = again.revision()
    await again.close()
    const ring = new Keyring([Buffer.alloc(32, 1)])
    anchor(headPath, seen + 1_000_000, ring)
    await refused('rolled-back', /was reached: .*bulwark store accept/, open(prefix, options))
    writeFileSync(headPath, readFileSync(headPath, 'latin1').replaceAll('s0000000000000', 's0000000000001'))
    await refused('corrupt', /not signed/, open(prefix, options))
    rmSync(headPath)
    await (await open(prefix, options)).close()
    rmSync(folder, { recursive: true })
  })

  test("with a provider a value lies in etcd in upstream's own format; another server follows it; rotation brings the rest", async () => {
    const prefix = nextPrefix()
    const keys = () => [Buffer.alloc(32, 1)]
    const secret = Buffer.alloc(32, 7)
    const rules: readonly Rule[] = [
      { resources: ['secrets'], providers: [{ type: 'aesgcm', keys: [{ name: 'key1', secret }] }] },
    ]
    const before = await open(prefix, { keys, sealed: 'all' })
    await done(before.commit([put('s/old', 'older', { resource: 'secrets' })]))
    await before.close()
    const [store, other] = [
      await open(prefix, { keys, sealed: 'all', rules }),
      await open(prefix, { keys, sealed: 'all', rules }),
    ]
    await done(store.commit([put('s/1', 'confidential', { resource: 'secrets', managed: '[{"manager":"m"}]' })]))
    await other.fresh()
    const kept = other.snapshot('secrets').get('s/1')
    assert.deepEqual([dataOf(kept), kept?.managed], ['confidential', '[{"manager":"m"}]'])
    // As upstream's server would read it: prefix, nonce, AES-GCM bound to etcd's key, a JSON object.
    const value = Buffer.from(await found(`${prefix}/secrets/s/1`))
    const start = 'k8s:enc:aesgcm:v1:key1:'.length
    assert.equal(value.toString('latin1', 0, start), 'k8s:enc:aesgcm:v1:key1:')
    const decipher = createDecipheriv('aes-256-gcm', secret, value.subarray(start, start + 12))
    decipher.setAAD(Buffer.from(`${prefix}/secrets/s/1`))
    decipher.setAuthTag(value.subarray(-16))
    const text = Buffer.concat([decipher.update(value.subarray(start + 12, -16)), decipher.final()]).toString()
    assert.equal(JSON.parse(text).metadata.name, '1')
    assert.equal((await store.encryption?.survey())?.stale, 1)
    let from: string | undefined = ''
    while (from !== undefined) from = (await store.encryption?.rewrite(from, 10))?.next
    assert.match(Buffer.from(await found(`${prefix}/secrets/s/old`)).toString('latin1'), /^k8s:enc:aesgcm:v1:key1:/)
    assert.equal((await store.encryption?.survey())?.stale, 0)
    // Put in another place, or back from an earlier write, it counts as removed.
    await lay(`${prefix}/secrets/s/2`, value)
    await done(store.commit([put('s/1', 'newer', { resource: 'secrets' })]))
    await lay(`${prefix}/secrets/s/1`, value)
    await other.fresh()
    assert.deepEqual(
      [...other.snapshot('secrets').range()].map(({ key }) => key),
      ['s/old'],
    )
    await Promise.all([store.close(), other.close()])
  })

  test('servers agree upon the key that seals, however each has them in its file; after a rotation the new one is enough', async () => {
    const prefix = nextPrefix()
    const folder = mkdtempSync(join(tmpdir(), 'bulwark-head-'))
    const [one, two] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
    const nameOf = (key: Buffer): string => `bulwark:${new Keyring([key]).name.toString('hex')}`
    const secret = Buffer.alloc(32, 7)
    const rules: readonly Rule[] = [
      { resources: ['secrets'], providers: [{ type: 'aesgcm', keys: [{ name: 'key1', secret }] }] },
    ]
    const opening = (name: string, keys: readonly Buffer[]) =>
      open(prefix, { keys: () => keys, sealed: 'all', rules, headPath: join(folder, name) })
    const store = await opening('one', [one, two])
    const other = await opening('two', [one, two])
    await write(store, 'k', 'v')
    await done(store.commit([put('s/1', 'confidential', { resource: 'secrets' })]))
    await store.encryption?.use({ keys: [two, one], sealed: 'all', rules })
    await until(() => other.encryption?.sealing() === nameOf(two))
    // One that starts now has it the other way round in its file as well.
    const late = await opening('three', [one, two])
    assert.equal(late.encryption?.sealing(), nameOf(two))
    await write(other, 'other', 'by another server')
    await write(late, 'late', 'by a late server')
    await store.fresh()
    assert.deepEqual([...((await store.encryption?.survey())?.masters ?? [])].sort(), [nameOf(one), nameOf(two)].sort())
    let from: string | undefined = ''
    while (from !== undefined) from = (await store.encryption?.rewrite(from, 10))?.next
    const { masters, stale } = (await store.encryption?.survey()) ?? {}
    assert.deepEqual([[...(masters ?? [])], stale], [[nameOf(two)], 0])
    await store.encryption?.use({ keys: [two], sealed: 'all', rules })
    // Nothing that the others write needs a key that this one has not.
    await write(other, 'other', 'again')
    await done(late.commit([put('s/2', 'confidential', { resource: 'secrets' })]))
    await store.fresh()
    assert.equal(dataOf(store.snapshot('things').get('other')), 'again')
    assert.equal(dataOf(store.snapshot('secrets').get('s/2')), 'confidential')
    await Promise.all([store.close(), other.close(), late.close()])
    for (const name of ['one', 'two', 'three']) {
      const again = await opening(name, [two])
      assert.equal(dataOf(again.snapshot('secrets').get('s/1')), 'confidential')
      await again.close()
    }
    rmSync(folder, { recursive: true })
  })

  test('another key for the seal stops servers that do not have it', async () => {
    const prefix = nextPrefix()
    const [one, two] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
    let broken = ''
    const store = await open(prefix, { keys: () => [one], sealed: 'all' })
    const lagging = await open(prefix, { keys: () => [one], sealed: 'all', onBroken: why => (broken = why) })
    const knowing = await open(prefix, { keys: () => [one, two], sealed: 'all' })
    await write(store, 'k', 'v')
    await store.encryption?.use({ keys: [two, one], sealed: 'all' })
    await write(store, 'new', 'under the new key')
    await until(() => broken !== '')
    assert.match(broken, /sealed under another key/)
    await knowing.fresh()
    assert.equal(dataOf(knowing.snapshot('things').get('new')), 'under the new key')
    assert.equal(dataOf(lagging.snapshot('things').get('k')), 'v')
    await Promise.all([store.close(), lagging.close(), knowing.close()])
  })

  test('a new key is made only where nothing was ever sealed', async () => {
    const prefix = nextPrefix()
    const asked: boolean[] = []
    const keys = (fresh: boolean) => {
      asked.push(fresh)
      return [Buffer.alloc(32, 1)]
    }
    await (await open(prefix, { keys })).close()
    await (await open(prefix, { keys })).close()
    assert.deepEqual([asked[0], asked.at(-1)], [true, false])
  })

  test('what etcd never takes is answered so', async () => {
    const store = await open(nextPrefix())
    const many = await store.commit(Array.from({ length: 150 }, (_, i) => put(`k${i}`)))
    assert.ok(!many.ok && many.reason === 'failed' && many.message.includes('--max-txn-ops'))
    const large = await store.commit([put('large', 'x'.repeat(3_000_000))])
    assert.ok(!large.ok && large.reason === 'failed', JSON.stringify(large))
    await write(store, 'small')
    await store.close()
  })

  test('a server does not go on where what is agreed upon was altered', async () => {
    const prefix = nextPrefix()
    const store = await open(prefix, { keys: () => [Buffer.alloc(32, 1)] })
    assert.equal(store.healthy?.(), true)
    await lay(`${prefix}/.bulwark/sealed`, Buffer.alloc(60))
    await until(() => store.healthy?.() === false)
    const late = await store.commit([put('s/1', 'confidential', { resource: 'secrets' })])
    assert.ok(!late.ok && late.reason === 'failed' && late.message.includes('not understood'))
    await store.close()
  })

  test('an etcd that went back is not written to: revisions would be given twice', async () => {
    const other = await startEtcd()
    let told = ''
    const store = await open('/x', { ...other.access, onBroken: why => (told = why) })
    const notes = new Notes(store, store.revision())
    for (let i = 0; i < 5; i++) await write(store, 'k', String(i))
    const [member] = other.members
    await member?.kill()
    rmSync(join(other.dir, 'm0'), { recursive: true })
    member?.start()
    let answer: CommitResult | undefined
    await until(() => {
      void store.commit([put('k', 'again', { expect: 0 })]).then(result => (answer = result))
      return (
        answer?.ok === false && answer.reason === 'failed' && answer.message.includes('it was restored or replaced')
      )
    })
    await assert.rejects(store.fresh(), { reason: 'ServiceUnavailable' })
    assert.match(told, /restored or replaced/)
    assert.equal(notes.ended, 'closed')
    await store.close()
    await other.stop()
  })

  test('a full etcd answers so, reads go on, and it recovers when there is room', async () => {
    const store = await open(nextPrefix())
    let full = ''
    for (let i = 0; full === ''; i++) {
      const result = await store.commit([put('k', 'x'.repeat(300_000))])
      if (!result.ok) full = result.reason === 'full' ? result.message : JSON.stringify(result)
      assert.ok(i < 60, 'etcd never was full')
    }
    assert.match(full, /database space exceeded.*etcdctl alarm disarm/)
    await store.fresh()
    assert.equal(store.snapshot('things').size, 1)
    await store.compact(store.revision())
    await client.ask(peer => peer.maintenance.defragment({}))
    const { alarms } = await client.ask(peer => peer.maintenance.alarm({ action: alarmAction.get }))
    for (const { memberID } of alarms)
      await client.ask(peer => peer.maintenance.alarm({ action: alarmAction.disarm, memberID, alarm: noSpace }))
    await write(store, 'room')
    await store.close()
  })
})
