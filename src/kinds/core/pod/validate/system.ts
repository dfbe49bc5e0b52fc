/** What an operating system has no use for, and what a pod with users of its own may not share with its host. */
import type { Container, PodSpec, SecurityContext } from '#kinds/facts/generated/types/core_v1.ts'
import type { Place } from '../../../place.ts'
import { hasOwnUsers } from './context.ts'

export const containerLists = ['initContainers', 'containers', 'ephemeralContainers'] as const

export function eachContainer(place: Place, spec: PodSpec, visit: (container: Container, at: Place) => void): void {
  for (const name of containerLists) {
    const list: readonly Container[] | undefined = spec[name]
    place.at(name).each(list, visit)
  }
}

const ofPodOnLinux = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'fsGroup',
  'fsGroupChangePolicy',
  'sysctls',
  'runAsUser',
  'runAsGroup',
  'supplementalGroups',
  'supplementalGroupsPolicy',
  'seLinuxChangePolicy',
] as const
const ofContainerOnLinux: readonly (keyof SecurityContext)[] = [
  'appArmorProfile',
  'seLinuxOptions',
  'seccompProfile',
  'capabilities',
  'readOnlyRootFilesystem',
  'privileged',
  'allowPrivilegeEscalation',
  'procMount',
  'runAsUser',
  'runAsGroup',
]
const noWindows = 'windows options cannot be set for a linux pod'
const noLinux = 'cannot be set for a windows pod'

function checkLinux(place: Place, spec: PodSpec): void {
  if (spec.securityContext?.windowsOptions !== undefined)
    place.at('securityContext.windowsOptions').forbidden(noWindows)
  eachContainer(place, spec, ({ securityContext }, at) => {
    if (securityContext?.windowsOptions !== undefined) at.at('securityContext.windowsOptions').forbidden(noWindows)
  })
}

function checkWindows(place: Place, spec: PodSpec): void {
  for (const name of ['hostUsers', 'shareProcessNamespace'] as const)
    if (spec[name] !== undefined) place.at(name).forbidden(noLinux)
  for (const name of ['hostPID', 'hostIPC'] as const) if (spec[name] === true) place.at(name).forbidden(noLinux)
  for (const name of ofPodOnLinux)
    if (spec.securityContext?.[name] !== undefined) place.at('securityContext').at(name).forbidden(noLinux)
  eachContainer(place, spec, ({ securityContext }, at) => {
    for (const name of ofContainerOnLinux)
      if (securityContext?.[name] !== undefined) at.at('securityContext').at(name).forbidden(noLinux)
  })
}

const systems = ['linux', 'windows']

export function checkOS(place: Place, spec: PodSpec): void {
  const name = spec.os?.name
  if (name === 'linux') checkLinux(place, spec)
  else if (name === 'windows') checkWindows(place, spec)
  else if (!name) place.at('os.name').required()
  else place.at('os').unsupported(name, systems)
}

export function checkHostUsers(place: Place, spec: PodSpec): void {
  if (!hasOwnUsers(spec)) return
  const why = 'when `hostUsers` is false'
  if (spec.hostNetwork === true) place.at('hostNetwork').forbidden(why)
  if (spec.hostPID === true) place.at('HostPID').forbidden(why)
  if (spec.hostIPC === true) place.at('HostIPC').forbidden(why)
  eachContainer(place, spec, ({ volumeDevices }, at) => {
    if ((volumeDevices?.length ?? 0) > 0) at.at('volumeDevices').forbidden(why)
  })
}
