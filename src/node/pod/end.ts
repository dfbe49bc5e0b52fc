/** How a pod ends: containers in order, then what it held, then its object, then its traces. */
import { isSidecar } from '#kinds/facts/pods.ts'
import type { Container, Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { RuntimeContainer } from '../runtime.ts'
import type { Plan, PodInput, Step } from './step.ts'
import { initContainers } from './spec.ts'

const usualGrace = 30

/** Seconds that containers get from the first signal to the last. */
export function graceOf(pod: Pod, gone: boolean): number {
  const asked = pod.metadata.deletionGracePeriodSeconds ?? pod.spec.terminationGracePeriodSeconds ?? usualGrace
  // What the API has already forgotten may run elsewhere by now: it is not given long.
  return gone ? Math.min(Number(asked), 2) : Number(asked)
}

const alive = (one: RuntimeContainer): boolean => one.state === 'running' || one.state === 'unknown'

function kills(input: PodInput): readonly Step[] {
  const { pod, runtime, memory, now, gone } = input
  const grace = graceOf(pod, gone)
  const spent = memory.stopping === undefined ? 0 : Math.floor((now - memory.stopping) / 1000)
  const sidecars: readonly Container[] = initContainers(pod).filter(isSidecar)
  const rank = (one: RuntimeContainer): number => sidecars.findIndex(container => container.name === one.name)
  const running = runtime.containers.filter(alive)
  const main = running.filter(one => rank(one) < 0)
  // Sidecars outlive what they serve and end one after the other, the last one first.
  const last = Math.max(-1, ...running.map(rank))
  const now_ = main.length > 0 ? main : running.filter(one => rank(one) === last)
  const left = main.length > 0 ? grace : Math.max(Math.min(grace, 2), grace - spent)
  return now_.map(one => ({
    do: 'kill',
    // A shorter grace is a new step: it overtakes the one under way.
    key: `kill:${one.id}:${main.length > 0 ? grace : 'last'}`,
    id: one.id,
    container: one.name,
    graceSeconds: left,
    message: `Stopping container ${one.name}`,
    last: true,
  }))
}

export function decideEnd(input: PodInput): Plan {
  const { pod, runtime, memory, gone, busy } = input
  const killing = kills(input)
  if (killing.length > 0) return { steps: killing }
  // A start under way is waited for, so that what it leaves is seen.
  if ([...busy].some(key => key.startsWith('start:') || key === 'sandbox' || key === 'volumes')) return { steps: [] }
  if (!memory.released && !(gone && runtime.sandboxes.length === 0)) {
    const failure = memory.failures.get('release')
    return failure !== undefined && failure.retryAt > input.now
      ? { steps: [], wakeAt: failure.retryAt }
      : { steps: [{ do: 'release', key: 'release' }] }
  }
  if (gone) return retry(input, { do: 'remove', key: 'remove' })
  return pod.metadata.deletionTimestamp === undefined ? { steps: [] } : retry(input, { do: 'delete', key: 'delete' })
}

function retry(input: PodInput, step: Step): Plan {
  const failure = input.memory.failures.get(step.key)
  return failure !== undefined && failure.retryAt > input.now
    ? { steps: [], wakeAt: failure.retryAt }
    : { steps: [step] }
}
