/** What a node says that it and its pods have used, and what two such reports say of the time between them. */

export interface Counter {
  /** Milliseconds since the epoch, by the node's clock. */
  readonly at: number
  /** Nanoseconds of a core's time since the beginning. */
  readonly cpu: number
  /** Bytes. */
  readonly memory: number
}

export interface PodCounters {
  readonly uid: string
  /** By name. */
  readonly containers: ReadonlyMap<string, Counter>
}

export interface Sample {
  readonly node: Counter | undefined
  /** By `namespace/name`. */
  readonly pods: ReadonlyMap<string, PodCounters>
}

type Fields = Readonly<Record<string, unknown>>

const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}

const itemsOf = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.map(fieldsOf) : [])

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

/** Amounts that can be: neither below zero nor beyond what a number holds. */
const isAmount = (value: unknown): value is number =>
  typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER * 1000

function counterOf(value: Fields): Counter | undefined {
  const [cpu, memory] = [fieldsOf(value['cpu']), fieldsOf(value['memory'])]
  const at = Date.parse(text(cpu['time']))
  const [used, held] = [cpu['usageCoreNanoSeconds'], memory['workingSetBytes']]
  // A container that has ended has no time of its own any more.
  return Number.isNaN(at) || at <= 0 || !isAmount(used) || !isAmount(held) ? undefined : { at, cpu: used, memory: held }
}

function podOf(value: Fields): readonly [key: string, pod: PodCounters] {
  const { namespace, name, uid } = fieldsOf(value['podRef'])
  const containers = itemsOf(value['containers']).flatMap(one => {
    const counter = counterOf(one)
    return counter === undefined ? [] : [[text(one['name']), counter] as const]
  })
  return [`${text(namespace)}/${text(name)}`, { uid: text(uid), containers: new Map(containers) }]
}

/** From the JSON of /stats/summary: what is not as it should be is as if it were not there. */
export function sampleOf(summary: unknown): Sample {
  const { node, pods } = fieldsOf(summary)
  return { node: counterOf(fieldsOf(node)), pods: new Map(itemsOf(pods).map(podOf)) }
}

export interface Used {
  /** Nanoseconds of a core's time in each second. */
  readonly cpu: number
  /** Bytes. */
  readonly memory: number
  /** Milliseconds since the epoch, and milliseconds. */
  readonly at: number
  readonly window: number
}

/** Undefined where it cannot be told: nothing lies between the two, or it began anew meanwhile. */
export function between(before: Counter | undefined, after: Counter | undefined): Used | undefined {
  if (before === undefined || after === undefined) return undefined
  const window = after.at - before.at
  const used = after.cpu - before.cpu
  if (window <= 0 || used < 0) return undefined
  return { cpu: Math.round((used / window) * 1000), memory: after.memory, at: after.at, window }
}

/** Of all containers that run, or of none: half a pod would look like a small one. */
export function podBetween(
  before: PodCounters | undefined,
  after: PodCounters | undefined,
): ReadonlyMap<string, Used> | undefined {
  if (before === undefined || after === undefined || before.uid !== after.uid || after.containers.size === 0)
    return undefined
  const found = new Map<string, Used>()
  for (const [name, counter] of after.containers) {
    const used = between(before.containers.get(name), counter)
    if (used === undefined) return undefined
    found.set(name, used)
  }
  return found
}
