/** What a check looks at, and how it says what it found. */
import type { Container, EphemeralContainer, PodSpec } from '#kinds/facts/generated/types/core_v1.ts'
import type { Version } from '../levels.ts'

export type AnyContainer = Container | EphemeralContainer

/** A pod, or the template of one. */
export interface Looked {
  readonly annotations: Readonly<Record<string, string>>
  readonly spec: PodSpec
  /** All of them: those that start first, those that stay, those that were added to look around. */
  readonly containers: readonly AnyContainer[]
}

export interface Finding {
  /** What kind of thing is forbidden: `host namespaces`. */
  readonly reason: string
  /** What exactly it is here: `hostNetwork=true`. */
  readonly detail: string
}

/** @returns undefined where there is nothing to forbid. */
export type Look = (pod: Looked) => Finding | undefined

export interface Revision {
  /** The first version that it is part of. */
  readonly from: Version
  readonly look: Look
  /** Checks of baseline that need not be asked when this one is. */
  readonly overrides?: readonly string[]
}

export interface Check {
  /** Upstream's. */
  readonly id: string
  /** Baseline's are part of restricted as well. */
  readonly level: 'baseline' | 'restricted'
  /** From old to new. */
  readonly revisions: readonly Revision[]
}

const none: Readonly<Record<string, string>> = {}

export function lookedOf(annotations: Looked['annotations'] | undefined, spec: PodSpec): Looked {
  const { initContainers = [], containers, ephemeralContainers = [] } = spec
  const alone = initContainers.length === 0 && ephemeralContainers.length === 0
  return {
    annotations: annotations ?? none,
    spec,
    containers: alone ? containers : [...initContainers, ...containers, ...ephemeralContainers],
  }
}

/** `"a", "b"` */
export const quoted = (names: readonly string[]): string => names.map(name => `"${name}"`).join(', ')

export const sorted = (names: Iterable<string>): readonly string[] => [...new Set(names)].sort()

export const counted = (one: string, count: number, many = `${one}s`): string => (count === 1 ? one : many)

/** `container "a"`, `containers "a", "b"` */
export const named = (what: string, names: readonly string[]): string =>
  `${counted(what, names.length)} ${quoted(names)}`

export const namesOf = (containers: readonly AnyContainer[]): readonly string[] => containers.map(one => one.name)

/** `pod and containers "a", "b"`; '' for nobody. */
export function setters(byPod: boolean, containers: readonly AnyContainer[]): string {
  const parts = byPod ? ['pod'] : []
  if (containers.length > 0) parts.push(named('container', namesOf(containers)))
  return parts.join(' and ')
}

export const isWindows = ({ spec }: Looked): boolean => spec.os?.name === 'windows'

/** Root in there is nobody outside. */
export const hasOwnUsers = ({ spec }: Looked): boolean => spec.hostUsers === false

/** Where the API forbids Windows pods to set a field, it cannot be asked of them. */
export const exceptWindows =
  (look: Look): Look =>
  pod =>
    isWindows(pod) ? undefined : look(pod)

export const unlessOwnUsers =
  (look: Look): Look =>
  pod =>
    hasOwnUsers(pod) ? undefined : look(pod)
