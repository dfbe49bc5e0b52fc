/** What the agent remembers of a pod between decisions. It starts empty after a restart: the rest is read from the runtime. */

/** A step that went wrong. */
export interface Failure {
  /** A waiting container's reason, for example `ErrImagePull`. */
  readonly reason: string
  readonly message: string
  readonly count: number
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly retryAt: number
}

/** Results of a container's probes; absent: not known yet. */
export interface Probed {
  readonly startup?: boolean
  readonly readiness?: boolean
  readonly liveness?: boolean
}

export interface Backoff {
  readonly milliseconds: number
  /** When it was last raised. */
  readonly at: number
}

export interface PodMemory {
  /** When this agent first saw the pod, in milliseconds since the epoch. */
  readonly since: number
  readonly volumes: boolean
  /** By step key. */
  readonly failures: ReadonlyMap<string, Failure>
  /** Containers whose image is there, with the attempt for which that was made sure. */
  readonly images: ReadonlyMap<string, number>
  /** By container name. */
  readonly backoffs: ReadonlyMap<string, Backoff>
  /** By container id. */
  readonly probes: ReadonlyMap<string, Probed>
  /** Why the pod has failed as a whole. */
  readonly failed?: { readonly reason: string; readonly message: string }
  /** When its end began. */
  readonly stopping?: number
  /** Network, volumes and groups are given back. */
  readonly released: boolean
  readonly removed: boolean
  /** Termination messages by container id. */
  readonly messages: ReadonlyMap<string, string>
}

export const emptyMemory = (since: number): PodMemory => ({
  since,
  volumes: false,
  failures: new Map(),
  images: new Map(),
  backoffs: new Map(),
  probes: new Map(),
  released: false,
  removed: false,
  messages: new Map(),
})

const first = 10_000
const most = 300_000

/** The wait before the next start after a crash: 10 s, doubling to 5 min; forgotten after 10 min of quiet. */
export function nextBackoff(before: Backoff | undefined, now: number): Backoff {
  const fresh = before === undefined || now - before.at > 2 * most
  return { milliseconds: fresh ? first : Math.min(most, before.milliseconds * 2), at: now }
}

/** How long a step that failed `count` times waits. Pulls wait as crashes do; what may be mended any moment less. */
export const retryDelay = (key: string, count: number): number =>
  key.startsWith('image:') ? Math.min(most, first * 2 ** (count - 1)) : Math.min(10_000, 500 * 2 ** (count - 1))
