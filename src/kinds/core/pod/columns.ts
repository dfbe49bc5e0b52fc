/** What `kubectl get pods` shows: one status word and one count out of many containers' states. */
import type { Column } from '#api/kind.ts'
import { age, name, since, text, wide } from '../../columns.ts'
import type { ContainerStateTerminated, ContainerStatus, Pod } from '#kinds/facts/generated/types/core_v1.ts'

interface Summary {
  reason: string
  ready: number
  total: number
  restarts: number
  /** RFC 3339; when a container last ended before it was started again. */
  lastRestart: string
}

const isTrue = (pod: Pod, type: string): boolean =>
  (pod.status?.conditions ?? []).some(one => one.type === type && one.status === 'True')

const sidecars = (pod: Pod): ReadonlySet<string> =>
  new Set((pod.spec.initContainers ?? []).filter(one => one.restartPolicy === 'Always').map(one => one.name))

const later = (a: string, status: ContainerStatus): string => {
  const b = status.lastState?.terminated?.finishedAt ?? ''
  return b > a ? b : a
}

function ended(state: ContainerStateTerminated): string {
  if (state.reason) return state.reason
  return state.signal ? `Signal:${state.signal}` : `ExitCode:${state.exitCode}`
}

/** Why an init container keeps the pod from starting; undefined when it does not. */
function blocks(status: ContainerStatus, sidecar: boolean, progress: string): string | undefined {
  const { terminated, waiting } = status.state ?? {}
  if (terminated?.exitCode === 0 || (sidecar && status.started === true)) return undefined
  if (terminated !== undefined) return `Init:${ended(terminated)}`
  return waiting?.reason && waiting.reason !== 'PodInitializing' ? `Init:${waiting.reason}` : `Init:${progress}`
}

/** Reads the init containers. @returns whether one of them still blocks. */
function readInit(pod: Pod, summary: Summary): boolean {
  const restartable = sidecars(pod)
  const own = { restarts: 0, lastRestart: '' }
  let blocked = false
  for (const [index, status] of (pod.status?.initContainerStatuses ?? []).entries()) {
    const sidecar = restartable.has(status.name)
    summary.restarts += status.restartCount
    summary.lastRestart = later(summary.lastRestart, status)
    if (sidecar) {
      own.restarts += status.restartCount
      own.lastRestart = later(own.lastRestart, status)
    }
    const reason = blocks(status, sidecar, `${index}/${pod.spec.initContainers?.length ?? 0}`)
    if (reason !== undefined) {
      summary.reason = reason
      blocked = true
      break
    }
    if (sidecar && status.started === true && status.state?.terminated?.exitCode !== 0 && status.ready) summary.ready++
  }
  if (!blocked || isTrue(pod, 'Initialized')) Object.assign(summary, own)
  return blocked
}

/** Reads the main containers, the first one's state counting most. */
function readMain(pod: Pod, summary: Summary): void {
  let running = false
  let failure = ''
  for (const status of (pod.status?.containerStatuses ?? []).toReversed()) {
    const { waiting, terminated } = status.state ?? {}
    summary.restarts += status.restartCount
    summary.lastRestart = later(summary.lastRestart, status)
    if (waiting?.reason) summary.reason = waiting.reason
    else if (terminated !== undefined) {
      summary.reason = ended(terminated)
      if (terminated.exitCode !== 0) failure = summary.reason
    } else if (status.ready && status.state?.running !== undefined) {
      running = true
      summary.ready++
    }
  }
  if (summary.reason !== 'Completed') return
  if (running && isTrue(pod, 'Ready')) summary.reason = 'Running'
  else if (failure !== '') summary.reason = failure
  else if (running) summary.reason = 'NotReady'
}

function summarize(pod: Pod): Summary {
  const { phase = '', reason, conditions = [] } = pod.status ?? {}
  const gated = conditions.some(one => one.type === 'PodScheduled' && one.reason === 'SchedulingGated')
  const summary: Summary = {
    reason: gated ? 'SchedulingGated' : reason || phase,
    ready: 0,
    total: pod.spec.containers.length + sidecars(pod).size,
    restarts: 0,
    lastRestart: '',
  }
  if (!readInit(pod, summary) || isTrue(pod, 'Initialized')) readMain(pod, summary)
  if (pod.metadata.deletionTimestamp !== undefined) {
    if (reason === 'NodeLost') summary.reason = 'Unknown'
    else if (phase !== 'Failed' && phase !== 'Succeeded') summary.reason = 'Terminating'
  }
  return summary
}

function restartsOf(pod: Pod, now: number): string {
  const { restarts, lastRestart } = summarize(pod)
  return restarts === 0 || lastRestart === '' ? String(restarts) : `${restarts} (${since(lastRestart, now)} ago)`
}

function gatesOf(pod: Pod): string {
  const gates = pod.spec.readinessGates ?? []
  const open = gates.filter(gate => isTrue(pod, gate.conditionType))
  return gates.length === 0 ? '<none>' : `${open.length}/${gates.length}`
}

export const podColumns: readonly Column<Pod>[] = [
  name,
  text('Ready', pod => {
    const { ready, total } = summarize(pod)
    return `${ready}/${total}`
  }),
  text('Status', pod => summarize(pod).reason),
  text('Restarts', restartsOf),
  age,
  wide(text('IP', pod => pod.status?.podIPs?.[0]?.ip || '<none>')),
  wide(text('Node', pod => pod.spec.nodeName || '<none>')),
  wide(text('Nominated Node', pod => pod.status?.nominatedNodeName || '<none>')),
  wide(text('Readiness Gates', gatesOf)),
]
