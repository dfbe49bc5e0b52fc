/** What other servers serve as a part of the API (aggregation): nothing of it is watched, so it is asked each time. */
import type { ResourceRef } from '#api/metadata.ts'

export interface OutsideResource extends ResourceRef {
  readonly verbs: readonly string[]
}

export interface Outside {
  /** Each resource once, in the version that its group prefers. */
  resources(): readonly OutsideResource[]
  /** `group/version` of those of which nobody knows by now what they serve. */
  lost(): readonly string[]
}

export const nothingOutside: Outside = { resources: () => [], lost: () => [] }

/** By kind, in whatever version. */
export function outsideKind(outside: Outside, apiVersion: string, kind: string): OutsideResource | undefined {
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  return outside.resources().find(one => one.group === group && one.kind === kind)
}
