/**
 * Fetches packages of another Debian suite into a private directory, verified by apt's own signatures, without
 * touching the system's package state: newer containerd, etcd or type definitions than the installed suite has.
 */
import { execFile } from 'node:child_process'
import { existsSync, globSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg'

export interface DebianFetch {
  /** Suite to fetch from, for example `sid`. */
  readonly suite: string
  /** Package names; their dependencies are not followed. */
  readonly packages: readonly string[]
  /** Where the packages are unpacked, as by `dpkg-deb -x`. Replaced as a whole when fetched. */
  readonly into: string
  readonly say?: (line: string) => void
}

/** The mirror that the machine's own apt uses, so that a closed network's mirror is honoured. */
async function mirror(): Promise<string> {
  const { stdout } = await run('apt-get', ['indextargets', '--format', '$(REPO_URI)', 'Created-By: Packages'])
  const found = stdout.split('\n').find(uri => uri !== '' && !uri.includes('security'))
  return found ?? 'http://deb.debian.org/debian'
}

/** Unpacks the packages, once: a complete earlier result is kept. @throws Error when apt cannot fetch or verify. */
export async function fetchDebian(fetch: DebianFetch): Promise<void> {
  const done = join(fetch.into, '.complete')
  if (existsSync(done)) return
  const work = `${fetch.into}.part`
  await rm(work, { recursive: true, force: true })
  for (const folder of ['lists/partial', 'cache/archives/partial', 'etc', 'debs', 'root'])
    await mkdir(join(work, folder), { recursive: true })
  await writeFile(join(work, 'etc/sources.list'), `deb [signed-by=${keyring}] ${await mirror()} ${fetch.suite} main\n`)
  await writeFile(join(work, 'etc/status'), '')
  const options = [
    `Dir::State::Lists=${work}/lists`,
    `Dir::Cache=${work}/cache`,
    `Dir::Etc::SourceList=${work}/etc/sources.list`,
    'Dir::Etc::SourceParts=/dev/null',
    `Dir::State::status=${work}/etc/status`,
    'APT::Get::List-Cleanup=0',
    'APT::Sandbox::User=root',
    'Acquire::Languages=none',
    'Acquire::Retries=3',
  ].flatMap(option => ['-o', option])
  fetch.say?.(`Fetching ${fetch.packages.join(', ')} from Debian ${fetch.suite}`)
  await run('apt-get', [...options, 'update'], { maxBuffer: 64 << 20 })
  await run('apt-get', [...options, 'download', ...fetch.packages], { cwd: join(work, 'debs'), maxBuffer: 64 << 20 })
  for (const deb of globSync('*.deb', { cwd: join(work, 'debs') }))
    await run('dpkg-deb', ['-x', join(work, 'debs', deb), join(work, 'root')], { maxBuffer: 64 << 20 })
  await writeFile(join(work, 'root/.complete'), `${fetch.suite} ${fetch.packages.join(' ')}\n`)
  await rm(fetch.into, { recursive: true, force: true })
  await rename(join(work, 'root'), fetch.into)
  await rm(work, { recursive: true, force: true })
}
