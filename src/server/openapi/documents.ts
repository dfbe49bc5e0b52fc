/**
 * The documents, made when they are first asked for and kept compressed. A change of the scheme makes anew only the
 * documents of the groups that changed.
 */
import { createHash } from 'node:crypto'
import { promisify } from 'node:util'
import { gunzip, gzip } from 'node:zlib'
import { stringifyJson } from '#codec/json.ts'
import type { Kind, Scheme, Served } from '#api/kind.ts'
import type { JsonObject } from '#api/metadata.ts'
import { type RemoteSwagger, type Remotes, noRemotes } from '../remotes.ts'
import { groupsOf } from '../discovery/groups.ts'
import { servedIn } from '../discovery/resources.ts'
import { type Described, describeAll, each } from './document.ts'
import { gnosticDefinition, gnosticDocument, gnosticHead, gnosticPath } from './gnostic.ts'
import { type Entries, merged } from './merge.ts'
import { openapi } from './openapi.ts'
import { swaggerDefinitions, swaggerHead, swaggerPaths } from './swagger.ts'

export interface Document {
  /** Hexadecimal, of the uncompressed bytes. */
  readonly hash: string
  readonly gzipped: Buffer
}

const compress = promisify(gzip)
export const decompress = promisify(gunzip)

async function packed(bytes: string | Uint8Array): Promise<Document> {
  const hash = createHash('sha512').update(bytes).digest('hex').toUpperCase()
  return { hash, gzipped: await compress(bytes, { level: 4 }) }
}

interface Cached {
  readonly kinds: readonly Kind[]
  /** What others serve; of documents that are ours alone nothing. */
  readonly remotes: readonly RemoteSwagger[]
  readonly document: Promise<Document>
}

export interface Documents {
  /** Paths below /openapi/v3, for example `apis/apps/v1`. */
  places(): readonly string[]
  /** Undefined: nothing is served there. */
  version3(place: string): Promise<Document> | undefined
  version2(form: 'json' | 'protobuf'): Promise<Document>
}

const same = (a: readonly object[], b: readonly object[]): boolean =>
  a.length === b.length && a.every((one, at) => one === b[at])

const groupVersionOf = (place: string): readonly [group: string, version: string] | undefined => {
  const [root, first, second, ...rest] = place.split('/')
  if (rest.length > 0 || first === undefined) return undefined
  if (root === 'api' && second === undefined) return ['', first]
  return root === 'apis' && second !== undefined ? [first, second] : undefined
}

const entriesOf = (described: Described, remotes: readonly RemoteSwagger[]): Entries =>
  merged({ paths: swaggerPaths(described), definitions: swaggerDefinitions(described) }, remotes)

async function swagger(entries: Entries): Promise<string> {
  const text = (name: string, one: JsonObject): string => `${JSON.stringify(name)}:${stringifyJson(one)}`
  const paths = await each(entries.paths, text)
  const definitions = await each(entries.definitions, text)
  const head = JSON.stringify(swaggerHead).slice(0, -1)
  return `${head},"paths":{${paths.join(',')}},"definitions":{${definitions.join(',')}}}`
}

const gnostic = async ({ paths, definitions }: Entries): Promise<Buffer> =>
  gnosticDocument(gnosticHead(swaggerHead), await each(paths, gnosticPath), await each(definitions, gnosticDefinition))

interface Source {
  readonly served: readonly Served[]
  /** What others serve, where that is a part of it. */
  readonly remotes?: readonly RemoteSwagger[]
}

type Make = (described: Described) => string | Uint8Array | Promise<string | Uint8Array>

export function makeDocuments(scheme: Scheme, remotes: Remotes = noRemotes): Documents {
  const cache = new Map<string, Cached>()
  const cached = (id: string, { served, remotes: others = [] }: Source, make: Make) => {
    const kinds = served.map(one => one.kind)
    const had = cache.get(id)
    if (had !== undefined && same(had.kinds, kinds) && same(had.remotes, others)) return had.document
    const document = describeAll(scheme, served).then(make).then(packed)
    cache.set(id, { kinds, remotes: others, document })
    // A failure is reported to who asks, and the next one tries again.
    document.catch(() => cache.delete(id))
    return document
  }
  const places = (): readonly string[] => [
    ...servedVersions(scheme, '').map(version => `api/${version}`),
    ...groupsOf(scheme).flatMap(({ group, versions }) =>
      versions.filter(version => !remotes.has(group, version)).map(version => `apis/${group}/${version}`),
    ),
  ]
  const prune = (): void => {
    const known = new Set<string>(places())
    for (const id of cache.keys()) if (id.includes('/') && !known.has(id)) cache.delete(id)
  }
  return {
    places: () => {
      prune()
      return places()
    },
    version3: place => {
      const found = groupVersionOf(place)
      const served = found === undefined || remotes.has(...found) ? [] : servedIn(scheme, ...found)
      return served.length === 0 ? undefined : cached(place, { served }, described => stringifyJson(openapi(described)))
    },
    version2: form => {
      const served = scheme
        .kinds()
        .flatMap(kind => kind.versions.map(version => ({ kind, version })))
        .filter(({ kind, version }) => !remotes.has(kind.group, version.name))
      const write = form === 'json' ? swagger : gnostic
      const others = remotes.swagger()
      return cached(form, { served, remotes: others }, described => write(entriesOf(described, others)))
    },
  }
}

const servedVersions = (scheme: Scheme, group: string): readonly string[] => [
  ...new Set(
    scheme
      .kinds()
      .filter(kind => kind.group === group)
      .flatMap(kind => kind.versions.map(version => version.name)),
  ),
]
