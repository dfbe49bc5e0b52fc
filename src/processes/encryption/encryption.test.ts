/** A store whose key file and configuration change while it runs. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import fs, { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import { type Clock, systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { parseOwnJson } from '#codec/json.ts'
import type { Decode, Store } from '#server/store/contract.ts'
import { loadKeys, replaceKeys } from '#server/store/keyfile.ts'
import { layout, type Layout } from '../layout.ts'
import { openStore } from '../store.ts'
import { Encryption } from './encryption.ts'
import { readRequest, readStatus, requestFile, writeRequest } from './files.ts'

const decode: Decode = (_, text) => parseOwnJson(text) as ReturnType<Decode>
/** Pauses are a hundredth as long. */
const hasty: Clock = {
  ...systemClock,
  monotonic: () => systemClock.monotonic() * 100,
  after: (milliseconds, call) => systemClock.after(milliseconds / 100, call),
}

interface Running {
  readonly store: Store
  readonly encryption: Encryption
  stop(): Promise<void>
}

interface Scene {
  readonly at: Layout
  readonly configFile: string
  readonly run: (more?: { configFile?: string; reload?: boolean }) => Promise<Running>
}

async function withScene(act: (scene: Scene) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'bulwark-encryption-'))
  const at = layout(dir)
  const run: Scene['run'] = async more => {
    const encryption = new Encryption({ layout: at, keyFile: at.key, clock: hasty, log: silentLog, ...more })
    const store = await openStore({ config: {}, layout: at, decode, clock: systemClock, log: silentLog, encryption })
    encryption.attach(store)
    const stop = async (): Promise<void> => {
      await encryption.stop()
      await store.close()
    }
    return { store, encryption, stop }
  }
  try {
    await act({ at, configFile: join(dir, 'encryption.yaml'), run })
  } finally {
    rmSync(dir, { recursive: true })
  }
}

async function until(what: string, works: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000
  while (!(await works())) {
    assert.ok(performance.now() < end, what)
    await sleep(5)
  }
}

async function fill(store: Store, count: number): Promise<void> {
  const object = (name: string) => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name }, data: {} })
  for (let i = 0; i < count; i++) {
    const key = `a/s${i}`
    const result = await store.commit([
      { type: 'put', resource: 'secrets', key, object: object(key) as never, managed: '' },
    ])
    assert.ok(result.ok)
  }
}

const yaml = (...keys: readonly string[]): string =>
  JSON.stringify({
    kind: 'EncryptionConfiguration',
    apiVersion: 'apiserver.config.k8s.io/v1',
    resources: [
      {
        resources: ['secrets'],
        providers: [
          { secretbox: { keys: keys.map(name => ({ name, secret: Buffer.alloc(32, name).toString('base64') })) } },
        ],
      },
    ],
  })

test('a rotation goes on where a server ended, drops the old key when nothing uses it, and says how far it is', () =>
  withScene(async ({ at, run }) => {
    const first = await run()
    await fill(first.store, 60)
    const [old] = loadKeys(at.key)
    assert.ok(old !== undefined)
    replaceKeys(at.key, [randomBytes(32), old])
    writeRequest(at, { perSecond: 50 })
    await until('it begins', () => (readStatus(at)?.done ?? 0) > 0)
    assert.equal(readStatus(at)?.state, 'rotating')
    await first.stop()
    assert.ok(readRequest(at) !== undefined, 'not done yet')
    assert.equal(loadKeys(at.key).length, 2)
    const second = await run()
    await until('it ends', () => readRequest(at) === undefined)
    await until('it says so', () => readStatus(at)?.state === 'idle')
    const [only, ...others] = loadKeys(at.key)
    assert.equal(others.length, 0)
    assert.ok(only !== undefined && !Buffer.from(only).equals(old))
    const status = readStatus(at)
    assert.deepEqual(status?.sealed, { [status?.key ?? '']: 60 })
    assert.ok((status?.total ?? 0) < 60 && status?.stale === 0)
    assert.equal(second.store.revision(), first.store.revision(), 'no client sees it')
    await second.stop()
    const third = await run()
    assert.equal(third.store.snapshot('secrets').size, 60)
    await third.stop()
  }))

