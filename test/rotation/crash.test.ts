/**
 * kill -9 of a server at any moment of `bulwark encryption rotate`, with writers beside it: nothing acknowledged is lost or
 * lies open, the rotation goes on at the next start and ends, and the old key is there for as long as something needs it.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { type TestContext, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { readStatus } from '#processes/encryption/files.ts'
import { Keyring, masterTitle } from '#server/store/encryption.ts'
import { loadKeys } from '#server/store/keyfile.ts'
import { prefixIn } from '#server/store/providers/providers.ts'
import { forms } from '#server/store/sqlite/rows.ts'
import { type Random, makeRandom } from '../fuzz/random.ts'
import { skip, startEtcd } from '../store/etcd.ts'
import { Ledger } from './ledger.ts'
import { KilledServer } from '../tools/killed-server.ts'

const seed = Number(process.env['BULWARK_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

interface Scene {
  readonly server: KilledServer
  readonly ledger: Ledger
  readonly random: Random
}

async function withScene(context: TestContext, server: KilledServer, act: (scene: Scene) => Promise<void>) {
  const ledger = new Ledger()
  try {
    ledger.client = await server.start()
    await ledger.fill(300)
    ledger.start()
    await act({ server, ledger, random: makeRandom(seed) })
    assert.ok(ledger.acknowledged > 500, `too little was written to prove anything: ${ledger.acknowledged}`)
  } catch (error) {
    context.diagnostic(`BULWARK_TEST_SEED=${seed}`)
    throw error
  } finally {
    await ledger.stop()
    await server.remove()
  }
}

async function until(what: string, works: () => boolean, every = 2): Promise<void> {
  const end = performance.now() + 20_000
  while (!works()) {
    assert.ok(performance.now() < end, `${what}: not within 20 s`)
    await sleep(every)
  }
}

const titlesIn = (file: string): readonly string[] => loadKeys(file).map(key => masterTitle(new Keyring([key]).name))

/** What the rows of the database, and what it says of itself, are sealed with. */
function sealedWith(database: string): ReadonlySet<string> {
  const names = new Set<string>()
  const open = new DatabaseSync(database, { readOnly: true })
  try {
    const rows = open.prepare('SELECT form, value FROM log WHERE form <> ?').all(forms.deletion)
    const meta = open.prepare("SELECT value FROM meta WHERE name IN ('sealed', 'state')").all()
    for (const { form, value } of [...rows, ...meta])
      if (value instanceof Uint8Array) names.add(form === forms.provided ? prefixIn(value) : masterTitle(value))
  } finally {
    open.close()
  }
  return names
}

/** Moments at which a server is killed. They count from the command's start, or from what the command or the server did. */
const moments = {
  anywhere: ({ random }: Scene) => sleep(random.below(3000)),
  /** The key is there; the server takes it up within a second, and the command may not have asked yet. */
  'a new key': async ({ server, random }: Scene) => {
    await until('a new key', () => server.keys > 1, 1)
    await sleep(random.below(1200))
  },
  'values sealed anew': async ({ server, random }: Scene) => {
    await until('values sealed anew', () => {
      const status = readStatus(server.at)
      return status?.state === 'rotating' && status.done > 0
    })
    await sleep(random.below(700))
  },
  'the old key dropped': async ({ server, random }: Scene) => {
    await until('the old key dropped', () => server.keys === 1, 1)
    await sleep(random.below(3))
  },
} as const

/** Kills the server and looks at what it left. */
async function end({ server, ledger }: Scene): Promise<void> {
  ledger.client = undefined
  await server.kill()
  Ledger.concealed(server.at.dir)
}

async function begin({ server, ledger }: Scene, more?: Parameters<KilledServer['start']>[0]): Promise<void> {
  const client = await server.start(more)
  await ledger.check(client)
  ledger.client = client
}

/** A rotation that goes on, or a new one, and its sudden end. */
async function round(scene: Scene, moment: keyof typeof moments, flags: readonly string[]): Promise<void> {
  const { server } = scene
  const command = server.rotating ? undefined : server.rotate(...flags)
  await moments[moment](scene)
  await end(scene)
  const told = await command
  // It was done, or it says what became of it.
  assert.ok(told === undefined || told.code === 0 || told.code === 3, told?.text ?? '')
}

