/** A pod's phase from what its containers do. */
import { isSidecar } from '#kinds/facts/pods.ts'
import type { Container, ContainerStatus, Pod, PodStatus } from '#kinds/facts/generated/types/core_v1.ts'
import { initContainers, shouldRestart } from './spec.ts'

type Phase = NonNullable<PodStatus['phase']>

interface Seen {
  readonly container: Container
  readonly status: ContainerStatus | undefined
}

const ended = ({ status }: Seen) =>
  status?.state?.terminated ?? (status?.state?.running ? undefined : status?.lastState?.terminated)
const running = ({ status }: Seen): boolean => status?.state?.running !== undefined

/** Exit codes of containers that will not run again. */
const settled = (pod: Pod, one: Seen): boolean => {
  const end = ended(one)
  return end !== undefined && !shouldRestart(pod.spec, one.container, end.exitCode)
}

function initPending(pod: Pod, init: readonly Seen[], began: boolean): Phase | undefined {
  for (const one of init.filter(({ container }) => !isSidecar(container))) {
    const end = ended(one)
    if (end === undefined) return began && one.status === undefined ? undefined : 'Pending'
    if (end.exitCode !== 0) return settled(pod, one) ? 'Failed' : 'Pending'
  }
  const waiting = init
    .filter(({ container }) => isSidecar(container))
    .some(one => (running(one) ? one.status?.started !== true : ended(one) === undefined))
  return waiting && !began ? 'Pending' : undefined
}

/**
 * @param terminal every container has ended for good, whatever the restart policy says (the pod is being deleted, or
 * its time is over)
 */
export function podPhase(
  pod: Pod,
  statuses: { readonly init: readonly ContainerStatus[]; readonly main: readonly ContainerStatus[] },
  terminal: boolean,
): Phase {
  const seen = (containers: readonly Container[], list: readonly ContainerStatus[]): readonly Seen[] =>
    containers.map(container => ({ container, status: list.find(one => one.name === container.name) }))
  const init = seen(initContainers(pod), statuses.init)
  const main = seen(pod.spec.containers, statuses.main)
  const began = main.some(one => running(one) || ended(one) !== undefined)
  const pending = initPending(pod, init, began)
  if (pending !== undefined && !(terminal && pending === 'Pending')) return pending
  if (main.some(one => !running(one) && ended(one) === undefined)) return terminal ? 'Failed' : 'Pending'
  const sidecars = init.filter(({ container }) => isSidecar(container))
  if (main.some(running) || sidecars.some(running)) return 'Running'
  if (!terminal && !main.every(one => settled(pod, one))) return 'Running'
  return main.every(one => ended(one)?.exitCode === 0) ? 'Succeeded' : 'Failed'
}
