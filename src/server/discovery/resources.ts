/** The resources of one group and version, in both forms of discovery. */
import { createHash } from 'node:crypto'
import type { Kind, KindVersion, Scheme } from '#api/kind.ts'
import { hasStatus, scaleOf } from '#api/served.ts'

export interface Subresource {
  readonly name: string
  readonly group: string
  readonly version: string
  readonly kind: string
  readonly verbs: readonly string[]
}

const sorted = (verbs: readonly string[]): readonly string[] => [...verbs].sort()
const statusVerbs = ['get', 'patch', 'update']

/** In upstream's order: status and scale among the others by name. */
export function subresourcesOf(kind: Kind, version: KindVersion): readonly Subresource[] {
  const own = (kind.subresources ?? []).map(one => ({
    name: one.name,
    group: one.group ?? kind.group,
    version: one.version ?? (one.group === undefined ? version.name : 'v1'),
    kind: one.kind,
    verbs: sorted(one.verbs),
  }))
  const status = { name: 'status', group: kind.group, version: version.name, kind: kind.kind, verbs: statusVerbs }
  const scale = { name: 'scale', group: 'autoscaling', version: 'v1', kind: 'Scale', verbs: statusVerbs }
  return [
    ...own,
    ...(hasStatus({ kind, version }) ? [status] : []),
    ...(scaleOf({ kind, version }) === undefined ? [] : [scale]),
  ]
    .filter((one, at, all) => all.findIndex(other => other.name === one.name) === at)
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

export interface ServedKind {
  readonly kind: Kind
  readonly version: KindVersion
}

export const servedIn = (scheme: Scheme, group: string, version: string): readonly ServedKind[] =>
  scheme
    .kinds()
    .filter(kind => kind.group === group)
    .flatMap(kind => kind.versions.filter(one => one.name === version).map(one => ({ kind, version: one })))
    .toSorted((a, b) => (a.kind.plural < b.kind.plural ? -1 : 1))

/** Clients compare it to know whether a resource is stored anew; any stable text will do. */
const storageHash = (kind: Kind): string =>
  createHash('sha256').update(`${kind.group}/${kind.hub}/${kind.kind}`).digest('base64').slice(0, 12)

const groupVersion = (group: string, version: string): string => (group === '' ? version : `${group}/${version}`)

const kept = (kind: Kind): boolean => kind.verbs.includes('list')

/** `GET /api/v1`, `GET /apis/GROUP/VERSION`; undefined when there is no such version. */
export function resourceList(scheme: Scheme, group: string, version: string): object | undefined {
  const served = servedIn(scheme, group, version)
  if (served.length === 0) return undefined
  const resources = served.flatMap(({ kind, version: at }) => [
    {
      name: kind.plural,
      singularName: kind.singular,
      namespaced: kind.scope === 'Namespaced',
      kind: kind.kind,
      verbs: sorted(kind.verbs),
      ...(kind.shortNames.length === 0 ? {} : { shortNames: kind.shortNames }),
      ...(kind.categories.length === 0 ? {} : { categories: kind.categories }),
      ...(kept(kind) ? { storageVersionHash: storageHash(kind) } : {}),
    },
    ...subresourcesOf(kind, at).map(one => ({
      name: `${kind.plural}/${one.name}`,
      singularName: '',
      namespaced: kind.scope === 'Namespaced',
      ...(one.group === group && one.version === version ? {} : { group: one.group, version: one.version }),
      kind: one.kind,
      verbs: one.verbs,
    })),
  ])
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: groupVersion(group, version), resources }
}

/** The entries of one version in aggregated discovery. */
export const aggregatedResources = (scheme: Scheme, group: string, version: string): readonly object[] =>
  servedIn(scheme, group, version).map(({ kind, version: at }) => ({
    resource: kind.plural,
    responseKind: { group: kind.group, version: at.name, kind: kind.kind },
    scope: kind.scope === 'Namespaced' ? 'Namespaced' : 'Cluster',
    singularResource: kind.singular,
    verbs: sorted(kind.verbs),
    ...(kind.shortNames.length === 0 ? {} : { shortNames: kind.shortNames }),
    ...(kind.categories.length === 0 ? {} : { categories: kind.categories }),
    ...subresourceEntries(kind, at),
  }))

function subresourceEntries(kind: Kind, version: KindVersion): object {
  const entries = subresourcesOf(kind, version).map(one => ({
    subresource: one.name,
    responseKind: { group: one.group, version: one.version, kind: one.kind },
    verbs: one.verbs,
  }))
  return entries.length === 0 ? {} : { subresources: entries }
}
