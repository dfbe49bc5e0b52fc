/** The agent's decision about one pod: what to do next, what to report, when to look again. Pure. */
import type { Pod, PodStatus } from '#kinds/facts/generated/types/core_v1.ts'
import type { RuntimePod } from '../runtime.ts'
import { decideEnd } from './end.ts'
import type { PodMemory } from './memory.ts'
import { decideRun } from './run.ts'
import { podStatus } from './status.ts'

/** Everything is named by a key: one step of a key is under way at a time. */
export type Step = { readonly key: string } & (
  | { readonly do: 'volumes' }
  | { readonly do: 'sandbox'; readonly attempt: number }
  | { readonly do: 'image'; readonly container: string; readonly attempt: number }
  | {
      readonly do: 'start'
      readonly container: string
      readonly attempt: number
      readonly sandbox: string
      /** The container it follows ended by itself. */
      readonly crashed: boolean
    }
  | {
      readonly do: 'kill'
      readonly id: string
      readonly container: string
      readonly graceSeconds: number
      readonly message: string
    }
  | { readonly do: 'forget'; readonly id: string }
  | { readonly do: 'stopSandbox'; readonly id: string }
  /** Gives back network, volumes and groups of a pod without running containers. */
  | { readonly do: 'release' }
  /** Finishes the deletion in the API. */
  | { readonly do: 'delete' }
  /** Removes the last traces; the agent forgets the pod after it. */
  | { readonly do: 'remove' }
)

export interface PodInput {
  readonly pod: Pod
  readonly runtime: RuntimePod
  readonly memory: PodMemory
  /** Keys of steps under way. */
  readonly busy: ReadonlySet<string>
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly hostIPs: readonly string[]
  /** The API no longer has it. */
  readonly gone: boolean
  readonly hashOf: (container: { readonly name: string; readonly image?: string }) => string
}

export interface PodDecision {
  readonly steps: readonly Step[]
  readonly status: PodStatus
  /** When to decide again though nothing happens. */
  readonly wakeAt?: number
}

export interface Plan {
  readonly steps: readonly Step[]
  readonly wakeAt?: number
}

const isTerminal = (pod: Pod): boolean => pod.status?.phase === 'Failed' || pod.status?.phase === 'Succeeded'

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

export function decidePod(input: PodInput): PodDecision & { readonly failed?: PodMemory['failed'] } {
  const { pod, memory, gone } = input
  const { over, at } = overtime(input)
  const failed = memory.failed ?? (over && !isTerminal(pod) ? deadline : undefined)
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
