/** Our own part of the v2 document and what other servers serve, as one: names that mean different things are told apart. */
import type { Json, JsonObject } from '#api/metadata.ts'
import type { RemoteSwagger } from '../remotes.ts'

export type Entry = readonly [name: string, value: JsonObject]
export type Entries = Readonly<Record<'paths' | 'definitions', readonly Entry[]>>

const prefix = '#/definitions/'

/** The value with references to renamed definitions changed. */
function renamed(value: Json, names: ReadonlyMap<string, string>): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(one => renamed(one, names))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value as JsonObject).map(([key, one = null]) => {
      const name = key === '$ref' && typeof one === 'string' ? names.get(one.slice(prefix.length)) : undefined
      return [key, name === undefined ? renamed(one, names) : `${prefix}${name}`]
    }),
  )
}

function freeName(name: string, isTaken: (name: string) => boolean): string {
  for (let number = 2; ; number++) if (!isTaken(`${name}_v${number}`)) return `${name}_v${number}`
}

function namesOf(remote: RemoteSwagger, taken: ReadonlyMap<string, JsonObject>): ReadonlyMap<string, string> {
  const names = new Map<string, string>()
  const own = new Set(remote.definitions.map(([name]) => name))
  for (const [name, schema] of remote.definitions) {
    const had = taken.get(name)
    if (had !== undefined && JSON.stringify(had) !== JSON.stringify(schema))
      names.set(
        name,
        freeName(name, one => taken.has(one) || own.has(one)),
      )
  }
  return names
}

/** A path stays with who had it first. */
export function merged(own: Entries, remotes: readonly RemoteSwagger[]): Entries {
  if (remotes.length === 0) return own
  const paths = new Map(own.paths)
  const definitions = new Map(own.definitions)
  for (const remote of remotes) {
    const names = namesOf(remote, definitions)
    const change = (value: JsonObject): JsonObject => (names.size === 0 ? value : (renamed(value, names) as JsonObject))
    for (const [path, item] of remote.paths) if (!paths.has(path)) paths.set(path, change(item))
    for (const [name, schema] of remote.definitions) {
      const free = names.get(name) ?? name
      if (!definitions.has(free)) definitions.set(free, change(schema))
    }
  }
  return { paths: [...paths], definitions: [...definitions] }
}
