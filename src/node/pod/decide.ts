/** The agent's decision about one pod: what to do next, what to report, when to look again. Pure. */
import { isTerminal } from '#kinds/facts/pods.ts'
import type { Pod, PodStatus } from '#kinds/facts/generated/types/core_v1.ts'
import { decideEnd } from './end.ts'
import type { PodMemory } from './memory.ts'
import { decideRun } from './run.ts'
import { podStatus } from './status.ts'
import type { PodInput, Step } from './step.ts'

export interface PodDecision {
  readonly steps: readonly Step[]
  readonly status: PodStatus
  /** When to decide again though nothing happens. */
  readonly wakeAt?: number
}

function overtime({ pod, memory, now }: PodInput): { readonly over: boolean; readonly at?: number } {
  const seconds = pod.spec.activeDeadlineSeconds
  if (seconds === undefined) return { over: false }
  const start = pod.status?.startTime === undefined ? memory.since : Date.parse(pod.status.startTime)
  const at = start + seconds * 1000
  return now >= at ? { over: true } : { over: false, at }
}

const deadline = {
  reason: 'DeadlineExceeded',
  message: 'Pod was active on the node longer than the specified deadline',
} as const

/** Pod Security asks less of a pod for Windows: none of its containers may ever start on another system. */
const foreign = {
  reason: 'PodOSNotSupported',
  message: "Pod was rejected: Failed to admit pod as the OS field doesn't match node OS",
} as const

function failure(pod: Pod, over: boolean): PodMemory['failed'] {
  if (isTerminal(pod)) return undefined
  if ((pod.spec.os?.name ?? 'linux') !== 'linux') return foreign
  return over ? deadline : undefined
}

export function decidePod(input: PodInput): PodDecision & { readonly failed?: PodMemory['failed'] } {
  const { pod, memory, gone } = input
  const { over, at } = overtime(input)
  const failed = memory.failed ?? failure(pod, over)
  const ending = gone || pod.metadata.deletionTimestamp !== undefined || failed !== undefined || isTerminal(pod)
  const plan = ending ? decideEnd(input) : decideRun(input)
  const idle = !input.runtime.containers.some(one => one.state === 'running' || one.state === 'created')
  const starting = [...input.busy].some(key => key.startsWith('start:') || key === 'sandbox')
  const terminal = ending && idle && !starting
  const wakes = [plan.wakeAt, at].filter(one => one !== undefined)
  return {
    steps: plan.steps.filter(step => !input.busy.has(step.key)),
    status: podStatus({ ...input, memory: failed === undefined ? memory : { ...memory, failed }, terminal }),
    ...(wakes.length === 0 ? {} : { wakeAt: Math.min(...wakes) }),
    ...(failed === undefined ? {} : { failed }),
  }
}
