/** Plugins written for the test: a good one, and those that hang, lie, answer nonsense or are not there. */
import assert from 'node:assert/strict'
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Http2Server, type ServerHttp2Session } from 'node:http2'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Code, ConnectError } from '@connectrpc/connect'
import { connectNodeAdapter } from '@connectrpc/connect-node'
import type { Clock } from '#base/clock.ts'
import { Providers } from '../providers/providers.ts'
import { KmsMetrics, hashText } from './metrics.ts'
import { KmsPlugin } from './plugin.ts'
import { KeyManagementService } from './rpc.gen.ts'

interface Behaviour {
  keyId: string
  sealsWith?: string
  healthz: string
  version: string
  mode: 'good' | 'hang' | 'refuse' | 'echo' | 'garbage'
  readonly asked: string[]
}

const aad = Buffer.from('/registry/secrets/a/x')
const plain = Buffer.from('{"kind":"Secret"}')
const kek = (id: string): Buffer => Buffer.alloc(32, id)
const zero = Buffer.alloc(16)

/** What a key management system does, with a key for each id. */
function crypt(id: string, bytes: Uint8Array, way: 'in' | 'out'): Uint8Array<ArrayBuffer> {
  const cipher =
    way === 'in' ? createCipheriv('aes-256-ctr', kek(id), zero) : createDecipheriv('aes-256-ctr', kek(id), zero)
  return Uint8Array.from(cipher.update(bytes))
}

const forever = new Promise<never>(() => undefined)

function serve(path: string, behaviour: Behaviour): Promise<{ close(): Promise<void> }> {
  const handler = connectNodeAdapter({
    routes: router =>
      router.service(KeyManagementService, {
        status: async () => {
          behaviour.asked.push('status')
          if (behaviour.mode === 'hang') await forever
          const { keyId, healthz, version } = behaviour
          return { keyId, healthz, version }
        },
        encrypt: async ({ plaintext }) => {
          behaviour.asked.push('encrypt')
          const keyId = behaviour.sealsWith ?? behaviour.keyId
          if (behaviour.mode === 'hang') await forever
          if (behaviour.mode === 'echo') return { ciphertext: plaintext, keyId }
          if (behaviour.mode === 'garbage') return { ciphertext: new Uint8Array(5000), keyId }
          return {
            ciphertext: crypt(keyId, plaintext, 'in'),
            keyId,
            annotations: { 'v.example.com': Uint8Array.of(1) },
          }
        },
        decrypt: ({ ciphertext, keyId, annotations }) => {
          behaviour.asked.push('decrypt')
          if (behaviour.mode === 'refuse' || annotations['v.example.com']?.[0] !== 1)
            throw new ConnectError('the key is gone', Code.FailedPrecondition)
          if (behaviour.mode === 'garbage') return { plaintext: Uint8Array.of(1, 2, 3) }
          return { plaintext: crypt(keyId, ciphertext, 'out') }
        },
      }),
  })
  const server: Http2Server = createServer(handler)
  const sessions = new Set<ServerHttp2Session>()
  server.on('session', session => sessions.add(session))
  return new Promise(resolve =>
    server.listen(path, () =>
      resolve({
        close: () => {
          for (const session of sessions) session.destroy()
          return new Promise(done => server.close(() => done()))
        },
      }),
    ),
  )
}

