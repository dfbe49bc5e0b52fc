/** The order of admission, as upstream's, quota last. */
import { defaultTolerationSeconds } from './pod-tolerations.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { nodeRestriction } from './node-restriction.ts'
import { taintNodesByCondition } from './node-taints.ts'
import { priorityStep } from './priority.ts'
import { serviceAccountStep } from './service-account.ts'
import type { Lookup, Step } from './step.ts'

/** @param suffix five random characters for names. */
export const defaultSteps = (lookup: Lookup, suffix: () => string): readonly Step[] => [
  namespaceLifecycle(lookup),
  serviceAccountStep(lookup, suffix),
  nodeRestriction(lookup),
  taintNodesByCondition,
  priorityStep(lookup),
  defaultTolerationSeconds,
]
