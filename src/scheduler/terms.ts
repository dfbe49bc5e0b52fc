/** Pod affinity terms, ready to be matched against other pods. */
import { type Selector, fromLabelSelector, matches } from '#api/selector.ts'
import type { Pod, PodAffinityTerm } from '#kinds/facts/generated/types/core_v1.ts'

export interface Term {
  readonly topologyKey: string
  readonly selector: Selector | undefined
  /** By name; empty together with no namespace selector: the pod's own. */
  readonly namespaces: ReadonlySet<string>
  readonly namespaceSelector: Selector | undefined
  readonly weight: number
}

export interface Terms {
  readonly affinity: readonly Term[]
  readonly antiAffinity: readonly Term[]
  readonly preferred: readonly Term[]
}

const none: Terms = { affinity: [], antiAffinity: [], preferred: [] }

function termOf(pod: Pod, term: PodAffinityTerm, weight: number): Term {
  const named = new Set(term.namespaces ?? [])
  const own = named.size === 0 && term.namespaceSelector === undefined
  return {
    topologyKey: term.topologyKey,
    selector: fromLabelSelector(term.labelSelector),
    namespaces: own ? new Set([pod.metadata.namespace ?? '']) : named,
    namespaceSelector: fromLabelSelector(term.namespaceSelector),
    weight,
  }
}

export function termsOf(pod: Pod): Terms {
  const { podAffinity, podAntiAffinity } = pod.spec.affinity ?? {}
  if (podAffinity === undefined && podAntiAffinity === undefined) return none
  const required = (list: readonly PodAffinityTerm[] | undefined) => (list ?? []).map(term => termOf(pod, term, 0))
  const preferred = (list: typeof podAffinity, sign: 1 | -1) =>
    (list?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(one =>
      termOf(pod, one.podAffinityTerm, sign * one.weight),
    )
  return {
    affinity: required(podAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    antiAffinity: required(podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution),
    preferred: [...preferred(podAffinity, 1), ...preferred(podAntiAffinity, -1)],
  }
}

export type NamespaceLabels = (namespace: string) => Readonly<Record<string, string>> | undefined

export function termMatches(term: Term, pod: Pod, labelsOf: NamespaceLabels): boolean {
  const namespace = pod.metadata.namespace ?? ''
  if (term.selector === undefined || !matches(term.selector, pod.metadata.labels)) return false
  if (term.namespaces.has(namespace)) return true
  return term.namespaceSelector !== undefined && matches(term.namespaceSelector, labelsOf(namespace))
}
