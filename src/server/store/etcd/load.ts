/** Reads everything at one revision, a page at a time: no answer is larger than a few MiB, however large the cluster is. */
import type { GroupResource } from '#api/metadata.ts'
import type { Clock } from '#base/clock.ts'
import { StoreRefused } from '../contract.ts'
import type { Loaded } from '../durable.ts'
import { SealBroken } from '../encryption.ts'
import type { Entry } from '../entry.ts'
import { Tree } from '../tree.ts'
import type { SeedsAhead } from './seeds.ts'
import type { EtcdClient } from './client.ts'
import { toEntry, type Opening } from './entries.ts'
import type { Paths } from './paths.ts'
import type { KeyValue, RangeResponse } from './rpc.gen.ts'
import { troubleOf } from './trouble.ts'
import { ValueBroken, ValueForeign } from './values.ts'

export interface LoadParts {
  readonly client: EtcdClient
  readonly paths: Paths
  readonly clock: Clock
  readonly opening: Opening
  readonly signal?: AbortSignal
  /** Waited for before values are opened. */
  readonly ahead?: SeedsAhead
  /** What is known of a key already, so that it need not be decoded again. */
  readonly known?: (resource: GroupResource, key: string) => Entry | undefined
}

const firstPage = 100
const mostPerPage = 5000
const bytesPerPage = 4 * 1024 * 1024
const patience = 60_000

/** How many keys the next page may have. */
function nextLimit({ kvs }: RangeResponse): number {
  const bytes = kvs.reduce((sum, kv) => sum + kv.value.length + kv.key.length, 1)
  return Math.min(mostPerPage, Math.max(10, Math.floor((bytesPerPage * kvs.length) / bytes)))
}

/** @throws StoreRefused where something is not ours or not whole. Where the revision is compacted meanwhile it starts anew. */
export async function load(parts: LoadParts): Promise<Loaded> {
  for (;;)
    try {
      return await loadOnce(parts)
    } catch (error) {
      if (troubleOf(error) !== 'compacted') throw error
    }
}

async function loadOnce(parts: LoadParts): Promise<Loaded> {
  const { client, paths, clock, signal } = parts
  const pairs = new Map<GroupResource, (readonly [string, Entry])[]>()
  const { rangeEnd } = paths.all
  let { key } = paths.all
  let revision = 0n
  for (let limit = firstPage; ;) {
    const asked = { key, rangeEnd, revision, limit: BigInt(limit) }
    const page = await client.insist((peer, options) => peer.kv.range(asked, options), {
      clock,
      milliseconds: patience,
      ...(signal === undefined ? {} : { signal }),
    })
    if (revision === 0n) revision = page.header?.revision ?? 0n
    await parts.ahead?.missing(page.kvs.map(kv => kv.value))
    for (const kv of page.kvs) add(kv, parts, pairs)
    const last = page.kvs.at(-1)
    if (!page.more || last === undefined) break
    key = Uint8Array.of(...last.key, 0)
    limit = nextLimit(page)
  }
  const trees = new Map([...pairs].map(([resource, list]) => [resource, Tree.of(list)]))
  return { revision: Number(revision), oldest: Number(revision), trees }
}

function add(kv: KeyValue, parts: LoadParts, pairs: Map<GroupResource, (readonly [string, Entry])[]>): void {
  const place = parts.paths.place(kv.key)
  if (place.type === 'own') return
  const name = Buffer.from(kv.key).toString()
  if (place.type === 'foreign') throw foreign(name)
  const { resource, key } = place
  const known = parts.known?.(resource, key)
  const entry = known?.revision === Number(kv.modRevision) ? known : opened(kv, name, { parts, resource, key })
  const list = pairs.get(resource)
  if (list === undefined) pairs.set(resource, [[key, entry]])
  else list.push([key, entry])
}

interface Named {
  readonly parts: LoadParts
  readonly resource: GroupResource
  readonly key: string
}

function opened(kv: KeyValue, name: string, { parts, resource, key }: Named): Entry {
  try {
    return toEntry(kv, { resource, key, place: 0 }, parts.opening)
  } catch (error) {
    if (error instanceof ValueForeign) throw foreign(name)
    if (error instanceof ValueBroken || error instanceof SealBroken)
      throw new StoreRefused(
        'corrupt',
        `the value of ${name} in etcd is damaged (${error.message}): restore etcd from a snapshot, or give the object up with: etcdctl del '${name}'`,
      )
    throw error
  }
}

export const foreign = (name: string): StoreRefused =>
  new StoreRefused(
    'foreign',
    `etcd holds ${name}, which another program wrote (Kubernetes' own API server uses /registry as well): choose another --etcd-prefix, or an etcd of its own`,
  )
