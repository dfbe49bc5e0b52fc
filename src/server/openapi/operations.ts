/** What can be asked of a kind over HTTP, as values: both versions of OpenAPI are rendered from them. */
import type { Kind, Served } from '#api/kind.ts'
import { findType } from '#kinds/facts/read.ts'
import { type Subresource, subresourcesOf } from '../discovery/resources.ts'
import { definitionName } from './schemas.ts'

export interface Parameter {
  readonly name: string
  readonly type: 'string' | 'boolean' | 'integer'
  readonly in: 'query' | 'path'
}

export interface Gvk {
  readonly group: string
  readonly version: string
  readonly kind: string
}

export interface Operation {
  readonly path: string
  readonly method: 'get' | 'put' | 'post' | 'delete' | 'patch'
  readonly id: string
  readonly tag: string
  readonly description: string
  /** As `x-kubernetes-action` names it. */
  readonly action: string
  readonly gvk: Gvk
  readonly parameters: readonly Parameter[]
  /** Definition of the body. */
  readonly body?: string
  readonly optionalBody?: boolean
  /** Definition of the answer; absent for text and streams. */
  readonly answer?: string
  readonly codes: readonly number[]
}

export const metaName = (type: string): string => `io.k8s.apimachinery.pkg.apis.meta.v1.${type}`

const query = (type: Parameter['type'], ...names: readonly string[]): readonly Parameter[] =>
  names.map(name => ({ name, type, in: 'query' }))

const listing = [
  ...query('boolean', 'allowWatchBookmarks', 'sendInitialEvents', 'watch'),
  ...query('string', 'continue', 'fieldSelector', 'labelSelector', 'resourceVersion', 'resourceVersionMatch'),
  ...query('integer', 'limit', 'timeoutSeconds'),
]
const writing = query('string', 'dryRun', 'fieldManager', 'fieldValidation')
const deleting = [
  ...query('string', 'dryRun', 'propagationPolicy'),
  ...query('integer', 'gracePeriodSeconds'),
  ...query('boolean', 'orphanDependents'),
]

interface Verb {
  readonly method: Operation['method']
  readonly action: string
  readonly word: string
  readonly parameters: readonly Parameter[]
  readonly body?: 'object' | 'Patch' | 'DeleteOptions'
  readonly answer: 'object' | 'List' | 'Status'
  readonly codes: readonly number[]
}

const verbs: Readonly<Record<string, Verb>> = {
  get: { method: 'get', action: 'get', word: 'read', parameters: [], answer: 'object', codes: [200] },
  list: { method: 'get', action: 'list', word: 'list', parameters: listing, answer: 'List', codes: [200] },
  create: {
    method: 'post',
    action: 'post',
    word: 'create',
    parameters: writing,
    body: 'object',
    answer: 'object',
    codes: [200, 201, 202],
  },
  update: {
    method: 'put',
    action: 'put',
    word: 'replace',
    parameters: writing,
    body: 'object',
    answer: 'object',
    codes: [200, 201],
  },
  patch: {
    method: 'patch',
    action: 'patch',
    word: 'patch',
    parameters: [...writing, ...query('boolean', 'force')],
    body: 'Patch',
    answer: 'object',
    codes: [200, 201],
  },
  delete: {
    method: 'delete',
    action: 'delete',
    word: 'delete',
    parameters: deleting,
    body: 'DeleteOptions',
    answer: 'Status',
    codes: [200, 202],
  },
  deletecollection: {
    method: 'delete',
    action: 'deletecollection',
    word: 'delete',
    parameters: [...deleting, ...listing.filter(one => one.name !== 'watch' && one.name !== 'allowWatchBookmarks')],
    body: 'DeleteOptions',
    answer: 'Status',
    codes: [200],
  },
}

