/** Of what a node has too little. */
import { formatQuantity, quantityOfMillis, quantityOfUnits } from '#base/quantity.ts'
import type { Amounts } from '../amounts.ts'
import type { Obstacle } from '../plugin.ts'
import type { NodeInfo, PodInfo } from '../snapshot.ts'

interface Taken {
  readonly amounts: Readonly<Amounts>
  readonly pods: number
}

interface Lack {
  readonly name: string
  readonly wanted: number
  readonly used: number
  readonly most: number
}

function textOf(name: string, amount: number): string {
  if (name === 'cpu') return formatQuantity(quantityOfMillis(amount))
  const bytes = name === 'memory' || name === 'ephemeral-storage' || name.startsWith('hugepages-')
  return formatQuantity(quantityOfUnits(amount, bytes ? 'BinarySI' : 'DecimalSI'))
}

/** The field where one container alone asks for it, else that the sum is meant. */
function lineOf({ pod }: PodInfo, { name, wanted }: Lack): string {
  const { containers, initContainers = [], overhead, resources } = pod.spec
  const asking = containers.flatMap((one, at) => (one.resources?.requests?.[name] === undefined ? [] : [at]))
  const plain = initContainers.length === 0 && overhead === undefined && resources?.requests === undefined
  const [at] = asking
  const alone = plain && asking.length === 1 ? at : undefined
  const field = /^[a-z-]+$/.test(name) ? `.${name}` : `[${name}]`
  return alone === undefined
    ? `resources.requests of all containers, ${name}: ${textOf(name, wanted)} in all`
    : `spec.containers[${alone}].resources.requests${field}: ${textOf(name, wanted)}`
}

function obstacle(pod: PodInfo, node: NodeInfo, lack: Lack): Obstacle {
  const { name, wanted, used, most } = lack
  const free = Math.max(0, most - used)
  const text = (amount: number): string => textOf(name, amount)
  const has = `node ${node.name} has ${text(free)} free of ${text(most)}`
  const lower = free === 0 ? '' : `lower requests.${name} to ${text(free)}`
  const clear = wanted > most ? '' : `free ${text(wanted - (most - used))} on ${node.name}`
  const more = `a node that has more than ${text(most)}`
  return {
    reason: `Insufficient ${name}`,
    line: `${lineOf(pod, lack)}; ${has}`,
    fix: [lower, clear === '' ? (most === 0 ? `a node that has any ${name}` : more) : clear]
      .filter(one => one !== '')
      .join(', or '),
    effort: wanted > most && free === 0 ? 2 : Math.min(1, (wanted - free) / wanted),
  }
}

export function resourceObstacles(pod: PodInfo, node: NodeInfo, { amounts, pods }: Taken): readonly Obstacle[] {
  const { requests } = pod
  const { allocatable } = node
  const all: readonly Lack[] = [
    { name: 'cpu', wanted: requests.cpu, used: amounts.cpu, most: allocatable.cpu },
    { name: 'memory', wanted: requests.memory, used: amounts.memory, most: allocatable.memory },
    { name: 'ephemeral-storage', wanted: requests.storage, used: amounts.storage, most: allocatable.storage },
    ...[...(requests.others ?? [])].map(([name, wanted]) => ({
      name,
      wanted,
      used: amounts.others?.get(name) ?? 0,
      most: allocatable.others?.get(name) ?? 0,
    })),
  ]
  const full: readonly Obstacle[] =
    pods + 1 <= node.allowedPods
      ? []
      : [
          {
            reason: 'Too many pods',
            object: { kind: 'Node', name: node.name },
            line: `status.allocatable.pods: ${node.allowedPods}; ${pods} are there`,
            fix: `end a pod on ${node.name}`,
            effort: 1,
          },
        ]
  const lacks = all.filter(({ wanted, used, most }) => wanted !== 0 && wanted > most - used)
  return [...full, ...lacks.map(lack => obstacle(pod, node, lack))]
}