class HandClock implements Clock {
  #now = 1_000_000
  #timers: { at: number; call: () => void }[] = []
  now(): number {
    return this.#now
  }
  monotonic(): number {
    return this.#now
  }
  after(milliseconds: number, call: () => void): () => void {
    const timer = { at: this.#now + milliseconds, call }
    this.#timers.push(timer)
    return () => (this.#timers = this.#timers.filter(one => one !== timer))
  }
  advance(milliseconds: number): void {
    this.#now += milliseconds
    const due = this.#timers.filter(({ at }) => at <= this.#now)
    this.#timers = this.#timers.filter(({ at }) => at > this.#now)
    for (const { call } of due) call()
  }
}

interface Scene {
  readonly plugin: KmsPlugin
  readonly clock: HandClock
  readonly behaviour: Behaviour
  readonly providers: () => Providers
  readonly path: string
  readonly metrics: KmsMetrics
  /** Moves past what is remembered of the plugin's health, and asks. */
  readonly health: () => Promise<string | undefined>
}

async function withPlugin(run: (scene: Scene) => Promise<void>, { absent = false } = {}): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'bulwark-kms-'))
  const path = join(folder, 'kms.sock')
  const behaviour: Behaviour = { keyId: '1', healthz: 'ok', version: 'v2', mode: 'good', asked: [] }
  const server = absent ? undefined : await serve(path, behaviour)
  const clock = new HandClock()
  const metrics = new KmsMetrics()
  const options = { clock, metrics, uid: () => 'uid', onChange: () => undefined }
  const plugin = new KmsPlugin({ type: 'kms', name: 'mine', socket: path, timeout: 300 }, options)
  const providers = (): Providers =>
    new Providers([{ resources: ['secrets'], providers: [{ type: 'kms', state: plugin.state }] }], () => clock.now())
  const health = (): Promise<string | undefined> => {
    clock.advance(21_000)
    return plugin.health()
  }
  try {
    await plugin.start()
    await run({ plugin, clock, behaviour, providers, path, metrics, health })
  } finally {
    plugin.close()
    await server?.close()
    rmSync(folder, { recursive: true })
  }
}

const sealed = (providers: Providers): Uint8Array => providers.writer('secrets')?.seal(plain, aad) ?? new Uint8Array()
const opened = (providers: Providers, value: Uint8Array): string =>
  Buffer.from(providers.open('secrets', value, aad) ?? []).toString()

test('a seed is asked for once, seals many values, and another server has it opened', () =>
  withPlugin(async ({ plugin, providers, behaviour, path, clock }) => {
    assert.equal(await plugin.health(), undefined)
    const value = sealed(providers())
    assert.equal(opened(providers(), value), plain.toString())
    sealed(providers())
    assert.deepEqual(behaviour.asked, ['status', 'encrypt'])
    const options = { clock, uid: () => 'uid', onChange: () => undefined }
    const other = new KmsPlugin({ type: 'kms', name: 'mine', socket: path, timeout: 300 }, options)
    const write = plugin.state.write
    assert.ok(write !== undefined)
    const { secret, ...seed } = write
    assert.deepEqual((await other.open(seed)).secret, Uint8Array.from(secret))
    other.close()
  }))

test('another key id brings another seed; what the former sealed is read, and stale', () =>
  withPlugin(async ({ providers, behaviour, health }) => {
    const before = sealed(providers())
    behaviour.keyId = '2'
    assert.equal(await health(), undefined)
    assert.equal(opened(providers(), before), plain.toString())
    assert.ok(providers().stale('secrets', before))
    assert.ok(!providers().stale('secrets', sealed(providers())))
    assert.equal(behaviour.asked.filter(call => call === 'encrypt').length, 2)
  }))

test('a plugin that lies about its key, speaks another version or is ill is not well, and nothing new is sealed with it for long', () =>
  withPlugin(async ({ providers, behaviour, clock, health }) => {
    Object.assign(behaviour, { keyId: '2', sealsWith: '1' })
    assert.match((await health()) ?? '', /is not healthy.*another key than the one that its status tells/)
    Object.assign(behaviour, { keyId: '', sealsWith: undefined })
    assert.match((await health()) ?? '', /got invalid KMSv2 KeyID: keyID is empty/)
    Object.assign(behaviour, { keyId: '1', healthz: 'the disk is full' })
    assert.match((await health()) ?? '', /got unexpected healthz status: the disk is full/)
    Object.assign(behaviour, { healthz: 'ok', version: 'v2beta1' })
    assert.match((await health()) ?? '', /should not change after the initial status response version v2, got v2beta1/)
    behaviour.version = 'v1'
    assert.match((await health()) ?? '', /expected KMSv2 API version v2, got v1/)
    behaviour.keyId = '3'
    behaviour.mode = 'hang'
    clock.advance(200_000)
    assert.throws(() => sealed(providers()), /has not been well for long/)
    assert.match((await health()) ?? '', /failed to perform status section of the healthz check for KMS Provider mine/)
  }))

