/** What a URL asks for. Paths that are not plainly of the API are refused, not cleaned up. */
import type { Attributes, Verb } from '#api/request.ts'
import { badRequest } from '#api/status.ts'
import { selectedName } from '../addressed.ts'

export interface RequestInfo {
  readonly asked: Attributes
  readonly query: URLSearchParams
  /** Path below a subresource, with its leading slash. Only proxies have any, as it was sent, and what other servers serve. */
  readonly tail: string
}

const verbs: Readonly<Record<string, Verb>> = {
  GET: 'get',
  HEAD: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
}

/** Subresources of a namespace; anything else below `namespaces/x` is a resource in it. */
const ofNamespace = new Set(['status', 'finalize'])

const encodedTrap = /%(?:2e|2f|5c|25|[01][0-9a-f]|7f)/i
const trap = /[\\\p{Cc}]/u

/** What a proxy passes on is the other side's to read, but leads nowhere else. */
const elsewhere = /^(?:\.|%2e){1,2}$/i
const speakable = /^[!-~]*$/

/** How many segments a path of a proxy has up to there; of what is none, all. */
function ownLength(parts: readonly string[]): number {
  if (parts[0] !== 'api') return parts.length
  if (parts[2] === 'nodes' && parts[4] === 'proxy') return 5
  const namespaced = parts[2] === 'namespaces' && (parts[4] === 'pods' || parts[4] === 'services')
  return namespaced && parts[6] === 'proxy' ? 7 : parts.length
}

function passedOn(parts: readonly string[]): readonly string[] {
  if (parts.some(part => elsewhere.test(part) || part.includes('\\') || !speakable.test(part)))
    throw badRequest('the path is not valid')
  return parts
}

function segments(path: string): readonly string[] {
  const all = path.split('/').slice(1)
  const own = ownLength(all)
  const parts = all.slice(0, own)
  if (own === all.length && parts.at(-1) === '') parts.pop()
  return [...parts.map(decoded), ...passedOn(all.slice(own))]
}

function decoded(part: string): string {
  if (part === '' || part === '.' || part === '..' || encodedTrap.test(part) || trap.test(part))
    throw badRequest('the path is not valid')
  if (!part.includes('%')) return part
  const text = unescaped(part)
  if (text === undefined || trap.test(text)) throw badRequest('the path is not valid')
  return text
}

function unescaped(part: string): string | undefined {
  try {
    return decodeURIComponent(part)
  } catch {
    return undefined
  }
}

const plain = (method: string, path: string): Attributes => ({
  verb: method.toLowerCase() as Verb,
  resourceRequest: false,
  path,
  group: '',
  version: '',
  resource: '',
  subresource: '',
  namespace: '',
  name: '',
})

const truthy = (value: string | null): boolean => value !== null && value.toLowerCase() !== 'false' && value !== '0'

interface Parsed {
  readonly group: string
  readonly version: string
  readonly rest: readonly string[]
}

function locate(parts: readonly string[]): Parsed | undefined {
  const [root, first, second] = parts
  if (root === 'api' && first !== undefined && parts.length > 2)
    return { group: '', version: first, rest: parts.slice(2) }
  if (root === 'apis' && first !== undefined && second !== undefined && parts.length > 3)
    return { group: first, version: second, rest: parts.slice(3) }
  return undefined
}

interface Place {
  readonly namespace: string
  readonly resource: string
  readonly name: string
  readonly subresource: string
  readonly tail: readonly string[]
}

function place(rest: readonly string[]): Place {
  const [first = '', second = '', third] = rest
  if (first === 'namespaces' && third !== undefined && !ofNamespace.has(third)) {
    const [, , resource = '', name = '', subresource = '', ...tail] = rest
    return { namespace: second, resource, name, subresource, tail }
  }
  const [resource = '', name = '', subresource = '', ...tail] = rest
  return { namespace: resource === 'namespaces' ? name : '', resource, name, subresource, tail }
}

/** Longest path with its query, in characters. */
const longest = 64 * 1024

/** `watch` in the path is upstream's old form and still in use by a few clients. */
function unwatched(rest: readonly string[]): { readonly rest: readonly string[]; readonly watch: boolean } {
  return rest[0] === 'watch' && rest.length > 1 ? { rest: rest.slice(1), watch: true } : { rest, watch: false }
}

/** @throws StatusError BadRequest */
export function parseRequest(method: string, url: string): RequestInfo {
  if (url.length > longest) throw badRequest('the request line is too long')
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  const query = new URLSearchParams(mark < 0 ? '' : url.slice(mark + 1))
  const parts = segments(path)
  const found = locate(parts)
  if (found === undefined) return { asked: plain(method, path), query, tail: '' }
  const { rest, watch } = unwatched(found.rest)
  const where = place(rest)
  const verb = verbOf(method, { ...where, group: found.group }, watch || truthy(query.get('watch')))
  const narrowed =
    where.name === '' && collective.has(verb) ? selectedName(query.get('fieldSelector') ?? undefined) : ''
  return {
    asked: {
      verb,
      resourceRequest: true,
      path,
      group: found.group,
      version: found.version,
      resource: where.resource,
      subresource: where.subresource,
      namespace: where.namespace,
      name: where.name === '' ? narrowed : where.name,
      ...selectors(query),
    },
    query,
    tail: where.tail.map(part => `/${part}`).join(''),
  }
}

/** Verbs of collections, which a field selector may narrow to one name. */
const collective: ReadonlySet<string> = new Set(['list', 'watch', 'deletecollection'])

const selectors = (query: URLSearchParams): Pick<Attributes, 'fieldSelector' | 'labelSelector'> => {
  const fields = query.get('fieldSelector')
  const labels = query.get('labelSelector')
  return {
    ...(fields === null ? {} : { fieldSelector: fields }),
    ...(labels === null ? {} : { labelSelector: labels }),
  }
}

/** Streams are reads by method, but what they do is not: exec and its like need `create`, whatever the method. */
const streams = new Set(['exec', 'attach', 'portforward'])

function verbOf(method: string, where: Place & { readonly group: string }, watch: boolean): Verb {
  if (where.group === '' && streams.has(where.subresource)) return 'create'
  const verb = verbs[method]
  if (verb === undefined) return method.toLowerCase() as Verb
  if (where.name !== '' || where.subresource !== '')
    return watch && verb === 'get' && where.subresource === '' ? 'watch' : verb
  if (verb === 'get') return watch ? 'watch' : 'list'
  return verb === 'delete' ? 'deletecollection' : verb
}