const finished = ({ server }: Scene): Promise<void> => until('the rotation to end', () => !server.rotating)

test('the key of the store', { timeout: 90_000 }, async context =>
  withScene(context, await KilledServer.make(), async scene => {
    const { server } = scene
    const first = titlesIn(server.keyFile)
    const order = ['a new key', 'values sealed anew', 'anywhere', 'the old key dropped', 'anywhere'] as const
    for (const moment of order) {
      await round(scene, moment, ['--per-second', '600'])
      const titles = titlesIn(server.keyFile)
      for (const name of sealedWith(server.at.database))
        assert.ok(titles.includes(name), `${name} is needed, and gone (killed at: ${moment})`)
      await begin(scene)
    }
    if (server.keys > 1 && !server.rotating) await server.rotate()
    await finished(scene)
    await end(scene)
    const [only = '', ...others] = titlesIn(server.keyFile)
    assert.deepEqual(others, [])
    assert.ok(!first.includes(only))
    assert.deepEqual([...sealedWith(server.at.database)], [only])
    await begin(scene)
  }),
)

const configuration = (...keys: readonly string[]): string =>
  JSON.stringify({
    kind: 'EncryptionConfiguration',
    apiVersion: 'apiserver.config.k8s.io/v1',
    resources: [
      {
        resources: ['secrets'],
        providers: [
          { aescbc: { keys: keys.map(name => ({ name, secret: Buffer.alloc(32, name).toString('base64') })) } },
        ],
      },
    ],
  })

test('keys of an EncryptionConfiguration, and the key of the store beside them', { timeout: 90_000 }, async context => {
  const dir = mkdtempSync(join(tmpdir(), 'bw-encryption-'))
  const file = join(dir, 'encryption.json')
  writeFileSync(file, configuration('one'), { mode: 0o600 })
  const made = await KilledServer.make({ encryption: { file, reload: false } })
  await withScene(context, made, async scene => {
    const { server } = scene
    const use = async (...keys: readonly string[]): Promise<void> => {
      await end(scene)
      writeFileSync(file, configuration(...keys), { mode: 0o600 })
      await begin(scene)
    }
    await use('two', 'one')
    await round(scene, 'values sealed anew', ['--keep-key', '--per-second', '100'])
    assert.ok(sealedWith(server.at.database).has('k8s:enc:aescbc:v1:one:'))
    await begin(scene)
    await finished(scene)
    await use('two')
    assert.equal(server.keys, 1)
    await round(scene, 'values sealed anew', ['--per-second', '600'])
    await begin(scene)
    await finished(scene)
    await end(scene)
    assert.deepEqual([...sealedWith(server.at.database)].sort(), [
      ...titlesIn(server.keyFile),
      'k8s:enc:aescbc:v1:two:',
    ])
    await begin(scene)
  })
  rmSync(dir, { recursive: true })
})

suite('around an etcd', { skip }, () => {
  test('the key of the store', { timeout: 90_000 }, async context => {
    const etcd = await startEtcd()
    const { endpoints } = etcd.access
    const file = (name: string): string => join(etcd.dir, name)
    const place = { prefix: '/rotated', masterKey: file('shared.key') }
    const files = { ca: file('ca.pem'), cert: file('client.pem'), key: file('client.key') }
    try {
      const server = await KilledServer.make({ etcd: { endpoints, ...place, ...files } })
      await withScene(context, server, async scene => {
        const [first] = titlesIn(server.keyFile)
        assert.match((await server.rotate()).text, /A second key was added/)
        for (const moment of ['anywhere', 'values sealed anew'] as const) {
          await round(scene, moment, ['--per-second', '600'])
          await begin(scene)
        }
        // Killed before it was asked for: the key is there, and does not seal yet.
        if (server.keys > 1 && !server.rotating) await server.rotate()
        await finished(scene)
        await end(scene)
        const [only, ...others] = titlesIn(server.keyFile)
        assert.deepEqual(others, [])
        assert.notEqual(only, first)
        await begin(scene)
      })
    } finally {
      await etcd.stop()
    }
  })
})
