/** What all servers of a cluster share: its authorities and its token key. Kept in the store, sealed by a key that is not. */
import { generateKeyPairSync } from 'node:crypto'
import type { KeyPair } from '#pki/issue.ts'
import type { Draft, KObject } from '#api/metadata.ts'
import type { Kept, Store } from '#server/store/contract.ts'

/** No kind is served under it: it is out of reach of every request. Sealed like Secrets. */
export const keysResource = 'sharedkeys.internal.bulwark.dev'

export interface SharedKeys {
  /** Signs serving and client certificates of the cluster. */
  readonly authority: KeyPair
  /** Signs what servers show when they speak for a user. Nothing else: who has it can be anybody. */
  readonly frontProxy: KeyPair
  /** PEM of the key that signs service-account tokens. */
  readonly tokenKey: string
}

interface Row extends KObject {
  /** Clusters from before there was aggregation lack some. */
  readonly data: Omit<SharedKeys, 'frontProxy'> & Partial<SharedKeys>
}

const name = 'cluster'

const newTokenKey = (): string =>
  generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey

/** The keys that a cluster lacks are made. */
async function completed(kept: Kept | undefined, now: number): Promise<SharedKeys> {
  const had = kept === undefined ? undefined : (kept.object as Row).data
  if (had?.frontProxy !== undefined) return { ...had, frontProxy: had.frontProxy }
  // Only what is new needs what issues certificates: it is slow to load.
  const { makeAuthority } = await import('#pki/issue.ts')
  return {
    authority: had?.authority ?? (await makeAuthority('bulwark-ca', now)),
    frontProxy: await makeAuthority('bulwark-front-proxy-ca', now),
    tokenKey: had?.tokenKey ?? newTokenKey(),
  }
}

/** Reads them, or makes them where the cluster is new: of two servers that start together one wins. @throws Error */
export async function sharedKeys(store: Store, now: number): Promise<SharedKeys> {
  let found = store.snapshot(keysResource).get(name)
  for (;;) {
    const data = await completed(found, now)
    if (found !== undefined && (found.object as Row).data.frontProxy !== undefined) return data
    const object: Draft<Row> = { apiVersion: 'internal.bulwark.dev/v1', kind: 'SharedKeys', metadata: { name }, data }
    const result = await store.commit([
      { type: 'put', resource: keysResource, key: name, expect: found?.revision ?? 0, object, managed: '' },
    ])
    if (result.ok) return data
    if (result.reason !== 'conflict') throw new Error(`the cluster's keys could not be kept: ${result.reason}`)
    found = result.current
  }
}
