/** What a decision about a pod goes by, and what it may ask for. */
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { RuntimePod } from '../runtime.ts'
import type { PodMemory } from './memory.ts'

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
      /** Part of the pod's end, not of a restart. */
      readonly last: boolean
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

export interface Plan {
  readonly steps: readonly Step[]
  readonly wakeAt?: number
}
