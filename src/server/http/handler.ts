/** One HTTP request from its first byte to its answer. */
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { traceOf } from '#base/trace.ts'
import type { Attributes, Permit, User } from '#api/request.ts'
import type { Served } from '#api/kind.ts'
import { type GroupResource, groupResource } from '#api/metadata.ts'
import { StatusError, internalError, methodNotAllowed, unauthorized } from '#api/status.ts'
import type { Authenticate } from '#server/authn/authenticate.ts'
import type { FlowControl, Seat } from '#server/flow/flow.ts'
import { impersonate } from '#server/authn/impersonate.ts'
import type { Sessions } from '#server/authn/sessions.ts'
import { type Outcome, type Serving } from '../outcome.ts'
import type { Elsewhere, Remotes } from '../remotes.ts'
import { noSuchResource } from '../addressed.ts'
import { perform } from '../serve.ts'
import { type Request, readBody } from './body.ts'
import { type BodyCodec, doorRequest } from './decode-body.ts'
import type { Audit } from '#server/audit/audit.ts'
import { endedKey } from '#server/audit/record.ts'
import type { Trail } from '#server/audit/trail.ts'
import { openTrail, putOutcome, putRequest } from '../audit-bodies.ts'
import { negotiate } from './negotiate.ts'
import { type RequestInfo, parseRequest } from './requestinfo.ts'
import { type Response, gone, header, sendError } from './respond.ts'
import type { Answering } from './answer.ts'

/** A path that is not a resource's: discovery, OpenAPI, health, metrics. */
export type PathHandler = (request: PathRequest) => Promise<void> | void
export interface PathRequest {
  readonly request: Request
  readonly response: Response
  readonly info: RequestInfo
  readonly user: User | undefined
  /** What goes on record of it. */
  readonly trail?: Trail | undefined
}

export interface Handling {
  readonly serving: Serving
  readonly authenticate: Authenticate
  /** Told of requests that go on for long. */
  readonly sessions: Pick<Sessions, 'open'>
  readonly codec: BodyCodec
  readonly answer: Answering
  readonly clock: Clock
  readonly log: Log
  /** Answered without credentials: health alone. */
  readonly open: ReadonlySet<string>
  /** The handler of a path, undefined: there is none. */
  readonly path: (path: string) => PathHandler | undefined
  /** What a subresource or a kind takes as its body, where it is not the kind itself. */
  readonly takes: (served: Served, subresource: string) => Served | undefined
  /** Subresources that answer with more than an object: logs, proxies. Given after authorization. */
  readonly connect: (permit: Permit, request: PathRequest) => Promise<void> | undefined
  readonly flow: FlowControl
  /** What other servers serve as a part of this API. */
  readonly remotes: Remotes
  /** How many objects are kept of a resource. */
  readonly sizeOf: (resource: GroupResource) => number
  readonly observe: (asked: Attributes | undefined, code: number, seconds: number) => void
  /** Absent: nothing is on record. */
  readonly audit?: Audit | undefined
}

export async function handle(handling: Handling, request: Request, response: Response): Promise<void> {
  const started = handling.clock.monotonic()
  const trail = handling.audit === undefined ? undefined : openTrail(handling.audit, request)
  if (trail !== undefined) response.setHeader('audit-id', trail.id)
  let info: RequestInfo | undefined
  try {
    info = parseRequest(request.method ?? 'GET', request.url ?? '/')
    const asked = trail === undefined ? info.asked : { ...info.asked, notes: trail }
    await route(handling, { request, response, info: trail === undefined ? info : { ...info, asked }, trail })
  } catch (error) {
    if (info === undefined) trail?.unreadable(await knownTo(handling, request, ''))
    trail?.failed(error)
    const recorded = trail?.refused()
    if (recorded !== undefined) await recorded
    try {
      fail(handling, response, error)
    } catch {
      response.destroy()
    }
  } finally {
    trail?.end(response.statusCode, response.headersSent)
    handling.observe(info?.asked, response.statusCode, (handling.clock.monotonic() - started) / 1000)
  }
}

const knownTo = (
  { authenticate }: Handling,
  { headers, rawHeaders, socket }: Request,
  path: string,
): ReturnType<Authenticate> => authenticate({ headers, rawHeaders, socket, path })

