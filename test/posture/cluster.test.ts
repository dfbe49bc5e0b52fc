/** A cluster as a user has it, asked by the command line: nothing fails, and what is weakened on the machine is found. */
import assert from 'node:assert/strict'
import { chmod, readFile, rm, mkdtemp, writeFile } from 'node:fs/promises'
import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

const root = join(import.meta.dirname, '../..')

interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

let dir: string
const port = 17_643

function bulwark(...args: readonly string[]): Promise<Ran> {
  const env = { ...process.env, KUBECONFIG: join(dir, 'kubeconfig') }
  return new Promise(resolve => {
    execFile(
      join(root, 'bulwark'),
      [...args, '--data-dir', dir, '--name', 'posture'],
      { env, timeout: 120_000, maxBuffer: 16 << 20 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
        resolve({ code, stdout, stderr })
      },
    )
  })
}

const up = (...more: readonly string[]): Promise<Ran> =>
  bulwark('up', '--detach', '--nodes', 'simulated=1', '--port', String(port), ...more)

before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'bw-'))
  const { code, stderr } = await up()
  assert.equal(code, 0, stderr)
})
after(async () => {
  await bulwark('down', '--purge')
  await rm(dir, { recursive: true, force: true })
})

interface Told {
  readonly framework: string
  readonly results: readonly {
    readonly id: string
    readonly state: string
    readonly proof?: readonly { readonly place: string; readonly says: string }[]
  }[]
}

async function failed(framework: string): Promise<readonly string[]> {
  const { stdout, stderr } = await bulwark('posture', '--framework', framework, '-o', 'json')
  assert.equal(stderr, '')
  const reports = JSON.parse(stdout) as readonly Told[]
  return reports.flatMap(one =>
    one.results
      .filter(result => result.state === 'fail')
      .map(({ id, proof = [] }) => `${id} ${proof.map(({ place, says }) => `${place}: ${says}`).join()}`),
  )
}

test('a fresh cluster fails nothing, and says so by its exit code', async () => {
  for (const framework of ['cis', 'nsa', 'pss']) assert.deepEqual(await failed(framework), [], framework)
  const { code, stdout } = await bulwark('posture', '--exit-code')
  assert.equal(code, 0)
  assert.match(stdout, /CIS Kubernetes Benchmark 1\.12: \d+ pass, 0 fail/)
})

test('a key that others may read is named, and its exit code is asked for', async () => {
  const key = join(dir, 'posture', 'server', 'store.key')
  await chmod(key, 0o644)
  const found = await failed('cis')
  assert.ok(
    found.some(one => one === `1.1.21 file ${key}: mode 0644`),
    found.join('\n'),
  )
  assert.equal((await bulwark('posture', '--framework', 'cis')).code, 0)
  assert.equal((await bulwark('posture', '--framework', 'cis', '--exit-code')).code, 1)
  await chmod(key, 0o600)
})

test('a record in which something was changed is named', async () => {
  const log = join(dir, 'posture', 'audit', 'audit.log')
  const text = await readFile(log, 'utf8')
  await writeFile(log, text.replace('"kind":"Event"', '"kind":"Evemt"'))
  assert.match((await failed('cis')).join('\n'), /3\.2\.1 file /)
  await writeFile(log, text)
})

test('every socket of it is planned', async () => {
  const { code, stdout } = await bulwark('sockets', '-o', 'json')
  assert.equal(code, 0, stdout)
  const found = JSON.parse(stdout) as readonly {
    readonly owner: string
    readonly address: string
    readonly known: boolean
  }[]
  assert.deepEqual(
    found.map(one => [one.owner, one.address, one.known]),
    [['server', `127.0.0.1:${port}`, true]],
  )
})

test('flags as text that a shell script can read, and as JSON', async () => {
  const text = await bulwark('config', '--as-flags')
  assert.match(text.stdout, /^--anonymous-auth=false$/m)
  assert.match(text.stdout, new RegExp(`^--secure-port=${port}$`, 'm'))
  const json = JSON.parse((await bulwark('config', '--as-flags', '-o', 'json')).stdout) as Record<string, unknown>
  assert.deepEqual(Object.keys(json), [
    'kube-apiserver',
    'kube-controller-manager',
    'kube-scheduler',
    'kubelet',
    'etcd',
  ])
  assert.equal((await bulwark('config')).code, 2)
})

test('what cannot be meant, and a cluster that does not run', async () => {
  assert.equal((await bulwark('posture', '--framework', 'pci')).code, 2)
  assert.equal((await bulwark('posture', '-o', 'pdf')).code, 2)
  await bulwark('down')
  const { code, stderr } = await bulwark('posture')
  assert.equal(code, 3)
  assert.match(stderr, /does not run/)
  assert.equal((await bulwark('sockets')).code, 3)
})

test('a start that would let anybody in is refused, and starts nothing', async () => {
  const file = join(dir, 'authentication.yaml')
  await writeFile(
    file,
    'apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\nanonymous:\n  enabled: true\n',
  )
  // On loopback alone it is nobody's business but that of who is on the machine; the same on another address is not.
  const config = join(dir, 'posture', 'cluster.json')
  const before = await readFile(config, 'utf8')
  await writeFile(config, before.replaceAll('"serverAddress": "127.0.0.1"', '"serverAddress": "192.0.2.7"'))
  const { code, stderr } = await up('--authentication-config', file)
  assert.equal(code, 1)
  assert.match(
    stderr,
    /refusing to start: the API would be open to whoever reaches 192\.0\.2\.7:17643 without credentials/,
  )
  await writeFile(config, before)
})
