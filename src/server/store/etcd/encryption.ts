/** What the values in etcd are sealed with, and sealing them anew: page by page, as writes like any other. */
import type { Draft, GroupResource, KObject } from '#api/metadata.ts'
import type { Clock } from '#base/clock.ts'
import type { FoundSeed, Rewritten, StoreEncryption, Survey } from '../changing.ts'
import type { Store } from '../contract.ts'
import { masterTitle } from '../encryption.ts'
import { isProvided, prefixIn } from '../providers/providers.ts'
import { foundName, isSignedByOther, mastersOf, seedOf } from '../sqlite/surveying.ts'
import { isSealed, type VaultSettings } from '../vault.ts'
import type { EtcdClient } from './client.ts'
import type { Paths } from './paths.ts'
import type { KeyValue } from './rpc.gen.ts'
import type { EtcdVault } from './vault.ts'
import { sealIn, signerOfValue } from './values.ts'

export interface EncryptionParts {
  readonly client: EtcdClient
  readonly clock: Clock
  readonly paths: Paths
  readonly vault: EtcdVault
  readonly store: Pick<Store, 'snapshot' | 'commit' | 'fresh'>
  /** Writes down what is sealed, under the key that seals from now on: a server without it stops. */
  readonly record: () => Promise<void>
}

interface Location {
  readonly resource: GroupResource
  readonly key: string
}

const perPage = 200
const patience = 30_000

export class EtcdEncryption implements StoreEncryption {
  readonly #parts: EncryptionParts

  constructor(parts: EncryptionParts) {
    this.#parts = parts
  }

  sealing(): string {
    return this.#parts.vault.ring?.titles[0] ?? ''
  }

  async use(settings: VaultSettings): Promise<void> {
    const { vault, record } = this.#parts
    vault.use(settings)
    await record()
  }

  async survey(): Promise<Survey> {
    const counts = new Map<string, number>()
    const seeds = new Map<string, FoundSeed>()
    const masters = new Set<string>()
    let stale = 0
    for (let from = ''; ;) {
      const { kvs, next } = await this.#page(from)
      for (const kv of kvs) {
        const name = nameOf(kv.value)
        counts.set(name, (counts.get(name) ?? 0) + 1)
        if (this.#stale(kv)) stale++
        for (const master of this.#masters(kv)) masters.add(master)
        const found = isProvided(kv.value) ? seedOf(kv.value) : undefined
        if (found !== undefined) seeds.set(foundName(found), found)
      }
      if (next === undefined) return { counts, stale, masters, seeds: [...seeds.values()] }
      from = next
    }
  }

  async rewrite(from: string, most: number): Promise<Rewritten> {
    const { paths, store } = this.#parts
    const { kvs, next } = await this.#page(from)
    await store.fresh()
    let rewritten = 0
    let before = from
    for (const kv of kvs) {
      if (rewritten === most) return { next: before, rewritten }
      before = Buffer.from(kv.key).toString()
      const at = paths.place(kv.key)
      if (at.type !== 'value' || !this.#stale(kv)) continue
      const kept = store.snapshot(at.resource).get(at.key)
      // What was written meanwhile is as it should be.
      if (kept === undefined || kept.revision !== Number(kv.modRevision)) continue
      const { resource, key, revision, managed, expires = 0 } = kept
      // It goes soon by itself, and its time would begin anew.
      if (expires > 0) continue
      const object = structuredClone(kept.object) as Draft<KObject>
      const result = await store.commit([{ type: 'put', resource, key, expect: revision, object, managed }])
      if (result.ok) rewritten++
      else if (result.reason !== 'conflict') throw new Error(`${resource} ${key} could not be sealed: ${result.reason}`)
    }
    return { next, rewritten }
  }

  #stale(kv: KeyValue): boolean {
    const { paths, vault } = this.#parts
    const { ring, sealed, providers } = vault
    const at = paths.place(kv.key)
    if (at.type !== 'value' || ring === undefined) return false
    if (providers?.writer(at.resource) !== undefined)
      return (
        !isProvided(kv.value) || providers.stale(at.resource, kv.value) || isSignedByOther(ring, this.#signer(kv, at))
      )
    const seal = sealIn(kv.value)
    return isSealed(sealed, at.resource) && !(seal !== undefined && ring.isCurrent(seal))
  }

  /** Master keys without which it does not open. */
  #masters(kv: KeyValue): readonly string[] {
    const { paths, vault } = this.#parts
    const at = paths.place(kv.key)
    if (isProvided(kv.value)) return at.type === 'value' ? mastersOf(vault.ring, this.#signer(kv, at)) : []
    const seal = sealIn(kv.value)
    return seal === undefined || vault.ring === undefined ? [] : [vault.ring.titleOf(seal)]
  }

  /** Who signed what a provider sealed. With one master key that is known without opening it. */
  #signer({ key: aad, value, version }: KeyValue, { resource, key }: Location): string | undefined {
    const { vault } = this.#parts
    const [first, ...others] = vault.ring?.titles ?? []
    if (others.length === 0) return first
    return signerOfValue({ resource, key, version: Number(version) }, value, { vault, aad })
  }

  async #page(from: string): Promise<{ readonly kvs: readonly KeyValue[]; readonly next: string | undefined }> {
    const { client, paths, clock } = this.#parts
    const { key: first, rangeEnd } = paths.all
    const key = from === '' ? first : Uint8Array.of(...Buffer.from(from), 0)
    const asked = { key, rangeEnd, limit: BigInt(perPage) }
    const page = await client.insist((peer, options) => peer.kv.range(asked, options), {
      clock,
      milliseconds: patience,
    })
    const last = page.kvs.at(-1)
    const kvs = page.kvs.filter(kv => paths.place(kv.key).type === 'value')
    return { kvs, next: page.more && last !== undefined ? Buffer.from(last.key).toString() : undefined }
  }
}

function nameOf(value: Uint8Array): string {
  if (isProvided(value)) return prefixIn(value)
  const seal = sealIn(value)
  return seal === undefined ? 'plain' : masterTitle(seal)
}
