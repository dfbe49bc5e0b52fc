/**
 * The public keys of an issuer, from its discovery document. They are asked for again when a token names one that is not
 * known, at most every few seconds however many such tokens come, and from time to time, so that a key that the issuer
 * withdrew is one day not taken any more.
 */
import { type CryptoKey, importJWK } from 'jose'
import type { Issuer } from '#kinds/facts/generated/types/apiserver_v1.ts'
import type { Clock } from '#base/clock.ts'
import { JsonError } from '#codec/errors.ts'
import { parseJson } from '#codec/json.ts'
import { CallError } from '#wire/failure.ts'
import { type Caller, mayBeLed } from '#wire/https.ts'
import type { SigningAlgorithm } from './algorithms.ts'

/** The issuer cannot be asked, or does not answer as it should. */
export class IssuerError extends Error {}

export interface IssuerKeys {
  /** Those that may have signed such a token. @throws IssuerError while nothing is known of the issuer. */
  candidates(keyId: string | undefined, algorithm: SigningAlgorithm): Promise<readonly CryptoKey[]>
}

export interface KeyParts {
  readonly issuer: Issuer
  readonly caller: Pick<Caller, 'get'>
  readonly clock: Clock
}

const second = 1000
const minute = 60 * second
/** Between two questions, however they ended. */
const pause = 10 * second
/** Keys of this age are asked for again, while they go on being used. */
const stale = 5 * minute
/** Keys of this age are not used, whatever the issuer's trouble is. */
const oldest = 12 * 60 * minute
/** The discovery document tells only where the keys are. */
const rediscover = 60 * minute
const patience = 10 * second
const largest = 512 * 1024
const mostKeys = 100
/** Keys of one id that are tried on one token. */
const mostTries = 8

interface PublicKey {
  readonly id: string | undefined
  readonly algorithm: string | undefined
  readonly jwk: Readonly<Record<string, string>>
  readonly imported: Map<SigningAlgorithm, Promise<CryptoKey>>
}

type Fields = Readonly<Record<string, unknown>>
const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

const parts: Readonly<Record<string, readonly string[]>> = { RSA: ['n', 'e'], EC: ['crv', 'x', 'y'] }

/** Public parts alone. Undefined for keys that sign nothing that is taken here: shared secrets above all. */
function publicKey(jwk: unknown): PublicKey | undefined {
  if (!isFields(jwk)) return undefined
  const kty = text(jwk['kty']) ?? ''
  const names = Object.hasOwn(parts, kty) ? (parts[kty] ?? []) : []
  if (names.length === 0 || (jwk['use'] !== undefined && jwk['use'] !== 'sig')) return undefined
  const values = names.map(name => [name, text(jwk[name])] as const)
  if (values.some(([, value]) => value === undefined)) return undefined
  const jwkOnly: Record<string, string> = { kty }
  for (const [name, value] of values) jwkOnly[name] = value ?? ''
  return { id: text(jwk['kid']), algorithm: text(jwk['alg']), jwk: jwkOnly, imported: new Map() }
}

const curves: Readonly<Record<string, string>> = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }

const fits = ({ jwk, algorithm }: PublicKey, wanted: SigningAlgorithm): boolean =>
  (algorithm === undefined || algorithm === wanted) &&
  (wanted.startsWith('ES') ? jwk['kty'] === 'EC' && jwk['crv'] === curves[wanted] : jwk['kty'] === 'RSA')

/** Imported once for each algorithm; what cannot be imported verifies nothing. */
function importedAs(key: PublicKey, algorithm: SigningAlgorithm): Promise<CryptoKey> {
  const had = key.imported.get(algorithm)
  if (had !== undefined) return had
  const made = importJWK(key.jwk, algorithm).then(result => {
    if (result instanceof Uint8Array) throw new IssuerError('oidc: a shared secret is no key of an issuer')
    return result
  })
  key.imported.set(algorithm, made)
  return made
}

function documentOf(body: Buffer): Fields {
  try {
    const { value } = parseJson(body, { depth: 20 })
    if (isFields(value)) return value
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
  }
  throw new IssuerError('oidc: the issuer answered no JSON object')
}