function fail(handling: Handling, response: Response, error: unknown): void {
  if (gone(response)) return
  if (error instanceof StatusError) return sendError(response, error)
  handling.log.error('request failed', { error: traceOf(error) })
  sendError(response, internalError('the server could not answer'))
}

interface Routed {
  readonly request: Request
  readonly response: Response
  readonly info: RequestInfo
  readonly trail: Trail | undefined
}

async function route(handling: Handling, routed: Routed): Promise<void> {
  const { request, info, trail } = routed
  const path = info.asked.path ?? ''
  const found = knownTo(handling, request, path)
  const known = found instanceof Promise ? await found : found
  const recorded = trail?.identify(known, info.asked, info.asked.verb === 'watch' || isLong(info.asked))
  if (recorded !== undefined) await recorded
  if (known === undefined && !handling.open.has(path)) throw unauthorized()
  let who = known
  try {
    const acting = known === undefined ? known : impersonate(known, request.rawHeaders, handling.serving.authorize)
    who = acting instanceof Promise ? await acting : acting
    if (who !== undefined && who !== known) trail?.impersonated(who)
    await entered(handling, routed, { known, user: who })
  } catch (error) {
    if (error instanceof StatusError) handling.serving.decisions.record(error, who, info.asked)
    throw error
  }
}

/** @param who by credentials, and as whom they act */
async function entered(
  handling: Handling,
  routed: Routed,
  { known, user }: { readonly known: User | undefined; readonly user: User | undefined },
): Promise<void> {
  const { asked } = routed.info
  const entering = user === undefined || isLong(asked) ? undefined : enter(handling, routed, user)
  const seat = entering instanceof Promise ? await entering : entering
  const over = known !== undefined && lasts(asked) ? begin(handling, routed, known) : undefined
  try {
    await seated(handling, routed, { user, seat })
  } finally {
    seat?.leave()
    over?.()
  }
}

/** What goes on for long ends with the right of who came in. */
const lasts = (asked: Attributes): boolean => asked.verb === 'watch' || isLong(asked)

function begin({ sessions }: Handling, { request, response, trail }: Routed, user: User): () => void {
  const end = (reason: string): void => {
    trail?.note(endedKey, reason)
    response.destroy()
  }
  const over = sessions.open({ user, socket: request.socket, end })
  if (over === undefined) throw unauthorized()
  return over
}

/** Requests that last as long as somebody looks on take no seat; a watch gives its own back once it runs. */
const streams = new Set(['exec', 'attach', 'portforward', 'proxy', 'log'])
const isLong = ({ subresource, verb }: Attributes): boolean => verb === 'proxy' || streams.has(subresource)

/** Objects of a list that are worth one seat, and the most seats of one list. */
const objectsPerSeat = 500
const mostSeats = 10

function widthOf(handling: Handling, { verb, group, resource, name }: Attributes): number {
  if (verb !== 'list' || name !== '') return 1
  const size = handling.sizeOf(groupResource({ group, resource }))
  return Math.min(mostSeats, Math.max(1, Math.ceil(size / objectsPerSeat)))
}

function enter(
  handling: Handling,
  { response, info: { asked } }: Routed,
  user: User,
): ReturnType<FlowControl['enter']> {
  const entering = handling.flow.enter({
    user,
    asked,
    width: widthOf(handling, asked),
    gone: call => {
      response.once('close', call)
      return () => void response.off('close', call)
    },
  })
  if (!(entering instanceof Promise)) return told(response, entering)
  return entering.then(seat => told(response, seat) ?? seat)
}

/** Which rule a request fell under, as upstream tells it. */
function told(response: Response, seat: Seat | undefined): Seat | undefined {
  if (seat === undefined) return undefined
  response.setHeader('x-kubernetes-pf-flowschema-uid', seat.schema.metadata.uid ?? '')
  response.setHeader('x-kubernetes-pf-prioritylevel-uid', seat.level?.metadata.uid ?? '')
  return seat
}

interface Seated {
  readonly user: User | undefined
  readonly seat: Seat | undefined
}

