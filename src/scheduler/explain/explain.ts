/** Why a pod is on no node: for each node all that stands in the way, the closest first. */
import { isTerminal } from '#kinds/facts/pods.ts'
import { Breaks, type Pause } from '#base/breaks.ts'
import type { Obstacle as ToldObstacle, Placement } from '#kinds/facts/bulwark.ts'
import type { Node, Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { type KObject, keyOf } from '#api/metadata.ts'
import type { Explain, Obstacle, Plugin } from '../plugin.ts'
import { plugins } from '../plugins/index.ts'
import { Cluster, podInfo } from '../snapshot.ts'

/** What is kept at one moment. */
export interface World {
  readonly nodes: Iterable<Node>
  readonly pods: Iterable<Pod>
  readonly namespaces: Iterable<KObject>
}

/** Nodes that an answer names at most: those beyond are farther from fitting. */
const mostNodes = 500
/** What is told of one node: a pod may come with thousands of terms, each of which stands in the way. */
const mostObstacles = 20
/** Pods and nodes between breaks. */
const turn = 500

async function clusterOf(world: World, subject: string, breaks: Breaks): Promise<Cluster> {
  const cluster = new Cluster()
  const step = async (): Promise<void> => {
    const wait = breaks.after(1)
    if (wait !== undefined) await wait
  }
  for (const { metadata } of world.namespaces) cluster.setNamespace(metadata.name ?? '', metadata.labels)
  cluster.setNodes(world.nodes)
  for (const pod of world.pods) {
    await step()
    if (isTerminal(pod) || keyOf(pod) === subject) continue
    const { nodeName = '' } = pod.spec
    const nominated = pod.status?.nominatedNodeName ?? ''
    if (nodeName !== '') cluster.setPod(podInfo(pod), nodeName)
    else if (nominated !== '') cluster.nominate(podInfo(pod), nominated)
  }
  return cluster
}

interface Found {
  readonly name: string
  /** The first of them. */
  readonly obstacles: readonly (Obstacle & { readonly plugin: string })[]
  readonly more: number
  readonly effort: number
}

const told = ({ plugin, reason, object, line, fix }: Found['obstacles'][number]): ToldObstacle => ({
  by: plugin,
  reason,
  ...(object === undefined ? {} : { object }),
  line,
  fix,
})

/** Where there are too many the last speaks of the rest. */
function listed({ obstacles, more }: Found): readonly ToldObstacle[] {
  const all = obstacles.map(told)
  const last = all.at(-1)
  if (more === 0 || last === undefined) return all
  return [...all.slice(0, -1), { ...last, line: `${last.line}; and ${more} more stand in the way` }]
}

const unsame = (fixes: readonly string[]): readonly string[] => [...new Set(fixes)]

function placementOf(found: readonly Found[], fitting: string | undefined): Placement {
  const sorted = found.toSorted((a, b) => a.effort - b.effort)
  const shown = sorted.slice(0, mostNodes)
  const [closest] = sorted
  return {
    ...(fitting === undefined ? {} : { fits: fitting }),
    ...(closest === undefined
      ? {}
      : {
          closest: {
            node: closest.name,
            fix: [
              ...unsame(closest.obstacles.map(one => one.fix)),
              ...(closest.more === 0 ? [] : [`${closest.more} changes more`]),
            ].join('; and '),
          },
        }),
    nodes: shown.map(one => ({ name: one.name, obstacles: listed(one) })),
    leftOff: sorted.length - shown.length,
  }
}

/** @returns promise of what the scheduler's plugins say of the world, which it does not change */
export async function explainPlacement(
  pod: Pod,
  world: World,
  { pause, using = plugins }: { readonly pause: Pause; readonly using?: readonly Plugin[] },
): Promise<Placement> {
  const breaks = new Breaks(pause, turn)
  const cluster = await clusterOf(world, keyOf(pod), breaks)
  const info = podInfo(pod)
  const explains: { readonly plugin: string; readonly explain: Explain }[] = []
  for (const { name: plugin, explain } of using)
    if (explain !== undefined) {
      explains.push({ plugin, explain: await explain(info, cluster, breaks) })
      await breaks.after(turn)
    }
  const found: Found[] = []
  let fits: string | undefined
  for (const node of cluster.nodes) {
    const all = explains.flatMap(({ plugin, explain }) => explain(node).map(one => ({ ...one, plugin })))
    const obstacles = all.slice(0, mostObstacles)
    const effort = all.reduce((sum, one) => sum + one.effort, 0)
    if (all.length === 0) fits ??= node.name
    else found.push({ name: node.name, obstacles, more: all.length - obstacles.length, effort })
    const wait = breaks.after(1 + all.length)
    if (wait !== undefined) await wait
  }
  return placementOf(found, fits)
}
