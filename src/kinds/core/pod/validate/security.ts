/** Security contexts of pods and containers. */
import { userId } from '#api/names.ts'
import type {
  AppArmorProfile,
  PodSecurityContext,
  PodSpec,
  SeccompProfile,
  SecurityContext,
} from '#kinds/facts/generated/types/core_v1.ts'
import type { Place } from '../../../place.ts'
import { hasOwnUsers } from './context.ts'
import { checkDescending } from './paths.ts'

const profileTypes = ['Localhost', 'RuntimeDefault', 'Unconfined']

function checkId(place: Place, id: number | undefined): void {
  if (id === undefined) return
  for (const problem of userId(id)) place.invalid(id, problem)
}

function checkSeccomp(place: Place, profile: SeccompProfile): void {
  const { type, localhostProfile: file } = profile
  if (!type) place.at('type').required('type is required when seccompProfile is set')
  else if (!profileTypes.includes(type)) place.at('type').unsupported(type, profileTypes)
  const at = place.at('localhostProfile')
  if (type === 'Localhost') {
    if (file === undefined) at.required('must be set when seccomp type is Localhost')
    else checkDescending(at, file)
  } else if (file !== undefined) at.invalid(profile, 'can only be set when seccomp type is Localhost')
}

const longestProfile = 4095

function checkLocalProfile(at: Place, file: string | undefined): void {
  const text = file ?? ''
  if (text.trim() === '' && text.trim() === text) at.required('must be set when AppArmor type is Localhost')
  else if (text.trim() !== text) at.invalid(text, 'must not be padded with whitespace')
  if (text.length > longestProfile) at.tooLong(longestProfile)
}

function checkAppArmor(place: Place, { type, localhostProfile: file }: AppArmorProfile): void {
  const at = place.at('localhostProfile')
  if (type === 'Localhost') checkLocalProfile(at, file)
  else if (!type) place.at('type').required('type is required when appArmorProfile is set')
  else if (!profileTypes.includes(type)) place.at('type').unsupported(type, profileTypes)
  else if (file !== undefined) at.invalid(file, 'can only be set when AppArmor type is Localhost')
}

const procMounts = ['Default', 'Unmasked']

function checkProcMount(place: Place, mount: string, spec: PodSpec): void {
  if (!procMounts.includes(mount)) place.unsupported(mount, procMounts)
  if (mount === 'Unmasked' && !hasOwnUsers(spec)) place.invalid(mount, '`hostUsers` must be false to use `Unmasked`')
}

export function checkSecurityContext(place: Place, context: SecurityContext, spec: PodSpec): void {
  checkId(place.at('runAsUser'), context.runAsUser)
  checkId(place.at('runAsGroup'), context.runAsGroup)
  if (context.procMount !== undefined) checkProcMount(place.at('procMount'), context.procMount, spec)
  if (context.seccompProfile !== undefined) checkSeccomp(place.at('seccompProfile'), context.seccompProfile)
  if (context.allowPrivilegeEscalation === false) {
    if (context.privileged === true)
      place.invalid(context, 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true')
    if (context.capabilities?.add?.includes('CAP_SYS_ADMIN') === true)
      place.invalid(context, 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN')
  }
  if (context.appArmorProfile !== undefined) checkAppArmor(place.at('appArmorProfile'), context.appArmorProfile)
}

const segment = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?'
const sysctlSegment = /^[a-z0-9](?:[-_a-z0-9]*[a-z0-9])?$/
const longestSysctl = 253
const sysctlText = `must have at most ${longestSysctl} characters and match regex ^(${segment}[\\./])*${segment}$`

const isSysctl = (name: string): boolean =>
  name.length <= longestSysctl && name.split(/[./]/).every(part => sysctlSegment.test(part))

const ofIPC = /^(?:kernel[./](?:shm|msg|sem)|fs[./]mqueue[./])/

/** Parameters of a namespace that the pod shares with the host would be the host's. */
function checkHostSysctl(place: Place, name: string, spec: PodSpec): void {
  if (spec.hostNetwork === true && /^net[./]/.test(name))
    place.invalid(name, "may not be specified when 'hostNetwork' is true")
  else if (spec.hostIPC === true && ofIPC.test(name)) place.invalid(name, "may not be specified when 'hostIPC' is true")
}

function checkSysctls(list: Place, context: PodSecurityContext, spec: PodSpec): void {
  const seen = new Set<string>()
  list.each(context.sysctls, ({ name }, place) => {
    const at = place.at('name')
    if (!name) at.required()
    else if (!isSysctl(name)) at.invalid(name, sysctlText)
    else if (seen.has(name)) at.duplicate(name)
    checkHostSysctl(at, name, spec)
    seen.add(name)
  })
}

const choices = [
  ['fsGroupChangePolicy', ['Always', 'OnRootMismatch']],
  ['supplementalGroupsPolicy', ['Merge', 'Strict']],
  ['seLinuxChangePolicy', ['MountOption', 'Recursive']],
] as const

export function checkPodSecurityContext(place: Place, context: PodSecurityContext, spec: PodSpec): void {
  checkId(place.at('fsGroup'), context.fsGroup)
  checkId(place.at('runAsUser'), context.runAsUser)
  checkId(place.at('runAsGroup'), context.runAsGroup)
  place.at('supplementalGroups').each(context.supplementalGroups, (id, at) => checkId(at, id))
  if (spec.shareProcessNamespace === true && spec.hostPID === true)
    place.at('shareProcessNamespace').invalid(true, 'ShareProcessNamespace and HostPID cannot both be enabled')
  if (context.sysctls !== undefined) checkSysctls(place.at('sysctls'), context, spec)
  if (context.seccompProfile !== undefined) checkSeccomp(place.at('seccompProfile'), context.seccompProfile)
  if (context.appArmorProfile !== undefined) checkAppArmor(place.at('appArmorProfile'), context.appArmorProfile)
  for (const [name, values] of choices) {
    const value = context[name]
    const list: readonly string[] = values
    if (value !== undefined && !list.includes(value)) place.at(name).unsupported(value, values)
  }
}
