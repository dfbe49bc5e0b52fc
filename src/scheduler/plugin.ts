/** One aspect of placement. Each looks at the pod once (`filter`, `score`) and gives a function that looks at nodes. */
import type { Breaks } from '#base/breaks.ts'
import type { NodeInfo, PodInfo, Snapshot } from './snapshot.ts'

/** What happened in the cluster that may make room: plugins name what could change their mind. */
export type Wake = 'node' | 'pod gone' | 'pod placed' | 'pod labels' | 'namespace'

export interface Refusal {
  /** As shown: `Insufficient cpu`. Several for one node where resources lack. */
  readonly reasons: readonly string[]
  /** Removing pods cannot help. */
  readonly final: boolean
}

/** What stands in a pod's way to a node, for people. */
export interface Obstacle {
  /** As the refusal says it. */
  readonly reason: string
  /** Whose line it is, where it is not the pod's own. */
  readonly object?: { readonly kind: string; readonly namespace?: string; readonly name: string }
  /** The field with its value, and what is known of the node. */
  readonly line: string
  /** The smallest change that takes it away. */
  readonly fix: string
  /** About 1 for one change of one field; less where little is missing, more where the change is nobody's to make. */
  readonly effort: number
}

/** None: the node will do. */
export type Explain = (node: NodeInfo) => readonly Obstacle[]

/** Undefined: the node will do. */
export type Filter = (node: NodeInfo) => Refusal | undefined

export interface Scorer {
  /** The more the better; `rank` makes 0..100 of them. */
  readonly score: (node: NodeInfo) => number
  readonly rank: 'as is' | 'most is best' | 'least is best' | 'between'
}

export interface Plugin {
  readonly name: string
  /** Undefined: this pod does not care. */
  readonly filter?: (pod: PodInfo, snapshot: Snapshot) => Filter | undefined
  /** Says more of each refusal than its filter does; refuses exactly the nodes that it refuses. */
  readonly explain?: (pod: PodInfo, snapshot: Snapshot, breaks: Breaks) => Explain | Promise<Explain>
  readonly score?: (pod: PodInfo, snapshot: Snapshot) => Scorer | undefined
  readonly weight?: number
  readonly wakes: readonly Wake[]
}

/** Of a refusal that has one reason. */
export const reasonOf = ({ reasons: [reason = ''] }: Refusal): string => reason

export const refuse = (reason: string, final: boolean): Refusal => ({ reasons: [reason], final })
