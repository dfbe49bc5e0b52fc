/** `metrics.k8s.io`, answered from what the nodes report: nodes and pods, as they are now and under their own labels. */
import type { Node, Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { NodeMetrics, PodMetrics } from '#kinds/facts/generated/types/metrics_v1beta1.ts'
import { type GroupResource, type KObject, objectKey } from '#api/metadata.ts'
import { methodNotAllowed, notFound } from '#api/status.ts'
import { type Clock, timestamp } from '#base/clock.ts'
import type { NodeDialer } from '../nodes/dial.ts'
import { type Outcome, type Special, type SpecialRequest, got } from '../outcome.ts'
import { makeFilter } from '#server/registry/filter.ts'
import type { Kept, Store } from '#server/store/contract.ts'
import { type Pair, type Report, collecting, isSimulated, reportThrough } from './collect.ts'
import { type Used, between, podBetween } from './sample.ts'

const apiVersion = 'metrics.k8s.io/v1beta1'

const amounts = ({ cpu, memory }: Used): Readonly<Record<string, string>> => ({
  cpu: cpu === 0 ? '0' : `${cpu}n`,
  memory: memory === 0 ? '0' : `${Math.ceil(memory / 1024)}Ki`,
})

const seconds = (milliseconds: number): string => `${milliseconds / 1000}s`

/** Simulated ones use nothing, and have measured it. */
const nothing = (now: number): Used => ({ cpu: 0, memory: 0, at: now, window: 15_000 })

interface Now {
  readonly pairs: ReadonlyMap<string, Pair>
  readonly now: number
}

function ofNode(node: Node, { pairs, now }: Now): NodeMetrics | undefined {
  const { name = '', labels } = node.metadata
  const pair = pairs.get(name)
  const used = isSimulated(node) ? nothing(now) : between(pair?.before?.node, pair?.after.node)
  if (used === undefined) return undefined
  return {
    apiVersion,
    kind: 'NodeMetrics',
    metadata: { name, creationTimestamp: timestamp(now), ...(labels === undefined ? {} : { labels }) },
    timestamp: timestamp(used.at),
    window: seconds(used.window),
    usage: amounts(used),
  }
}

/** A node is believed about its own pods alone, and about the one that runs there now. */
function containersOf(pod: Pod, node: Node | undefined, { pairs, now }: Now): ReadonlyMap<string, Used> | undefined {
  if (node === undefined || pod.status?.phase !== 'Running') return undefined
  if (isSimulated(node)) return new Map(pod.spec.containers.map(one => [one.name, nothing(now)]))
  const pair = pairs.get(node.metadata.name ?? '')
  const key = objectKey(pod.metadata.namespace ?? '', pod.metadata.name ?? '')
  const after = pair?.after.pods.get(key)
  return after?.uid === pod.metadata.uid ? podBetween(pair?.before?.pods.get(key), after) : undefined
}

function ofPod(pod: Pod, node: Node | undefined, at: Now): PodMetrics | undefined {
  const found = containersOf(pod, node, at)
  const times = [...(found?.values() ?? [])]
  const [first] = times
  if (found === undefined || first === undefined) return undefined
  const oldest = times.reduce((a, b) => (a.at <= b.at ? a : b), first)
  const { name = '', namespace = '', labels } = pod.metadata
  return {
    apiVersion,
    kind: 'PodMetrics',
    metadata: { name, namespace, creationTimestamp: timestamp(at.now), ...(labels === undefined ? {} : { labels }) },
    timestamp: timestamp(oldest.at),
    window: seconds(oldest.window),
    containers: Array.from(found, ([container, used]) => ({ name: container, usage: amounts(used) })),
  }
}

const keptOf = (resource: GroupResource, object: KObject, revision: number): Kept => ({
  resource,
  key: objectKey(object.metadata.namespace ?? '', object.metadata.name ?? ''),
  revision,
  object,
  managed: '',
  encodings: new Map(),
})

interface Source {
  readonly store: Store
  /** What is measured, `nodes` or `pods`. */
  readonly of: 'nodes' | 'pods'
  readonly measure: () => Promise<(object: KObject) => KObject | undefined>
}

async function one({ store, of, measure }: Source, special: SpecialRequest): Promise<Outcome> {
  const { namespace, name } = special.permit
  const found = store.snapshot(of).get(objectKey(of === 'pods' ? namespace : '', name))
  const object = found === undefined ? undefined : (await measure())(found.object)
  if (object === undefined) throw notFound({ group: 'metrics.k8s.io', resource: of, name })
  return got(special, keptOf(`${of}.metrics.k8s.io`, object, store.revision()))
}

async function many({ store, of, measure }: Source, { permit, request, served }: SpecialRequest): Promise<Outcome> {
  const options = request.verb === 'list' ? request.options : undefined
  const filter = makeFilter({
    served,
    namespace: permit.namespace,
    labelSelector: options?.labelSelector,
    fieldSelector: options?.fieldSelector,
    ...(permit.name === '' ? {} : { name: permit.name }),
  })
  const measured = await measure()
  const { revision } = store.snapshot(of)
  const items: Kept[] = []
  for (const { object } of store.snapshot(of).range({ prefix: filter.prefix })) {
    if (filter.accepts?.(object) === false) continue
    const metrics = measured(object)
    if (metrics !== undefined) items.push(keptOf(`${of}.metrics.k8s.io`, metrics, revision))
  }
  return { type: 'list', served, listed: { items, revision } }
}

const answering =
  (source: Source): Special =>
  special => {
    const { verb } = special.request
    if (verb === 'get') return one(source, special)
    if (verb === 'list') return many(source, special)
    throw methodNotAllowed({ group: 'metrics.k8s.io', resource: source.of }, verb)
  }

export interface Usage {
  readonly specials: ReadonlyMap<string, Special>
  /** From now on real nodes can be asked. */
  reach(dialer: NodeDialer): void
  close(): void
}

export function makeUsage(store: Store, clock: Clock): Usage {
  let report: Report | undefined
  const collector = collecting(store, clock, () => report)
  const nodeNamed = (name: string): Node | undefined => store.snapshot('nodes').get(name)?.object as Node | undefined
  const at = async (): Promise<Now> => ({ pairs: await collector.pairs(), now: clock.now() })
  const nodes = async () => {
    const now = await at()
    return (object: KObject) => ofNode(object as Node, now)
  }
  const pods = async () => {
    const now = await at()
    return (object: KObject) => {
      const pod = object as Pod
      return ofPod(pod, nodeNamed(pod.spec.nodeName ?? ''), now)
    }
  }
  return {
    specials: new Map([
      ['nodes.metrics.k8s.io', answering({ store, of: 'nodes', measure: nodes })],
      ['pods.metrics.k8s.io', answering({ store, of: 'pods', measure: pods })],
    ]),
    reach: dialer => {
      report = reportThrough(dialer, clock)
    },
    close: () => collector.close(),
  }
}
