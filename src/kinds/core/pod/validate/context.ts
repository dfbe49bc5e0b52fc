/** What the checks of a pod's parts need to know of the whole. */
import type { ObjectMeta } from '#api/metadata.ts'
import type { PodSpec, Volume } from '#kinds/facts/generated/types/core_v1.ts'

export interface PodContext {
  readonly spec: PodSpec
  /** Valid volumes by name. */
  readonly volumes: ReadonlyMap<string, Volume>
  readonly claims: ReadonlySet<string>
  /** The pod's own metadata; absent in templates. */
  readonly metadata: ObjectMeta | undefined
}

export const hasOwnUsers = (spec: PodSpec): boolean => spec.hostUsers === false
