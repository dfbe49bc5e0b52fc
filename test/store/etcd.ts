/** Real etcd for tests: unpacked from Debian, on loopback, every connection with certificates of an authority of its own. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { type KeyPair, issue, makeAuthority } from '#pki/issue.ts'
import { systemClock } from '#base/clock.ts'
import { type EtcdAccess, EtcdClient } from '#server/store/etcd/client.ts'
import { fetchDebian } from '#setup/debian.ts'

const cache = process.env['BULWARK_TEST_CACHE'] ?? join(homedir(), '.cache/bulwark')
/** Where each is unpacked. */
const suites = { sid: 'etcd', bookworm: 'etcd-3.4' } as const
type Suite = keyof typeof suites

/** Given to node:test as `skip`. */
export const skip =
  process.platform === 'linux' && process.arch === 'x64' && existsSync('/usr/bin/dpkg-deb')
    ? false
    : 'etcd is unpacked from Debian packages: this needs Debian or a relative of it'

export interface Member {
  readonly url: string
  /** kill -9. */
  kill(): Promise<void>
  /** Starts it again with its data. */
  start(): void
}

export interface EtcdCluster {
  readonly members: readonly Member[]
  readonly access: Required<Omit<EtcdAccess, 'mostBytes'>>
  readonly authority: KeyPair
  readonly dir: string
  stop(): Promise<void>
}

export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map(server => once(server, 'listening')))
  const ports = servers.map(server => {
    const address = server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  })
  await Promise.all(servers.map(server => once(server.close(), 'close')))
  return ports
}

async function files(
  dir: string,
): Promise<{ readonly authority: KeyPair; readonly client: KeyPair; readonly flags: readonly string[] }> {
  const now = Date.now()
  const authority = await makeAuthority('etcd-ca', now)
  const server = await issue(authority, { name: 'etcd', use: 'server', hosts: ['127.0.0.1', 'localhost'] }, now)
  const client = await issue(authority, { name: 'root', use: 'client' }, now)
  const write = (name: string, text: string): string => {
    writeFileSync(join(dir, name), text, { mode: 0o600 })
    return join(dir, name)
  }
  write('client.pem', client.cert)
  write('client.key', client.key)
  const flags = [
    `--cert-file=${write('server.pem', server.cert)}`,
    `--key-file=${write('server.key', server.key)}`,
    `--trusted-ca-file=${write('ca.pem', authority.cert)}`,
    '--client-cert-auth',
  ]
  return { authority, client, flags }
}

/** Quick elections, no syncing of test data to the disk. */
const usual = ['--heartbeat-interval=20', '--election-timeout=200', '--log-level=error', '--enable-grpc-gateway=false']

export interface How {
  readonly suite?: Suite
  /** How members speak with each other: plainly unless given; with certificates of the authority; with such as they make themselves. */
  readonly peers?: 'plain' | 'certified' | 'auto'
}

const peerFlags = (dir: string): Readonly<Record<NonNullable<How['peers']>, readonly string[]>> => ({
  plain: [],
  auto: ['--peer-auto-tls'],
  certified: [
    `--peer-cert-file=${join(dir, 'server.pem')}`,
    `--peer-key-file=${join(dir, 'server.key')}`,
    `--peer-client-cert-file=${join(dir, 'client.pem')}`,
    `--peer-client-key-file=${join(dir, 'client.key')}`,
    `--peer-trusted-ca-file=${join(dir, 'ca.pem')}`,
    '--peer-client-cert-auth',
  ],
})

/** Resolves when they answer. */
export async function startEtcd(
  count = 1,
  more: readonly string[] = [],
  { suite = 'sid', peers: manner = 'plain' }: How = {},
): Promise<EtcdCluster> {
  const into = join(cache, suites[suite])
  await fetchDebian({ suite, packages: ['etcd-server'], into, say: console.error })
  const dir = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'bulwark-etcd-'))
  const { authority, client, flags } = await files(dir)
  const ports = await freePorts(2 * count)
  const urls = ports.slice(0, count).map(port => `https://127.0.0.1:${port}`)
  const peers = ports.slice(count).map(port => `${manner === 'plain' ? 'http' : 'https'}://127.0.0.1:${port}`)
  const initial = peers.map((peer, i) => `m${i}=${peer}`).join(',')
  const members = urls.map((url, i) => {
    const peer = peers[i] ?? ''
    return new RunningMember(join(into, 'usr/bin/etcd'), url, [
      `--name=m${i}`,
      `--data-dir=${join(dir, `m${i}`)}`,
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=${initial}`,
      ...flags,
      ...peerFlags(dir)[manner],
      ...usual,
      ...(suite === 'sid' ? ['--unsafe-no-fsync'] : []),
      ...more,
    ])
  })
  const access = { endpoints: urls, ca: authority.cert, cert: client.cert, key: client.key }
  const asking = new EtcdClient(access)
  await asking.insist((peer, options) => peer.kv.range({ key: Buffer.from('x') }, options), {
    clock: systemClock,
    milliseconds: 20_000,
  })
  asking.close()
  return {
    members,
    authority,
    dir,
    access,
    stop: async () => {
      await Promise.all(members.map(member => member.kill()))
      rmSync(dir, { recursive: true })
    },
  }
}

class RunningMember implements Member {
  readonly url: string
  readonly #program: string
  readonly #flags: readonly string[]
  #process: ChildProcess | undefined

  constructor(program: string, url: string, flags: readonly string[]) {
    this.#program = program
    this.url = url
    this.#flags = flags
    this.start()
  }

  start(): void {
    const stdio: 'ignore'[] | ('ignore' | 'inherit')[] = [
      'ignore',
      'ignore',
      process.env['DEBUG'] === undefined ? 'ignore' : 'inherit',
    ]
    const child = spawn(this.#program, this.#flags, { stdio })
    this.#process = child
    const end = (): void => void child.kill('SIGKILL')
    process.once('exit', end)
    child.once('exit', () => process.off('exit', end))
  }

  async kill(): Promise<void> {
    const child = this.#process
    this.#process = undefined
    if (child === undefined) return
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }
}
