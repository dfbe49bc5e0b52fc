/** Calls what a configuration names, with a JSON review: webhooks of admission, conversions of custom kinds. */
import type { Clock } from '#base/clock.ts'
import { JsonError } from '#codec/errors.ts'
import { parseJson, stringifyJson } from '#codec/json.ts'
import { CallError } from '#wire/failure.ts'
import type { Caller, Destination, Posted, Reply } from '#wire/https.ts'
import { refusalText, secondsToWait } from './replies.ts'
import { type Directory, Unreachable, endpointOf } from './service.ts'

export interface ClientConfig {
  readonly url?: string
  readonly service?: {
    readonly namespace: string
    readonly name: string
    readonly path?: string
    readonly port?: number
  }
  /** Base64 of PEM. */
  readonly caBundle?: string
}

/** The other side could not be asked or did not answer as it should. */
export class HookError extends Error {}

export interface HookLimits {
  /** That it may take in all. */
  readonly milliseconds: number
  /** Of the answer; as much as a request to the API may have unless given. */
  readonly bytes?: number
}

export interface Hooks {
  /** @returns the answer's JSON value. @throws HookError */
  call(config: ClientConfig, review: object, limits: HookLimits): Promise<unknown>
}

export interface HookParts {
  readonly caller: Pick<Caller, 'post'>
  readonly directory: Directory
  readonly clock: Clock
  readonly random: () => number
}

const usualBytes = 3 * 1024 * 1024

const cleaned = (path: string): string => {
  const parts = path.split('/').filter(part => part !== '' && part !== '.')
  return `/${parts.join('/')}`
}

/** The place as the configuration names it. @throws HookError */
function urlOf({ url, service }: ClientConfig): URL {
  if (service !== undefined) {
    const made = new URL(`https://${service.name}.${service.namespace}.svc:${service.port ?? 443}`)
    made.pathname = cleaned(service.path ?? '')
    return made
  }
  if (url === undefined || !URL.canParse(url))
    throw new HookError('webhook configuration must have either service or URL')
  const made = new URL(url)
  made.pathname = cleaned(made.pathname)
  return made
}

function destinationOf(
  { directory, random }: HookParts,
  { service, caBundle = '' }: ClientConfig,
  url: URL,
): Destination {
  const ca = caBundle === '' ? {} : { ca: Buffer.from(caBundle, 'base64').toString('utf8') }
  if (service === undefined) return { url, ...ca }
  return { url, ...ca, address: endpointOf(directory, { ...service, port: service.port ?? 443 }, random) }
}

const headers = {
  'content-type': 'application/json',
  accept: 'application/json, */*',
  'user-agent': 'bulwark',
}

function valueOf(reply: Reply): unknown {
  if (reply.status < 200 || reply.status > 206) throw new HookError(refusalText(reply))
  try {
    return parseJson(reply.body).value
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    throw new HookError(`couldn't get version/kind; json parse error: ${error.message}`)
  }
}

/** Resolves early when the signal aborts. */
function pause(clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> {
  if (milliseconds <= 0 || signal.aborted) return Promise.resolve()
  const { promise, resolve } = Promise.withResolvers<void>()
  const cancel = clock.after(milliseconds, resolve)
  signal.addEventListener(
    'abort',
    () => {
      cancel()
      resolve()
    },
    { once: true },
  )
  return promise
}

const mostRepeats = 10

/** Asks again as long as the other side says when to, and time is left. @throws CallError, Unreachable */
async function insist(parts: HookParts, destination: () => Destination, call: Posted): Promise<Reply> {
  for (let repeats = 0; ; repeats++) {
    const reply = await parts.caller.post(destination(), call)
    const seconds = secondsToWait(reply)
    if (seconds === undefined || repeats === mostRepeats) return reply
    await pause(parts.clock, seconds * 1000, call.signal)
    if (call.signal.aborted) throw new CallError('context deadline exceeded')
  }
}

async function call(parts: HookParts, config: ClientConfig, what: HookLimits & { review: object }) {
  const url = urlOf(config)
  url.searchParams.set('timeout', `${Math.max(1, Math.ceil(what.milliseconds / 1000))}s`)
  const body = stringifyJson(what.review)
  const stop = new AbortController()
  const cancel = parts.clock.after(what.milliseconds, () => stop.abort())
  const asked = { body, headers, limit: what.bytes ?? usualBytes, signal: stop.signal }
  try {
    return valueOf(await insist(parts, () => destinationOf(parts, config, url), asked))
  } catch (error) {
    if (error instanceof Unreachable || error instanceof CallError)
      throw new HookError(`Post ${JSON.stringify(url.href)}: ${error.message}`)
    throw error
  } finally {
    cancel()
  }
}

export const makeHooks = (parts: HookParts): Hooks => ({
  call: (config, review, limits) => call(parts, config, { review, ...limits }),
})
