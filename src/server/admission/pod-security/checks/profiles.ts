/** What confines a container from outside: AppArmor, SELinux, seccomp, the masks of /proc. */
import type { SELinuxOptions } from '#kinds/facts/generated/types/core_v1.ts'
import {
  type AnyContainer,
  type Check,
  type Look,
  type Looked,
  counted,
  exceptWindows,
  named,
  namesOf,
  quoted,
  setters,
  sorted,
  unlessOwnUsers,
} from './check.ts'

const confining = (type: string | undefined): boolean => type === 'RuntimeDefault' || type === 'Localhost'

type Holder = Looked['spec'] | AnyContainer
const seccompOf = (holder: Holder) => holder.securityContext?.seccompProfile
const armorOf = (holder: Holder) => holder.securityContext?.appArmorProfile

/** Those whose profile is set, and is not one that confines. */
const loose = <H extends Holder>(holders: readonly H[], profileOf: typeof seccompOf | typeof armorOf): readonly H[] =>
  holders.filter(one => {
    const profile = profileOf(one)
    return profile !== undefined && !confining(profile.type)
  })

const armorPrefix = 'container.apparmor.security.beta.kubernetes.io/'

const isArmored = (value: string): boolean =>
  value === '' || value === 'runtime/default' || value.startsWith('localhost/')

const profilesBelow: Look = ({ annotations, spec, containers }) => {
  const [pod, bad] = [loose([spec], armorOf), loose(containers, armorOf)]
  const noted = Object.entries(annotations)
    .filter(([key, value]) => key.startsWith(armorPrefix) && !isArmored(value))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .sort()
  const who = [setters(pod.length > 0, bad), noted.length === 0 ? '' : counted('annotation', noted.length)]
    .filter(part => part !== '')
    .join(' and ')
  if (who === '') return undefined
  const values = [...sorted([...pod, ...bad].map(one => armorOf(one)?.type ?? '')), ...noted]
  return {
    reason: counted('forbidden AppArmor profile', values.length),
    detail: `${who} must not set AppArmor profile type to ${quoted(values)}`,
  }
}

export const appArmorProfile: Check = {
  id: 'appArmorProfile',
  level: 'baseline',
  revisions: [{ from: 0, look: profilesBelow }],
}

const isFilled = (text: string | undefined): boolean => text !== undefined && text !== ''

const seLinux =
  (types: ReadonlySet<string>): Look =>
  ({ spec, containers }) => {
    const wrong = (options: SELinuxOptions | undefined): options is SELinuxOptions =>
      options !== undefined && (!types.has(options.type ?? '') || isFilled(options.user) || isFilled(options.role))
    const bad = containers.filter(one => wrong(one.securityContext?.seLinuxOptions))
    const byPod = wrong(spec.securityContext?.seLinuxOptions)
    const who = setters(byPod, bad)
    if (who === '') return undefined
    const all = [...(byPod ? [spec] : []), ...bad].map(one => one.securityContext?.seLinuxOptions ?? {})
    const badTypes = sorted(all.map(one => one.type ?? '').filter(type => !types.has(type)))
    const what = [
      badTypes.length === 0 ? '' : named('type', badTypes),
      all.some(one => isFilled(one.user)) ? 'user may not be set' : '',
      all.some(one => isFilled(one.role)) ? 'role may not be set' : '',
    ].filter(part => part !== '')
    return {
      reason: 'seLinuxOptions',
      detail: `${who} set forbidden securityContext.seLinuxOptions: ${what.join('; ')}`,
    }
  }

const containerTypes = ['', 'container_t', 'container_init_t', 'container_kvm_t']

export const seLinuxOptions: Check = {
  id: 'seLinuxOptions',
  level: 'baseline',
  revisions: [
    { from: 0, look: seLinux(new Set(containerTypes)) },
    { from: 31, look: seLinux(new Set([...containerTypes, 'container_engine_t'])) },
  ],
}

const seccompPod = 'seccomp.security.alpha.kubernetes.io/pod'
const seccompPrefix = 'container.seccomp.security.alpha.kubernetes.io/'

const isSeccomp = (value: string): boolean =>
  value === 'runtime/default' || value === 'docker/default' || value.startsWith('localhost/')

/** Before there was a field for it. */
const seccompNotes: Look = ({ annotations, containers }) => {
  const bad = sorted(
    [seccompPod, ...containers.map(one => seccompPrefix + one.name)].flatMap(key => {
      const value = Object.hasOwn(annotations, key) ? annotations[key] : undefined
      return value === undefined || isSeccomp(value) ? [] : [`${key}=${JSON.stringify(value)}`]
    }),
  )
  if (bad.length === 0) return undefined
  return { reason: 'seccompProfile', detail: `forbidden ${counted('annotation', bad.length)} ${bad.join(', ')}` }
}

const seccompSet: Look = ({ spec, containers }) => {
  const [pod, bad] = [loose([spec], seccompOf), loose(containers, seccompOf)]
  const who = setters(pod.length > 0, bad)
  if (who === '') return undefined
  const types = sorted([...pod, ...bad].map(one => seccompOf(one)?.type ?? ''))
  return {
    reason: 'seccompProfile',
    detail: `${who} must not set securityContext.seccompProfile.type to ${quoted(types)}`,
  }
}

const seccompAsked: Look = pod => {
  const wrong = seccompSet(pod)
  if (wrong !== undefined || seccompOf(pod.spec) !== undefined) return wrong
  const bare = pod.containers.filter(one => seccompOf(one) === undefined)
  if (bare.length === 0) return undefined
  const who = `pod or ${named('container', namesOf(bare))}`
  return {
    reason: 'seccompProfile',
    detail: `${who} must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"`,
  }
}

export const seccompBaseline: Check = {
  id: 'seccompProfile_baseline',
  level: 'baseline',
  revisions: [
    { from: 0, look: seccompNotes },
    { from: 19, look: seccompSet },
  ],
}

const overridesSeccomp = [seccompBaseline.id]

export const seccompRestricted: Check = {
  id: 'seccompProfile_restricted',
  level: 'restricted',
  revisions: [
    { from: 19, look: seccompAsked, overrides: overridesSeccomp },
    { from: 25, look: exceptWindows(seccompAsked), overrides: overridesSeccomp },
  ],
}

const procMounts: Look = ({ containers }) => {
  const bad = containers.filter(one => (one.securityContext?.procMount ?? 'Default') !== 'Default')
  if (bad.length === 0) return undefined
  const types = sorted(bad.map(one => one.securityContext?.procMount ?? ''))
  const who = named('container', namesOf(bad))
  return { reason: 'procMount', detail: `${who} must not set securityContext.procMount to ${quoted(types)}` }
}

export const procMountBaseline: Check = {
  id: 'procMount',
  level: 'baseline',
  revisions: [
    { from: 0, look: procMounts },
    { from: 35, look: unlessOwnUsers(procMounts) },
  ],
}

/** Baseline was as strict until it let users of their own have it. */
export const procMountRestricted: Check = {
  id: 'procMount_restricted',
  level: 'restricted',
  revisions: [{ from: 35, look: procMounts, overrides: [procMountBaseline.id] }],
}
