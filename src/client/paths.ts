/** A DoorRequest as the HTTP request that Kubernetes clients send for it. */
import type { DeleteOptions, DoorRequest, ListOptions, PatchType, WatchOptions, WriteOptions } from '#api/door.ts'
import { apiVersionOf } from '#api/metadata.ts'
import { badRequest } from '#api/status.ts'

export interface HttpCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With the query. */
  readonly path: string
  readonly contentType?: string
  readonly body?: unknown
}

const patchTypes: Readonly<Record<PatchType, string>> = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
}

function segment(text: string): string {
  if (text === '' || text === '.' || text === '..') throw badRequest(`"${text}" is no name`)
  return encodeURIComponent(text)
}

function pathOf(request: DoorRequest, name: string | undefined): string {
  const { namespace, subresource = '' } = request
  const parts = [
    request.group === '' ? 'api' : 'apis',
    ...(request.group === '' ? [] : [segment(request.group)]),
    segment(request.version),
    ...(namespace === undefined ? [] : ['namespaces', segment(namespace)]),
    segment(request.resource),
    ...(name === undefined ? [] : [segment(name)]),
    ...(subresource === '' ? [] : subresource.split('/').map(segment)),
  ]
  return `/${parts.join('/')}`
}

type Query = Record<string, string | number | boolean | undefined>

const listQuery = (options: ListOptions = {}): Query => ({
  labelSelector: options.labelSelector,
  fieldSelector: options.fieldSelector,
  resourceVersion: options.resourceVersion,
  resourceVersionMatch: options.resourceVersionMatch,
  limit: options.limit,
  continue: options.continue,
})

const watchQuery = (options: WatchOptions = {}): Query => ({
  ...listQuery(options),
  watch: true,
  allowWatchBookmarks: options.allowWatchBookmarks,
  sendInitialEvents: options.sendInitialEvents,
  timeoutSeconds: options.timeoutSeconds,
  // A watch of one name is a field selector: the path of a single object answers no watch.
  ...(options.name === undefined
    ? {}
    : { fieldSelector: [options.fieldSelector, `metadata.name=${options.name}`].filter(Boolean).join(',') }),
})

const writeQuery = (options: WriteOptions & { readonly force?: boolean } = {}): Query => ({
  dryRun: options.dryRun === true ? 'All' : undefined,
  fieldManager: options.fieldManager,
  fieldValidation: options.fieldValidation,
  force: options.force,
})

const deleteBody = (options: DeleteOptions = {}): unknown => ({
  kind: 'DeleteOptions',
  apiVersion: 'v1',
  ...(options.gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds: options.gracePeriodSeconds }),
  ...(options.propagationPolicy === undefined ? {} : { propagationPolicy: options.propagationPolicy }),
  ...(options.preconditions === undefined ? {} : { preconditions: options.preconditions }),
  ...(options.dryRun === true ? { dryRun: ['All'] } : {}),
})

function withQuery(path: string, query: Query): string {
  const search = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, String(value))
  return search.size === 0 ? path : `${path}?${search.toString()}`
}

export function httpCall(request: DoorRequest): HttpCall {
  const name = 'name' in request ? request.name : undefined
  const at = (query: Query): string => withQuery(pathOf(request, name), query)
  const body = 'application/json'
  switch (request.verb) {
    case 'get':
      return { method: 'GET', path: at({ resourceVersion: request.options?.resourceVersion }) }
    case 'list':
      return { method: 'GET', path: at(listQuery(request.options)) }
    case 'watch':
      return { method: 'GET', path: at(watchQuery(request.options)) }
    case 'create':
      return { method: 'POST', path: at(writeQuery(request.options)), contentType: body, body: request.body }
    case 'update':
      return { method: 'PUT', path: at(writeQuery(request.options)), contentType: body, body: request.body }
    case 'patch': {
      const { type, content } = request.patch
      return { method: 'PATCH', path: at(writeQuery(request.options)), contentType: patchTypes[type], body: content }
    }
    case 'delete':
      return { method: 'DELETE', path: at({}), contentType: body, body: deleteBody(request.options) }
    case 'deletecollection':
      return {
        method: 'DELETE',
        path: at(listQuery(request.options)),
        contentType: body,
        body: deleteBody(request.options),
      }
    default:
      throw badRequest(`no such verb on ${apiVersionOf(request)}`)
  }
}
