/** All kinds at this moment, found by resource, by kind and by where they are kept. */
import { groupResource, type GroupResource } from '#api/metadata.ts'
import type { Kind, Scheme, Served } from '#api/kind.ts'

export interface ChangingScheme extends Scheme {
  /** Adds a kind, or replaces the one of its group and plural. */
  set(kind: Kind): void
  /** @returns whether it was there. */
  remove(group: string, plural: string): boolean
}

const keyOf = (group: string, plural: string): GroupResource => groupResource({ group, resource: plural })
const path = (group: string, version: string, name: string): string => `${group}/${version}/${name}`

/** @param initial those that never go, for the server the built-in ones. */
export function makeScheme(initial: readonly Kind[]): ChangingScheme {
  const kinds = new Map<GroupResource, Kind>()
  const resources = new Map<string, Served>()
  const names = new Map<string, Served>()
  let list: readonly Kind[] | undefined
  let generation = 0
  const waiting = new Map<Kind, Set<() => void>>()
  const tell = (kind: Kind): void => {
    const those = waiting.get(kind) ?? []
    waiting.delete(kind)
    for (const then of those) then()
  }
  const drop = (kind: Kind): void => {
    for (const version of kind.versions) {
      resources.delete(path(kind.group, version.name, kind.plural))
      if (names.get(path(kind.group, version.name, kind.kind))?.kind === kind)
        names.delete(path(kind.group, version.name, kind.kind))
    }
  }
  const set = (kind: Kind): void => {
    const key = keyOf(kind.group, kind.plural)
    const before = kinds.get(key)
    if (before !== undefined) drop(before)
    kinds.set(key, kind)
    for (const version of kind.versions) {
      const served = { kind, version }
      resources.set(path(kind.group, version.name, kind.plural), served)
      names.set(path(kind.group, version.name, kind.kind), served)
    }
    list = undefined
    generation++
    if (before !== undefined) tell(before)
  }
  for (const kind of initial) set(kind)
  return {
    kinds: () => (list ??= [...kinds.values()]),
    byResource: (group, version, plural) => resources.get(path(group, version, plural)),
    byKind: (group, version, kind) => names.get(path(group, version, kind)),
    stored: (group, plural) => kinds.get(keyOf(group, plural)),
    generation: () => generation,
    set,
    remove: (group, plural) => {
      const kind = kinds.get(keyOf(group, plural))
      if (kind === undefined) return false
      drop(kind)
      kinds.delete(keyOf(group, plural))
      list = undefined
      generation++
      tell(kind)
      return true
    },
    replaced: (kind, then) => {
      const those = waiting.get(kind) ?? new Set()
      those.add(then)
      waiting.set(kind, those)
      return () => {
        those.delete(then)
        if (those.size === 0 && waiting.get(kind) === those) waiting.delete(kind)
      }
    },
  }
}
