/** A pod's status as its node reports it, from spec, runtime and memory. */
import { isSidecar } from '#kinds/facts/pods.ts'
import { timestamp } from '#base/clock.ts'
import type {
  Container,
  ContainerState,
  ContainerStatus,
  Pod,
  PodStatus,
} from '#kinds/facts/generated/types/core_v1.ts'
import type { RuntimeContainer, RuntimePod } from '../runtime.ts'
import { podConditions } from './conditions.ts'
import type { PodMemory } from './memory.ts'
import { podPhase } from './phase.ts'
import { ephemeralContainers, initContainers, qosClass, shouldRestart } from './spec.ts'

export interface StatusInput {
  readonly pod: Pod
  readonly runtime: RuntimePod
  readonly memory: PodMemory
  /** Keys of steps under way. */
  readonly busy: ReadonlySet<string>
  readonly now: number
  readonly hostIPs: readonly string[]
  /** Nothing of it will run again. */
  readonly terminal: boolean
}

const time = (milliseconds: number): { readonly at?: string } =>
  milliseconds > 0 ? { at: timestamp(milliseconds) } : {}
export const containerID = (id: string): string => `containerd://${id}`
const longestMessage = 4096

function endState(one: RuntimeContainer, memory: PodMemory): ContainerState {
  const message = memory.messages.get(one.id) ?? one.message
  const started = time(one.startedAt).at
  const finished = time(one.finishedAt).at
  return {
    terminated: {
      exitCode: one.exitCode,
      ...(one.exitCode > 128 && one.exitCode < 160 && one.reason === '' ? { signal: one.exitCode - 128 } : {}),
      reason: one.reason === '' ? (one.exitCode === 0 ? 'Completed' : 'Error') : one.reason,
      ...(message === '' ? {} : { message: message.slice(-longestMessage) }),
      ...(started === undefined ? {} : { startedAt: started }),
      ...(finished === undefined ? {} : { finishedAt: finished }),
      containerID: containerID(one.id),
    },
  }
}

/** Why the container is not started yet. */
function waiting(input: StatusInput, container: Container): ContainerState {
  const { memory, now, pod } = input
  const image = memory.failures.get(`image:${container.name}`)
  if (image !== undefined) {
    const backing = image.reason === 'ErrImagePull' && now - image.at >= 1_000
    const message = `Back-off pulling image "${container.image ?? ''}": ErrImagePull: ${image.message}`
    return {
      waiting: backing ? { reason: 'ImagePullBackOff', message } : { reason: image.reason, message: image.message },
    }
  }
  const start = memory.failures.get(`start:${container.name}`)
  if (start !== undefined) return { waiting: { reason: start.reason, message: start.message } }
  const init = initContainers(pod)
  const later = init.length > 0 && container !== init[0]
  return { waiting: { reason: later ? 'PodInitializing' : 'ContainerCreating' } }
}

export const crashMessage = (pod: Pod, name: string, milliseconds: number): string => {
  const seconds = Math.floor(milliseconds / 1000)
  const { namespace, name: own, uid } = pod.metadata
  const span = seconds < 60 ? `${seconds}s` : `${Math.floor(seconds / 60)}m${seconds % 60}s`
  return `back-off ${span} restarting failed container=${name} pod=${own}_${namespace}(${uid})`
}

function restarting(input: StatusInput, container: Container, last: RuntimeContainer): ContainerState | undefined {
  const { memory, pod, terminal } = input
  const failed = memory.failures.get(`start:${container.name}`) ?? memory.failures.get(`image:${container.name}`)
  if (terminal || !shouldRestart(pod.spec, container, last.exitCode)) return undefined
  const backoff = memory.backoffs.get(container.name)
  const blocked = backoff !== undefined && input.now - last.finishedAt < backoff.milliseconds
  if (blocked && backoff.at <= last.finishedAt)
    return {
      waiting: {
        reason: 'CrashLoopBackOff',
        message: crashMessage(pod, container.name, backoff.milliseconds),
      },
    }
  return failed === undefined ? undefined : waiting(input, container)
}

export interface Health {
  readonly started: boolean
  readonly ready: boolean
}

/** What probes say of a running container; one without a probe is well. */
export function health(container: Container, probed: PodMemory['probes'], id: string): Health {
  const results = probed.get(id)
  const started = container.startupProbe === undefined || results?.startup === true
  return { started, ready: started && (container.readinessProbe === undefined || results?.readiness === true) }
}

function stateOf(input: StatusInput, container: Container, all: readonly RuntimeContainer[]) {
  const [current, previous] = all
  const last = previous?.state === 'exited' ? endState(previous, input.memory) : undefined
  if (current === undefined) return { state: lost(input, container) ?? waiting(input, container), last: undefined }
  // Until its postStart hook is through, a container is still being created.
  const starting = input.busy.has(`start:${container.name}`) || current.state === 'created'
  if (current.state === 'running' && !starting)
    return { state: { running: { startedAt: timestamp(current.startedAt) } }, last }
  if (current.state !== 'exited') return { state: waiting(input, container), last }
  const wait = restarting(input, container, current)
  return wait === undefined
    ? { state: endState(current, input.memory), last }
    : { state: wait, last: endState(current, input.memory) }
}