test('asked for while no server runs, with a provider in use: afterwards the new key opens everything alone', () =>
  withScene(async ({ at, configFile, run }) => {
    writeFileSync(configFile, yaml('mine'))
    const first = await run({ configFile })
    await fill(first.store, 9)
    await first.stop()
    const keys = loadKeys(at.key)
    replaceKeys(at.key, [randomBytes(32), ...keys])
    writeRequest(at, { perSecond: 1000 })
    const second = await run({ configFile })
    await until('it ends', () => readRequest(at) === undefined)
    assert.equal(readStatus(at)?.done, 9)
    assert.equal(loadKeys(at.key).length, 1)
    await second.stop()
    const third = await run({ configFile })
    assert.equal(third.store.snapshot('secrets').size, 9)
    // What a provider sealed is signed: that key is used as well.
    replaceKeys(at.key, [randomBytes(32)])
    await until('it is refused', () => readStatus(at)?.state === 'failed')
    assert.match(readStatus(at)?.error ?? '', /lacked a key that values are still sealed with: it was put back/)
    await third.stop()
  }))

test('a key that is still used is not taken away', () =>
  withScene(async ({ at, run }) => {
    const running = await run()
    await fill(running.store, 3)
    const keys = loadKeys(at.key)
    replaceKeys(at.key, [randomBytes(32)])
    await until('it is refused', () => readStatus(at)?.state === 'failed')
    assert.match(readStatus(at)?.error ?? '', /lacked a key that values are still sealed with: it was put back/)
    await fill(running.store, 3)
    assert.deepEqual(loadKeys(at.key)[0], keys[0])
    rmSync(at.key)
    await until('the file is there again', () => existsSync(at.key))
    await running.stop()
    await (await run()).stop()
  }))

test('the file of before a rotation, put there while it goes on or afterwards, leaves a store that opens', () =>
  withScene(async ({ at, run }) => {
    const first = await run()
    await fill(first.store, 9)
    const old = readFileSync(at.key)
    const keys = loadKeys(at.key)
    replaceKeys(at.key, [randomBytes(32), ...keys])
    writeRequest(at, { perSecond: 40 })
    await until('it goes on', () => (readStatus(at)?.done ?? 0) > 0)
    writeFileSync(at.key, old)
    await until('it ends', () => readRequest(at) === undefined)
    writeFileSync(at.key, old)
    await until('it is as it has to be', () => loadKeys(at.key).length > 1)
    await first.stop()
    const second = await run()
    assert.equal(second.store.snapshot('secrets').size, 9)
    await second.stop()
  }))

test('whichever call about the files fails once in a rotation, it ends, and the store opens under what is in the file', () =>
  withScene(async ({ at, run }) => {
    const names = ['openSync', 'writeFileSync', 'fsyncSync', 'renameSync', 'statSync', 'readFileSync'] as const
    const real = Object.fromEntries(names.map(name => [name, fs[name]]))
    const restore = (): void => {
      Object.assign(fs, real)
      syncBuiltinESMExports()
    }
    for (const name of names)
      for (const nth of [1, 2, 3]) {
        const running = await run()
        await fill(running.store, 5)
        replaceKeys(at.key, [randomBytes(32), ...loadKeys(at.key)])
        writeRequest(at, { perSecond: 1000 })
        let calls = 0
        const call = real[name] as (...args: unknown[]) => unknown
        Object.assign(fs, {
          [name]: (...args: unknown[]) => {
            calls++
            if (calls === nth) throw Object.assign(new Error('EIO: made for the test'), { code: 'EIO' })
            return call(...args)
          },
        })
        syncBuiltinESMExports()
        try {
          await until(`${name} ${nth}: it ends`, () => !existsSync(requestFile(at)))
        } finally {
          restore()
        }
        await running.stop()
        const again = await run()
        assert.equal(again.store.snapshot('secrets').size, 5, `${name} ${nth}`)
        await again.stop()
        assert.deepEqual(
          readdirSync(dirname(at.key)).filter(file => file.startsWith(`${basename(at.key)}.`)),
          [],
          `${name} ${nth}`,
        )
      }
  }))

