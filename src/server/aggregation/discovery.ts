/** What another server says that it serves, in either form of discovery, down to what clients may be told. */
import type { JsonObject } from '#api/metadata.ts'
import type { GroupVersion } from '#server/remotes.ts'
import type { Registered } from './catalog.ts'
import { type DialParts, type Told, ask } from './dial.ts'
import { isObject, listOf, parsed, textOf, textsOf } from './json.ts'

const aggregated = ['v2', 'v2beta1'].map(
  version => `application/json;g=apidiscovery.k8s.io;v=${version};as=APIGroupDiscoveryList`,
)

const patience = 5000
const limit = 4 * 1024 * 1024

const kindOf = (value: unknown): JsonObject =>
  isObject(value)
    ? { group: textOf(value['group']), version: textOf(value['version']), kind: textOf(value['kind']) }
    : {}

const lists = (value: JsonObject): JsonObject => {
  const [shortNames, categories] = [textsOf(value['shortNames']), textsOf(value['categories'])]
  return {
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
  }
}

function resourceOf(value: JsonObject): JsonObject {
  const subresources = listOf(value['subresources']).map(one => ({
    subresource: textOf(one['subresource']),
    responseKind: kindOf(one['responseKind']),
    verbs: textsOf(one['verbs']),
  }))
  return {
    resource: textOf(value['resource']),
    responseKind: kindOf(value['responseKind']),
    scope: value['scope'] === 'Namespaced' ? 'Namespaced' : 'Cluster',
    singularResource: textOf(value['singularResource']),
    verbs: textsOf(value['verbs']),
    ...lists(value),
    ...(subresources.length === 0 ? {} : { subresources }),
  }
}

/** Undefined: it says nothing of this version. */
function inAggregated(document: unknown, { group, version }: GroupVersion): readonly JsonObject[] | undefined {
  const items = isObject(document) ? listOf(document['items']) : []
  const versions = items
    .filter(item => isObject(item['metadata']) && item['metadata']['name'] === group)
    .flatMap(item => listOf(item['versions']))
  const found = versions.find(one => one['version'] === version)
  return found === undefined ? undefined : listOf(found['resources']).map(resourceOf)
}

function inClassic(document: unknown, { group, version }: GroupVersion): readonly JsonObject[] {
  const all = isObject(document) ? listOf(document['resources']) : []
  const found = new Map<string, { main: JsonObject; subresources: JsonObject[] }>()
  for (const one of all) {
    const [name = '', subresource] = textOf(one['name']).split('/')
    const responseKind = {
      group: textOf(one['group']) || group,
      version: textOf(one['version']) || version,
      kind: textOf(one['kind']),
    }
    const scope = one['namespaced'] === true ? 'Namespaced' : 'Cluster'
    const verbs = textsOf(one['verbs'])
    const had: { main: JsonObject; subresources: JsonObject[] } = found.get(name) ?? {
      main: { resource: name, responseKind: {}, scope, singularResource: '', verbs: [] },
      subresources: [],
    }
    if (subresource !== undefined) had.subresources.push({ subresource, responseKind, verbs })
    else {
      const singularResource = textOf(one['singularName'])
      had.main = { resource: name, responseKind, scope, singularResource, verbs, ...lists(one) }
    }
    found.set(name, had)
  }
  return Array.from(found.values(), ({ main, subresources }) =>
    subresources.length === 0 ? main : { ...main, subresources },
  )
}

export interface Discovered {
  readonly resources: readonly JsonObject[]
  /** Of the aggregated document; undefined where there is none. */
  readonly etag: string | undefined
}

const wellTyped = (told: Told): boolean => told.code === 200 && told.contentType.includes('as=APIGroupDiscoveryList')

async function classic(parts: DialParts, to: Registered): Promise<Discovered> {
  const path = `/apis/${to.group}/${to.version}`
  const told = await ask(parts, to, { path, accept: 'application/json', patience, limit })
  if (told.code !== 200) throw new Error(`failed to download legacy discovery for ${path}: ${told.code}`)
  return { resources: inClassic(parsed(told.body), to), etag: undefined }
}

/** @throws Error where it cannot be asked or does not make sense. */
export async function discover(parts: DialParts, to: Registered, had: Discovered | undefined): Promise<Discovered> {
  const question = { path: '/apis', accept: aggregated.join(','), etag: had?.etag, patience, limit }
  const told = await ask(parts, to, question)
  if (told.code === 304 && had !== undefined) return had
  if (told.code === 503) throw new Error(`the server answered ${told.code}`)
  const resources = wellTyped(told) ? inAggregated(parsed(told.body), to) : undefined
  return resources === undefined ? classic(parts, to) : { resources, etag: told.etag }
}
