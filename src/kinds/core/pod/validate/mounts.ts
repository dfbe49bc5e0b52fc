/** What containers mount, and what they see as a device. */
import type { Container, VolumeDevice, VolumeMount } from '#kinds/facts/generated/types/core_v1.ts'
import type { Place } from '../../../place.ts'
import type { PodContext } from './context.ts'
import { checkDescending, hasBackstep } from './paths.ts'

const propagations = ['Bidirectional', 'HostToContainer', 'None']
const recursions = ['Disabled', 'Enabled', 'IfPossible']

function checkPropagation(place: Place, value: string, container: Container): void {
  if (!propagations.includes(value)) place.unsupported(value, propagations)
  if (value === 'Bidirectional' && container.securityContext?.privileged !== true)
    place.forbidden('Bidirectional mount propagation is available only to privileged containers')
}

function checkRecursion(place: Place, mount: VolumeMount): void {
  const { recursiveReadOnly: value, mountPropagation = 'None' } = mount
  if (value === undefined || value === 'Disabled') return
  if (!recursions.includes(value)) return place.unsupported(value, recursions)
  if (mount.readOnly !== true) place.forbidden('may only be specified when readOnly is true')
  if (mountPropagation !== 'None')
    place.forbidden('may only be specified when mountPropagation is None or not specified')
  return undefined
}

interface Other {
  readonly names: ReadonlySet<string>
  readonly paths: ReadonlySet<string>
}

const none: Other = { names: new Set(), paths: new Set() }

/** Upstream names the list, not the mount, for these. */
function checkSubPaths(list: Place, place: Place, { subPath, subPathExpr }: VolumeMount): void {
  if (subPath) checkDescending(list.at('subPath'), subPath)
  if (!subPathExpr) return
  if (subPath) place.at('subPathExpr').invalid(subPathExpr, 'subPathExpr and subPath are mutually exclusive')
  checkDescending(list.at('subPathExpr'), subPathExpr)
}

export function checkMounts(list: Place, container: Container, context: PodContext): void {
  const { volumeMounts: mounts, volumeDevices: devices = [] } = container
  if (mounts === undefined) return
  const others: Other =
    devices.length === 0
      ? none
      : { names: new Set(devices.map(one => one.name)), paths: new Set(devices.map(one => one.devicePath)) }
  const seen = new Set<string>()
  list.each(mounts, (mount, place) => {
    const { name, mountPath } = mount
    if (!name) place.at('name').required()
    if (!context.volumes.has(name)) place.at('name').notFound(name)
    if (!mountPath) place.at('mountPath').required()
    if (seen.has(mountPath)) place.at('mountPath').invalid(mountPath, 'must be unique')
    seen.add(mountPath)
    if (others.names.has(name)) place.at('name').invalid(name, 'must not already exist in volumeDevices')
    if (others.paths.has(mountPath))
      place.at('mountPath').invalid(mountPath, 'must not already exist as a path in volumeDevices')
    checkSubPaths(list, place, mount)
    if (mount.mountPropagation !== undefined)
      checkPropagation(list.at('mountPropagation'), mount.mountPropagation, container)
    checkRecursion(list.at('recursiveReadOnly'), mount)
  })
}

function checkDevice(place: Place, { name, devicePath }: VolumeDevice, { volumes }: PodContext): void {
  const volume = volumes.get(name)
  if (!name) place.at('name').required()
  if (volume === undefined) place.at('name').notFound(name)
  else if (volume.persistentVolumeClaim === undefined && volume.ephemeral === undefined)
    place
      .at('name')
      .invalid(name, 'can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode')
  if (!devicePath) place.at('devicePath').required()
  else if (hasBackstep(devicePath)) place.at('devicePath').invalid(devicePath, "can not contain backsteps ('..')")
}

export function checkDevices(list: Place, container: Container, context: PodContext): void {
  const { volumeDevices: devices, volumeMounts: mounts = [] } = container
  if (devices === undefined) return
  const names = new Set<string>()
  const paths = new Set<string>()
  list.each(devices, (device, place) => {
    const { name, devicePath } = device
    checkDevice(place, device, context)
    if (name && names.has(name)) place.at('name').invalid(name, 'must be unique')
    if (paths.has(devicePath)) place.at('devicePath').invalid(devicePath, 'must be unique')
    names.add(name)
    paths.add(devicePath)
    if (mounts.some(one => one.name === name)) place.at('name').invalid(name, 'must not already exist in volumeMounts')
    if (mounts.some(one => one.mountPath === devicePath))
      place.at('devicePath').invalid(devicePath, 'must not already exist as a path in volumeMounts')
  })
}
