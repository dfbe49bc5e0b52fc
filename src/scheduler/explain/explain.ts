/** Why a pod is on no node: for each node all that stands in the way, the closest first. */
import { Breaks, type Pause } from '#base/breaks.ts'
import { isTerminal } from '#controllers/pods.ts'
import type { Obstacle as ToldObstacle, Placement } from '#kinds/facts/bulwark.ts'
import type { Node, Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { type KObject, keyOf } from '#api/metadata.ts'
import type { Obstacle, Plugin } from '../plugin.ts'
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
  readonly obstacles: readonly (Obstacle & { readonly plugin: string })[]
  readonly effort: number
}

const told = ({ plugin, reason, object, line, fix }: Found['obstacles'][number]): ToldObstacle => ({
  by: plugin,
  reason,
  ...(object === undefined ? {} : { object }),
  line,
  fix,
})

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
            fix: unsame(closest.obstacles.map(one => one.fix)).join('; and '),
          },
        }),
    nodes: shown.map(({ name, obstacles }) => ({ name, obstacles: obstacles.map(told) })),
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
  const explains = using.flatMap(({ name, explain }) =>
    explain === undefined ? [] : [{ plugin: name, explain: explain(info, cluster) }],
  )
  const found: Found[] = []
  let fits: string | undefined
  for (const node of cluster.nodes) {
    const obstacles = explains.flatMap(({ plugin, explain }) => explain(node).map(one => ({ ...one, plugin })))
    if (obstacles.length === 0) fits ??= node.name
    else found.push({ name: node.name, obstacles, effort: obstacles.reduce((sum, one) => sum + one.effort, 0) })
    const wait = breaks.after(1)
    if (wait !== undefined) await wait
  }
  return placementOf(found, fits)
}