class FetchedKeys implements IssuerKeys {
  readonly #parts: KeyParts
  #keys: readonly PublicKey[] = []
  /** All by the monotonic clock. */
  #fetched = Number.NEGATIVE_INFINITY
  #asked = Number.NEGATIVE_INFINITY
  #discovered = Number.NEGATIVE_INFINITY
  #place: URL | undefined
  #asking: Promise<void> | undefined
  #failure = 'oidc: authenticator not initialized'

  constructor(parts: KeyParts) {
    this.#parts = parts
  }

  async candidates(keyId: string | undefined, algorithm: SigningAlgorithm): Promise<readonly CryptoKey[]> {
    const now = this.#parts.clock.monotonic()
    if (now - this.#fetched > oldest) await this.#refresh()
    else if (now - this.#fetched > stale) void this.#refresh()
    let found = this.#known(keyId, algorithm)
    if (found.length === 0) {
      await this.#refresh()
      found = this.#known(keyId, algorithm)
    }
    if (this.#parts.clock.monotonic() - this.#fetched > oldest) throw new IssuerError(this.#failure)
    const imported = await Promise.allSettled(found.map(key => importedAs(key, algorithm)))
    return imported.flatMap(one => (one.status === 'fulfilled' ? [one.value] : []))
  }

  #known(keyId: string | undefined, algorithm: SigningAlgorithm): readonly PublicKey[] {
    return this.#keys
      .filter(key => (keyId === undefined || key.id === keyId) && fits(key, algorithm))
      .slice(0, mostTries)
  }

  /** All who wait, wait for one question. Never rejects. */
  #refresh(): Promise<void> {
    const now = this.#parts.clock.monotonic()
    if (this.#asking !== undefined) return this.#asking
    if (now - this.#asked < pause) return Promise.resolve()
    this.#asked = now
    this.#asking = this.#fetch(now)
      .catch((error: unknown) => {
        this.#failure = error instanceof IssuerError ? error.message : 'oidc: the issuer cannot be asked'
      })
      .finally(() => {
        this.#asking = undefined
      })
    return this.#asking
  }

  async #fetch(now: number): Promise<void> {
    if (this.#place === undefined || now - this.#discovered > rediscover) {
      this.#place = await this.#discover()
      this.#discovered = now
    }
    const { keys } = documentOf(await this.#get(this.#place))
    if (!Array.isArray(keys)) throw new IssuerError('oidc: the issuer answered no set of keys')
    this.#keys = keys.slice(0, mostKeys).flatMap(key => publicKey(key) ?? [])
    this.#fetched = now
  }

  async #discover(): Promise<URL> {
    const { url, discoveryURL = '' } = this.#parts.issuer
    const place = new URL(
      discoveryURL === '' ? `${url.replace(/\/$/, '')}/.well-known/openid-configuration` : discoveryURL,
    )
    const document = documentOf(await this.#get(place))
    // Else an issuer could vouch for another one's tokens.
    if (document['issuer'] !== url) throw new IssuerError('oidc: issuer did not match the issuer returned by provider')
    const uri = text(document['jwks_uri']) ?? ''
    const keys = URL.canParse(uri) ? new URL(uri) : undefined
    if (keys?.protocol !== 'https:') throw new IssuerError('oidc: the issuer names no https URL of its keys')
    // The administrator named the issuer's host; an issuer alone leads nobody to loopback or to a machine's metadata.
    const host = keys.hostname.replace(/^\[(.*)\]$/, '$1')
    if (keys.hostname !== place.hostname && !mayBeLed(host))
      throw new IssuerError('oidc: the issuer names an address of its keys that may not be called')
    return keys
  }

  async #get(url: URL): Promise<Buffer> {
    const { caller, clock, issuer } = this.#parts
    const ca = issuer.certificateAuthority ?? ''
    const stop = new AbortController()
    const cancel = clock.after(patience, () => stop.abort())
    try {
      const call = { headers: { accept: 'application/json' }, limit: largest, signal: stop.signal }
      const { status, body } = await caller.get(ca === '' ? { url } : { url, ca }, call)
      // Redirects among them: nobody follows one.
      if (status !== 200) throw new IssuerError(`oidc: ${url.href} answered with the status ${status}`)
      return body
    } catch (error) {
      if (error instanceof CallError) throw new IssuerError(`oidc: Get ${JSON.stringify(url.href)}: ${error.message}`)
      throw error
    } finally {
      cancel()
    }
  }
}

export const issuerKeys = (parts: KeyParts): IssuerKeys => new FetchedKeys(parts)
