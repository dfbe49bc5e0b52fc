/** Subresources that are streams: joined to the listener's two ways in, plain requests and upgrades. */
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Log } from '#base/log.ts'
import { traceOf } from '#base/trace.ts'
import type { Attributes, Permit } from '#api/request.ts'
import type { Audit } from '#server/audit/audit.ts'
import { endedKey } from '#server/audit/record.ts'
import type { Trail } from '#server/audit/trail.ts'
import { openTrail } from '../audit-bodies.ts'
import { StatusError, badRequest, internalError, unauthorized } from '#api/status.ts'
import type { RegistryDeps } from '#server/registry/deps.ts'
import type { Store } from '#server/store/contract.ts'
import type { Authenticate } from '#server/authn/authenticate.ts'
import { impersonate } from '#server/authn/impersonate.ts'
import type { Sessions } from '#server/authn/sessions.ts'
import type { Authorize } from '#server/authz/authorize.ts'
import type { PathRequest } from '../http/handler.ts'
import { parseRequest } from '../http/requestinfo.ts'
import { type ProxyParts, proxied, proxiedUpgrade } from '../proxy/proxy.ts'
import type { Remotes } from '../remotes.ts'
import type { NodeDialer } from './dial.ts'
import { admitStream } from './stream-options.ts'
import { joinStream, podOf, refuseUpgrade, streamLog } from './streams.ts'

export interface ConnectParts extends ProxyParts {
  readonly registry: RegistryDeps
  readonly store: Store
  readonly dialer: NodeDialer
  readonly authenticate: Authenticate
  readonly sessions: Pick<Sessions, 'open'>
  readonly authorize: Authorize
  readonly log: Log
  readonly remotes: Remotes
  /** Absent: nothing is on record. */
  readonly audit?: Audit | undefined
}

const isStream = (name: string): name is 'exec' | 'attach' | 'portforward' =>
  name === 'exec' || name === 'attach' || name === 'portforward'

const ofPods = (permit: Permit, subresource: string): boolean =>
  permit.group === '' && permit.resource === 'pods' && permit.subresource === subresource

/** For requests that did not ask for an upgrade. */
export const connect =
  (parts: ConnectParts) =>
  (permit: Permit, request: PathRequest): Promise<void> | undefined => {
    if (ofPods(permit, 'log') && permit.verb === 'get') return streamLog(parts, permit, request)
    if (permit.group === '' && permit.resource === 'pods' && isStream(permit.subresource))
      throw badRequest('Upgrade request required')
    return proxied(parts, permit, request)
  }

/** For requests that did. */
export const upgrade =
  (parts: ConnectParts) =>
  (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', () => socket.destroy())
    const trail = parts.audit === undefined ? undefined : openTrail(parts.audit, request)
    void attempt(parts, { request, socket, head, trail }).then(
      () => {
        trail?.started(101)
        // On record until the last byte.
        if (socket.destroyed) trail?.end(101)
        else socket.once('close', () => trail?.end(101))
      },
      (error: unknown) => {
        trail?.failed(error)
        trail?.end(500)
        if (!(error instanceof StatusError)) parts.log.error('upgrade failed', { error: traceOf(error) })
        if (!socket.destroyed)
          refuseUpgrade(
            socket,
            error instanceof StatusError ? error : internalError('the connection could not be joined'),
          )
      },
    )
  }

/** What somebody asks for who is not known: also what cannot be read is on record. */
function askedBy(request: IncomingMessage): Attributes {
  try {
    return parseRequest(request.method ?? 'GET', request.url ?? '/').asked
  } catch {
    return parseRequest(request.method ?? 'GET', '/').asked
  }
}

async function attempt(
  parts: ConnectParts,
  upgrading: { request: IncomingMessage; socket: Duplex; head: Buffer; trail: Trail | undefined },
): Promise<void> {
  const { request, socket, trail } = upgrading
  const named = askedBy(request)
  const known = await parts.authenticate({
    headers: request.headers,
    rawHeaders: request.rawHeaders,
    socket: request.socket,
    path: named.path ?? '',
  })
  await trail?.identify(known, named, true)
  if (known === undefined) throw unauthorized()
  const end = (reason: string): void => {
    trail?.note(endedKey, reason)
    socket.destroy()
  }
  const over = parts.sessions.open({ user: known, socket: request.socket, end })
  if (over === undefined) throw unauthorized()
  socket.once('close', over)
  const user = await impersonate(known, request.rawHeaders, parts.authorize)
  if (user !== known) trail?.impersonated(user)
  const { asked: wanted, query, tail } = parseRequest(request.method ?? 'GET', request.url ?? '/')
  const asked = trail === undefined ? wanted : { ...wanted, notes: trail }
  const permit = await parts.authorize(user, asked)
  const elsewhere = parts.remotes.at(asked.path ?? '')
  if (elsewhere !== undefined) return elsewhere.join({ ...upgrading, user })
  const joining = proxiedUpgrade(parts, permit, { ...upgrading, tail, query, auditId: trail?.id })
  if (joining !== undefined) return joining
  if (tail !== '' || permit.group !== '' || permit.resource !== 'pods' || !isStream(permit.subresource))
    throw badRequest('the resource does not take upgrades')
  const pod = podOf(parts.store, permit)
  const admitted = await admitStream(parts.registry, permit, { kind: permit.subresource, query })
  await joinStream(parts.dialer, upgrading, { pod, kind: permit.subresource, query: admitted })
}
