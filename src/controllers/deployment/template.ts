/** The pod template of a rollout: its hash, and which ReplicaSet has it. */
import { objectKey } from '#api/metadata.ts'
import type { Deployment, ReplicaSet } from '#kinds/facts/generated/types/apps_v1.ts'
import type { PodTemplateSpec } from '#kinds/facts/generated/types/core_v1.ts'
import { same } from '../equal.ts'

export const hashLabel = 'pod-template-hash'

const withoutHash = (template: PodTemplateSpec): PodTemplateSpec => {
  const { [hashLabel]: _, ...labels } = template.metadata?.labels ?? {}
  return { ...template, metadata: { ...template.metadata, labels } }
}

export const sameTemplate = (a: PodTemplateSpec, b: PodTemplateSpec): boolean =>
  a === b || same(withoutHash(a), withoutHash(b))

/** JSON with sorted keys: equal values give equal text. */
function canonical(value: unknown): string {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined)
  return `{${entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`)
    .join(',')}}`
}

/** Letters and digits that make no words and are not mistaken for one another. */
const alphabet = 'bcdfghjklmnpqrstvwxz2456789'

const fnv = (text: string): number => {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash
}

/** Names the ReplicaSet of a template. Collisions with other templates are counted in and lead to another hash. */
export function templateHash(template: PodTemplateSpec, collisions: number | undefined): string {
  const digits = String(fnv(canonical(template) + (collisions === undefined ? '' : `/${collisions}`)))
  return digits.replace(/\d/g, digit => alphabet.charAt(digit.charCodeAt(0) % alphabet.length))
}

const longestName = 253

export const replicaSetName = (deployment: string, hash: string): string =>
  `${deployment.slice(0, longestName - hash.length - 1)}-${hash}`

export const replicaSetKey = (deployment: Deployment, hash: string): string =>
  objectKey(deployment.metadata.namespace, replicaSetName(deployment.metadata.name ?? '', hash))

const age = (a: ReplicaSet, b: ReplicaSet): number => {
  const [x, y] = [a.metadata.creationTimestamp ?? '', b.metadata.creationTimestamp ?? '']
  if (x !== y) return x < y ? -1 : 1
  return (a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1
}

/** Oldest first. */
export const byCreation = (sets: readonly ReplicaSet[]): readonly ReplicaSet[] => [...sets].sort(age)

/** The oldest ReplicaSet with the deployment's template: upgrades may have left several. */
export const newestRollout = (deployment: Deployment, sets: readonly ReplicaSet[]): ReplicaSet | undefined =>
  byCreation(sets).find(set => sameTemplate(set.spec.template, deployment.spec.template))
