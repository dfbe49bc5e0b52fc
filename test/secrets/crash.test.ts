/** A server that holds a value, ended and prodded in every way that makes programs talk: it is in no file and on no port. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from '#client/client.ts'
import { configMaps, secrets } from '#kinds/facts/generated/refs.ts'
import { KilledServer } from '../tools/killed-server.ts'
import { assertAbsent, makeCanary } from './canary.ts'

const canary = makeCanary()
const program = join(import.meta.dirname, '../../src/main.ts')
let server: KilledServer
let client: Client

before(async () => {
  server = await KilledServer.make()
  client = await server.start()
  const metadata = (name: string) => ({ name, namespace: 'default' })
  await client.create(secrets, {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: metadata('held'),
    data: { key: canary.base64 },
  })
  await client.create(configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: metadata('held'),
    data: { key: canary.text },
  })
})
after(() => server.remove())

/** Nothing that it left below its directory, or where it stands. */
function silent(what: string): void {
  for (const file of readdirSync(server.at.dir, { recursive: true, withFileTypes: true }))
    if (file.isFile())
      assertAbsent(canary, readFileSync(join(file.parentPath, file.name), 'latin1'), `${what}: ${file.name}`)
  const dumps = readdirSync('/').filter(name => /^(core|report\.|Heap|node_)/.test(name))
  assert.deepEqual(dumps, [], what)
}

const debugger9229 = (): Promise<boolean> =>
  new Promise(resolve => {
    const socket = createConnection({ host: '127.0.0.1', port: 9229 })
    socket.on('connect', () => resolve(socket.destroy() !== undefined))
    socket.on('error', () => resolve(false))
  })

test('the signal that opens the debugger of Node opens nothing', async () => {
  server.signal('SIGUSR1')
  await sleep(300)
  assert.equal(await debugger9229(), false)
  assert.equal((await client.get(secrets, 'default/held')).data?.['key'], canary.base64)
  silent('SIGUSR1')
})

test('whatever ends it leaves no value behind', async () => {
  for (const signal of ['SIGUSR2', 'SIGQUIT', 'SIGABRT', 'SIGSEGV', 'SIGKILL'] as const) {
    server.signal(signal)
    await server.ended()
    silent(signal)
    client = await server.start()
    assert.equal((await client.get(secrets, 'default/held')).data?.['key'], canary.base64)
  }
})

test('a core dump would hold no memory', { skip: process.platform !== 'linux' && 'this is how Linux is told' }, () => {
  assert.equal(readFileSync(`/proc/${server.pid}/coredump_filter`, 'utf8').trim(), '00000000')
})

test('flags that write memory down or show it are refused, wherever they come from', async () => {
  await server.kill()
  const dir = server.at.dir
  for (const flag of [
    '--heapsnapshot-signal=SIGUSR2',
    '--report-uncaught-exception',
    '--inspect=127.0.0.1:0',
    '--abort-on-uncaught-exception',
  ])
    for (const [flags, environment] of [
      [[flag], ''],
      [[], flag === '--abort-on-uncaught-exception' ? `--no-warnings ${flag}` : flag],
    ] as const) {
      const ran = spawnSync(process.execPath, [...flags, program, 'server', '--dir', dir], {
        env: { ...process.env, NODE_OPTIONS: environment },
        encoding: 'utf8',
        timeout: 20_000,
      })
      assert.equal(ran.status, 1, ran.stderr)
      assert.match(ran.stderr, /bulwark: refusing to start: --[a-z-]+ would show what this process has in its memory/)
    }
})
