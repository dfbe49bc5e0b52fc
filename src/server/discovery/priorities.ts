/** Which group comes before which, and which version of it: what APIServices say, for what this server serves itself. */
import { replaceableGroup } from '../remotes.ts'

/** Of built-in groups, as upstream has them. */
const groups = new Map<string, number>([
  ['', 18_000],
  ['apps', 17_800],
  ['events.k8s.io', 17_750],
  ['authentication.k8s.io', 17_700],
  ['authorization.k8s.io', 17_600],
  ['autoscaling', 17_500],
  ['batch', 17_400],
  ['certificates.k8s.io', 17_300],
  ['networking.k8s.io', 17_200],
  ['policy', 17_100],
  ['rbac.authorization.k8s.io', 17_000],
  ['storage.k8s.io', 16_800],
  ['admissionregistration.k8s.io', 16_700],
  ['apiextensions.k8s.io', 16_700],
  ['scheduling.k8s.io', 16_600],
  ['coordination.k8s.io', 16_500],
  ['node.k8s.io', 16_300],
  ['discovery.k8s.io', 16_200],
  ['resource.k8s.io', 16_200],
  ['flowcontrol.apiserver.k8s.io', 16_100],
  ['internal.apiserver.k8s.io', 16_000],
  ['storagemigration.k8s.io', 15_800],
  // As its usual server's manifest has it.
  [replaceableGroup, 100],
])

/** Those that differ from 15. */
const versions = new Map<string, number>([
  ['/v1', 1],
  ['autoscaling/v2', 30],
  ['resource.k8s.io/v1', 21],
  ['flowcontrol.apiserver.k8s.io/v1', 21],
  [`${replaceableGroup}/v1beta1`, 100],
])

/** Custom groups come after all built-in ones, and their versions by name. */
const custom = { groupPriority: 1000, versionPriority: 100 } as const

export function priorityOf(group: string, version: string): { groupPriority: number; versionPriority: number } {
  const groupPriority = groups.get(group)
  if (groupPriority === undefined) return custom
  return { groupPriority, versionPriority: versions.get(`${group}/${version}`) ?? 15 }
}
