/** A real registry on loopback, Debian's, fetched once and unpacked beside the engines. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fetchDebian } from '../../src/setup/debian.ts'
import { cache } from './clients.ts'

export interface Registry {
  /** Host and port, as image names begin with. */
  readonly host: string
  stop(): Promise<void>
}

/** With this name and password; the hash is bcrypt's of the latter. */
export const account = { name: 'puller', password: 'secret' } as const
const hash = '$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a'

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

const answers = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    get({ host: '127.0.0.1', port, path: '/v2/', agent: false }, reply =>
      resolve(reply.resume().statusCode === 401),
    ).on('error', () => resolve(false))
  })

/** Lets nobody in without `account`. */
export async function startRegistry(): Promise<Registry> {
  const into = join(cache, 'registry')
  await fetchDebian({ suite: 'bookworm', packages: ['docker-registry'], into, say: console.error })
  const [dir, port] = [await mkdtemp(join(tmpdir(), 'bw-registry-')), await freePort()]
  await writeFile(join(dir, 'users'), `${account.name}:${hash}\n`)
  const config = {
    version: '0.1',
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(dir, 'data') } },
    http: { addr: `127.0.0.1:${port}` },
    auth: { htpasswd: { realm: 'test', path: join(dir, 'users') } },
  }
  // JSON is YAML.
  await writeFile(join(dir, 'config.yml'), JSON.stringify(config))
  const child = spawn(join(into, 'usr/bin/docker-registry'), ['serve', join(dir, 'config.yml')], { stdio: 'ignore' })
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    await rm(dir, { recursive: true, force: true })
  }
  for (const end = performance.now() + 20_000; !(await answers(port));)
    if (performance.now() > end || child.exitCode !== null) {
      await stop()
      throw new Error('the registry does not answer')
    }
  return { host: `127.0.0.1:${port}`, stop }
}
