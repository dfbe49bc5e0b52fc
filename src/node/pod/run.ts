/** How a pod comes up and is kept up: sandbox, init containers in order, sidecars beside them, then the containers. */
import { isSidecar } from '#kinds/facts/pods.ts'
import type { Container, Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { RuntimeContainer, RuntimeSandbox } from '../runtime.ts'
import type { Plan, PodInput, Step } from './step.ts'
import { graceOf } from './end.ts'
import { ephemeralContainers, initContainers, restartsAfterKill, shouldRestart } from './spec.ts'
import { health } from './status.ts'

/** A container to start, in the order of starting. */
interface Wanted {
  readonly container: Pick<Container, 'name' | 'image'>
  readonly last: RuntimeContainer | undefined
}

interface Progress {
  readonly wanted: readonly Wanted[]
  readonly kills: readonly Step[]
  /** Nothing is left to run. */
  readonly finished: boolean
}

const latest = (input: PodInput, name: string): RuntimeContainer | undefined =>
  input.runtime.containers.find(one => one.name === name)

function kill(input: PodInput, one: RuntimeContainer, message: string): Step {
  const graceSeconds = probeGrace(input.pod, one.name) ?? graceOf(input.pod, false)
  return { do: 'kill', key: `kill:${one.id}`, id: one.id, container: one.name, graceSeconds, message, last: false }
}

const probeGrace = (pod: Pod, name: string): number | undefined => {
  const container = [...pod.spec.containers, ...initContainers(pod)].find(one => one.name === name)
  return (
    container?.livenessProbe?.terminationGracePeriodSeconds ?? container?.startupProbe?.terminationGracePeriodSeconds
  )
}

/** Why a running container must be ended, else undefined. */
function unfit(
  input: PodInput,
  container: Container,
  one: RuntimeContainer,
): { text: string; again: boolean } | undefined {
  const probed = input.memory.probes.get(one.id)
  const again = restartsAfterKill(input.pod.spec, container)
  const { name } = container
  const suffix = again ? ', will be restarted' : ''
  if (one.hash !== '' && one.hash !== input.hashOf(container))
    return { text: `Container ${name} definition changed, will be restarted`, again: true }
  if (probed?.liveness === false) return { text: `Container ${name} failed liveness probe${suffix}`, again }
  if (probed?.startup === false) return { text: `Container ${name} failed startup probe${suffix}`, again }
  return undefined
}

/** Init containers up to the first that is not through; once all are, the sidecars to be started again. */
function initProgress(
  input: PodInput,
  sandbox: RuntimeSandbox | undefined,
): Progress | { readonly sidecars: readonly Wanted[]; readonly kills: readonly Step[] } {
  const { pod, runtime, memory } = input
  const names = new Set(pod.spec.containers.map(one => one.name))
  const own = (name: string): RuntimeContainer | undefined =>
    runtime.containers.find(one => one.name === name && one.sandbox === sandbox?.id)
  const initialized = runtime.containers.some(one => names.has(one.name) && one.sandbox === sandbox?.id)
  const wanted: Wanted[] = []
  const kills: Step[] = []
  for (const container of initContainers(pod)) {
    const one = own(container.name)
    const again = { container, last: latest(input, container.name) }
    if (isSidecar(container)) {
      const bad = one?.state === 'running' ? unfit(input, container, one) : undefined
      if (one !== undefined && bad !== undefined) kills.push(kill(input, one, bad.text))
      if (one?.state !== 'running' && one?.state !== 'unknown') wanted.push(again)
      const up = one?.state === 'running' && health(container, memory.probes, one.id).started
      if (!up && !initialized) return { wanted, kills, finished: false }
      continue
    }
    if (initialized || (one?.state === 'exited' && one.exitCode === 0)) continue
    if (one?.state === 'running') return { wanted, kills, finished: false }
    if (one?.state === 'exited' && !shouldRestart(pod.spec, container, one.exitCode))
      return { wanted: [], kills, finished: true }
    return { wanted: [...wanted, again], kills, finished: false }
  }
  return { sidecars: wanted, kills }
}

function mainProgress(
  input: PodInput,
  sandbox: RuntimeSandbox | undefined,
): Omit<Progress, 'finished'> & { kept: number } {
  const { pod } = input
  const wanted: Wanted[] = []
  const kills: Step[] = []
  let kept = 0
  for (const container of pod.spec.containers) {
    const last = latest(input, container.name)
    const here = last !== undefined && last.sandbox === sandbox?.id
    const orphan = last?.state === 'created' && !input.busy.has(`start:${container.name}`)
    if (last === undefined || orphan) wanted.push({ container, last })
    else if (!here || last.state === 'exited') {
      // Of a sandbox that was lost, what still ran is started anew; what had ended only where its policy says so.
      const code = last.state === 'exited' ? last.exitCode : 137
      if (shouldRestart(pod.spec, container, code)) wanted.push({ container, last })
    } else {
      const bad = last.state === 'running' ? unfit(input, container, last) : undefined
      if (bad === undefined || bad.again) kept++
      if (bad !== undefined) kills.push(kill(input, last, bad.text))
    }
  }
  return { wanted, kills, kept }
}

function progress(input: PodInput, sandbox: RuntimeSandbox | undefined): Progress {
  const extra = ephemeralContainers(input.pod)
    .filter(container => latest(input, container.name) === undefined)
    .map((container): Wanted => ({ container, last: undefined }))
  const init = initProgress(input, sandbox)
  if ('finished' in init) return { ...init, wanted: [...init.wanted, ...extra] }
  const { wanted, kills, kept } = mainProgress(input, sandbox)
  if (kept === 0 && wanted.length === 0) return { wanted: [], kills: [], finished: true }
  return {
    wanted: [...init.sidecars, ...wanted, ...extra],
    kills: [...init.kills, ...kills],
    finished: false,
  }
}

/** Steps towards running containers, with the moment when what must wait now may go on. */
class Steps {
  readonly list: Step[] = []
  wakeAt: number | undefined
  readonly sandbox: RuntimeSandbox | undefined
  readonly #input: PodInput
  constructor(input: PodInput, sandbox: RuntimeSandbox | undefined) {
    this.#input = input
    this.sandbox = sandbox
  }
  wake(at: number): void {
    this.wakeAt = Math.min(this.wakeAt ?? at, at)
  }
  /** Adds the step unless an earlier failure makes it wait. */
  add(step: Step): boolean {
    const failure = this.#input.memory.failures.get(step.key)
    if (failure !== undefined && failure.retryAt > this.#input.now) {
      // One more look shortly after: the reason shown changes from the error to the back-off.
      this.wake(this.#input.now - failure.at < 1_000 ? failure.at + 1_000 : failure.retryAt)
      return false
    }
    this.list.push(step)
    return true
  }
  plan(): Plan {
    return { steps: this.list, ...(this.wakeAt === undefined ? {} : { wakeAt: this.wakeAt }) }
  }
}

/** True while the next container in order has to wait for this one. */
function advance(input: PodInput, steps: Steps, wanted: Wanted): boolean {
  const { memory, now, busy } = input
  const { container, last } = wanted
  const { sandbox } = steps
  const { name } = container
  const attempt = last === undefined ? 0 : last.attempt + 1
  const backoff = memory.backoffs.get(name)
  const crashed = last?.state === 'exited'
  if (
    crashed &&
    backoff !== undefined &&
    backoff.at <= last.finishedAt &&
    now - last.finishedAt < backoff.milliseconds
  ) {
    steps.wake(last.finishedAt + backoff.milliseconds)
    return false
  }
  if (busy.has(`start:${name}`)) return true
  if (memory.images.get(name) !== attempt) {
    if (!busy.has(`image:${name}`)) steps.add({ do: 'image', key: `image:${name}`, container: name, attempt })
    return !memory.failures.has(`image:${name}`)
  }
  if (sandbox === undefined || !memory.volumes) return true
  steps.add({ do: 'start', key: `start:${name}`, container: name, attempt, sandbox: sandbox.id, crashed })
  return !memory.failures.has(`start:${name}`)
}

/** Dead containers beyond the last one of each name. */
function forgettable(input: PodInput): readonly Step[] {
  const seen = new Map<string, number>()
  return input.runtime.containers.flatMap((one): readonly Step[] => {
    const count = (seen.get(one.name) ?? 0) + 1
    seen.set(one.name, count)
    return count > 2 && one.state === 'exited' ? [{ do: 'forget', key: `forget:${one.id}`, id: one.id }] : []
  })
}

function finish(input: PodInput): Plan {
  const running = input.runtime.containers.filter(one => one.state === 'running')
  return { steps: running.map(one => kill(input, one, `Stopping container ${one.name}`)) }
}

export function decideRun(input: PodInput): Plan {
  const { runtime, memory } = input
  const [current] = runtime.sandboxes
  const sandbox = current?.ready === true ? current : undefined
  const { wanted, kills, finished } = progress(input, sandbox ?? current)
  if (finished) return finish(input)
  const steps = new Steps(input, sandbox)
  for (const step of kills) steps.add(step)
  if (!memory.volumes) steps.add({ do: 'volumes', key: 'volumes' })
  if (sandbox === undefined && wanted.length > 0) {
    const left = runtime.containers.filter(one => one.state === 'running')
    if (current !== undefined && left.length > 0)
      steps.add({ do: 'stopSandbox', key: `stop:${current.id}`, id: current.id })
    else steps.add({ do: 'sandbox', key: 'sandbox', attempt: current === undefined ? 0 : current.attempt + 1 })
  }
  for (const one of wanted) if (advance(input, steps, one)) break
  for (const step of forgettable(input)) steps.add(step)
  return steps.plan()
}
