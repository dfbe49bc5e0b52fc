/** OpenAPI of another server: of version 2 the parts that concern what it serves for us, of version 3 the hashes. */
import { createHash } from 'node:crypto'
import type { JsonObject } from '#api/metadata.ts'
import { each } from '#server/openapi/document.ts'
import { gnosticDefinition, gnosticPath } from '#server/openapi/gnostic.ts'
import type { RemoteSwagger } from '#server/remotes.ts'
import type { Registered } from './catalog.ts'
import { type DialParts, ask } from './dial.ts'
import { isObject, parsed, textOf } from './json.ts'

const patience = 10_000
const limit = 16 * 1024 * 1024
const prefix = '#/definitions/'

export interface Documents {
  readonly swagger: RemoteSwagger
  /** Of the whole v2 document. */
  readonly etag: string | undefined
  /** What was read, to be known again where there is no ETag. */
  readonly digest: string | undefined
  /** Of the version's v3 document; undefined where there is none. */
  readonly hash: string | undefined
}

function* references(value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null) return
  for (const [key, one] of Object.entries(value))
    if (key === '$ref' && typeof one === 'string') yield one.slice(prefix.length)
    else yield* references(one)
}

/** Definitions that are referred to, however far round. */
function reached(from: readonly JsonObject[], definitions: JsonObject): RemoteSwagger['definitions'] {
  const found = new Map<string, JsonObject>()
  const waiting: JsonObject[] = [...from]
  for (let one = waiting.pop(); one !== undefined; one = waiting.pop())
    for (const name of references(one)) {
      const schema = Object.hasOwn(definitions, name) ? definitions[name] : undefined
      if (!isObject(schema) || found.has(name)) continue
      found.set(name, schema)
      waiting.push(schema)
    }
  return [...found]
}

/** @throws Error where it cannot be written in every form that clients ask for. */
export async function swaggerOf(
  document: unknown,
  { group, version }: Pick<Registered, 'group' | 'version'>,
): Promise<RemoteSwagger> {
  if (!isObject(document)) throw new Error('the document is none')
  const base = `/apis/${group}/${version}`
  const all = isObject(document['paths']) ? Object.entries(document['paths']) : []
  const paths = all.flatMap(([path, item]) =>
    (path === base || path.startsWith(`${base}/`)) && isObject(item) ? [[path, item] as const] : [],
  )
  const definitions = isObject(document['definitions']) ? document['definitions'] : {}
  const swagger = {
    paths,
    definitions: reached(
      paths.map(([, item]) => item),
      definitions,
    ),
  }
  await each(swagger.paths, gnosticPath)
  await each(swagger.definitions, gnosticDefinition)
  return swagger
}

const none: RemoteSwagger = { paths: [], definitions: [] }

const nothing: Omit<Documents, 'hash'> = { swagger: none, etag: undefined, digest: undefined }

const versionIn = ({ swagger, etag, digest }: Documents): Omit<Documents, 'hash'> => ({ swagger, etag, digest })

async function version2(
  parts: DialParts,
  to: Registered,
  had: Documents | undefined,
): Promise<Omit<Documents, 'hash'>> {
  const question = { path: '/openapi/v2', accept: 'application/json', etag: had?.etag, patience, limit }
  const told = await ask(parts, to, question)
  if (told.code === 304 && had !== undefined) return versionIn(had)
  if (told.code !== 200) return nothing
  const digest = createHash('sha256').update(told.body).digest('hex')
  if (had !== undefined && had.digest === digest) return { ...versionIn(had), etag: told.etag }
  return { swagger: await swaggerOf(parsed(told.body), to), etag: told.etag, digest }
}

const longestHash = 1024

async function version3(parts: DialParts, to: Registered): Promise<string | undefined> {
  const question = { path: '/openapi/v3', accept: 'application/json', patience, limit }
  const told = await ask(parts, to, question)
  if (told.code !== 200) return undefined
  const index: unknown = parsed(told.body)
  const paths = isObject(index) && isObject(index['paths']) ? index['paths'] : {}
  const place = `apis/${to.group}/${to.version}`
  const entry = Object.hasOwn(paths, place) ? paths[place] : undefined
  const url = isObject(entry) ? textOf(entry['serverRelativeURL']) : ''
  const mark = url.indexOf('?')
  const hash = mark < 0 ? null : new URLSearchParams(url.slice(mark)).get('hash')
  return hash === null || hash.length > longestHash ? undefined : hash
}

/** One that is broken leaves the other as it was. Never throws. */
export async function documents(parts: DialParts, to: Registered, had: Documents | undefined): Promise<Documents> {
  const two = await version2(parts, to, had).catch(() => (had === undefined ? nothing : versionIn(had)))
  const hash = await version3(parts, to).catch(() => had?.hash)
  return { ...two, hash }
}
