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
import { unavailable } from './pass.ts'

export interface DoorParts extends DialParts {
  readonly catalog: Pick<Catalog, 'find' | 'isEmpty'>
  readonly authorize: Authorize
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

async function told(parts: DoorParts, to: Registered, by: { readonly who: User; readonly request: DoorRequest }) {
  const { method, path, contentType, body } = httpCall(by.request)
  const sent = body === undefined ? {} : { body: { contentType: contentType ?? '', text: stringifyJson(body) } }
  try {
    return await ask(parts, to, { user: by.who, method, path, accept: 'application/json', patience, limit, ...sent })
  } catch (error) {
    if (error instanceof StatusError) throw error
    throw serviceUnavailable(`error trying to reach service: ${error instanceof Error ? error.message : String(error)}`)
  }
}

async function outside(parts: DoorParts, to: Registered, by: { who: User; request: DoorRequest }): Promise<Answer> {
  const { verb, group, version, resource, subresource = '', namespace = '' } = by.request
  if (verb === 'watch') throw methodNotAllowed({ group, resource }, verb)
  const name = 'name' in by.request ? (by.request.name ?? '') : ''
  await parts.authorize(by.who, { resourceRequest: true, verb, group, version, resource, subresource, namespace, name })
  if (!to.available) throw serviceUnavailable(unavailable)
  const answer = await told(parts, to, by)
  const value = bodyOf(answer)
  if (answer.code < 200 || answer.code > 299) throw readStatus(answer.code, value)
  return verb === 'list' ? readList(value) : { type: 'object', code: answer.code, object: readObject(value) }
}

/** @param own answers for everything that is ours */
export const aggregatedDoor =
  (parts: DoorParts, own: Door): Door =>
  (who, request) => {
    const to = parts.catalog.isEmpty() ? undefined : parts.catalog.find(request.group, request.version)
    return to === undefined ? own(who, request) : outside(parts, to, { who, request })
  }
