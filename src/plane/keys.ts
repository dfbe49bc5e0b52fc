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
  /** PEM of the key that signs service-account tokens. */
  readonly tokenKey: string
}

interface Row extends KObject {
  readonly data: SharedKeys
}

const name = 'cluster'

const newTokenKey = (): string =>
  generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey

const dataOf = (kept: Kept): SharedKeys => (kept.object as Row).data

/** Reads them, or makes them where the cluster is new: of two servers that start together one wins. @throws Error */
export async function sharedKeys(store: Store, now: number): Promise<SharedKeys> {
  const found = store.snapshot(keysResource).get(name)
  if (found !== undefined) return dataOf(found)
  // Only a new cluster needs what issues certificates: it is slow to load.
  const { makeAuthority } = await import('#pki/issue.ts')
  const data: SharedKeys = { authority: await makeAuthority('bulwark-ca', now), tokenKey: newTokenKey() }
  const object: Draft<Row> = { apiVersion: 'internal.bulwark.dev/v1', kind: 'SharedKeys', metadata: { name }, data }
  const result = await store.commit([
    { type: 'put', resource: keysResource, key: name, expect: 0, object, managed: '' },
  ])
  if (result.ok) return data
  if (result.reason === 'conflict' && result.current !== undefined) return dataOf(result.current)
  throw new Error(`the cluster's keys could not be kept: ${result.reason}`)
}
