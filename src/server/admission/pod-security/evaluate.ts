/** Which checks a level of some version consists of, and what they say of a pod. */
import type { Check, Finding, Look, Looked } from './checks/check.ts'
import {
  hostNamespaces,
  hostPathVolumes,
  hostPorts,
  hostProbesAndHostLifecycle,
  windowsHostProcess,
} from './checks/host.ts'
import { restrictedVolumes, runAsNonRoot, runAsUser, sysctls } from './checks/pod.ts'
import {
  allowPrivilegeEscalation,
  capabilitiesBaseline,
  capabilitiesRestricted,
  privileged,
} from './checks/privileges.ts'
import {
  appArmorProfile,
  procMountBaseline,
  procMountRestricted,
  seLinuxOptions,
  seccompBaseline,
  seccompRestricted,
} from './checks/profiles.ts'
import type { Level, LevelVersion, Version } from './levels.ts'

/** In the order in which findings are told: baseline's first, each level by id. */
export const checks: readonly Check[] = [
  appArmorProfile,
  capabilitiesBaseline,
  hostNamespaces,
  hostPathVolumes,
  hostPorts,
  hostProbesAndHostLifecycle,
  privileged,
  procMountBaseline,
  seLinuxOptions,
  seccompBaseline,
  sysctls,
  windowsHostProcess,
  allowPrivilegeEscalation,
  capabilitiesRestricted,
  procMountRestricted,
  restrictedVolumes,
  runAsNonRoot,
  runAsUser,
  seccompRestricted,
]

/** The last version that differs from the one before; all later ones are the same. */
export const newest: Version = Math.max(...checks.flatMap(check => check.revisions.map(one => one.from)))

/** The checks of one level and version, with what each looks at. */
export function checksOf(level: Exclude<Level, 'privileged'>, version: Version): ReadonlyMap<string, Look> {
  const current = checks
    .filter(check => level === 'restricted' || check.level === 'baseline')
    .flatMap(({ id, revisions }) => {
      const revision = revisions.findLast(one => one.from <= version)
      return revision === undefined ? [] : [{ id, revision }]
    })
  const overridden = new Set(current.flatMap(({ revision }) => revision.overrides ?? []))
  return new Map(current.filter(({ id }) => !overridden.has(id)).map(({ id, revision }) => [id, revision.look]))
}

const looks = (level: 'baseline' | 'restricted'): readonly (readonly Look[])[] =>
  Array.from({ length: newest + 1 }, (_, version) => [...checksOf(level, version).values()])

const compiled = { privileged: undefined, baseline: looks('baseline'), restricted: looks('restricted') }

const nothing: readonly Finding[] = []

/** @returns what is forbidden, nothing for a pod that may be. */
export function evaluate({ level, version }: LevelVersion, pod: Looked): readonly Finding[] {
  const asked = compiled[level]?.[Math.min(version, newest)]
  if (asked === undefined) return nothing
  let found: Finding[] | undefined
  for (const look of asked) {
    const finding = look(pod)
    if (finding !== undefined) (found ??= []).push(finding)
  }
  return found ?? nothing
}

/** `host namespaces, privileged` */
export const reasonsOf = (findings: readonly Finding[]): string => findings.map(({ reason }) => reason).join(', ')

/** `host namespaces (hostNetwork=true), privileged (container "a" must not set securityContext.privileged=true)` */
export const detailsOf = (findings: readonly Finding[]): string =>
  findings.map(({ reason, detail }) => (detail === '' ? reason : `${reason} (${detail})`)).join(', ')
