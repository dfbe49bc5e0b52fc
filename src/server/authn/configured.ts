/** Whom this server believes besides itself: issuers and a webhook, as files and flags say, also when a file changes. */
import type { Clock } from '#base/clock.ts'
import { followLogged } from '#base/follow.ts'
import type { Log } from '#base/log.ts'
import type { AnonymousAuthConfig, JWTAuthenticator } from '#kinds/facts/generated/types/apiserver_v1.ts'
import type { User } from '#api/request.ts'
import { ConfigurationError } from '#codec/configuration.ts'
import { parseDuration } from '#codec/cel/time.ts'
import { isError } from '#codec/cel/values.ts'
import type { Caller } from '#wire/https.ts'
import type { TokenAuthenticator } from './chain.ts'
import type { SigningAlgorithm } from './oidc/algorithms.ts'
import { type CheckedAuthentication, checkAuthentication, readAuthentication } from './oidc/configuration.ts'
import { type OidcFlags, fromFlags } from './oidc/flags.ts'
import type { IssuerRules } from './oidc/rules.ts'
import type { IssuerKeys } from './oidc/keys.ts'
import { identified } from './user.ts'
import type { WebhookPlace } from './remote.ts'
import { makeTokenWebhook } from './webhook.ts'

export interface AuthenticationOptions {
  /** An AuthenticationConfiguration, read again and again. */
  readonly configuration?: () => Promise<string>
  readonly oidc?: OidcFlags
  readonly webhook?: TokenWebhookFlags
}

/** Of the flags `authentication-token-webhook-…`. */
export interface TokenWebhookFlags {
  readonly place: WebhookPlace
  readonly version?: string
  /** A duration as Go writes it. */
  readonly cacheTtl?: string
}

export interface AuthenticationParts {
  readonly caller: Pick<Caller, 'get' | 'post'>
  readonly clock: Clock
  readonly log: Log
  /** Of this API server; the first one is the issuer of our own tokens. */
  readonly audiences: readonly string[]
}

export interface ConfiguredAuthentication {
  /** To be asked after our own. */
  authenticators(): readonly TokenAuthenticator[]
  /** Who comes without credentials, where that is allowed at all. */
  readonly anonymous: (path: string) => User | undefined
  /** Told why a token was not taken: who sent it is not. */
  failed(error: unknown): void
  close(): void
}

/** Milliseconds between two looks at the file. */
const interval = 10_000
/** Milliseconds that a webhook has for a token. */
const patience = 10_000

function checked({ place, version = 'v1beta1', cacheTtl = '2m' }: TokenWebhookFlags) {
  if (version !== 'v1' && version !== 'v1beta1')
    throw new ConfigurationError(
      `unsupported webhook authenticator version ${JSON.stringify(version)}, supported versions are "v1beta1", "v1"`,
    )
  const ttl = parseDuration(cacheTtl)
  if (isError(ttl))
    throw new ConfigurationError('--authentication-token-webhook-cache-ttl must be a duration such as 2m')
  return { place, version, ttl: Number(ttl.nanos / 1_000_000n) } as const
}

const nobody: User = identified({ name: 'system:anonymous', groups: ['system:unauthenticated'], source: 'anonymous' })

class Configured implements ConfiguredAuthentication {
  readonly #parts: AuthenticationParts
  readonly #webhooks: readonly TokenAuthenticator[]
  /** By what the configuration says of the issuer: what is known of it outlives changes elsewhere in the file. */
  #keys = new Map<string, IssuerKeys>()
  #list: readonly TokenAuthenticator[]
  #anonymous: AnonymousAuthConfig | undefined
  #failures = 0
  #told = Number.NEGATIVE_INFINITY
  stop: () => void = () => undefined

  constructor(parts: AuthenticationParts, webhook: AuthenticationOptions['webhook']) {
    this.#parts = parts
    const { caller, clock, audiences } = parts
    this.#webhooks =
      webhook === undefined ? [] : [makeTokenWebhook({ ...checked(webhook), caller, clock, audiences, patience })]
    this.#list = this.#webhooks
  }

  authenticators(): readonly TokenAuthenticator[] {
    return this.#list
  }

  readonly anonymous = (path: string): User | undefined => {
    const { enabled = false, conditions = [] } = this.#anonymous ?? {}
    return enabled && (conditions.length === 0 || conditions.some(one => one.path === path)) ? nobody : undefined
  }

  /** One line a second, however many come. */
  failed(error: unknown): void {
    this.#failures++
    const now = this.#parts.clock.monotonic()
    if (now - this.#told < 1000) return
    const message = error instanceof Error ? error.message : 'unknown'
    this.#parts.log.warn('unable to authenticate a token', { error: message, tokens: this.#failures })
    this.#told = now
    this.#failures = 0
  }

  async apply({ issuers, anonymous }: CheckedAuthentication, algorithms?: readonly SigningAlgorithm[]): Promise<void> {
    const oidc = issuers.length === 0 ? [] : [await this.#oidc(issuers, algorithms)]
    this.#anonymous = anonymous
    this.#list = [...oidc, ...this.#webhooks]
  }

  async #oidc(issuers: readonly IssuerRules[], algorithms?: readonly SigningAlgorithm[]): Promise<TokenAuthenticator> {
    // What verifies signatures is loaded where somebody is believed.
    const [{ makeOidc }, { issuerKeys }] = await Promise.all([
      import('./oidc/authenticator.ts'),
      import('./oidc/keys.ts'),
    ])
    const { caller, clock, audiences } = this.#parts
    const keys = new Map<string, IssuerKeys>()
    const trusted = issuers.map(rules => {
      const { issuer } = rules.jwt
      const key = JSON.stringify(issuer)
      const known = this.#keys.get(key) ?? issuerKeys({ issuer, caller, clock })
      keys.set(key, known)
      // The first token need not wait. What is wrong is told when there is one.
      known.candidates(undefined, 'RS256').catch(() => undefined)
      return { rules, keys: known }
    })
    this.#keys = keys
    return makeOidc({ issuers: trusted, clock, audiences, ...(algorithms === undefined ? {} : { algorithms }) })
  }

  close(): void {
    this.stop()
  }
}

/** @throws ConfigurationError, and what reading the file throws. */
export async function configureAuthentication(
  { configuration, oidc = {}, webhook }: AuthenticationOptions,
  parts: AuthenticationParts,
): Promise<ConfiguredAuthentication> {
  const configured = new Configured(parts, webhook)
  const flags = fromFlags(oidc)
  const own = parts.audiences.slice(0, 1)
  if (configuration !== undefined && flags !== undefined)
    throw new ConfigurationError('authentication-config file and oidc-* flags are mutually exclusive')
  if (flags !== undefined) {
    const jwt: readonly JWTAuthenticator[] = [flags.jwt]
    await configured.apply(checkAuthentication({ jwt }, own), flags.algorithms)
  }
  if (configuration !== undefined)
    configured.stop = await followLogged('authentication configuration', parts.log, {
      clock: parts.clock,
      read: configuration,
      interval,
      apply: text => configured.apply(readAuthentication(text, own)),
    })
  return configured
}
