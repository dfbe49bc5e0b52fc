/** Calls what a configuration names, with a JSON review: webhooks of admission, conversions of custom kinds. */
import type { Clock } from '#base/clock.ts'
import { JsonError } from '#codec/errors.ts'
import { parseJson, stringifyJson } from '#codec/json.ts'
import { CallError } from '#wire/failure.ts'
import type { Caller, Destination, Reply } from '#wire/https.ts'
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

/** How upstream's client tells of an answer that is no answer. */
function refusalText({ status, body }: Reply): string {
  const said = body.toString('utf8', 0, 1024).trim()
  if (status === 400) return `the server rejected our request for an unknown reason`
  if (status === 401) return 'the server has asked for the client to provide credentials'
  if (status === 403) return said === '' ? 'unknown' : said
  if (status === 404) return 'the server could not find the requested resource'
  if (status === 405) return 'the server does not allow this method on the requested resource'
  if (status === 503) return 'the server is currently unable to handle the request'
  if (status >= 500) return `an error on the server (${JSON.stringify(said)}) has prevented the request from succeeding`
  return `the server responded with the status code ${status} but did not return more details`
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

const headers = {
  'content-type': 'application/json',
  accept: 'application/json, */*',
  'user-agent': 'bulwark',
}

async function call(parts: HookParts, config: ClientConfig, what: HookLimits & { review: object }) {
  const url = urlOf(config)
  url.searchParams.set('timeout', `${Math.max(1, Math.ceil(what.milliseconds / 1000))}s`)
  const body = stringifyJson(what.review)
  const stop = new AbortController()
  const cancel = parts.clock.after(what.milliseconds, () => stop.abort())
  try {
    const destination = destinationOf(parts, config, url)
    return valueOf(
      await parts.caller.post(destination, { body, headers, limit: what.bytes ?? usualBytes, signal: stop.signal }),
    )
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
