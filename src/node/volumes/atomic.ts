/**
 * Writes a volume's files so that readers see all of the old ones or all of the new ones: they lie in a dated folder,
 * `..data` is a symbolic link to it that is replaced in one rename, and each file is a link through `..data`.
 */
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Payload, VolumeError } from './payload.ts'

export interface Owner {
  readonly uid?: number
  /** The pod's fsGroup: it may read and write. */
  readonly gid?: number
}

const link = '..data'

function check(path: string): void {
  const parts = path.split('/')
  if (path === '' || path.startsWith('/') || parts.includes('..') || (parts[0] ?? '').startsWith('..'))
    throw new VolumeError(`invalid path in a volume: ${JSON.stringify(path)}`)
}

async function current(folder: string): Promise<string | undefined> {
  return readlink(join(folder, link)).catch(() => undefined)
}

async function same(folder: string, files: Payload): Promise<boolean> {
  const target = await current(folder)
  if (target === undefined) return false
  const known = await readdir(join(folder, target), { recursive: true, withFileTypes: true })
  if (known.filter(entry => entry.isFile()).length !== files.size) return false
  for (const [path, { data }] of files) {
    const old = await readFile(join(folder, target, path)).catch(() => undefined)
    if (old === undefined || !old.equals(data)) return false
  }
  return true
}

async function own(path: string, mode: number, owner: Owner): Promise<void> {
  if (owner.uid !== undefined || owner.gid !== undefined) await chown(path, owner.uid ?? 0, owner.gid ?? 0)
  // What the owner may read the group may read.
  await chmod(path, owner.gid === undefined ? mode : mode | ((mode & 0o600) >> 3))
}

async function fill(folder: string, files: Payload, owner: Owner): Promise<void> {
  for (const [path, { data, mode }] of files) {
    const full = join(folder, path)
    await mkdir(dirname(full), { recursive: true, mode: 0o755 })
    await writeFile(full, data, { mode: 0o600 })
    await own(full, mode, owner)
  }
}

/** Tops of the paths: what a reader sees in the volume's root. */
const tops = (files: Payload): ReadonlySet<string> => new Set([...files.keys()].map(path => path.split('/')[0] ?? ''))

/** True when something was written. @throws VolumeError for a path that leaves the volume */
export async function writeAtomic(folder: string, files: Payload, owner: Owner = {}): Promise<boolean> {
  for (const path of files.keys()) check(path)
  await mkdir(folder, { recursive: true, mode: 0o755 })
  if (await same(folder, files)) return false
  const before = await current(folder)
  const stamp = new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '_').replace('T', '_')
  const fresh = await mkdtemp(join(folder, `..${stamp}.`))
  await chmod(fresh, 0o755)
  await fill(fresh, files, owner)
  await rm(join(folder, '..data_tmp'), { force: true })
  await symlink(fresh.slice(folder.length + 1), join(folder, '..data_tmp'))
  await rename(join(folder, '..data_tmp'), join(folder, link))
  const wanted = tops(files)
  for (const name of wanted)
    await symlink(join(link, name), join(folder, name)).catch((error: unknown) => {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    })
  for (const name of await readdir(folder))
    if (!name.startsWith('..') && !wanted.has(name)) await rm(join(folder, name), { force: true })
  if (before !== undefined) await rm(join(folder, before), { recursive: true, force: true })
  return true
}
