/** What a Deployment writes on its ReplicaSets: its own annotations, revisions, and the sizes that scaling goes by. */
import type { Deployment, ReplicaSet } from '#kinds/facts/generated/types/apps_v1.ts'
import { maxSurge, wanted } from './size.ts'

export const revisionKey = 'deployment.kubernetes.io/revision'
const historyKey = 'deployment.kubernetes.io/revision-history'
const desiredKey = 'deployment.kubernetes.io/desired-replicas'
const maxKey = 'deployment.kubernetes.io/max-replicas'
const notCopied = new Set([
  'kubectl.kubernetes.io/last-applied-configuration',
  revisionKey,
  historyKey,
  desiredKey,
  maxKey,
  'deprecated.deployment.rollback.to',
])
/** Characters of the revision history. */
const longestHistory = 2000

type Annotations = Readonly<Record<string, string>>

const count = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined

/** Clients count on all 64 bits. */
const revision = (text: string | undefined): bigint | undefined =>
  text !== undefined && /^\d{1,19}$/.test(text) && BigInt(text) < 2n ** 63n - 1n ? BigInt(text) : undefined

export const revisionOf = (set: ReplicaSet): bigint => revision(set.metadata.annotations?.[revisionKey]) ?? 0n
export const desiredOf = (set: ReplicaSet): number | undefined => count(set.metadata.annotations?.[desiredKey])
export const maxOf = (set: ReplicaSet): number | undefined => count(set.metadata.annotations?.[maxKey])

export const withSizes = (deployment: Deployment, annotations: Annotations): Annotations => ({
  ...annotations,
  [desiredKey]: String(wanted(deployment)),
  [maxKey]: String(wanted(deployment) + maxSurge(deployment)),
})

function history(before: string | undefined, last: string): string {
  const list = [...(before ?? '').split(',').filter(one => one !== ''), last]
  while (list.join(',').length > longestHistory) list.shift()
  return list.join(',')
}

/** The annotations that the ReplicaSet of the current template gets, sizes aside. */
export function rolloutAnnotations(deployment: Deployment, existing: Annotations, wantedRevision: bigint): Annotations {
  const own = Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !notCopied.has(key))
  const annotations: Record<string, string> = { ...existing, ...Object.fromEntries(own) }
  const text = existing[revisionKey]
  const old = text === undefined ? 0n : revision(text)
  if (old === undefined || old >= wantedRevision) return annotations
  annotations[revisionKey] = String(wantedRevision)
  if (text !== undefined) annotations[historyKey] = history(existing[historyKey], text)
  return annotations
}
