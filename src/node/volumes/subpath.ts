/**
 * Mounts one path of a volume for one container. A container can put symbolic links into its volumes: the path is
 * opened step by step without following any, and what was opened is what is mounted.
 */
import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, realpath, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { promisify } from 'node:util'
import { VolumeError } from './payload.ts'

const run = promisify(execFile)
const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants

const through = (handle: FileHandle, name = ''): string => join('/proc/self/fd', String(handle.fd), name)

/** Opens `path` below `base`, making missing folders. The caller closes it. */
async function openBelow(base: string, path: string): Promise<FileHandle> {
  let at = await open(base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
  for (const name of path.split('/').filter(part => part !== '' && part !== '.')) {
    try {
      const next = await step(at, name)
      await at.close()
      at = next
    } catch (error) {
      await at.close()
      throw error
    }
  }
  return at
}

async function step(at: FileHandle, name: string): Promise<FileHandle> {
  const path = through(at, name)
  try {
    return await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    await mkdir(path, 0o750)
    return await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
  }
}

/** Where links inside the volume lead, as a path below it; what does not exist yet stays as it is. */
async function resolveBelow(base: string, path: string): Promise<string> {
  const full = await realpath(join(base, path)).catch(() => undefined)
  if (full === undefined) {
    const parent = dirname(path)
    return parent === '.' ? path : join(await resolveBelow(base, parent), path.slice(parent.length + 1))
  }
  const inside = relative(base, full)
  if (inside === '..' || inside.startsWith('../')) throw new VolumeError(`subPath ${path} leads out of its volume`)
  return inside
}

/** @returns `target`, on which the path is mounted. @throws VolumeError */
export async function mountSubPath(volume: string, path: string, target: string): Promise<string> {
  if (path.startsWith('/') || path.split('/').includes('..')) throw new VolumeError(`invalid subPath ${path}`)
  const base = await realpath(volume)
  const handle = await openBelow(base, await resolveBelow(base, path))
  try {
    await mkdir(dirname(target), { recursive: true, mode: 0o750 })
    if ((await handle.stat()).isDirectory()) await mkdir(target, { recursive: true, mode: 0o750 })
    else await writeFile(target, '', { flag: 'a' })
    await run('umount', ['--lazy', target]).catch(() => undefined)
    await run('mount', ['--no-canonicalize', '--bind', `/proc/${process.pid}/fd/${handle.fd}`, target])
  } finally {
    await handle.close()
  }
  return target
}
