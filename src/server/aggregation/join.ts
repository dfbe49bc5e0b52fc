/** Upgrades by the server of an APIService. */
import { StatusError, internalError } from '#api/status.ts'
import { Unreachable } from '#server/outbound/service.ts'
import { echo, joinWith } from '#server/passing/upgrade.ts'
import type { PassingUpgrade } from '#server/remotes.ts'
import { describe } from '#wire/failure.ts'
import type { Registered } from './catalog.ts'
import { type DialParts, dial } from './dial.ts'
import { upgradeHeaders } from './headers.ts'
import { unavailable } from './pass.ts'

const away = (message: string): StatusError => new StatusError({ reason: 'ServiceUnavailable', message, details: {} })

const redirected = {
  reason: 'InternalError',
  code: 502,
  message: 'the backend attempted to redirect this request, which is not permitted',
  details: {},
} as const

/** @throws StatusError when the two cannot be joined. */
export async function join(parts: DialParts, to: Registered, passing: PassingUpgrade): Promise<void> {
  if (!to.available) throw away(unavailable)
  const { request, socket, user } = passing
  const { remoteAddress } = request.socket
  const headers = upgradeHeaders({ rawHeaders: request.rawHeaders, url: request.url, remoteAddress }, user)
  let place = ''
  try {
    const dialled = await dial(parts, to, {
      method: request.method ?? 'GET',
      path: request.url ?? '/',
      headers,
      alone: true,
    })
    place = dialled.place
    const refused = await joinWith(dialled.asking, passing, parts.clock)
    if (refused === undefined) return
    const { statusCode: code = 502 } = refused
    if (code >= 300 && code < 400) throw new StatusError(redirected)
    await echo(socket, refused)
  } catch (error) {
    if (error instanceof StatusError) throw error
    if (error instanceof Unreachable) throw away(unavailable)
    if (error instanceof Error) throw away(`error trying to reach service: ${describe(error, place)}`)
    throw internalError('the connection could not be joined')
  }
}
