/** A container's mounts: the spec's volumes, the hosts file, the place for its last words. */
import type { Container, VolumeMount } from '#kinds/facts/generated/types/core_v1.ts'
import { Propagation } from '../cri/codes.ts'
import type { Mount } from './configs.ts'
import { expand } from './env.ts'

export interface MountInput {
  readonly container: Container
  /** Host paths by volume name. */
  readonly volumes: ReadonlyMap<string, string>
  readonly env: ReadonlyMap<string, string>
  readonly hosts: string
  readonly message: string
  /** Mounts a path of a volume for this container alone; see volumes/subpath.ts. */
  readonly subPath: (volume: string, path: string, index: number) => Promise<string>
}

export class MountError extends Error {}

const propagation = (mode: VolumeMount['mountPropagation']): number =>
  mode === 'Bidirectional'
    ? Propagation.BIDIRECTIONAL
    : mode === 'HostToContainer'
      ? Propagation.HOST_TO_CONTAINER
      : Propagation.PRIVATE

async function one(mount: VolumeMount, index: number, input: MountInput): Promise<Mount> {
  const volume = input.volumes.get(mount.name)
  if (volume === undefined)
    throw new MountError(`cannot find volume "${mount.name}" to mount into container "${input.container.name}"`)
  const path = mount.subPathExpr === undefined ? (mount.subPath ?? '') : expand(mount.subPathExpr, input.env)
  if (/\$\(/.test(path)) throw new MountError(`missing value for subPathExpr ${mount.subPathExpr}`)
  return {
    containerPath: mount.mountPath.startsWith('/') ? mount.mountPath : `/${mount.mountPath}`,
    hostPath: path === '' ? volume : await input.subPath(volume, path, index),
    readonly: mount.readOnly === true,
    propagation: propagation(mount.mountPropagation),
  }
}

/** @throws MountError, VolumeError */
export async function containerMounts(input: MountInput): Promise<readonly Mount[]> {
  const { container } = input
  const own = await Promise.all((container.volumeMounts ?? []).map((mount, index) => one(mount, index, input)))
  const taken = new Set(own.map(mount => mount.containerPath))
  const message = container.terminationMessagePath ?? '/dev/termination-log'
  return [
    ...own,
    ...(taken.has('/etc/hosts') ? [] : [{ containerPath: '/etc/hosts', hostPath: input.hosts }]),
    ...(message === '' ? [] : [{ containerPath: message, hostPath: input.message }]),
  ]
}
