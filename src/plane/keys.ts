/** What all servers of a cluster share: its authorities and its token key. Kept in the store, sealed by a key that is not. */
import { generateKeyPairSync } from 'node:crypto'
import type { KeyPair } from '#pki/issue.ts'
import type { Draft, KObject } from '#api/metadata.ts'
import type { Kept, Store } from '#server/store/contract.ts'
import { type Authority, trusted, turned } from './authorities.ts'

/** No kind is served under it: it is out of reach of every request. Sealed like everything. */
export const keysResource = 'sharedkeys.internal.bulwark.dev'

export interface SharedKeys {
  /** Signs serving and client certificates of the cluster. */
  readonly authority: KeyPair
  /** PEM: it, those before it and the one after it. */
  readonly authorities: string
  /** Signs what servers show when they speak for a user. Nothing else: who has it can be anybody. */
  readonly frontProxy: KeyPair
  /** PEM, likewise. */
  readonly frontProxies: string
  /** PEM of the key that signs service-account tokens. */
  readonly tokenKey: string
}

interface Turns {
  readonly next?: KeyPair
  readonly former?: string[]
}

/** As it is kept. Clusters from before there was aggregation lack some. */
interface Data {
  readonly authority: KeyPair
  readonly tokenKey: string
  readonly frontProxy?: KeyPair
  readonly turns?: { readonly authority: Turns; readonly frontProxy: Turns }
}

interface Row extends KObject {
  readonly data: Data
}

const name = 'cluster'

const newTokenKey = (): string =>
  generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey

/** Only what is new needs what issues certificates: it is slow to load. */
const maker = (common: string, now: number) => async (): Promise<KeyPair> => {
  const { makeAuthority } = await import('#pki/issue.ts')
  return makeAuthority(common, now)
}

interface Whole {
  readonly authority: Authority
  readonly frontProxy: Authority
  readonly tokenKey: string
  /** Nothing was made or turned. */
  readonly same: boolean
}

/** The keys that a cluster lacks are made, and those that run out are followed. */
async function completed(kept: Kept | undefined, now: number): Promise<Whole> {
  const had = kept === undefined ? undefined : (kept.object as Row).data
  const cluster = maker('bulwark-ca', now)
  const front = maker('bulwark-front-proxy-ca', now)
  const before = { now: had?.authority ?? (await cluster()), ...had?.turns?.authority }
  const frontBefore = { now: had?.frontProxy ?? (await front()), ...had?.turns?.frontProxy }
  const [authority, frontProxy] = [await turned(before, now, cluster), await turned(frontBefore, now, front)]
  const complete = had?.frontProxy !== undefined
  return {
    authority,
    frontProxy,
    tokenKey: had?.tokenKey ?? newTokenKey(),
    same: complete && authority === before && frontProxy === frontBefore,
  }
}

const told = ({ authority, frontProxy, tokenKey }: Whole): SharedKeys => ({
  authority: authority.now,
  authorities: trusted(authority),
  frontProxy: frontProxy.now,
  frontProxies: trusted(frontProxy),
  tokenKey,
})

const turnsOf = ({ next, former = [] }: Authority): Turns => ({
  former: [...former],
  ...(next === undefined ? {} : { next }),
})

function dataOf({ authority, frontProxy, tokenKey }: Whole): Data {
  const turns = { authority: turnsOf(authority), frontProxy: turnsOf(frontProxy) }
  return { authority: authority.now, frontProxy: frontProxy.now, tokenKey, turns }
}

/**
 * Reads them, or makes them where the cluster is new: of two servers that start together one wins. Called again now and then,
 * it lets authorities take turns. @throws Error
 */
export async function sharedKeys(store: Store, now: number): Promise<SharedKeys> {
  let found = store.snapshot(keysResource).get(name)
  for (;;) {
    const whole = await completed(found, now)
    if (whole.same) return told(whole)
    const data = dataOf(whole)
    const object: Draft<Row> = { apiVersion: 'internal.bulwark.dev/v1', kind: 'SharedKeys', metadata: { name }, data }
    const result = await store.commit([
      { type: 'put', resource: keysResource, key: name, expect: found?.revision ?? 0, object, managed: '' },
    ])
    if (result.ok) return told(whole)
    if (result.reason !== 'conflict') throw new Error(`the cluster's keys could not be kept: ${result.reason}`)
    found = result.current
  }
}

/** Keys that are looked at again while the server runs: whoever asks gets those of now. */
export class LiveKeys implements SharedKeys {
  readonly #store: Store
  #keys: SharedKeys

  constructor(store: Store, keys: SharedKeys) {
    this.#store = store
    this.#keys = keys
  }

  get authority(): KeyPair {
    return this.#keys.authority
  }
  get authorities(): string {
    return this.#keys.authorities
  }
  get frontProxy(): KeyPair {
    return this.#keys.frontProxy
  }
  get frontProxies(): string {
    return this.#keys.frontProxies
  }
  get tokenKey(): string {
    return this.#keys.tokenKey
  }

  /** @returns whether anything is another */
  async refresh(now: number): Promise<boolean> {
    const before = this.#keys
    this.#keys = await sharedKeys(this.#store, now)
    return before.authorities !== this.#keys.authorities || before.frontProxies !== this.#keys.frontProxies
  }
}