const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`

const camel = (group: string): string =>
  group === ''
    ? 'core'
    : group.replace(/\.k8s\.io$/, '').replaceAll(/[.-](.)/g, (_, char: string) => char.toUpperCase())

interface Place {
  readonly served: Served
  readonly path: string
  /** What stands before the kind's name in an operation's id, and after. */
  readonly scope: string
  readonly suffix: string
  readonly gvk: Gvk
  /** Absent where bytes go both ways: logs, exec, proxies. */
  readonly object?: string
  readonly options?: readonly Parameter[]
}

function answerOf({ object, served }: Place, verb: Verb): string | undefined {
  if (object === undefined) return undefined
  const returned = verb.action === 'delete' && served.kind.returnsDeleted === true ? 'object' : verb.answer
  return returned === 'Status' ? metaName('Status') : returned === 'List' ? `${object}List` : object
}

function idOf({ served, scope, suffix, object }: Place, verb: Verb): string {
  const home = `${capital(camel(served.kind.group))}${capital(served.version.name)}`
  const streams = object === undefined && suffix !== 'Log'
  if (verb.action === 'deletecollection') return `delete${home}Collection${scope}${served.kind.kind}`
  const word = streams ? `connect${home}${capital(verb.method)}` : `${verb.word}${home}`
  return `${word}${scope}${served.kind.kind}${suffix}`
}

function operation(place: Place, verb: Verb): Operation {
  const { served, gvk, object, options } = place
  const names = [...place.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
  const body =
    object === undefined || verb.body === undefined ? undefined : verb.body === 'object' ? object : metaName(verb.body)
  const answer = answerOf(place, verb)
  return {
    path: place.path,
    method: verb.method,
    id: idOf(place, verb),
    tag: `${camel(served.kind.group)}_${served.version.name}`,
    description: `${verb.action === 'deletecollection' ? 'delete a collection of' : verb.word} ${served.kind.kind}`,
    action: object === undefined && place.suffix !== 'Log' ? 'connect' : verb.action,
    gvk,
    parameters: [
      ...names.map(name => ({ name, type: 'string', in: 'path' }) as const),
      ...(options ?? verb.parameters),
    ],
    ...(body === undefined ? {} : { body }),
    ...(verb.body === 'DeleteOptions' ? { optionalBody: true } : {}),
    ...(answer === undefined ? {} : { answer }),
    codes: object === undefined ? [200] : verb.codes,
  }
}

const rootOf = (kind: Kind, version: string): string =>
  kind.group === '' ? `/api/${version}` : `/apis/${kind.group}/${version}`

const chosen = (place: Place, allowed: readonly string[], names: readonly string[]): readonly Operation[] =>
  names.flatMap(name => {
    const verb = verbs[name]
    return verb === undefined || !allowed.includes(name) ? [] : [operation(place, verb)]
  })

/** Options of connecting subresources travel as query parameters. */
const optionsOf = (kind: string): readonly Parameter[] =>
  [...(findType(`core_v1.${kind}`)?.fields?.values() ?? [])]
    .filter(field => field.name !== 'kind' && field.name !== 'apiVersion')
    .map(({ name, schema }) => ({
      name,
      type: schema.type === 'boolean' || schema.type === 'integer' ? schema.type : 'string',
      in: 'query',
    }))

const streamed = (sub: Subresource): string | undefined =>
  sub.name === 'log' ? 'PodLogOptions' : sub.kind.endsWith('Options') ? sub.kind : undefined

const ofSubresource = ['get', 'create', 'update', 'patch', 'delete']

/** @param bodies definition of what a subresource takes and gives. */
export function operationsOf(served: Served, bodies: (gvk: Gvk) => string): readonly Operation[] {
  const { kind, version } = served
  const root = rootOf(kind, version.name)
  const namespaced = kind.scope === 'Namespaced'
  const base = `${root}${namespaced ? '/namespaces/{namespace}' : ''}/${kind.plural}`
  const gvk = { group: kind.group, version: version.name, kind: kind.kind }
  const scope = namespaced ? 'Namespaced' : ''
  const all: Place = { served, path: base, scope, suffix: '', gvk, object: definitionName(served) }
  const across: Place = { ...all, path: `${root}/${kind.plural}`, scope: '', suffix: 'ForAllNamespaces' }
  const below = (sub: Subresource): readonly Operation[] => {
    const of = { group: sub.group, version: sub.version, kind: sub.kind }
    const options = streamed(sub)
    const what = options === undefined ? { object: bodies(of) } : { options: optionsOf(options) }
    const place: Place = {
      served,
      scope,
      path: `${base}/{name}/${sub.name}`,
      suffix: capital(sub.name),
      gvk: of,
      ...what,
    }
    const deeper: Place = { ...place, path: `${place.path}/{path}`, suffix: 'ProxyWithPath' }
    return [place, ...(sub.name === 'proxy' ? [deeper] : [])].flatMap(one => chosen(one, sub.verbs, ofSubresource))
  }
  return [
    ...chosen(all, kind.verbs, ['list', 'create', 'deletecollection']),
    ...chosen({ ...all, path: `${base}/{name}` }, kind.verbs, ['get', 'update', 'patch', 'delete']),
    ...subresourcesOf(kind, version).flatMap(below),
    ...(namespaced ? chosen(across, kind.verbs, ['list']) : []),
  ]
}
