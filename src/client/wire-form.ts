/** Reads what a Kubernetes server sends: objects, lists, Status bodies, lines of watch events. */
import type { Answer, WatchEvent } from '#api/door.ts'
import type { KObject } from '#api/metadata.ts'
import { type Reason, type StatusDetails, StatusError, codes, internalError } from '#api/status.ts'

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Every answer of the API has these three; an object that lacks metadata (a Status) gets an empty one. */
const isObject = (value: unknown): value is KObject => isRecord(value) && isRecord(value['metadata'])

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const isReason = (reason: string): reason is Reason => Object.hasOwn(codes, reason)
const isDetails = (value: unknown): value is StatusDetails => isRecord(value)

export function readObject(value: unknown): KObject {
  if (isRecord(value) && value['metadata'] === undefined) value['metadata'] = {}
  if (!isObject(value)) throw internalError('the server sent no object')
  return value
}

/** Turns a failed answer's body into the error it stands for; a body that is no Status keeps only the code. */
export function readStatus(code: number, body: unknown): StatusError {
  if (!isRecord(body) || body['kind'] !== 'Status') {
    const message = typeof body === 'string' && body !== '' ? body.slice(0, 1000) : `the server answered ${code}`
    return new StatusError({ reason: reasonOf(code), message, code })
  }
  const reason = text(body['reason'])
  const details = body['details']
  const metadata = body['metadata']
  const token = isRecord(metadata) ? text(metadata['continue']) : ''
  return new StatusError({
    // As upstream's clients judge: by the code where the reason says nothing.
    reason: isReason(reason) ? reason : reasonOf(code),
    message: text(body['message']),
    code: typeof body['code'] === 'number' ? body['code'] : code,
    ...(isDetails(details) ? { details } : {}),
    ...(token === '' ? {} : { continue: token }),
  })
}

const reasonOf = (code: number): Reason | '' => {
  for (const [reason, known] of Object.entries(codes)) if (known === code && isReason(reason)) return reason
  return ''
}

export function readList(value: unknown): Answer {
  const object = readObject(value)
  const items = 'items' in object ? object.items : undefined
  if (!Array.isArray(items) && items !== null && items !== undefined) throw internalError('the server sent no list')
  const metadata: unknown = object.metadata
  const of = (name: string): unknown => (isRecord(metadata) ? metadata[name] : undefined)
  const remaining = of('remainingItemCount')
  const token = text(of('continue'))
  return {
    type: 'list',
    items: Array.isArray(items) ? items.map(readObject) : [],
    resourceVersion: text(of('resourceVersion')),
    ...(token === '' ? {} : { continue: token }),
    ...(typeof remaining === 'number' ? { remaining } : {}),
  }
}

/** @throws StatusError for an ERROR event. */
export function readEvent(value: unknown): WatchEvent {
  if (!isRecord(value)) throw internalError('the server sent no watch event')
  const type = value['type']
  if (type === 'ERROR') throw readStatus(500, value['object'])
  if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED' && type !== 'BOOKMARK')
    throw internalError('the server sent an unknown watch event')
  return { type, object: readObject(value['object']) }
}

/** Cuts a byte stream into lines. A line longer than `most` bytes is an error. */
export async function* lines(chunks: AsyncIterable<Uint8Array>, most: number): AsyncGenerator<readonly string[]> {
  let parts: Uint8Array[] = []
  let size = 0
  for await (const chunk of chunks) {
    const found: string[] = []
    let from = 0
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      parts.push(chunk.subarray(from, at))
      const line = Buffer.concat(parts).toString('utf8')
      if (line.trim() !== '') found.push(line)
      parts = []
      size = 0
      from = at + 1
    }
    parts.push(chunk.subarray(from))
    size += chunk.length - from
    if (size > most) throw internalError('the server sent too long a line')
    if (found.length > 0) yield found
  }
}
