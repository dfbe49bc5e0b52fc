/** ID tokens of the issuers of a configuration. The issuer that a token names is the only one whose keys it is tried with. */
import { createHash } from 'node:crypto'
import { errors, jwtVerify } from 'jose'
import type { Clock } from '#base/clock.ts'
import { type Authenticated, type TokenAuthenticator, audiencesOf } from '../chain.ts'
import { authenticatedUser } from '../user.ts'
import { ClaimsError, type Claims, identityOf } from './claims.ts'
import type { IssuerRules } from './rules.ts'
import { type SigningAlgorithm, signingAlgorithms } from './algorithms.ts'
import type { IssuerKeys } from './keys.ts'

export interface TrustedIssuer {
  readonly rules: IssuerRules
  readonly keys: IssuerKeys
}

export interface OidcOptions {
  readonly issuers: readonly TrustedIssuer[]
  readonly algorithms?: readonly SigningAlgorithm[]
  /** Of this API server. */
  readonly audiences: readonly string[]
  readonly clock: Clock
}

/** As long as a header may be. */
const longest = 64 * 1024
/** Seconds that other clocks may be ahead in a token's `nbf`. */
const leeway = 300
/** Milliseconds that a token that was verified is taken without another look, and how many are. */
const rememberedFor = 10_000
const remembered = 10_000

interface Remembered {
  readonly user: Authenticated['user']
  /** Milliseconds since the epoch. */
  readonly until: number
}

/** What a token says of itself before anybody has verified it. */
interface Unverified {
  readonly issuer: string
  readonly keyId: string | undefined
  readonly algorithm: string
}

function part(encoded: string | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(encoded ?? '', 'base64url').toString())
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined
  } catch {
    return undefined
  }
}

function unverified(token: string): Unverified | undefined {
  if (token.length > longest) return undefined
  const [head, body, signature, ...rest] = token.split('.')
  if (signature === undefined || rest.length > 0) return undefined
  const [header, claims] = [part(head), part(body)]
  const [issuer, algorithm, keyId] = [claims?.['iss'], header?.['alg'], header?.['kid']]
  if (typeof issuer !== 'string' || typeof algorithm !== 'string') return undefined
  if (keyId !== undefined && typeof keyId !== 'string') return undefined
  return { issuer, algorithm, keyId }
}

class Oidc implements TokenAuthenticator {
  readonly #options: OidcOptions
  readonly #byUrl: ReadonlyMap<string, TrustedIssuer>
  readonly #algorithms: readonly SigningAlgorithm[]
  readonly #known = new Map<string, Remembered>()

  constructor(options: OidcOptions) {
    this.#options = options
    this.#algorithms = options.algorithms ?? signingAlgorithms
    this.#byUrl = new Map(options.issuers.map(one => [one.rules.jwt.issuer.url, one]))
  }

  authenticate(
    token: string,
    asked?: readonly string[],
  ): Authenticated | undefined | Promise<Authenticated | undefined> {
    const claimed = unverified(token)
    const issuer = claimed === undefined ? undefined : this.#byUrl.get(claimed.issuer)
    const audiences = audiencesOf(this.#options.audiences, asked)
    if (claimed === undefined || issuer === undefined || audiences === undefined) return undefined
    const digest = createHash('sha256').update(token).digest('base64')
    const had = this.#known.get(digest)
    if (had !== undefined && had.until > this.#options.clock.now()) return { user: had.user, audiences }
    return this.#verified(token, claimed, issuer).then(found => {
      if (this.#known.size >= remembered) this.#known.clear()
      this.#known.set(digest, found)
      return { user: found.user, audiences }
    })
  }

  async #verified(token: string, { algorithm: said, keyId }: Unverified, issuer: TrustedIssuer): Promise<Remembered> {
    const algorithm = this.#algorithms.find(one => one === said)
    if (algorithm === undefined) throw new ClaimsError('oidc: the token is signed with an algorithm that is not taken')
    const keys = await issuer.keys.candidates(keyId, algorithm)
    const { url, audiences } = issuer.rules.jwt.issuer
    const now = this.#options.clock.now()
    const options = {
      algorithms: [algorithm],
      issuer: url,
      audience: [...audiences],
      requiredClaims: ['exp'],
      currentDate: new Date(now),
    }
    for (const key of keys)
      try {
        const { payload } = await jwtVerify(token, key, { ...options, clockTolerance: leeway })
        const until = (payload.exp ?? 0) * 1000
        // The tolerance is for the beginning: the end is not stretched.
        if (until <= now) throw new ClaimsError('oidc: token is expired')
        const identity = identityOf(issuer.rules, payload as Claims)
        return { user: authenticatedUser(identity), until: Math.min(until, now + rememberedFor) }
      } catch (error) {
        if (error instanceof errors.JWSSignatureVerificationFailed) continue
        if (error instanceof errors.JOSEError) throw new ClaimsError(`oidc: verify token: ${error.message}`)
        throw error
      }
    throw new ClaimsError('oidc: verify token: failed to verify signature: failed to verify id token signature')
  }
}

export const makeOidc = (options: OidcOptions): TokenAuthenticator => new Oidc(options)
