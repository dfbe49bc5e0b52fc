/**
 * `proxy` of pods, services and nodes: what is asked for below is asked of the pod or node itself, and what it answers comes back.
 * It gets no credentials and no name of who asks; only a node's own API sees a certificate of ours.
 */
import type { ClientRequest, IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { Duplex, Transform } from 'node:stream'
import { createGunzip, createGzip } from 'node:zlib'
import type { Clock } from '#base/clock.ts'
import type { Permit } from '#api/request.ts'
import { StatusError, badRequest, methodNotAllowed, serviceUnavailable } from '#api/status.ts'
import type { Authorize } from '#server/authz/authorize.ts'
import type { RegistryDeps } from '#server/registry/deps.ts'
import { CallError, describe } from '#wire/failure.ts'
import { openPlain } from '#wire/plain.ts'
import { noSuchResource } from '../addressed.ts'
import type { PathRequest } from '../http/handler.ts'
import { common } from '../http/respond.ts'
import type { NodeDialer } from '../nodes/dial.ts'
import { type Headers, askedHost, requestHeaders, withUpgrade } from '../passing/headers.ts'
import { type Changed, type Dialled, NotReached, type Route, ask, hand, notReached } from '../passing/pass.ts'
import { echo, joinWith } from '../passing/upgrade.ts'
import { admitProxy } from './admit.ts'
import { relinking } from './html.ts'
import { type Linked, relinked } from './links.ts'
import { reach } from './reach.ts'
import { type Places, type Proxied, type Target, targetOf } from './target.ts'

export interface ProxyParts extends Places {
  readonly registry: RegistryDeps
  readonly dialer: NodeDialer
  readonly clock: Clock
  readonly authorize: Authorize
}

/** Milliseconds until an answer begins: some wait for something to happen before they say anything. */
const patience = 10 * 60_000

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
/** To speak HTTP over again would be to ask for anything by any method, of which we would hear nothing. */
const ourOwn = /^(?:h2c?|http|tls)(?:\/|$)/i
const speakable = /^[!-~]*$/

const resources: ReadonlySet<string> = new Set<Proxied>(['pods', 'services', 'nodes'])
const isProxied = (resource: string): resource is Proxied => resources.has(resource)

/** Rights in a namespace are no rights on nodes, whatever path they are asked for by. */
function resourceOf({ group, resource, subresource, namespace }: Permit): Proxied | undefined {
  if (group !== '' || subresource !== 'proxy' || !isProxied(resource)) return undefined
  if ((namespace === '') !== (resource === 'nodes')) throw noSuchResource()
  return resource
}

interface Asking {
  readonly target: Target
  readonly method: string
  /** With its query, as it was sent. */
  readonly path: string
}

interface Wanted {
  readonly request: Pick<IncomingMessage, 'method' | 'url'>
  readonly tail: string
  readonly query: URLSearchParams
}

const split = (url: string): readonly [path: string, query: string] => {
  const mark = url.indexOf('?')
  return mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark)]
}

/** @throws StatusError */
async function asking(
  parts: ProxyParts,
  permit: Permit,
  { resource, request, tail, query }: Wanted & { readonly resource: Proxied },
): Promise<Asking> {
  const { method = 'GET', url = '/' } = request
  if (!methods.has(method)) throw methodNotAllowed({ group: '', resource: `${resource}/proxy` }, method.toLowerCase())
  if (query.has('dryRun')) throw badRequest('dryRun is not supported')
  const [, sent] = split(url)
  const path = await admitProxy(parts.registry, permit, tail)
  if (!speakable.test(path + sent)) throw badRequest('the path is not valid')
  const target = targetOf(parts, resource, permit)
  return { target, method, path: `${path.startsWith('/') ? '' : '/'}${path}${sent}` }
}

const placeOf = ({ host, port }: Target): string => `${host.includes(':') ? `[${host}]` : host}:${port}`

/** @throws CallError, StatusError */
async function dial(parts: ProxyParts, { target, method, path }: Asking, headers: Headers): Promise<ClientRequest> {
  const { host, port, pod } = target
  const through = pod === undefined ? undefined : await reach(parts, pod, { host, port, place: placeOf(target) })
  if (target.agent === undefined) return openPlain(target, { method, path, headers }, through)
  return httpsRequest({ ...parts.dialer.toNode(target.agent), agent: false, method, path, headers: { ...headers } })
}

/** What a browser that is led through here would ask us for else. */
function links(target: Target, own: string, [path, tail]: readonly [path: string, tail: string]): Linked {
  const usual = target.port === (target.scheme === 'https' ? 443 : 80)
  const place = placeOf(target)
  const hosts = new Set([place, own, ...(usual ? [place.slice(0, place.lastIndexOf(':'))] : [])])
  return { prefix: path.slice(0, path.length - tail.length), hosts, own }
}

const isPage = (headers: Headers): boolean =>
  String(headers['content-type'] ?? '')
    .split(';')[0]
    ?.trim() === 'text/html'

const bodiless = new Set([204, 304])

/** Pages in a coding that we do not read go through as they are. */
function through(coding: string, change: (link: string) => string): readonly Transform[] {
  if (coding === '') return [relinking(change)]
  return coding === 'gzip' ? [createGunzip(), relinking(change), createGzip()] : []
}

