/** Answers of a webhook that are none: what they mean, in the words of upstream's client (client-go, rest). */
import { JsonError } from '#codec/errors.ts'
import { parseJson } from '#codec/json.ts'
import type { Reply } from '#wire/https.ts'

type Answer = Pick<Reply, 'status' | 'headers' | 'body'>

/**
 * How long the other side wants us to wait before we ask again: only 429 and errors of its own may want that, by a whole number
 * of seconds (a date is not read).
 */
export function secondsToWait({ status, headers }: Pick<Reply, 'status' | 'headers'>): number | undefined {
  if (status !== 429 && status < 500) return undefined
  const said = headers['retry-after'] ?? ''
  return /^[+-]?\d{1,18}$/.test(said) ? Number(said) : undefined
}

const mostText = 2048

const words: Readonly<Record<number, string>> = {
  400: 'the server rejected our request for an unknown reason',
  401: 'the server has asked for the client to provide credentials',
  404: 'the server could not find the requested resource',
  405: 'the server does not allow this method on the requested resource',
  409: 'the server reported a conflict',
  422: 'the server rejected our request due to an error in our request',
  429: 'the server has received too many requests and has asked us to try again later',
  503: 'the server is currently unable to handle the request',
  504: 'the server was unable to return a response in the time allotted, but may still be processing the request',
}

const isText = (type: string): boolean => type === '' || /^text\//i.test(type)

/** The message of a Status, which is believed more than the code. */
function statusMessage(body: Buffer): string | undefined {
  try {
    const { value } = parseJson(body)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    const { kind, apiVersion = 'v1', status, message = '' } = { ...value } as Record<string, unknown>
    const fits = kind === 'Status' && apiVersion === 'v1' && status === 'Failure'
    return fits && typeof message === 'string' ? message : undefined
  } catch (error) {
    if (error instanceof JsonError) return undefined
    throw error
  }
}

export function refusalText({ status, headers, body }: Answer): string {
  const told = statusMessage(body)
  if (told !== undefined) return told
  const said = isText(headers['content-type'] ?? '') ? body.toString('utf8', 0, mostText).trim() : 'unknown'
  if (status === 403 || status === 415) return said
  if (status === 406)
    return said === '' || said === 'unknown'
      ? 'the server was unable to respond with a content type that the client supports'
      : said
  const usual = words[status]
  if (usual !== undefined) return usual
  if (status >= 500) return `an error on the server (${JSON.stringify(said)}) has prevented the request from succeeding`
  return `the server responded with the status code ${status} but did not return more information`
}
