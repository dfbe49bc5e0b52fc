/** Asks a webhook that a configuration of the server names, as a kubeconfig tells where it is. */
import type { Clock } from '#base/clock.ts'
import { JsonError } from '#codec/errors.ts'
import { parseJson, stringifyJson } from '#codec/json.ts'
import { CallError } from '#wire/failure.ts'
import type { Caller, Destination, Reply } from '#wire/https.ts'

/** Where it is, and what we show it. */
export interface WebhookPlace {
  readonly destination: Destination
  /** Bearer token of ours. */
  readonly token?: string
}

export interface RemoteParts {
  readonly caller: Pick<Caller, 'post'>
  readonly clock: Clock
  readonly place: WebhookPlace
  /** Milliseconds for all tries together. */
  readonly patience: number
}

/** Nobody answered, or no review. */
export class RemoteError extends Error {}

type Fields = Readonly<Record<string, unknown>>
export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const largest = 1 << 20
const tries = 4
/** Milliseconds before the second try; each further one waits half as long again. */
const firstPause = 500

const again = ({ status }: Reply): boolean => status === 429 || status >= 500

function reviewOf({ status, body }: Reply): Fields {
  if (status < 200 || status > 202) throw new RemoteError(`the webhook answered with the status ${status}`)
  try {
    const { value } = parseJson(body, { depth: 50 })
    if (isFields(value) && isFields(value['status'])) return value['status']
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
  }
  throw new RemoteError('the webhook answered no review')
}

const sleep = (clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const cancel = clock.after(milliseconds, resolve)
  signal.addEventListener('abort', () => resolve(), { once: true })
  return promise.finally(cancel)
}

async function persist(parts: RemoteParts, body: string, signal: AbortSignal): Promise<Reply> {
  const { caller, place, clock } = parts
  const { token } = place
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json',
    'user-agent': 'bulwark',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  }
  let wait = firstPause
  for (let left = tries - 1; ; left--) {
    const reply = await caller
      .post(place.destination, { body, headers, limit: largest, signal })
      .catch((error: unknown) => {
        if (error instanceof CallError && left > 0 && !signal.aborted) return undefined
        throw error
      })
    if (reply !== undefined && (left === 0 || !again(reply))) return reply
    await sleep(clock, wait, signal)
    if (signal.aborted) throw new RemoteError('the webhook did not answer in time')
    wait *= 1.5
  }
}

/** @returns the review's status. @throws RemoteError */
export async function askRemote(parts: RemoteParts, review: object): Promise<Fields> {
  const stop = new AbortController()
  const cancel = parts.clock.after(parts.patience, () => stop.abort())
  try {
    return reviewOf(await persist(parts, stringifyJson(review), stop.signal))
  } catch (error) {
    if (error instanceof CallError) throw new RemoteError(`the webhook cannot be asked: ${error.message}`)
    throw error
  } finally {
    cancel()
  }
}
