/** Under whose identity and with what rights a container runs. Where the spec is silent, the narrower choice. */
import type { Container, Pod, SeccompProfile } from '#kinds/facts/generated/types/core_v1.ts'
import { GroupsPolicy, NamespaceMode, Profile } from '../cri/codes.ts'

/** Paths of /proc and /sys that tell about or change the host. */
const masked = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
]
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger']

export class SecurityError extends Error {}

/** Who the image says it runs as. */
export interface ImageUser {
  readonly uid?: number
  readonly username?: string
}

export const namespaces = (pod: Pod) => ({
  network: pod.spec.hostNetwork === true ? NamespaceMode.NODE : NamespaceMode.POD,
  pid:
    pod.spec.hostPID === true
      ? NamespaceMode.NODE
      : pod.spec.shareProcessNamespace === true
        ? NamespaceMode.POD
        : NamespaceMode.CONTAINER,
  ipc: pod.spec.hostIPC === true ? NamespaceMode.NODE : NamespaceMode.POD,
})

/** Silence is the runtime's own profile. @param dir of the node's profiles */
export const profile = (wanted: SeccompProfile | undefined, privileged: boolean, dir: string) => {
  if (privileged || wanted?.type === 'Unconfined') return { profileType: Profile.UNCONFINED, localhostRef: '' }
  if (wanted?.type !== 'Localhost') return { profileType: Profile.RUNTIME_DEFAULT, localhostRef: '' }
  const file = wanted.localhostProfile ?? ''
  if (file === '' || file.startsWith('/') || file.split('/').includes('..'))
    throw new SecurityError(`seccomp profile "${file}" is not a path below the node's profiles`)
  return { profileType: Profile.LOCALHOST, localhostRef: `${dir}/${file}` }
}

const value = (number: number | undefined) => (number === undefined ? {} : { value: BigInt(number) })

/** @throws SecurityError with the kubelet's words when runAsNonRoot cannot be kept. */
export function checkNonRoot(pod: Pod, container: Container, image: ImageUser): void {
  const nonRoot = container.securityContext?.runAsNonRoot ?? pod.spec.securityContext?.runAsNonRoot
  if (nonRoot !== true) return
  const user = container.securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser
  const { name, namespace, uid } = pod.metadata
  const where = `(pod: "${name}_${namespace}(${uid})", container: ${container.name})`
  if (user === 0) throw new SecurityError(`container's runAsUser breaks non-root policy ${where}`)
  if (user !== undefined) return
  if (image.username !== undefined && image.username !== '')
    throw new SecurityError(
      `container has runAsNonRoot and image has non-numeric user (${image.username}), cannot verify user is non-root ${where}`,
    )
  if (image.uid === undefined || image.uid === 0)
    throw new SecurityError(`container has runAsNonRoot and image will run as root ${where}`)
}

const groups = (pod: Pod): readonly bigint[] => {
  const { fsGroup, supplementalGroups = [] } = pod.spec.securityContext ?? {}
  return [...supplementalGroups, ...(fsGroup === undefined ? [] : [fsGroup])].map(BigInt)
}

/** @param seccomp folder of the node's own profiles */
export function containerSecurity(pod: Pod, container: Container, seccomp: string) {
  const own = container.securityContext ?? {}
  const shared = pod.spec.securityContext ?? {}
  const privileged = own.privileged === true
  const user = own.runAsUser ?? shared.runAsUser
  const group = own.runAsGroup ?? shared.runAsGroup
  const unmasked = privileged || own.procMount === 'Unmasked'
  return {
    capabilities: {
      addCapabilities: [...(own.capabilities?.add ?? [])],
      dropCapabilities: [...(own.capabilities?.drop ?? [])],
    },
    privileged,
    namespaceOptions: namespaces(pod),
    ...(user === undefined ? {} : { runAsUser: value(user) }),
    ...(group === undefined ? {} : { runAsGroup: value(group) }),
    readonlyRootfs: own.readOnlyRootFilesystem === true,
    supplementalGroups: [...groups(pod)],
    supplementalGroupsPolicy: shared.supplementalGroupsPolicy === 'Strict' ? GroupsPolicy.STRICT : GroupsPolicy.MERGE,
    // As upstream: only an explicit false, and never with what makes it pointless.
    noNewPrivs: own.allowPrivilegeEscalation === false,
    maskedPaths: unmasked ? [] : masked,
    readonlyPaths: unmasked ? [] : readonlyPaths,
    seccomp: profile(own.seccompProfile ?? shared.seccompProfile, privileged, seccomp),
  }
}

/** The pause process keeps to the same confinement as what it holds namespaces for. */
export function sandboxSecurity(pod: Pod) {
  const { runAsUser, runAsGroup } = pod.spec.securityContext ?? {}
  const privileged = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].some(
    one => one.securityContext?.privileged === true,
  )
  return {
    namespaceOptions: namespaces(pod),
    ...(runAsUser === undefined ? {} : { runAsUser: value(runAsUser) }),
    ...(runAsGroup === undefined || runAsUser === undefined ? {} : { runAsGroup: value(runAsGroup) }),
    supplementalGroups: [...groups(pod)],
    privileged,
    seccomp: profile(undefined, privileged, ''),
  }
}