/** A container that the API knows to have run, of which the runtime knows nothing any more. */
function lost(input: StatusInput, container: Container): ContainerState | undefined {
  const before = input.pod.status
  const old = [...(before?.containerStatuses ?? []), ...(before?.initContainerStatuses ?? [])].find(
    one => one.name === container.name,
  )
  if (old?.state?.terminated !== undefined) return old.state
  if (!input.terminal) return undefined
  const message = 'The container could not be located when the pod was terminated'
  return { terminated: { exitCode: 137, reason: 'ContainerStatusUnknown', message } }
}

function containerStatus(
  input: StatusInput,
  container: Container,
  kind: 'init' | 'main' | 'ephemeral',
): ContainerStatus {
  const all = input.runtime.containers.filter(one => one.name === container.name)
  const [current] = all
  const { state, last } = stateOf(input, container, all)
  const running = state.running !== undefined && current !== undefined
  const { started, ready } = running
    ? health(container, input.memory.probes, current.id)
    : { started: false, ready: false }
  const completed = kind === 'init' && !isSidecar(container) && state.terminated?.exitCode === 0
  const resources = container.resources
  return {
    name: container.name,
    state,
    lastState: last ?? {},
    ready: completed || ready,
    restartCount: current?.attempt ?? 0,
    image: current?.image || (container.image ?? ''),
    imageID: current?.imageRef ?? '',
    ...(current === undefined ? {} : { containerID: containerID(current.id) }),
    started,
    ...(resources === undefined || Object.keys(resources).length === 0 ? {} : { resources }),
    ...(resources?.requests === undefined || !running ? {} : { allocatedResources: resources.requests }),
    ...mountsOf(container),
    ...(current?.user === undefined || !running
      ? {}
      : { user: { linux: { uid: current.user.uid, gid: current.user.gid, supplementalGroups: current.user.groups } } }),
  }
}

function mountsOf(container: Container): Pick<ContainerStatus, 'volumeMounts'> {
  const mounts = container.volumeMounts ?? []
  if (mounts.length === 0) return {}
  return {
    volumeMounts: mounts.map(({ name, mountPath, readOnly }) => ({
      name,
      mountPath,
      ...(readOnly === true ? { readOnly, recursiveReadOnly: 'Disabled' } : {}),
    })),
  }
}

const byName = (a: ContainerStatus, b: ContainerStatus): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0)

function phaseOf(input: StatusInput, init: readonly ContainerStatus[], main: readonly ContainerStatus[]) {
  const before = input.pod.status?.phase
  if (before === 'Failed' || before === 'Succeeded') return before
  // A pod that has failed as a whole is not terminal before its last container has ended.
  if (input.memory.failed !== undefined && input.terminal) return 'Failed'
  return podPhase(input.pod, { init, main }, input.terminal)
}

function addresses(input: StatusInput): Partial<PodStatus> {
  const { pod, runtime, hostIPs } = input
  const own = pod.spec.hostNetwork === true ? hostIPs : (runtime.sandboxes[0]?.ips ?? [])
  const kept = own.length > 0 ? own : (pod.status?.podIPs ?? []).map(one => one.ip)
  return {
    ...(hostIPs[0] === undefined ? {} : { hostIP: hostIPs[0], hostIPs: hostIPs.map(ip => ({ ip })) }),
    ...(kept[0] === undefined ? {} : { podIP: kept[0], podIPs: kept.map(ip => ({ ip })) }),
  }
}

export function podStatus(input: StatusInput): PodStatus {
  const { pod, memory, now } = input
  const init = initContainers(pod).map(one => containerStatus(input, one, 'init'))
  const main = pod.spec.containers.map(one => containerStatus(input, one, 'main')).sort(byName)
  const extra = ephemeralContainers(pod)
    .map(one => containerStatus(input, one, 'ephemeral'))
    .sort(byName)
  const phase = phaseOf(input, init, main)
  const sandbox = input.runtime.sandboxes[0]?.ready === true
  const before = pod.status
  const told =
    memory.failed !== undefined && input.terminal ? memory.failed : before?.phase === phase ? before : undefined
  const { reason, message } = told ?? {}
  return {
    ...(pod.metadata.generation === undefined ? {} : { observedGeneration: pod.metadata.generation }),
    phase,
    conditions: podConditions({ pod, phase, init, main, sandbox, now }, before?.conditions ?? []),
    ...(message === undefined ? {} : { message }),
    ...(reason === undefined ? {} : { reason }),
    ...addresses(input),
    startTime: before?.startTime ?? timestamp(memory.since),
    ...(init.length === 0 ? {} : { initContainerStatuses: init }),
    containerStatuses: main,
    ...(extra.length === 0 ? {} : { ephemeralContainerStatuses: extra }),
    qosClass: before?.qosClass ?? qosClass(pod),
  }
}
