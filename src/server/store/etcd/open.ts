/** Opens a store in an etcd cluster. */
import { randomBytes } from 'node:crypto'
import type { Draft, KObject } from '#api/metadata.ts'
import { silentLog } from '#base/log.ts'
import { StoreRefused, type Store } from '../contract.ts'
import type { CoreOptions } from '../core.ts'
import type { Journal } from '../journal.ts'
import { isSealed, type Sealed } from '../vault.ts'
import { EtcdClient, type EtcdAccess } from './client.ts'
import { Anchor, requireHead } from './anchor.ts'
import type { Unseal } from '../changing.ts'
import type { Rule } from '../providers/providers.ts'
import { EtcdEncryption } from './encryption.ts'
import { SeedsAhead } from './seeds.ts'
import { agree, joined, recordSealed, type FormatParts, type Step } from './format.ts'
import { Tally } from '../tally.ts'
import { load } from './load.ts'
import { Paths } from './paths.ts'
import { EtcdStore } from './store.ts'
import { advice } from './trouble.ts'

export interface EtcdOptions extends CoreOptions, EtcdAccess {
  /** Under which all keys lie; `/registry` unless given. */
  readonly prefix?: string
  /**
   * Master keys of encryption at rest: the first seals, all open; nothing is sealed without. `fresh`: nothing was ever sealed
   * in this store, so that a new key may be made.
   */
  readonly keys?: (fresh: boolean) => readonly Uint8Array[]
  /** What is sealed; secrets unless given. What other servers seal is sealed as well. */
  readonly sealed?: Sealed
  /** What seals in place of the master key where a configuration says so; `unseal` gives them with what plugins must open. */
  readonly rules?: readonly Rule[]
  readonly unseal?: Unseal
  /** A file that says how far this server saw the cluster; kept only where there are keys. */
  readonly headPath?: string
  /** Milliseconds until some endpoint must have answered; 10 s unless given. */
  readonly patience?: number
  /** Stands between the store and the cluster; conformance tests delay and fail writes with its `flush`. */
  readonly through?: (journal: Journal) => Journal
  readonly upgrades?: readonly Step[]
  /** Told once why this store is of no use any more; one that is opened anew may be. */
  readonly onBroken?: (why: string) => void
}

const longest = 2 ** 31 - 1

const passing: Journal = {
  gather: () => 0,
  flush: () => Promise.resolve(undefined),
  discard: () => undefined,
  compact: () => Promise.resolve(),
  close: () => Promise.resolve(),
}

/** Throws StoreRefused; nothing is changed then. */
export async function openEtcdStore(options: EtcdOptions): Promise<Store> {
  const client = new EtcdClient(options)
  // The pauses between attempts do not keep a process alive.
  const hold = setInterval(() => undefined, longest)
  try {
    return await openWith(client, options)
  } catch (error) {
    client.close()
    if (error instanceof StoreRefused) throw error
    throw new StoreRefused('unreachable', advice(error, client.endpoints))
  } finally {
    clearInterval(hold)
  }
}

async function openWith(client: EtcdClient, options: EtcdOptions): Promise<Store> {
  const {
    prefix = '/registry',
    keys = () => [],
    sealed = ['secrets'],
    patience = 10_000,
    clock,
    log = silentLog,
  } = options
  const paths = new Paths(prefix)
  const parts: FormatParts = {
    client,
    paths,
    clock,
    keys,
    sealed,
    patience,
    rules: options.rules ?? [],
    tally: options.tally === undefined ? undefined : new Tally(options.tally, 'main'),
    ...(options.upgrades === undefined ? {} : { upgrades: options.upgrades }),
  }
  const { vault, born, unsealed } = await agree(parts)
  const opening = { vault, reading: { decode: options.decode, frozen: options.freeze ?? false } }
  const ahead = new SeedsAhead(vault, options.unseal)
  const loaded = { ...(await load({ client, paths, clock, opening, ahead })), oldest: born }
  const { ring } = vault
  const { headPath } = options
  if (headPath !== undefined && ring !== undefined) requireHead(headPath, ring, loaded.revision)
  const journal = options.through?.(passing) ?? passing
  const id = randomBytes(6).toString('hex')
  const { onBroken } = options
  const store = new EtcdStore({
    options,
    client,
    paths,
    vault,
    loaded,
    id,
    onBroken,
    ahead,
    gate: () => journal.flush(0),
  })
  const record = async (): Promise<void> => {
    await recordSealed(parts, vault)
    store.resigned()
  }
  if (ring !== undefined) store.encrypted(new EtcdEncryption({ client, clock, paths, vault, store, record }))
  if (headPath !== undefined && ring !== undefined)
    store.anchored(new Anchor({ path: headPath, ring, clock, revision: () => store.revision() }))
  if (unsealed.length > 0) {
    vault.sealed = joined(vault.sealed, unsealed)
    await sealAll(store, unsealed)
    await recordSealed(parts, vault)
    await store.compact(store.revision())
    log.info('sealed what was plain', { resources: String(unsealed) })
  }
  return store
}

/** Writes again what was kept plain, and drops the plain values from history. */
async function sealAll(store: Store, unsealed: Sealed): Promise<void> {
  for (const resource of store.resources())
    for (const { key, revision, object, managed } of isSealed(unsealed, resource)
      ? store.snapshot(resource).range()
      : []) {
      const copy = structuredClone(object) as Draft<KObject>
      const result = await store.commit([{ type: 'put', resource, key, expect: revision, object: copy, managed }])
      if (!result.ok && result.reason !== 'conflict')
        throw new StoreRefused('unreachable', `${resource} could not be sealed: ${result.reason}`)
    }
}
