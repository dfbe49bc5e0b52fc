/**
 * What the servers of a store agree upon before they use it: whose keys these are, in which format, and which resources are
 * sealed. The last is itself under seal: opening it proves the key.
 */
import type { GroupResource } from '#api/metadata.ts'
import type { Clock } from '#base/clock.ts'
import { StoreRefused } from '../contract.ts'
import { Keyring, SealBroken } from '../encryption.ts'
import type { Rule } from '../providers/providers.ts'
import type { Tally } from '../tally.ts'
import { sealedFrom, type Sealed, type Vault } from '../vault.ts'
import type { EtcdClient } from './client.ts'
import { foreign } from './load.ts'
import type { Paths } from './paths.ts'
import type { KeyValue } from './rpc.gen.ts'
import { putting, unchanged } from './transaction.ts'
import { EtcdVault } from './vault.ts'

/** Each step takes a store from one format to the next, the first from format 1. May be run again where it was cut short. */
export type Step = (client: EtcdClient, paths: Paths) => Promise<void>
export const steps: readonly Step[] = [
  // To 2: values come to be sealed in another form, which older servers would take for damaged. Nothing is rewritten for it.
  () => Promise.resolve(),
]

/** Names below `PREFIX/.bulwark/`. */
export const names = {
  format: 'format',
  sealed: 'sealed',
  compaction: 'compaction',
  tick: 'tick',
  fences: 'fences/',
} as const

export interface FormatParts {
  readonly client: EtcdClient
  readonly paths: Paths
  readonly clock: Clock
  /** Milliseconds until somebody must have answered. */
  readonly patience: number
  /** `fresh`: nothing was ever sealed in this store, so that a new key may be made. Nothing is sealed without keys. */
  readonly keys: (fresh: boolean) => readonly Uint8Array[]
  readonly sealed: Sealed
  readonly rules?: readonly Rule[]
  readonly tally?: Tally | undefined
  readonly upgrades?: readonly Step[]
}

export interface Agreed {
  readonly vault: EtcdVault
  /** Of the store's first write. */
  readonly born: number
  /** Which resources are to be sealed from now on; their values are plain still. */
  readonly unsealed: Sealed
}

const record = { resource: '', key: 'sealed', version: 0 }
const sealing = (ring: Keyring, sealed: Sealed): Buffer => ring.seal(record, Buffer.from(JSON.stringify(sealed)))

/** @throws StoreRefused */
export async function agree(parts: FormatParts): Promise<Agreed> {
  for (;;) {
    const { client, paths, clock, patience, upgrades = steps } = parts
    const insisting = { clock, milliseconds: patience }
    const { kvs } = await client.insist((peer, options) => peer.kv.range(paths.own, options), insisting)
    const own = new Map(kvs.map(kv => [nameOf(kv, paths), kv]))
    const format = own.get(names.format)
    if (format === undefined) await create(parts)
    else if (!(await bringUp(parts, format, upgrades))) return agreed(parts, format, own.get(names.sealed))
  }
}

const nameOf = (kv: KeyValue, paths: Paths): string => {
  const place = paths.place(kv.key)
  return place.type === 'own' ? place.name : ''
}

/** An empty prefix becomes ours, in one transaction with what is sealed in it. Of two servers one wins. */
async function create({ client, paths, keys, sealed, clock, patience, upgrades = steps }: FormatParts): Promise<void> {
  const insisting = { clock, milliseconds: patience }
  const asked = { ...paths.all, limit: 1n, keysOnly: true }
  const { kvs } = await client.insist((peer, options) => peer.kv.range(asked, options), insisting)
  const [other] = kvs
  if (other !== undefined) {
    if (paths.place(other.key).type !== 'own') throw foreign(Buffer.from(other.key).toString())
    return
  }
  const masters = keys(true)
  const format = paths.ours(names.format)
  const success = [putting(format, Buffer.from(formatText(1 + upgrades.length)))]
  if (masters.length > 0) success.push(putting(paths.ours(names.sealed), sealing(new Keyring(masters), sealed)))
  await client.insist((peer, options) => peer.kv.txn({ compare: [unchanged(format, 0)], success }, options), insisting)
}

const formatText = (format: number): string => JSON.stringify({ program: 'bulwark', format })

export function formatIn(value: Uint8Array): number {
  const parsed: unknown = JSON.parse(Buffer.from(value).toString())
  return typeof parsed === 'object' && parsed !== null && 'format' in parsed ? Number(parsed.format) : Number.NaN
}

export const newer = (format: number, newest: number): StoreRefused =>
  new StoreRefused(
    'newer',
    `the store in etcd has format ${format}, this version knows ${newest}: use the newer version that wrote it`,
  )

/** @returns whether there was anything to do */
async function bringUp(
  { client, paths, clock, patience }: FormatParts,
  kv: KeyValue,
  upgrades: readonly Step[],
): Promise<boolean> {
  const format = formatIn(kv.value)
  const newest = 1 + upgrades.length
  if (!(format >= 1)) throw foreign(Buffer.from(kv.key).toString())
  if (format > newest) throw newer(format, newest)
  if (format === newest) return false
  for (const step of upgrades.slice(format - 1)) await step(client, paths)
  const name = paths.ours(names.format)
  const compare = [unchanged(name, Number(kv.modRevision))]
  const success = [putting(name, Buffer.from(formatText(newest)))]
  await client.insist((peer, options) => peer.kv.txn({ compare, success }, options), { clock, milliseconds: patience })
  return true
}

function agreed(
  { keys, sealed, rules = [], tally }: FormatParts,
  format: KeyValue,
  stored: KeyValue | undefined,
): Agreed {
  const born = Number(format.createRevision)
  const masters = keys(stored === undefined)
  if (masters.length === 0) {
    if (stored !== undefined)
      throw new StoreRefused(
        'key',
        'the store in etcd holds sealed values: give the key file it was written with (--key-file)',
      )
    return { vault: new EtcdVault(undefined, []), born, unsealed: [] }
  }
  const ring = new Keyring(masters)
  const before = stored === undefined ? [] : recorded(ring, stored.value)
  const vault = new EtcdVault(ring, before, tally)
  vault.use({ keys: masters, sealed, rules })
  if (stored !== undefined) vault.follow(stored.value)
  return { vault, born, unsealed: more(sealed, before) }
}

/** What is in the first and not in the second. */
export const more = (sealed: Sealed, before: Sealed): Sealed =>
  before === 'all' ? [] : sealed === 'all' ? 'all' : sealed.filter(resource => !before.includes(resource))

export const joined = (one: Sealed, other: Sealed): Sealed =>
  one === 'all' || other === 'all' ? 'all' : [...new Set<GroupResource>([...one, ...other])]

/** @throws StoreRefused for another key */
export function recorded(ring: Keyring, stored: Uint8Array): Sealed {
  try {
    return sealedFrom(ring.open(record, stored).toString())
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error
    throw new StoreRefused(
      'key',
      'the store in etcd was sealed under another key: copy the key file from a server that uses it (--key-file)',
    )
  }
}

/** Writes down what is sealed from now on. */
export async function recordSealed({ client, paths, clock, patience }: FormatParts, vault: Vault): Promise<void> {
  const { ring, sealed } = vault
  if (ring === undefined) return
  const key = paths.ours(names.sealed)
  const value = sealing(ring, sealed)
  await client.insist((peer, options) => peer.kv.put({ key, value: Uint8Array.from(value) }, options), {
    clock,
    milliseconds: patience,
  })
}
