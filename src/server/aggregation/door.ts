/** In process as over HTTPS: what another server serves is asked of it, for the one who asks, where that one may. */
import type { Answer, Door, DoorRequest } from '#api/door.ts'
import type { User } from '#api/request.ts'
import { StatusError, internalError, methodNotAllowed, serviceUnavailable } from '#api/status.ts'
import { stringifyJson } from '#codec/json.ts'
import { httpCall } from '#client/paths.ts'
import { readList, readObject, readStatus } from '#client/wire-form.ts'
import type { Authorize } from '#server/authz/authorize.ts'
import type { Catalog, Registered } from './catalog.ts'
import { type DialParts, type Told, ask } from './dial.ts'
import { parsed } from './json.ts'
import { type Recording, onRecord } from '#server/local/recorded.ts'
import { putRequest } from '#server/audit-bodies.ts'
import type { Trail } from '#server/audit/trail.ts'
import { unavailable } from './pass.ts'

export interface DoorParts extends DialParts {
  readonly catalog: Pick<Catalog, 'find' | 'isEmpty'>
  readonly authorize: Authorize
  /** Where what is asked is put on record here, as what our own registry answers is. */
  readonly recording: Recording
}

/** Milliseconds. */
const patience = 30_000
const limit = 8 * 1024 * 1024

function bodyOf({ contentType, body }: Told): unknown {
  try {
    return contentType.includes('json') ? parsed(body) : body.toString('utf8')
  } catch (error) {
    throw internalError(`the answer cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

interface Call {
  readonly who: User
  readonly request: DoorRequest
  readonly trail: Trail | undefined
}

async function told(parts: DoorParts, to: Registered, { who, request, trail }: Call): Promise<Told> {
  const { method, path, contentType, body } = httpCall(request)
  const sent = body === undefined ? {} : { body: { contentType: contentType ?? '', text: stringifyJson(body) } }
  const usual = { accept: 'application/json', patience, limit, auditId: trail?.id }
  try {
    return await ask(parts, to, { user: who, method, path, ...usual, ...sent })
  } catch (error) {
    if (error instanceof StatusError) throw error
    throw serviceUnavailable(`error trying to reach service: ${error instanceof Error ? error.message : String(error)}`)
  }
}

async function outside(parts: DoorParts, to: Registered, call: Call): Promise<Answer> {
  if (!to.available) throw serviceUnavailable(unavailable)
  const { request, trail } = call
  if (trail !== undefined) putRequest(trail, request)
  const { code, ...answer } = await told(parts, to, call)
  const value = bodyOf({ code, ...answer })
  if (code < 200 || code > 299) throw readStatus(code, value)
  const done: Answer = request.verb === 'list' ? readList(value) : { type: 'object', code, object: readObject(value) }
  trail?.response(done.type === 'object' ? done.object.metadata : undefined, () => answer.body.toString('utf8'))
  trail?.end(code)
  return done
}

/** @param own answers for everything that is ours */
export const aggregatedDoor =
  (parts: DoorParts, own: Door): Door =>
  (who, request) => {
    const to = parts.catalog.isEmpty() ? undefined : parts.catalog.find(request.group, request.version)
    if (to === undefined) return own(who, request)
    return onRecord(parts.recording, { who, request }, async (asked, trail) => {
      const { group, resource, verb } = request
      if (verb === 'watch') throw methodNotAllowed({ group, resource }, verb)
      await parts.authorize(who, asked)
      return outside(parts, to, { who, request, trail })
    })
  }