test('nonsense for an answer is refused: the seed itself, too much, too little; a refusal is told without secrets', () =>
  withPlugin(async ({ plugin, behaviour, health }) => {
    behaviour.keyId = '2'
    behaviour.mode = 'echo'
    assert.match((await health()) ?? '', /gave the seed back as it was/)
    behaviour.mode = 'garbage'
    assert.match((await health()) ?? '', /exceeds the max size of 1024/)
    const seed = { keyId: '1', source: Uint8Array.of(1), annotations: { 'v.example.com': Uint8Array.of(1) }, type: 1 }
    await assert.rejects(plugin.open(seed), /invalid seed length 3/)
    behaviour.mode = 'refuse'
    await assert.rejects(plugin.open(seed), /^Error: failed to decrypt DEK, error: .*the key is gone/)
  }))

test('a plugin that is not there at the start seals nothing, and is found when it comes', () =>
  withPlugin(
    async ({ plugin, providers, behaviour, path, health }) => {
      assert.ok(!plugin.wellNow())
      assert.match(providers().writer('secrets')?.unavailable?.() ?? '', /has not answered since/)
      assert.throws(() => sealed(providers()), { name: 'ProviderUnavailable' })
      const server = await serve(path, behaviour)
      assert.equal(await health(), undefined)
      assert.ok(plugin.wellNow())
      const value = sealed(providers())
      await server.close()
      // Gone again: what is known is read and sealed with for a while.
      assert.notEqual(await health(), undefined)
      assert.equal(opened(providers(), value), plain.toString())
      assert.equal(opened(providers(), sealed(providers())), plain.toString())
    },
    { absent: true },
  ))

test('what it was asked is counted, its keys by hashes alone', () =>
  withPlugin(async ({ plugin, behaviour, clock, metrics, health }) => {
    behaviour.keyId = 'secret-id'
    assert.equal(await health(), undefined)
    const since = clock.now() / 1000
    const { write } = plugin.state
    assert.ok(write)
    behaviour.mode = 'refuse'
    await assert.rejects(plugin.open(write))
    behaviour.keyId = ''
    assert.match((await health()) ?? '', /keyID is empty/)
    const lines = [...metrics.lines()]
    const count = (method: string, code: string): string =>
      `apiserver_envelope_encryption_kms_operations_latency_seconds_count{grpc_status_code="${code}",method_name="/v2.KeyManagementService/${method}",provider_name="mine"}`
    for (const line of [
      `${count('Status', 'OK')} 3`,
      `${count('Encrypt', 'OK')} 2`,
      `${count('Decrypt', 'FailedPrecondition')} 1`,
      `apiserver_envelope_encryption_key_id_hash_status_last_timestamp_seconds{apiserver_id_hash="",key_id_hash="${hashText('secret-id')}",provider_name="mine"} ${since}`,
      'apiserver_envelope_encryption_invalid_key_id_from_status_total{error="empty",provider_name="mine"} 1',
      'apiserver_storage_envelope_transformation_cache_misses_total 1',
      'apiserver_storage_data_key_generation_failures_total 0',
      'apiserver_storage_data_key_generation_duration_seconds_count{} 2',
    ])
      assert.ok(lines.includes(line), line)
    assert.ok(!lines.join('\n').includes('secret-id'))
    assert.equal(plugin.seeds, 2)
  }))
