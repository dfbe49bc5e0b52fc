/** The plugins in their order: the first that refuses a node gives the reason. */
import type { Plugin } from '../plugin.ts'
import { balancedAllocation } from './balanced-allocation.ts'
import { imageLocality } from './image-locality.ts'
import { interPodAffinity } from './inter-pod-affinity.ts'
import { nodeAffinity } from './node-affinity.ts'
import { nodeName } from './node-name.ts'
import { nodePorts } from './node-ports.ts'
import { nodeUnschedulable } from './node-unschedulable.ts'
import { resourcesFit } from './resources-fit.ts'
import { taintToleration } from './taint-toleration.ts'
import { topologySpread } from './topology-spread.ts'

export const plugins: readonly Plugin[] = [
  nodeUnschedulable,
  nodeName,
  taintToleration,
  nodeAffinity,
  nodePorts,
  resourcesFit,
  topologySpread,
  interPodAffinity,
  balancedAllocation,
  imageLocality,
]
