/** Which pods a pod misses beside it, and which it, or they, will not have. */
import type { Breaks } from '#base/breaks.ts'
import { type Explain, type Obstacle, type Refusal, reasonOf } from '../plugin.ts'
import type { NodeInfo, PodInfo, Snapshot } from '../snapshot.ts'
import { type Term, termMatches } from '../terms.ts'
import { nameOf, placeOf } from './place.ts'

interface Refusals {
  readonly notNear: Refusal
  readonly notApart: Refusal
  readonly unwanted: Refusal
}

const path = (kind: 'podAffinity' | 'podAntiAffinity', at: number): string =>
  `spec.affinity.${kind}.requiredDuringSchedulingIgnoredDuringExecution[${at}]`

const domainOf = ({ node }: NodeInfo, { topologyKey }: Term): string | undefined => {
  const { labels } = node.metadata
  return labels !== undefined && Object.hasOwn(labels, topologyKey) ? labels[topologyKey] : undefined
}

/** For each term, by domain, the first pod that counts. */
type Firsts = readonly Map<string, PodInfo>[]

interface Others {
  readonly near: Firsts
  readonly apart: Firsts
  /** Terms of pods that are there, by key and domain. */
  readonly unwanted: ReadonlyMap<string, ReadonlyMap<string, { readonly pod: PodInfo; readonly at: number }>>
}

const note = (found: Map<string, PodInfo> | undefined, domain: string | undefined, pod: PodInfo): void => {
  if (found !== undefined && domain !== undefined && !found.has(domain)) found.set(domain, pod)
}

async function unwantedBy(info: PodInfo, snapshot: Snapshot, breaks: Breaks): Promise<Others['unwanted']> {
  const found = new Map<string, Map<string, { readonly pod: PodInfo; readonly at: number }>>()
  for (const node of snapshot.affine)
    for (const other of node.affine) {
      const wait = breaks.after(other.terms.antiAffinity.length)
      if (wait !== undefined) await wait
      for (const [at, term] of other.terms.antiAffinity.entries()) {
        const domain = domainOf(node, term)
        if (domain === undefined || !termMatches(term, info.pod, snapshot.namespaceLabels)) continue
        const domains = found.get(term.topologyKey) ?? new Map<string, { pod: PodInfo; at: number }>()
        found.set(term.topologyKey, domains)
        if (!domains.has(domain)) domains.set(domain, { pod: other, at })
      }
    }
  return found
}

async function othersOf(info: PodInfo, snapshot: Snapshot, breaks: Breaks): Promise<Others> {
  const { affinity, antiAffinity } = info.terms
  const near = affinity.map(() => new Map<string, PodInfo>())
  const apart = antiAffinity.map(() => new Map<string, PodInfo>())
  const match = (term: Term, other: PodInfo): boolean => termMatches(term, other.pod, snapshot.namespaceLabels)
  if (near.length + apart.length > 0)
    for (const node of snapshot.nodes)
      for (const other of node.pods.values()) {
        const wait = breaks.after(near.length + apart.length)
        if (wait !== undefined) await wait
        for (const [at, term] of antiAffinity.entries())
          if (match(term, other)) note(apart[at], domainOf(node, term), other)
        if (affinity.length > 0 && affinity.every(term => match(term, other)))
          for (const [at, term] of affinity.entries()) note(near[at], domainOf(node, term), other)
      }
  return { near, apart, unwanted: await unwantedBy(info, snapshot, breaks) }
}

function missed(
  term: Term,
  at: number,
  { node, reason }: { readonly node: NodeInfo; readonly reason: string },
): Obstacle {
  const key = term.topologyKey
  const domain = domainOf(node, term)
  const line = path('podAffinity', at)
  if (domain === undefined)
    return {
      reason,
      line: `${line}.topologyKey: ${key}; node ${node.name} has no such label`,
      fix: `kubectl label node ${node.name} ${key}=VALUE, with the value of a node that has such a pod`,
      effort: 2,
    }
  return {
    reason,
    line: `${line}; no pod that it selects runs where ${key}=${domain}`,
    fix: `run such a pod where ${key}=${domain}, or leave the term out`,
    effort: 1,
  }
}

export const explainAffinity =
  ({ notNear, notApart, unwanted: unwantedThere }: Refusals) =>
  async (info: PodInfo, snapshot: Snapshot, breaks: Breaks): Promise<Explain> => {
    const { affinity, antiAffinity } = info.terms
    const { near, apart, unwanted } = await othersOf(info, snapshot, breaks)
    const nobody = near.every(found => found.size === 0)
    const first = nobody && affinity.every(term => termMatches(term, info.pod, snapshot.namespaceLabels))
    return node => {
      const obstacles: Obstacle[] = []
      for (const [at, term] of affinity.entries()) {
        const domain = domainOf(node, term)
        const joins = domain !== undefined && (first || near[at]?.has(domain) === true)
        if (!joins) obstacles.push(missed(term, at, { node, reason: reasonOf(notNear) }))
      }
      for (const [at, term] of antiAffinity.entries()) {
        const domain = domainOf(node, term)
        const other = domain === undefined ? undefined : apart[at]?.get(domain)
        if (other === undefined) continue
        const where = `${term.topologyKey}=${domain}`
        obstacles.push({
          reason: reasonOf(notApart),
          object: placeOf(other.pod),
          line: `the pod's ${path('podAntiAffinity', at)}; ${nameOf(other.pod)} runs where ${where}`,
          fix: `end pod ${nameOf(other.pod)} and others like it there, or leave the term out`,
          effort: 1,
        })
      }
      for (const [key, domains] of unwanted) {
        const labels = node.node.metadata.labels ?? {}
        const found = Object.hasOwn(labels, key) ? domains.get(labels[key] ?? '') : undefined
        if (found === undefined) continue
        obstacles.push({
          reason: reasonOf(unwantedThere),
          object: placeOf(found.pod.pod),
          line: `${path('podAntiAffinity', found.at)}; it runs where ${key}=${labels[key] ?? ''} and selects this pod`,
          fix: `change the labels of this pod, or end pod ${nameOf(found.pod.pod)}`,
          effort: 1,
        })
      }
      return obstacles
    }
  }
