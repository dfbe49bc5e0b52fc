/** The conditions of a pod that its node reports. */
import { isSidecar } from '#kinds/facts/pods.ts'
import { timestamp } from '#base/clock.ts'
import type { ContainerStatus, Pod, PodCondition, PodStatus } from '#kinds/facts/generated/types/core_v1.ts'
import { initContainers } from './spec.ts'

type Phase = NonNullable<PodStatus['phase']>
type Verdict = Omit<PodCondition, 'type' | 'lastTransitionTime' | 'lastProbeTime'>

export interface Observed {
  readonly pod: Pod
  readonly phase: Phase
  readonly init: readonly ContainerStatus[]
  readonly main: readonly ContainerStatus[]
  /** A sandbox with its network exists. */
  readonly sandbox: boolean
  /** Milliseconds. */
  readonly now: number
}

/** Types that only the node sets; all others are somebody else's and stay as they are. */
const ours: ReadonlySet<string> = new Set([
  'PodReadyToStartContainers',
  'Initialized',
  'Ready',
  'ContainersReady',
  'PodScheduled',
])

export const isOurs = (type: string): boolean => ours.has(type)

const yes: Verdict = { status: 'True' }
const no = (reason: string, message?: string): Verdict => ({
  status: 'False',
  reason,
  ...(message === undefined ? {} : { message }),
})
const listed = (what: string, names: readonly string[]): readonly string[] =>
  names.length === 0 ? [] : [`containers with ${what} status: [${names.join(' ')}]`]

function split(
  names: readonly string[],
  statuses: readonly ContainerStatus[],
  good: (one: ContainerStatus) => boolean,
) {
  const known = new Map(statuses.map(status => [status.name, status]))
  const unknown = names.filter(name => !known.has(name))
  const bad = names.filter(name => {
    const status = known.get(name)
    return status !== undefined && !good(status)
  })
  return { unknown, bad }
}

function initialized({ pod, phase, init, main }: Observed): Verdict {
  const sidecars = new Set(
    initContainers(pod)
      .filter(isSidecar)
      .map(one => one.name),
  )
  const { unknown, bad } = split(
    initContainers(pod).map(one => one.name),
    init,
    status => (sidecars.has(status.name) ? status.started === true : status.ready),
  )
  if (phase === 'Succeeded' && unknown.length === 0) return { status: 'True', reason: 'PodCompleted' }
  const began = (one: ContainerStatus): boolean =>
    one.state?.running !== undefined || one.state?.terminated !== undefined || one.lastState?.terminated !== undefined
  if (main.some(began)) return yes
  const text = [...listed('unknown', unknown), ...listed('incomplete', bad)].join(', ')
  return text === '' ? yes : no('ContainersNotInitialized', text)
}

function containersReady({ pod, phase, init, main }: Observed): Verdict {
  const names = [...initContainers(pod).filter(isSidecar), ...pod.spec.containers].map(one => one.name)
  const { unknown, bad } = split(names, [...init, ...main], status => status.ready)
  if (phase === 'Succeeded' && unknown.length === 0) return no('PodCompleted')
  if (phase === 'Failed') return no('PodFailed')
  const text = [...listed('unknown', unknown), ...listed('unready', bad)].join(', ')
  return text === '' ? yes : no('ContainersNotReady', text)
}

function ready(observed: Observed, containers: Verdict): Verdict {
  if (containers.status !== 'True') return containers
  const conditions = new Map(observed.pod.status?.conditions?.map(one => [one.type, one.status]))
  const unmet = (observed.pod.spec.readinessGates ?? []).flatMap(({ conditionType }) => {
    const status = conditions.get(conditionType)
    if (status === undefined)
      return [`corresponding condition of pod readiness gate "${conditionType}" does not exist.`]
    return status === 'True' ? [] : [`the status of pod readiness gate "${conditionType}" is not "True", but ${status}`]
  })
  return unmet.length === 0 ? yes : no('ReadinessGatesNotReady', unmet.join(', '))
}

/** All conditions: others' as they are, then ours; the transition time moves only when the status does. */
export function podConditions(observed: Observed, previous: readonly PodCondition[]): readonly PodCondition[] {
  const containers = containersReady(observed)
  const verdicts: readonly (readonly [string, Verdict])[] = [
    ['PodReadyToStartContainers', { status: observed.sandbox ? 'True' : 'False' }],
    ['Initialized', initialized(observed)],
    ['Ready', ready(observed, containers)],
    ['ContainersReady', containers],
    ['PodScheduled', yes],
  ]
  const foreign = (observed.pod.status?.conditions ?? []).filter(one => !isOurs(one.type))
  const generation = observed.pod.metadata.generation
  const now = timestamp(observed.now)
  return [
    ...foreign,
    ...verdicts.map(([type, verdict]) => {
      const before = previous.find(one => one.type === type)
      const same = before?.status === verdict.status && before.lastTransitionTime !== undefined
      return {
        type,
        ...verdict,
        ...(generation === undefined ? {} : { observedGeneration: generation }),
        lastTransitionTime: same ? (before.lastTransitionTime ?? now) : now,
      }
    }),
  ]
}
