/** Resources of aggregated servers as the controllers see them. */
import type { JsonObject } from '#api/metadata.ts'
import type { Outside, OutsideResource } from '#controllers/outside.ts'
import type { RemoteVersion } from '#server/remotes.ts'

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

function resourceOf({ group, version }: RemoteVersion, found: JsonObject): OutsideResource {
  const kind = found['responseKind']
  const verbs = found['verbs']
  return {
    group,
    version,
    resource: textOf(found['resource']),
    kind: typeof kind === 'object' && kind !== null && 'kind' in kind ? textOf(kind.kind) : '',
    namespaced: found['scope'] === 'Namespaced',
    verbs: Array.isArray(verbs) ? verbs.map(textOf) : [],
  }
}

/** @param versions those that its group prefers come first */
export const outsideOf = (versions: () => readonly RemoteVersion[]): Outside => ({
  resources: () => {
    const found = new Map<string, OutsideResource>()
    for (const version of versions().toSorted((a, b) => b.versionPriority - a.versionPriority))
      for (const one of version.freshness === 'Stale' ? [] : version.resources) {
        const resource = resourceOf(version, one)
        const key = `${resource.resource}.${resource.group}`
        if (!found.has(key)) found.set(key, resource)
      }
    return [...found.values()]
  },
  lost: () =>
    versions()
      .filter(({ freshness }) => freshness === 'Stale')
      .map(({ group, version }) => `${group}/${version}`)
      .toSorted(),
})
