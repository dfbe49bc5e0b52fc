/** All that OpenAPI says of some kinds: definitions and operations, for either version to render. */
import type { Scheme, Served } from '#api/kind.ts'
import type { JsonObject } from '#api/metadata.ts'
import { findType } from '#kinds/facts/read.ts'
import { Definitions, definitionName } from './schemas.ts'
import { type Gvk, type Operation, operationsOf } from './operations.ts'

export interface Described {
  readonly definitions: ReadonlyMap<string, JsonObject>
  readonly operations: readonly Operation[]
}

/** Kinds that exist as bodies of subresources alone; their group's first label and version name their facts. */
const factsOf = ({ group, version, kind }: Gvk): string =>
  `${group === '' ? 'core' : group.split('.')[0]}_${version}.${kind}`

/** One kind, with everything that its definitions refer to. */
export function describeKind(scheme: Scheme, served: Served): Described {
  const definitions = new Definitions(served.kind.custom)
  const shared = new Definitions(false)
  const bodies = (gvk: Gvk): string => {
    const found = scheme.byKind(gvk.group, gvk.version, gvk.kind)
    if (found?.kind === served.kind) return definitionName(found)
    if (found !== undefined) {
      shared.kind(found)
      return definitionName(found)
    }
    const key = factsOf(gvk)
    return findType(key) === undefined ? shared.add(key, { type: 'object' }) : shared.type(key, { ...gvk })
  }
  definitions.kind(served)
  const operations = operationsOf(served, bodies)
  shared.type('meta_v1.Status', { group: '', version: 'v1', kind: 'Status' })
  shared.type('meta_v1.DeleteOptions', { group: '', version: 'v1', kind: 'DeleteOptions' })
  shared.type('meta_v1.WatchEvent', { group: '', version: 'v1', kind: 'WatchEvent' })
  shared.add('io.k8s.apimachinery.pkg.apis.meta.v1.Patch', { type: 'object' })
  return { definitions: new Map([...shared.found, ...definitions.found]), operations }
}

/** Resolves after other work had its turn: documents are long, and requests go first. */
export const breath = (): Promise<void> => {
  const { promise, resolve } = Promise.withResolvers<void>()
  setImmediate(resolve)
  return promise
}

/** Encodes entries a few at a time, so that requests are answered meanwhile. */
export async function each<T>(
  entries: readonly (readonly [name: string, value: JsonObject])[],
  encode: (name: string, value: JsonObject) => T,
): Promise<readonly T[]> {
  const found: T[] = []
  for (const [at, entry] of entries.entries()) {
    found.push(encode(...entry))
    if (at % 50 === 49) await breath()
  }
  return found
}

export async function describeAll(scheme: Scheme, all: readonly Served[]): Promise<Described> {
  const definitions = new Map<string, JsonObject>()
  const operations: Operation[] = []
  for (const served of all) {
    const described = describeKind(scheme, served)
    for (const [name, definition] of described.definitions)
      if (!definitions.has(name) || isOwn(served, name)) definitions.set(name, definition)
    operations.push(...described.operations)
    await breath()
  }
  return { definitions, operations }
}

/** Among several that name a definition, the kind itself knows most: others may only refer to it. */
const isOwn = (served: Served, name: string): boolean => name === definitionName(served)

/** `info` of every document. */
export const info = { title: 'Kubernetes', version: 'v1.36.0' }

/** @returns operations by path, in order. */
export const byPath = (operations: readonly Operation[]): ReadonlyMap<string, readonly Operation[]> =>
  Map.groupBy(operations, operation => operation.path)
