/** Random policies, pods and changes of them, the same for the same seed. For tests. */
import type { Client } from '#client/client.ts'
import { namespaces, networkPolicies, pods } from '#kinds/facts/generated/refs.ts'
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '#kinds/facts/generated/types/networking_v1.ts'
import { namespace, pod, policy } from '../samples.ts'

export const now = { gracePeriodSeconds: 0 }
function nothing(): never {
  throw new Error('nothing to pick')
}

/** Small numbers that repeat by their seed. */
export function dice(seed: number) {
  let state = seed
  const roll = (sides: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7f_ff_ff_ff
    return (state >>> 8) % sides
  }
  return { roll, pick: <T>(all: readonly T[]): T => all[roll(all.length)] ?? nothing() }
}
export type Dice = ReturnType<typeof dice>

export const spaces = ['red', 'green', 'blue']
export const labelsOf = ({ roll }: Dice) => ({ app: `a${roll(3)}`, ...(roll(2) === 0 ? {} : { tier: `t${roll(2)}` }) })

const selectorOf = (given: Dice) => {
  const { roll } = given
  if (roll(4) === 0) return {}
  if (roll(3) === 0)
    return {
      matchExpressions: [{ key: 'tier', operator: roll(2) === 0 ? ('Exists' as const) : ('DoesNotExist' as const) }],
    }
  return { matchLabels: { app: `a${roll(3)}` } }
}

function peerOf(given: Dice): NetworkPolicyPeer {
  const { roll, pick } = given
  if (roll(4) === 0)
    return pick([
      { ipBlock: { cidr: '10.244.1.0/25', except: ['10.244.1.8/30'] } },
      { ipBlock: { cidr: '0.0.0.0/0', except: ['10.244.0.0/16', '203.0.113.7/32'] } },
      { ipBlock: { cidr: '203.0.113.0/24' } },
      { ipBlock: { cidr: '203.0.113.7/32' } },
      { ipBlock: { cidr: '10.244.1.8/30', except: ['10.244.1.9/32', '10.244.1.9/32'] } },
      { ipBlock: { cidr: 'fd00::/8' } },
    ])
  const [pod, space] = [{ podSelector: selectorOf(given) }, { namespaceSelector: selectorOf(given) }]
  return pick([pod, space, { ...pod, ...space }])
}

const portOf = ({ roll, pick }: Dice): NetworkPolicyPort =>
  pick([
    { protocol: 'TCP', port: 80 + roll(4) },
    { protocol: 'TCP', port: 80, endPort: 82 },
    { protocol: 'UDP' },
    { protocol: 'TCP', port: 'web' },
    { protocol: 'UDP', port: 'web' },
    { port: 83 },
    { protocol: 'SCTP', port: 81 },
    { protocol: 'UDP', port: 79, endPort: 83 },
  ])

const several = <T>({ roll }: Dice, make: () => T, most = 3): readonly T[] => Array.from({ length: roll(most) }, make)

export function policyOf(given: Dice, name: string): NetworkPolicy {
  const sides = () => ({
    ...(given.roll(3) > 0 && { peers: several(given, () => peerOf(given)) }),
    ...(given.roll(2) > 0 && { ports: several(given, () => portOf(given)) }),
  })
  const ingress = several(given, sides).map(({ peers, ports }) => ({
    ...(peers && { from: peers }),
    ...(ports && { ports }),
  }))
  const egress = several(given, sides).map(({ peers, ports }) => ({
    ...(peers && { to: peers }),
    ...(ports && { ports }),
  }))
  const policyTypes = given.pick([['Ingress'], ['Egress'], ['Ingress', 'Egress']] as const)
  return policy(name, { podSelector: selectorOf(given), policyTypes, ingress, egress }, given.pick(spaces))
}

const webPorts = [
  { name: 'web', containerPort: 81, protocol: 'TCP' as const },
  { name: 'web', containerPort: 82, protocol: 'UDP' as const },
]

export interface World {
  readonly client: Client
  readonly labels: Map<string, Record<string, string>>
  readonly allPods: readonly Pod[]
  readonly allPolicies: readonly NetworkPolicy[]
}

export async function change(given: Dice, { client, labels, allPods, allPolicies }: World): Promise<void> {
  const [one, two] = [given.pick(allPods), given.pick(allPods)]
  await client.update(pods, { ...one, metadata: { ...one.metadata, labels: labelsOf(given) } })
  if (two !== one && allPods.length > 6)
    await client.delete(pods, `${two.metadata.namespace}/${two.metadata.name}`, now)
  const space = given.pick(spaces)
  const own = labelsOf(given)
  labels.set(space, own)
  const kept = await client.get(namespaces, space)
  await client.update(namespaces, { ...kept, metadata: { ...kept.metadata, labels: own } })
  const old = given.pick(allPolicies)
  await client.delete(networkPolicies, `${old.metadata.namespace}/${old.metadata.name}`)
  await client.create(networkPolicies, policyOf(given, old.metadata.name ?? ''))
}

/** A world of ten pods, six of them on `worker`, and four policies. @returns labels of the namespaces */
export async function populate(given: Dice, client: Client): Promise<Map<string, Record<string, string>>> {
  const labels = new Map(spaces.map(name => [name, labelsOf(given)]))
  for (const [name, own] of labels)
    await client.create(namespaces, { ...namespace(name), metadata: { name, labels: own } })
  for (let at = 0; at < 10; at++) {
    const near = at < 6
    const ports = given.roll(2) === 0 ? webPorts : []
    const more = { labels: labelsOf(given), namespace: given.pick(spaces), node: near ? 'worker' : 'far', ports }
    await client.create(pods, pod(`p${at}`, `10.244.${near ? 1 : 2}.${at + 5}`, more))
  }
  for (let at = 0; at < 4; at++) await client.create(networkPolicies, policyOf(given, `n${at}`))
  return labels
}
