/** What another server is told of a request: what all are told, and who asks. */
import type { User } from '#api/request.ts'
import { badRequest } from '#api/status.ts'
import {
  type Headers,
  type Incoming,
  add,
  empty,
  requestHeaders as plainHeaders,
  withUpgrade,
} from '#server/passing/headers.ts'

/** Letters that may stand in the name of a header; a percent sign would begin an escape. */
const plainLetter = /[!#$&'*+\-.^_`|~0-9A-Za-z]/

export const escapedKey = (key: string): string =>
  [...Buffer.from(key, 'utf8')]
    .map(byte => {
      const letter = String.fromCharCode(byte)
      return plainLetter.test(letter) ? letter : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    })
    .join('')

/** Control characters but the tabulator. */
const isUnspeakable = (letter: string): boolean => letter !== '\t' && (letter < ' ' || letter === '\x7f')

/** Bytes of UTF-8, as Go sends and reads them. @throws StatusError BadRequest for what would be a header of its own. */
function spoken(text: string): string {
  if (Array.from(text).some(isUnspeakable)) throw badRequest('the identity of the user cannot be passed on')
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** @throws StatusError BadRequest */
export function userHeaders({ name, uid = '', groups, extra = {} }: Omit<User, 'source' | symbol>): Headers {
  const headers = empty()
  headers['x-remote-user'] = spoken(name)
  if (uid !== '') headers['x-remote-uid'] = spoken(uid)
  if (groups.length > 0) headers['x-remote-group'] = groups.map(spoken)
  for (const [key, values] of Object.entries(extra)) {
    const header = `x-remote-extra-${escapedKey(key)}`
    for (const value of values) add(headers, header, spoken(value))
  }
  return headers
}

/** @throws StatusError BadRequest */
export const requestHeaders = (incoming: Incoming, user: User): Headers =>
  Object.assign(plainHeaders(incoming), userHeaders(user))

/** @throws StatusError BadRequest */
export const upgradeHeaders = (incoming: Incoming, user: User): Headers =>
  withUpgrade(requestHeaders(incoming, user), incoming.rawHeaders)
