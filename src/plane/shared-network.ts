/** Which addresses and ports services get: what the first server of a cluster was given holds for all others, and for ever. */
import type { Draft, KObject } from '#api/metadata.ts'
import type { ServiceCIDR } from '#kinds/facts/generated/types/networking_v1.ts'
import { type Kept, type Store, StoreRefused } from '#server/store/contract.ts'
import { type Network, usualNetwork } from './plane.ts'

/** No kind is served under it: it is out of reach of every request. */
const resource = 'network.internal.bulwark.dev'
const key = 'cluster'

interface Row extends KObject {
  readonly data: Network
}

/** Clusters from before there was a row have their range in the object alone, and the usual ports. */
function before(store: Store): Partial<Network> {
  const object = store.snapshot('servicecidrs.networking.k8s.io').get('kubernetes')?.object as ServiceCIDR | undefined
  const serviceCIDR = object?.spec.cidrs?.[0]
  return serviceCIDR === undefined ? {} : { ...usualNetwork, serviceCIDR }
}

const ports = ([first, last]: Network['nodePorts']): string => `${first}-${last}`

/** @throws StoreRefused that says what to start with. */
function agreed(kept: Pick<Kept, 'object'>, wanted: Partial<Network>): Network {
  const { data } = kept.object as Row
  const parts = [
    ['--service-cluster-ip-range', 'service addresses', wanted.serviceCIDR, data.serviceCIDR],
    ['--service-node-port-range', 'node ports', wanted.nodePorts && ports(wanted.nodePorts), ports(data.nodePorts)],
  ] as const
  for (const [flag, what, asked, has] of parts)
    if (asked !== undefined && asked !== has)
      throw new StoreRefused(
        'foreign',
        `the cluster in this store was made with ${what} ${has}, and this server is to use ${asked}: all servers of a cluster use the same, so start it with ${flag} ${has}`,
      )
  return data
}

/**
 * Reads it, or keeps what is wanted (else what is usual) where the cluster is new: of two servers that start together one wins.
 * @param wanted what this server was told; the rest it takes as it is. @throws StoreRefused
 */
export async function sharedNetwork(store: Store, wanted: Partial<Network>): Promise<Network> {
  const found = store.snapshot(resource).get(key)
  if (found !== undefined) return agreed(found, wanted)
  const { serviceCIDR, nodePorts } = { ...usualNetwork, ...wanted, ...before(store) }
  const [first, last] = nodePorts
  const data: Draft<Row>['data'] = { serviceCIDR, nodePorts: [first, last] }
  const object: Draft<Row> = { apiVersion: 'internal.bulwark.dev/v1', kind: 'Network', metadata: { name: key }, data }
  // What an older server began with is kept even where this one may not start.
  const result = await store.commit([{ type: 'put', resource, key, expect: 0, object, managed: '' }])
  if (!result.ok && result.reason !== 'conflict')
    throw new Error(`the cluster's network could not be kept: ${result.reason}`)
  const kept = result.ok ? result.kept[0] : result.current
  if (kept === undefined) throw new Error("the cluster's network could not be read")
  return agreed(kept, wanted)
}