test('a configuration is followed while it runs; one that is wrong, or lacks what is used, is not', () =>
  withScene(async ({ at, configFile, run }) => {
    writeFileSync(configFile, yaml('old'))
    const running = await run({ configFile, reload: true })
    const { store } = running
    const prefixes = async (): Promise<readonly string[]> =>
      [...((await store.encryption?.survey())?.counts.keys() ?? [])].sort()
    await fill(store, 5)
    assert.deepEqual(await prefixes(), ['k8s:enc:secretbox:v1:old:'])
    assert.equal(running.encryption.checks().get('kms-providers'), true)
    writeFileSync(configFile, yaml('new'))
    await until('it is refused', () => /which the new configuration does not have/.test(readStatus(at)?.error ?? ''))
    writeFileSync(configFile, 'kind: [')
    await until('it is refused', () => /neither YAML nor JSON/.test(readStatus(at)?.error ?? ''))
    writeFileSync(configFile, yaml('new', 'old'))
    let newer = -1
    await until('it is taken up', async () => {
      newer = 1
      await fill(store, 1)
      return (await prefixes()).length === 2
    })
    writeRequest(at, { perSecond: 10_000 })
    await until('it ends', () => readRequest(at) === undefined)
    assert.deepEqual(await prefixes(), ['k8s:enc:secretbox:v1:new:'])
    const text = [...running.encryption.metrics()].join('\n')
    const hash = createHash('sha256').update(readFileSync(configFile)).digest('hex')
    for (const line of [
      `last_config_info{apiserver_id_hash="",hash="sha256:${hash}"} 1`,
      'automatic_reloads_total{apiserver_id_hash="",status="success"} 1',
    ])
      assert.ok(text.includes(`apiserver_encryption_config_controller_${line}\n`), text)
    const operations = (way: string, name: string): number =>
      Number(
        new RegExp(
          `^apiserver_storage_transformation_operations_total\\{resource="secrets",status="OK",transformation_type="${way}",transformer_prefix="k8s:enc:secretbox:v1:${name}:"\\} (\\d+)$`,
          'm',
        ).exec(text)?.[1],
      )
    // What was written, and what was sealed anew: that was opened before.
    assert.equal(operations('to_storage', 'old') >= 5, true, text)
    assert.equal(operations('to_storage', 'new'), operations('from_storage', 'old') + newer)
    assert.match(text, /automatic_reloads_total\{apiserver_id_hash="",status="failure"\} [2-9]/)
    await running.stop()
    assert.ok(readFileSync(at.database).includes('k8s:enc:secretbox:v1:new:'))
    writeFileSync(configFile, yaml('new'))
    await (await run({ configFile })).stop()
    await assert.rejects(run(), /k8s:enc:secretbox:v1:new:/)
    await assert.rejects(run({ configFile: `${configFile}.none` }), /error while parsing file/)
  }))

test('a plugin that is gone at the start: what it sealed holds the server back with a sentence, nothing else does', () =>
  withScene(async ({ at, configFile, run }) => {
    const kms = { apiVersion: 'v2', name: 'mine', endpoint: `unix://${at.dir}/gone.sock`, timeout: '100ms' }
    const providers = [{ kms }, { identity: {} }]
    const resources = [{ resources: ['secrets'], providers }]
    const config = { kind: 'EncryptionConfiguration', apiVersion: 'apiserver.config.k8s.io/v1', resources }
    writeFileSync(configFile, JSON.stringify(config))
    const running = await run({ configFile })
    assert.equal(running.encryption.checks().get('kms-providers'), false)
    const object = { apiVersion: 'v1', kind: 'X', metadata: { name: 'x' } } as never
    const put = (resource: string) =>
      running.store.commit([
        { type: 'put' as const, resource, key: 'a/x', object: structuredClone(object), managed: '' },
      ])
    const [secret, other] = await Promise.all([put('secrets'), put('configmaps')])
    assert.ok(!secret.ok && secret.reason === 'failed' && /KMS plugin mine has not answered/.test(secret.message))
    assert.ok(other.ok)
    const seed = { keyId: '1', source: Uint8Array.of(1), annotations: {}, type: 1 }
    await assert.rejects(running.encryption.unseal([{ provider: 'mine', seed }]), {
      name: 'StoreRefused',
      message: /sealed with the KMS plugin mine, which does not open them now/,
    })
    await running.stop()
  }))
