/** Groups and their versions: `/api`, `/apis`, and the aggregated form that answers everything at once. */
import { createHash } from 'node:crypto'
import type { Scheme } from '#api/kind.ts'
import { type RemoteVersion, type Remotes, noRemotes } from '../remotes.ts'
import { priorityOf } from './priorities.ts'
import { aggregatedResources } from './resources.ts'

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

interface Placed {
  readonly version: string
  readonly groupPriority: number
  readonly versionPriority: number
}

/** A version that another server serves is not ours, though we could serve it. */
function placed(scheme: Scheme, remotes: Remotes): ReadonlyMap<string, Map<string, Placed>> {
  const found = new Map<string, Map<string, Placed>>()
  const put = (group: string, one: Placed): void => {
    const versions = found.get(group) ?? new Map<string, Placed>()
    found.set(group, versions.set(one.version, one))
  }
  for (const kind of scheme.kinds())
    for (const { name } of kind.versions) put(kind.group, { version: name, ...priorityOf(kind.group, name) })
  for (const { group, version, groupPriority, versionPriority } of remotes.versions())
    put(group, { version, groupPriority, versionPriority })
  return found
}

/** Never handed to anybody, nor preceded by anybody. */
const king = 'apiregistration.k8s.io'

const groupPlace = (group: string, versions: Iterable<Placed>): number =>
  group === king ? Infinity : Math.max(...Array.from(versions, one => one.groupPriority))

/** In order of preference. */
export function groupsOf(scheme: Scheme, remotes: Remotes = noRemotes): readonly GroupVersions[] {
  return [...placed(scheme, remotes)]
    .filter(([group]) => group !== '')
    .map(([group, versions]) => ({
      group,
      place: groupPlace(group, versions.values()),
      versions: [...versions.values()],
    }))
    .toSorted((a, b) => (a.place === b.place ? (a.group < b.group ? -1 : 1) : b.place - a.place))
    .map(({ group, versions }) => ({
      group,
      versions: versions
        .toSorted((a, b) => b.versionPriority - a.versionPriority || compareVersions(a.version, b.version))
        .map(one => one.version),
    }))
}

const groupEntry = ({ group, versions }: GroupVersions): object => {
  const entries = versions.map(version => ({ groupVersion: `${group}/${version}`, version }))
  return { name: group, versions: entries, preferredVersion: entries[0] }
}

export const groupList = (scheme: Scheme, remotes: Remotes): object => ({
  kind: 'APIGroupList',
  apiVersion: 'v1',
  groups: groupsOf(scheme, remotes).map(groupEntry),
})

export function oneGroup(scheme: Scheme, remotes: Remotes, name: string): object | undefined {
  const found = groupsOf(scheme, remotes).find(one => one.group === name)
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

interface Shown {
  readonly scheme: Scheme
  readonly remotes: ReadonlyMap<string, RemoteVersion>
}

function versionEntry({ scheme, remotes }: Shown, group: string, version: string): object {
  const remote = remotes.get(`${group}/${version}`)
  if (remote !== undefined) return { version, freshness: remote.freshness, resources: remote.resources }
  return { version, freshness: 'Current', resources: aggregatedResources(scheme, group, version) }
}

function aggregated(shown: Shown, groups: readonly GroupVersions[]): Aggregated {
  const items = groups.map(({ group, versions }) => ({
    metadata: group === '' ? {} : { name: group },
    versions: versions.map(version => versionEntry(shown, group, version)),
  }))
  const body = JSON.stringify({
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items,
  })
  return { body, etag: `"${createHash('sha512').update(body).digest('hex').toUpperCase()}"` }
}

const core: readonly GroupVersions[] = [{ group: '', versions: ['v1'] }]

/** Made anew only when kinds come, go or change, here or elsewhere. */
export function makeAggregated(scheme: Scheme, remotes: Remotes): (root: 'api' | 'apis') => Aggregated {
  let generation = ''
  let known: Partial<Record<'api' | 'apis', Aggregated>> = {}
  const make = (root: 'api' | 'apis'): Aggregated => {
    const versions = new Map(remotes.versions().map(one => [`${one.group}/${one.version}`, one]))
    return aggregated({ scheme, remotes: versions }, root === 'api' ? core : groupsOf(scheme, remotes))
  }
  return root => {
    const now = `${scheme.generation()} ${remotes.generation()}`
    if (generation !== now) {
      generation = now
      known = {}
    }
    return (known[root] ??= make(root))
  }
}
