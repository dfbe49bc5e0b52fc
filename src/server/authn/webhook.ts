/** Tokens that somebody else knows: a webhook is asked by TokenReview, its answers are remembered for a while. */
import { createHmac, randomBytes } from 'node:crypto'
import type { Authenticated, TokenAuthenticator } from './chain.ts'
import { RemoteError, type RemoteParts, askRemote, isFields } from './remote.ts'
import { authenticatedUser } from './user.ts'

export interface TokenWebhook extends RemoteParts {
  readonly version: 'v1' | 'v1beta1'
  /** Milliseconds that an answer counts, a no as well as a yes. 0: never again. */
  readonly ttl: number
  /** Of this API server. */
  readonly audiences: readonly string[]
}

/** Longer ones are nobody's. */
const longest = 64 * 1024
const remembered = 4096

interface Remembered {
  readonly until: number
  readonly found: Authenticated | undefined
}

const texts = (value: unknown): readonly string[] | undefined => {
  if (value === undefined || value === null) return []
  return Array.isArray(value) && value.every(one => typeof one === 'string') ? value : undefined
}

function extraOf(value: unknown): Readonly<Record<string, readonly string[]>> | undefined {
  if (value === undefined || value === null) return {}
  if (!isFields(value)) return undefined
  const entries = Object.entries(value).map(([key, list]) => [key, texts(list)] as const)
  return entries.every((entry): entry is readonly [string, readonly string[]] => entry[1] !== undefined)
    ? Object.fromEntries(entries)
    : undefined
}

function userOf(value: unknown): Authenticated['user'] {
  const user = isFields(value) ? value : {}
  const { username, uid = '' } = user
  const [groups, extra] = [texts(user['groups']), extraOf(user['extra'])]
  if (typeof username !== 'string' || username === '' || typeof uid !== 'string' || groups === undefined)
    throw new RemoteError('the webhook names no user')
  if (extra === undefined) throw new RemoteError('the webhook names no user')
  return authenticatedUser({
    name: username,
    groups,
    ...(uid === '' ? {} : { uid }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
    source: 'webhook',
  })
}

async function ask(
  webhook: TokenWebhook,
  token: string,
  wanted: readonly string[],
): Promise<Authenticated | undefined> {
  const status = await askRemote(webhook, {
    apiVersion: `authentication.k8s.io/${webhook.version}`,
    kind: 'TokenReview',
    metadata: { creationTimestamp: null },
    spec: { token, audiences: wanted },
    status: { user: {} },
  })
  if (status['authenticated'] !== true) return undefined
  const told = texts(status['audiences'])
  if (told === undefined) throw new RemoteError('the webhook names no audiences')
  // Who says nothing of audiences speaks of this API server's.
  const audiences = wanted.filter(one => (told.length === 0 ? webhook.audiences : told).includes(one))
  return audiences.length === 0 ? undefined : { user: userOf(status['user']), audiences }
}

export function makeTokenWebhook(webhook: TokenWebhook): TokenAuthenticator {
  // What is remembered is of no use to who reads it.
  const secret = randomBytes(32)
  const known = new Map<string, Remembered>()
  const asking = new Map<string, Promise<Authenticated | undefined>>()
  const remember = (key: string, found: Authenticated | undefined): void => {
    if (webhook.ttl <= 0) return
    const [oldest] = known.keys()
    if (known.size >= remembered && oldest !== undefined) known.delete(oldest)
    known.set(key, { found, until: webhook.clock.monotonic() + webhook.ttl })
  }
  return {
    authenticate(token, audiences = webhook.audiences) {
      if (token.length > longest) return undefined
      const key = createHmac('sha256', secret)
        .update(JSON.stringify([token, audiences]))
        .digest('base64')
      const had = known.get(key)
      if (had !== undefined && had.until > webhook.clock.monotonic()) return had.found
      const underWay = asking.get(key)
      if (underWay !== undefined) return underWay
      const asked = ask(webhook, token, audiences)
        .then(found => {
          remember(key, found)
          return found
        })
        .finally(() => asking.delete(key))
      asking.set(key, asked)
      return asked
    },
  }
}
