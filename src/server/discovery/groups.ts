/** Groups and their versions: `/api`, `/apis`, and the aggregated form that answers everything at once. */
import { createHash } from 'node:crypto'
import type { Scheme } from '#api/kind.ts'
import { aggregatedResources } from './resources.ts'

/** Built-in groups in upstream's order of preference; custom ones follow by name. */
const priority = [
  'apiregistration.k8s.io',
  'apps',
  'events.k8s.io',
  'authentication.k8s.io',
  'authorization.k8s.io',
  'autoscaling',
  'batch',
  'certificates.k8s.io',
  'networking.k8s.io',
  'policy',
  'rbac.authorization.k8s.io',
  'storage.k8s.io',
  'admissionregistration.k8s.io',
  'apiextensions.k8s.io',
  'scheduling.k8s.io',
  'coordination.k8s.io',
  'node.k8s.io',
  'discovery.k8s.io',
  'resource.k8s.io',
  'flowcontrol.apiserver.k8s.io',
]

/** v1 before v1beta2 before v1beta1 before v1alpha1, higher numbers first; anything else last, by name. */
export function compareVersions(left: string, right: string): number {
  const [a, b] = [rank(left), rank(right)]
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return (b[at] ?? 0) - (a[at] ?? 0)
  return left < right ? -1 : left > right ? 1 : 0
}

function rank(version: string): readonly number[] {
  const found = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version)
  if (found === null) return [-1, 0, 0]
  const [, major, stage, minor] = found
  return [stage === undefined ? 2 : stage === 'beta' ? 1 : 0, Number(major), Number(minor ?? 0)]
}

export interface GroupVersions {
  readonly group: string
  /** Preferred first. */
  readonly versions: readonly string[]
}

export function groupsOf(scheme: Scheme): readonly GroupVersions[] {
  const found = new Map<string, Set<string>>()
  for (const kind of scheme.kinds()) {
    const versions = found.get(kind.group) ?? new Set()
    for (const version of kind.versions) versions.add(version.name)
    found.set(kind.group, versions)
  }
  const place = (group: string): number => (priority.includes(group) ? priority.indexOf(group) : priority.length)
  return [...found]
    .filter(([group]) => group !== '')
    .toSorted(([a], [b]) => place(a) - place(b) || (a < b ? -1 : 1))
    .map(([group, versions]) => ({ group, versions: [...versions].sort(compareVersions) }))
}

const groupEntry = ({ group, versions }: GroupVersions): object => {
  const entries = versions.map(version => ({ groupVersion: `${group}/${version}`, version }))
  return { name: group, versions: entries, preferredVersion: entries[0] }
}

export const groupList = (scheme: Scheme): object => ({
  kind: 'APIGroupList',
  apiVersion: 'v1',
  groups: groupsOf(scheme).map(groupEntry),
})

export function oneGroup(scheme: Scheme, name: string): object | undefined {
  const found = groupsOf(scheme).find(one => one.group === name)
  return found === undefined ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...groupEntry(found) }
}

export const apiVersions = (address: string): object => ({
  kind: 'APIVersions',
  versions: ['v1'],
  serverAddressByClientCIDRs: [{ clientCIDR: '0.0.0.0/0', serverAddress: address }],
})

interface Aggregated {
  readonly body: string
  readonly etag: string
}

function aggregated(scheme: Scheme, groups: readonly GroupVersions[]): Aggregated {
  const items = groups.map(({ group, versions }) => ({
    metadata: group === '' ? {} : { name: group },
    versions: versions.map(version => ({
      version,
      freshness: 'Current',
      resources: aggregatedResources(scheme, group, version),
    })),
  }))
  const body = JSON.stringify({
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items,
  })
  return { body, etag: `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"` }
}

/** Made anew only when kinds come, go or change. */
export function makeAggregated(scheme: Scheme): (root: 'api' | 'apis') => Aggregated {
  let generation = -1
  let known: Partial<Record<'api' | 'apis', Aggregated>> = {}
  return root => {
    if (generation !== scheme.generation()) {
      generation = scheme.generation()
      known = {}
    }
    return (known[root] ??= aggregated(scheme, root === 'api' ? [{ group: '', versions: ['v1'] }] : groupsOf(scheme)))
  }
}