async function seated(handling: Handling, routed: Routed, { user, seat }: Seated): Promise<void> {
  const { request, response, info } = routed
  const path = info.asked.path ?? ''
  const elsewhere = handling.remotes.at(path)
  if (elsewhere !== undefined) return passOn(handling, routed, { user, seat, elsewhere })
  if (!info.asked.resourceRequest) {
    if (user !== undefined && !handling.open.has(path)) await handling.serving.authorize(user, info.asked)
    const handler = handling.path(path)
    if (handler === undefined)
      throw new StatusError({
        reason: 'NotFound',
        message: 'the server could not find the requested resource',
        details: {},
      })
    await handler({ request, response, info, user })
    return
  }
  if (user === undefined) throw unauthorized()
  await resource(handling, routed, { user, seat })
}

/** Authorized here first: the other server need not ask us what we know. */
async function passOn(
  { serving }: Handling,
  { request, response, info: { asked, query }, trail }: Routed,
  { user, seat, elsewhere }: Seated & { readonly elsewhere: Elsewhere },
): Promise<void> {
  if (user === undefined) throw unauthorized()
  await serving.authorize(user, asked)
  await elsewhere.pass({
    user,
    asked,
    query,
    request,
    response,
    running: () => seat?.leave(),
    auditId: trail?.id,
    begun: code => trail?.started(code),
  })
}

async function resource(
  handling: Handling,
  routed: Routed,
  { user, seat }: { readonly user: User; readonly seat: Seat | undefined },
): Promise<void> {
  const { request, response, info, trail } = routed
  const { serving } = handling
  const asked = serving.authorize(user, info.asked)
  const permit = asked instanceof Promise ? await asked : asked
  if (info.tail !== '' && permit.subresource !== 'proxy') throw noSuchResource()
  const connected = handling.connect(permit, { ...routed, user })
  if (connected !== undefined) return connected
  const { asked: place } = info
  const kind = serving.registry.scheme.byResource(place.group, place.version, place.resource)?.kind
  const accepted = negotiate(header(request.headers, 'accept'), info.query.get('pretty') === 'true', {
    protobuf: kind?.custom !== true,
    table: kind?.verbs.includes('get') !== false,
  })
  const warnings: string[] = []
  const wanted = await incoming(handling, routed, warnings)
  if (trail !== undefined) putRequest(trail, wanted)
  const outcome = await perform(serving, permit, wanted)
  if (trail !== undefined) {
    putOutcome(trail, outcome)
    // Nobody is told that something was done before it is on record that it was.
    if (outcome.type !== 'watch' && !gone(response)) await trail.settle('code' in outcome ? outcome.code : 200)
  }
  if (info.asked.verb === 'watch') seat?.leave()
  await handling.answer({
    response,
    accepted,
    acceptEncoding: header(request.headers, 'accept-encoding'),
    query: info.query,
    outcome: warned(outcome, warnings),
    begun: trail === undefined ? undefined : () => trail.started(200),
  })
}

const warned = (outcome: Outcome, warnings: readonly string[]): Outcome =>
  warnings.length === 0 || !('warnings' in outcome)
    ? outcome
    : { ...outcome, warnings: [...warnings, ...outcome.warnings] }

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])
const bodied = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])
const none = new Uint8Array(0)

const endless = new AbortController().signal

function closing(response: Response): AbortSignal {
  const stop = new AbortController()
  response.on('close', () => stop.abort())
  return stop.signal
}

async function incoming(handling: Handling, { request, response, info }: Routed, warnings: string[]) {
  const { asked } = info
  const method = request.method ?? 'GET'
  const { scheme } = handling.serving.registry
  const served = scheme.byResource(asked.group, asked.version, asked.resource)
  if (served === undefined)
    throw new StatusError({
      reason: 'NotFound',
      message: 'the server could not find the requested resource',
      details: {},
    })
  if (!methods.has(method))
    throw methodNotAllowed({ group: asked.group, resource: asked.resource }, method.toLowerCase())
  return doorRequest(handling.codec, {
    info,
    contentType: header(request.headers, 'content-type'),
    agent: header(request.headers, 'user-agent'),
    body: bodied.has(method) ? await readBody(request) : none,
    takes: (asked.subresource === '' ? undefined : handling.takes(served, asked.subresource)) ?? served,
    signal: asked.verb === 'watch' ? closing(response) : endless,
    warn: text => void warnings.push(text),
  })
}
