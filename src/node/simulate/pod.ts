/** What becomes of a pod on a simulated node: it runs at once, ends when its annotation or its owner says, and goes. */
import { isSidecar } from '#kinds/facts/pods.ts'
import { timestamp } from '#base/clock.ts'
import { controllerOf } from '#api/metadata.ts'
import type {
  Container,
  ContainerState,
  ContainerStatus,
  Pod,
  PodStatus,
} from '#kinds/facts/generated/types/core_v1.ts'
import { podConditions } from '../pod/conditions.ts'
import { podPhase } from '../pod/phase.ts'
import { initContainers, qosClass } from '../pod/spec.ts'

/** Seconds that the containers run; absent: for ever, or one second where a Job owns the pod. */
export const runSeconds = 'simulate.bulwark.dev/run-seconds'
/** With what the containers end; absent: 0. */
export const exitCode = 'simulate.bulwark.dev/exit-code'

export type Fate =
  | { readonly do: 'nothing' }
  /** Writes the status; `again` is when to decide anew, in milliseconds since the epoch. */
  | { readonly do: 'status'; readonly status: PodStatus; readonly again?: number }
  | { readonly do: 'wait'; readonly again: number }
  /** The object is deleted for good. */
  | { readonly do: 'delete' }

export interface Around {
  readonly now: number
  readonly hostIP: string
  readonly podIP: string
}

const number = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,9}(\.\d{1,3})?$/.test(text) ? Number(text) : undefined

/** Milliseconds that the pod's containers run. */
function duration(pod: Pod): number {
  const asked = number(pod.metadata.annotations?.[runSeconds])
  if (asked !== undefined) return asked * 1000
  return controllerOf(pod)?.kind === 'Job' ? 1000 : Infinity
}

function containerStatus(pod: Pod, container: Container, state: ContainerState): ContainerStatus {
  const running = state.running !== undefined
  return {
    name: container.name,
    state,
    ready: running || (state.terminated?.exitCode === 0 && pod.spec.initContainers?.includes(container) === true),
    started: running,
    restartCount: 0,
    image: container.image ?? '',
    imageID: container.image ?? '',
    containerID: `simulated://${pod.metadata.uid}-${container.name}`,
  }
}

/** With what a signal that cannot be refused ends a process. */
const killed = 137

interface End {
  readonly ended: boolean
  /** What the pod says of its end, unless given. */
  readonly exit?: number
}

function statusOf(pod: Pod, around: Around, { ended, exit: given }: End): PodStatus {
  const startTime = pod.status?.startTime ?? timestamp(around.now)
  const exit = given ?? number(pod.metadata.annotations?.[exitCode]) ?? 0
  const times = { startedAt: startTime, finishedAt: timestamp(around.now) }
  const over = (code: number): ContainerState => ({
    terminated: { exitCode: code, reason: code === 0 ? 'Completed' : 'Error', ...times },
  })
  const main = ended ? over(exit) : { running: { startedAt: startTime } }
  const init = initContainers(pod).map(one => containerStatus(pod, one, isSidecar(one) && !ended ? main : over(0)))
  const containers = pod.spec.containers.map(one => containerStatus(pod, one, main))
  const phase = podPhase(pod, { init, main: containers }, ended)
  const { now, hostIP, podIP } = around
  return {
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    phase,
    conditions: podConditions(
      { pod, phase, init, main: containers, sandbox: !ended, now },
      pod.status?.conditions ?? [],
    ),
    hostIP,
    hostIPs: [{ ip: hostIP }],
    podIP,
    podIPs: [{ ip: podIP }],
    startTime,
    ...(init.length === 0 ? {} : { initContainerStatuses: init }),
    containerStatuses: containers,
    qosClass: qosClass(pod),
  }
}

/** When it ends by itself, and when it is ended. */
const ends = (pod: Pod): { readonly own: number; readonly deadline: number } => ({
  own: duration(pod),
  deadline: (pod.spec.activeDeadlineSeconds ?? Infinity) * 1000,
})

const overdue = {
  phase: 'Failed',
  reason: 'DeadlineExceeded',
  message: 'Pod was active on the node longer than the specified deadline',
} as const

export function fate(pod: Pod, around: Around): Fate {
  const phase = pod.status?.phase
  if (pod.metadata.deletionTimestamp !== undefined)
    // Whoever holds it wants to know how it ended.
    return phase === 'Running' && (pod.metadata.finalizers ?? []).length > 0
      ? { do: 'status', status: statusOf(pod, around, { ended: true, exit: killed }) }
      : { do: 'delete' }
  if (phase === 'Succeeded' || phase === 'Failed') return { do: 'nothing' }
  const { own, deadline } = ends(pod)
  const length = Math.min(own, deadline)
  // startTime has whole seconds: it may lie up to a second before the start, never after it.
  const since = phase === 'Running' ? Date.parse(pod.status?.startTime ?? '') : around.now
  const again = Number.isFinite(length) ? { again: since + length } : undefined
  const observed = phase === 'Running' && pod.status?.observedGeneration === pod.metadata.generation
  if (phase === 'Running' && again !== undefined && around.now >= again.again) {
    const status = statusOf(pod, around, { ended: true })
    return { do: 'status', status: deadline < own ? { ...status, ...overdue } : status }
  }
  if (!observed) return { do: 'status', status: statusOf(pod, around, { ended: false }), ...again }
  return again === undefined ? { do: 'nothing' } : { do: 'wait', ...again }
}
