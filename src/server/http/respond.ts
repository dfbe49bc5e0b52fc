/** Answers: headers, errors as Status, bodies with backpressure. */
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { Http2ServerResponse } from 'node:http2'
import type { StatusError } from '#api/status.ts'
import { stringifyJson } from '#codec/json.ts'
import { dumpYaml } from '#codec/yaml.ts'
import { type Accepted, contentTypes } from './negotiate.ts'

export type Response = ServerResponse | Http2ServerResponse

/** Nobody is there any more to be answered. A response over HTTP/2 does not say so itself, and is told of its close only once. */
export const gone = (response: Response): boolean =>
  'stream' in response ? response.stream.closed || response.stream.destroyed : response.destroyed

export interface Reply {
  readonly code: number
  readonly contentType: string
  readonly body: Uint8Array | string
  readonly warnings?: readonly string[]
  readonly headers?: Readonly<Record<string, string>>
}

const quoted = (text: string): string => text.replaceAll(/["\\]/g, char => `\\${char}`).replaceAll(/[^\x20-\x7e]/g, '?')

/** RFC 7234 form, as clients parse it. At most 4 KiB of warnings in all. */
export function warningHeaders(warnings: readonly string[]): readonly string[] {
  let room = 4096
  return warnings.flatMap(text => {
    room -= text.length
    return room < 0 ? [] : [`299 - "${quoted(text.slice(0, 1024))}"`]
  })
}

export function common(
  response: Response,
  code: number,
  extra: Readonly<Record<string, string | number | readonly string[]>>,
): void {
  response.statusCode = code
  response.setHeader('cache-control', 'no-cache, private')
  for (const name in extra) {
    const value = extra[name] ?? ''
    response.setHeader(name, typeof value === 'object' ? [...value] : value)
  }
}

export function send(response: Response, reply: Reply): void {
  const body = typeof reply.body === 'string' ? Buffer.from(reply.body) : reply.body
  common(response, reply.code, {
    'content-type': reply.contentType,
    'content-length': body.byteLength,
    ...reply.headers,
    ...(reply.warnings === undefined || reply.warnings.length === 0 ? {} : { warning: warningHeaders(reply.warnings) }),
  })
  // The two responses' `end` have the same shape, but not the same type.
  if ('stream' in response) response.end(body)
  else response.end(body)
}

export function sendObject(
  response: Response,
  code: number,
  rest: { object: object; accepted: Accepted; warnings?: readonly string[] },
): void {
  const { object, accepted, warnings } = rest
  const yaml = accepted.encoding === 'yaml'
  send(response, {
    code,
    contentType: yaml ? contentTypes.yaml : contentTypes.json,
    body: yaml ? dumpYaml(object) : accepted.pretty ? `${stringifyJson(object, 2)}\n` : `${stringifyJson(object)}\n`,
    ...(warnings === undefined ? {} : { warnings }),
  })
}

export function sendError(response: Response, error: StatusError): void {
  if (response.headersSent) {
    // An end would look like a whole answer.
    response.destroy()
    return
  }
  const after = error.details?.retryAfterSeconds
  send(response, {
    code: error.code,
    contentType: contentTypes.json,
    body: `${stringifyJson(error.status())}\n`,
    ...(after === undefined ? {} : { headers: { 'retry-after': String(after) } }),
  })
}

export const write = (response: Response, bytes: Uint8Array): boolean =>
  'stream' in response ? response.write(bytes) : response.write(bytes)

export const header = (headers: IncomingHttpHeaders, name: string): string | undefined => {
  const value = headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}
