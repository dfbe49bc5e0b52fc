/** One aspect of placement. Each looks at the pod once (`filter`, `score`) and gives a function that looks at nodes. */
import type { NodeInfo, PodInfo, Snapshot } from './snapshot.ts'

/** What happened in the cluster that may make room: plugins name what could change their mind. */
export type Wake = 'node' | 'pod gone' | 'pod placed' | 'pod labels' | 'namespace'

export interface Refusal {
  /** As shown: `Insufficient cpu`. Several for one node where resources lack. */
  readonly reasons: readonly string[]
  /** Removing pods cannot help. */
  readonly final: boolean
}

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
  readonly score?: (pod: PodInfo, snapshot: Snapshot) => Scorer | undefined
  readonly weight?: number
  readonly wakes: readonly Wake[]
}

export const refuse = (reason: string, final: boolean): Refusal => ({ reasons: [reason], final })
