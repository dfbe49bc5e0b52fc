/** A pod's volumes as folders and files of the host. */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, chown, mkdir, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Pod, Volume } from '#kinds/facts/generated/types/core_v1.ts'
import { bytesOf } from '../pod/amounts.ts'
import { writeAtomic } from './atomic.ts'
import { payload, type PayloadInput, soleUser, VolumeError } from './payload.ts'

const run = promisify(execFile)

export interface VolumesInput extends PayloadInput {
  /** The pod's own directory on this node. */
  readonly dir: string
  /** The host path of a bound claim. @throws VolumeError when it is not bound, or not of this node */
  readonly claim: (name: string) => Promise<string>
}

const pluginOf = (volume: Volume): string =>
  volume.configMap !== undefined
    ? 'configmap'
    : volume.secret !== undefined
      ? 'secret'
      : volume.downwardAPI !== undefined
        ? 'downward-api'
        : volume.projected !== undefined
          ? 'projected'
          : 'empty-dir'

export const volumeFolder = (dir: string, volume: Volume): string =>
  join(dir, 'volumes', `kubernetes.io~${pluginOf(volume)}`, volume.name)

async function mounted(folder: string): Promise<boolean> {
  if (!existsSync(folder)) return false
  const [here, above] = await Promise.all([stat(folder), stat(dirname(folder))])
  return here.dev !== above.dev
}

async function emptyDir(volume: Volume, input: VolumesInput): Promise<string> {
  const folder = volumeFolder(input.dir, volume)
  await mkdir(folder, { recursive: true })
  const source = volume.emptyDir
  if (source?.medium === 'Memory' && !(await mounted(folder))) {
    const size = source.sizeLimit === undefined ? [] : [`size=${bytesOf({ memory: source.sizeLimit })}`]
    await run('mount', ['-t', 'tmpfs', '-o', ['mode=0777', ...size].join(','), 'tmpfs', folder])
  } else if (source?.medium !== undefined && source.medium !== '' && source.medium !== 'Memory')
    throw new VolumeError(`unsupported emptyDir medium ${source.medium}`)
  const group = input.pod.spec.securityContext?.fsGroup
  if (group !== undefined) await chown(folder, 0, group)
  await chmod(folder, group === undefined ? 0o777 : 0o2777)
  return folder
}

const kinds = {
  Directory: 'isDirectory',
  File: 'isFile',
  Socket: 'isSocket',
  CharDevice: 'isCharacterDevice',
  BlockDevice: 'isBlockDevice',
} as const

async function hostPath({ path, type = '' }: NonNullable<Volume['hostPath']>): Promise<string> {
  if (path.split('/').includes('..')) throw new VolumeError(`hostPath ${path} must not contain '..'`)
  if (type === 'DirectoryOrCreate') await mkdir(path, { recursive: true, mode: 0o755 })
  else if (type === 'FileOrCreate') await writeFile(path, '', { flag: 'a', mode: 0o644 })
  const wanted = type.replace('OrCreate', '')
  if (wanted === '') {
    if (!existsSync(path)) await mkdir(path, { recursive: true, mode: 0o755 })
    return path
  }
  const found = await stat(path).catch(() => undefined)
  const check = Object.entries(kinds).find(([name]) => name === wanted)?.[1]
  if (found === undefined || check === undefined || !found[check]())
    throw new VolumeError(`hostPath type check failed: ${path} is not a ${wanted.toLowerCase()}`)
  return path
}

async function one(volume: Volume, input: VolumesInput): Promise<string> {
  if (volume.hostPath !== undefined) return await hostPath(volume.hostPath)
  if (volume.persistentVolumeClaim !== undefined) return await input.claim(volume.persistentVolumeClaim.claimName)
  if (volume.ephemeral !== undefined) return await input.claim(`${input.pod.metadata.name}-${volume.name}`)
  const files = await payload(volume, input)
  if (files !== undefined) {
    const folder = volumeFolder(input.dir, volume)
    const [gid, uid] = [input.pod.spec.securityContext?.fsGroup, soleUser(input.pod)]
    const projected = volume.projected !== undefined && gid === undefined && uid !== undefined
    await writeAtomic(folder, files, { ...(projected ? { uid } : {}), ...(gid === undefined ? {} : { gid }) })
    return folder
  }
  const source = Object.keys(volume).find(key => key !== 'name')
  if (source !== undefined && source !== 'emptyDir') throw new VolumeError(`unsupported volume source ${source}`)
  return await emptyDir(volume, input)
}

/** Makes or refreshes all of them. @returns host paths by volume name. @throws VolumeError naming the volume */
export async function prepareVolumes(input: VolumesInput): Promise<ReadonlyMap<string, string>> {
  const entries = (input.pod.spec.volumes ?? []).map(async volume => {
    try {
      return [volume.name, await one(volume, input)] as const
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new VolumeError(`MountVolume.SetUp failed for volume "${volume.name}" : ${why}`, { cause })
    }
  })
  return new Map(await Promise.all(entries))
}

/** True for volumes whose files follow their source. */
export const isLive = (pod: Pod): boolean =>
  (pod.spec.volumes ?? []).some(one => (one.configMap ?? one.secret ?? one.downwardAPI ?? one.projected) !== undefined)