function changed(answer: IncomingMessage, headers: Headers, linked: Linked & { readonly method: string }): Changed {
  const change = (link: string): string => relinked(link, linked)
  const { location } = headers
  if (typeof location === 'string' && location !== '') {
    headers['location'] = change(location)
    return { headers }
  }
  if (!isPage(headers) || linked.method === 'HEAD' || bodiless.has(answer.statusCode ?? 0)) return { headers }
  const steps = through(String(headers['content-encoding'] ?? ''), change)
  if (steps.length > 0) Reflect.deleteProperty(headers, 'content-length')
  return { headers, through: steps }
}

/** A directory without its slash would make each relative link lead beside the proxy. */
function toDirectory({ request, response, trail }: PathRequest): void {
  const [path, query] = split(request.url ?? '/')
  common(response, 301, { location: `${path}/${query}`, 'content-length': 0 })
  trail?.started(301)
  response.end()
}

async function pass(parts: ProxyParts, permit: Permit, given: PathRequest & { resource: Proxied }): Promise<void> {
  const { request, response, info, trail, resource } = given
  const { url = '/', rawHeaders, socket } = request
  const wanted = await asking(parts, permit, { resource, request, tail: info.tail, query: info.query })
  const { target, method } = wanted
  if (info.tail === '' && (method === 'GET' || method === 'HEAD')) return toDirectory(given)
  const own = askedHost(rawHeaders) ?? ''
  const headers = requestHeaders({ rawHeaders, url, remoteAddress: socket.remoteAddress })
  if (own !== '') headers['host'] = own
  if (target.agent !== undefined && trail !== undefined) headers['audit-id'] = trail.id
  const place = placeOf(target)
  const open = async (opening: { readonly headers: Headers }): Promise<Dialled> => ({
    asking: await dial(parts, wanted, opening.headers),
    place,
  })
  const route: Route = { clock: parts.clock, headers, limit: Number.MAX_SAFE_INTEGER, open }
  const linked = { ...links(target, own, [split(url)[0], info.tail]), method }
  try {
    await ask(route, { request, response, long: true, timeout: patience }, async answered => {
      const handed = await hand(answered, response, {
        begun: code => trail?.started(code),
        change: (answer, passed) => changed(answer, passed, linked),
      })
      if (!handed) throw serviceUnavailable('the backend answered with headers that cannot be passed on')
    })
  } catch (error) {
    if (error instanceof NotReached) throw serviceUnavailable(error.message)
    if (error instanceof CallError) throw serviceUnavailable(notReached(error, place).message)
    throw error
  }
}

/** Undefined: it is no proxy's. @throws StatusError as long as nothing was answered. */
export function proxied(parts: ProxyParts, permit: Permit, given: PathRequest): Promise<void> | undefined {
  const resource = resourceOf(permit)
  return resource === undefined ? undefined : pass(parts, permit, { ...given, resource })
}

export interface ProxyUpgrade extends Omit<Wanted, 'request'> {
  readonly request: IncomingMessage
  readonly socket: Duplex
  readonly head: Buffer
  readonly auditId: string | undefined
}

const failed = (message: string): StatusError => new StatusError({ reason: '', code: 500, message })

async function join(parts: ProxyParts, permit: Permit, given: ProxyUpgrade & { resource: Proxied }): Promise<void> {
  const { request, socket, auditId } = given
  const protocols = String(request.headers.upgrade ?? '').split(',')
  if (protocols.some(one => ourOwn.test(one.trim()))) throw badRequest('HTTP is not passed on as another protocol')
  const wanted = await asking(parts, permit, given)
  const { target } = wanted
  // A node takes our word: what would be a stream into a pod there is no reading here, as it is with exec.
  if (target.agent !== undefined && permit.verb !== 'create')
    await parts.authorize(permit.user, { ...permit, verb: 'create' })
  const { rawHeaders, url = '/' } = request
  const headers = requestHeaders({ rawHeaders, url, remoteAddress: request.socket.remoteAddress })
  const own = askedHost(rawHeaders) ?? ''
  if (own !== '') headers['host'] = own
  if (target.agent !== undefined && auditId !== undefined) headers['audit-id'] = auditId
  let answer: IncomingMessage | undefined
  try {
    answer = await joinWith(await dial(parts, wanted, withUpgrade(headers, rawHeaders)), given, parts.clock)
  } catch (error) {
    throw error instanceof StatusError ? error : failed(`error dialing backend: ${describe(error, placeOf(target))}`)
  }
  if (answer === undefined) return
  const { statusCode: code = 502 } = answer
  if (code < 400) {
    answer.destroy()
    throw failed(`invalid upgrade response: status code ${code}`)
  }
  await echo(socket, answer)
}

/** Resolves when the two are joined. Undefined: it is no proxy's. @throws StatusError when they cannot be. */
export function proxiedUpgrade(parts: ProxyParts, permit: Permit, given: ProxyUpgrade): Promise<void> | undefined {
  const resource = resourceOf(permit)
  return resource === undefined ? undefined : join(parts, permit, { ...given, resource })
}
