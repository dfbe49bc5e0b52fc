/** Runs what is decided about one pod: reads the runtime, decides, does the steps, reports, waits for something to change. */
import { join } from 'node:path'
import { keyOf } from '#api/metadata.ts'
import type { Container, Pod, PodStatus } from '#kinds/facts/generated/types/core_v1.ts'
import { rpcMessage } from '../cri/client.ts'
import { lastOutput, tailBytes } from '../logs.ts'
import { logDirectory, logFile, messageFile } from '../paths.ts'
import { isOurs } from '../pod/conditions.ts'
import { decidePod } from '../pod/decide.ts'
import { emptyMemory, nextBackoff, type PodMemory, retryDelay } from '../pod/memory.ts'
import { findContainer } from '../pod/spec.ts'
import type { Step } from '../pod/step.ts'
import { check } from '../probes/check.ts'
import { makeProber, type Prober, type ProbeKind } from '../probes/prober.ts'
import { noRuntime, readPod, type RuntimeContainer, type RuntimePod } from '../runtime.ts'
import { isLive } from '../volumes/volumes.ts'
import { type Context, hashOf, tellOf } from './context.ts'
import { quiet, quietPod } from './quiet.ts'
import { StepError, sandboxStep, volumesStep } from './prepare.ts'
import { makeReport, type Report } from './report.ts'
import { imageStep, startStep } from './start.ts'
import { deleteStep, killStep, releaseStep, removeStep } from './stop.ts'

/** Live volumes are looked at again this often, for tokens that have to be renewed. */
const refreshEvery = 60_000
const probeTitle = { startup: 'Startup', readiness: 'Readiness', liveness: 'Liveness' } as const

/** Outcome of a step: what is remembered when it went well. */
type Remember = (memory: PodMemory) => PodMemory

export class PodWorker {
  readonly uid: string
  readonly #context: Context
  readonly #onDone: () => void
  readonly #report: Report
  readonly #prober: Prober
  readonly #busy = new Map<string, AbortController>()
  #pod: Pod
  #gone = false
  #runtime: RuntimePod = noRuntime
  #memory: PodMemory
  #volumes: ReadonlyMap<string, string> = new Map()
  #stale: boolean
  /** The sandbox whose addresses the network knows. */
  #announced = ''
  #looping = false
  #again = false
  #stopped = false
  #cancel: () => void = () => undefined
  #cancelRefresh: () => void = () => undefined

  /** @param known the runtime has something of this pod already */
  constructor(context: Context, pod: Pod, options: { readonly known: boolean; readonly onDone: () => void }) {
    this.#context = context
    this.#pod = pod
    this.uid = pod.metadata.uid ?? ''
    this.#onDone = options.onDone
    this.#stale = options.known
    this.#memory = emptyMemory(context.clock.now())
    this.#report = makeReport(context)
    this.#prober = makeProber({
      clock: context.clock,
      check: (container, id, probe) => check({ cri: context.cri, container, id, ip: this.#ip() }, probe),
      onResult: (id, kind, result) => this.#probed(id, kind, result),
      onFailure: (container, kind, output) =>
        tellOf(context, this.#pod, container.name)(
          'Warning',
          'Unhealthy',
          `${probeTitle[kind]} probe failed: ${output}`,
        ),
    })
    if (isLive(pod)) this.#refreshLater()
  }

  get pod(): Pod {
    return this.#pod
  }
  get runtime(): RuntimePod {
    return this.#runtime
  }

  update(pod: Pod): void {
    const before = this.#pod
    this.#pod = pod
    const shown = ({ metadata }: Pod): string => JSON.stringify([metadata.labels, metadata.annotations])
    if (isLive(pod) && shown(before) !== shown(pod)) this.refreshVolumes()
    this.poke()
  }

  /** The API has forgotten the pod. */
  vanish(): void {
    this.#gone = true
    this.poke()
  }

  /** Something happened in the runtime. */
  stir(): void {
    this.#stale = true
    this.poke()
  }

  /** What volumes show may have changed. */
  refreshVolumes(): void {
    if (!this.#memory.volumes && this.#memory.failures.size === 0) return
    this.#memory = { ...this.#memory, failures: new Map([...this.#memory.failures].filter(([key]) => !mendable(key))) }
    if (this.#memory.volumes && !this.#memory.released && !this.#busy.has('volumes'))
      this.#begin({ do: 'volumes', key: 'volumes' })
    this.poke()
  }

  poke(): void {
    if (this.#looping) this.#again = true
    else void this.#loop()
  }

  /** Ends decisions and probes; the pod keeps running. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancel()
    this.#cancelRefresh()
    this.#prober.stop()
    for (const abort of this.#busy.values()) abort.abort()
    await this.#report.settled()
  }

  #ip(): string {
    return this.#pod.spec.hostNetwork === true
      ? (this.#context.hostIPs()[0] ?? '127.0.0.1')
      : (this.#runtime.sandboxes[0]?.ips[0] ?? '')
  }

  async #loop(): Promise<void> {
    this.#looping = true
    do {
      this.#again = false
      try {
        await this.#turn()
      } catch (error) {
        const said = quiet(this.#context.objects, this.#pod, rpcMessage(error))
        this.#context.log.warn('pod', { pod: keyOf(this.#pod), error: said })
        this.#wakeAt(this.#context.clock.now() + 1_000)
      }
    } while (this.#again && !this.#stopped)
    this.#looping = false
  }

  async #turn(): Promise<void> {
    if (this.#stopped) return
    const { clock, cri } = this.#context
    if (this.#stale) {
      this.#stale = false
      const before = this.#runtime
      try {
        this.#runtime = quietPod(this.#context.objects, this.#pod, await readPod(cri, this.uid, before))
      } catch (error) {
        this.#stale = true
        throw error
      }
      this.#announce()
      await this.#hearLastWords()
    }
    const decision = decidePod({
      pod: this.#merged(),
      runtime: this.#runtime,
      memory: this.#memory,
      busy: new Set(this.#busy.keys()),
      now: clock.now(),
      hostIPs: this.#context.hostIPs(),
      gone: this.#gone,
      hashOf,
    })
    if (decision.failed !== undefined && this.#memory.failed === undefined) {
      this.#memory = { ...this.#memory, failed: decision.failed }
      tellOf(this.#context, this.#pod)('Normal', decision.failed.reason, decision.failed.message)
    }
    if (!this.#gone) this.#report.put(this.#pod, decision.status)
    for (const step of decision.steps) this.#begin(step)
    this.#probe()
    this.#cancel()
    if (decision.wakeAt !== undefined) this.#wakeAt(decision.wakeAt)
  }

  /** The API's pod with what we reported last, which may not have come back yet. */
  #merged(): Pod {
    const last = this.#report.last()
    const status = this.#pod.status
    const over = status?.phase === 'Failed' || status?.phase === 'Succeeded'
    if (last === undefined || over) return this.#pod
    const foreign = (status?.conditions ?? []).filter(one => !isOurs(one.type))
    const own = (last.conditions ?? []).filter(one => isOurs(one.type))
    const merged: PodStatus = { ...status, ...last, conditions: [...foreign, ...own] }
    return { ...this.#pod, status: merged }
  }

  #wakeAt(at: number): void {
    this.#cancel()
    this.#cancel = this.#context.clock.after(Math.max(1, at - this.#context.clock.now()), () => this.poke())
  }

  #refreshLater(): void {
    this.#cancelRefresh = this.#context.clock.after(refreshEvery, () => {
      this.refreshVolumes()
      this.#refreshLater()
    })
  }

  #probe(): void {
    const running = this.#runtime.containers.filter(
      one => one.state === 'running' && !this.#busy.has(`start:${one.name}`),
    )
    const ending = this.#gone || this.#pod.metadata.deletionTimestamp !== undefined
    const targets = ending ? [] : running
    this.#prober.keep(
      targets.flatMap(runtime => {
        const container: Container | undefined = findContainer(this.#pod, runtime.name)
        return container === undefined ? [] : [{ container, runtime }]
      }),
    )
  }

  #probed(id: string, kind: ProbeKind, result: boolean): void {
    const probes = new Map(this.#memory.probes)
    probes.set(id, { ...probes.get(id), [kind]: result })
    this.#memory = { ...this.#memory, probes }
    this.poke()
  }

  /** The rules of its network are written while its images and volumes are looked after; whoever starts it waits for them. */
  #announce(): void {
    const [sandbox] = this.#runtime.sandboxes
    if (sandbox === undefined || sandbox.ips.length === 0 || sandbox.id === this.#announced) return
    this.#announced = sandbox.id
    if (this.#pod.spec.hostNetwork !== true) this.#context.admit(this.#pod, sandbox.ips).catch(() => undefined)
  }

  /** Termination messages of containers that have ended since. */
  async #hearLastWords(): Promise<void> {
    const fresh = this.#runtime.containers.filter(one => one.state === 'exited' && !this.#memory.messages.has(one.id))
    if (fresh.length === 0) return
    const messages = new Map(this.#memory.messages)
    for (const one of fresh) messages.set(one.id, await this.#lastWords(one))
    this.#memory = { ...this.#memory, messages }
  }

  async #lastWords(one: RuntimeContainer): Promise<string> {
    const text = await tailBytes(messageFile(this.#context.paths, this.uid, one), 4096)
    const container = findContainer(this.#pod, one.name)
    if (text !== '' || one.exitCode === 0 || container?.terminationMessagePolicy !== 'FallbackToLogsOnError')
      return text === '' ? one.message : text
    return await lastOutput(join(logDirectory(this.#context.paths, this.#pod), logFile(one.name, one.attempt)))
  }

  #begin(step: Step): void {
    if (this.#busy.has(step.key) || this.#stopped) return
    const abort = new AbortController()
    this.#busy.set(step.key, abort)
    this.#memory = before(this.#memory, step, this.#context.clock.now())
    void this.#perform(step, abort.signal)
      .then(remember => this.#succeeded(step, remember))
      .catch((error: unknown) => this.#failedStep(step, error))
      .finally(() => {
        this.#busy.delete(step.key)
        this.stir()
      })
  }

  #succeeded(step: Step, remember: Remember): void {
    const failures = new Map(this.#memory.failures)
    failures.delete(step.key)
    this.#memory = remember({ ...this.#memory, failures })
    if (step.do !== 'remove') return
    void this.stop()
    this.#onDone()
  }

  #failedStep(step: Step, error: unknown): void {
    if (this.#stopped) return
    const now = this.#context.clock.now()
    const count = (this.#memory.failures.get(step.key)?.count ?? 0) + 1
    const reason = error instanceof StepError ? error.reason : 'Error'
    const said = error instanceof StepError ? error.message : rpcMessage(error)
    const message = quiet(this.#context.objects, this.#pod, said)
    const failures = new Map(this.#memory.failures)
    failures.set(step.key, { reason, message, count, at: now, retryAt: now + retryDelay(step.key, count) })
    this.#memory = { ...this.#memory, failures }
    this.#context.log.info('pod step failed', { pod: keyOf(this.#pod), step: step.key, error: message.slice(0, 1_000) })
  }

  async #perform(step: Step, signal: AbortSignal): Promise<Remember> {
    const [context, pod] = [this.#context, this.#pod]
    switch (step.do) {
      case 'volumes':
        this.#volumes = await volumesStep(context, pod, this.#runtime.sandboxes[0]?.ips ?? [])
        return memory => ({ ...memory, volumes: true })
      case 'sandbox':
        await sandboxStep(context, pod, step.attempt)
        return memory => memory
      case 'image':
        await imageStep(context, pod, { name: step.container, signal })
        return memory => ({ ...memory, images: new Map(memory.images).set(step.container, step.attempt) })
      case 'start':
        await this.#start(step.container, step.attempt)
        return memory => memory
      case 'kill': {
        const { id, container: name, graceSeconds, message } = step
        await killStep(context, { pod, id, name, ip: this.#ip(), graceSeconds, message })
        return memory => memory
      }
      case 'forget':
        await context.cri.runtime.removeContainer({ containerId: step.id })
        return memory => memory
      case 'stopSandbox':
        await context.cri.runtime.stopPodSandbox({ podSandboxId: step.id })
        return memory => memory
      case 'release':
        await releaseStep(context, this.uid, this.#runtime)
        return memory => ({ ...memory, released: true })
      case 'delete':
        await this.#report.settled()
        await deleteStep(context, pod)
        return memory => memory
      case 'remove':
        await removeStep(context, pod, this.#runtime)
        return memory => ({ ...memory, removed: true })
    }
  }

  async #start(name: string, attempt: number): Promise<void> {
    const [sandbox] = this.#runtime.sandboxes
    if (sandbox === undefined) throw new StepError('CreateContainerError', 'the sandbox is gone')
    await startStep(this.#context, { pod: this.#pod, name, attempt, sandbox, volumes: this.#volumes })
  }
}

/** What is remembered of a step as soon as it begins. */
function before(memory: PodMemory, step: Step, now: number): PodMemory {
  if (step.do === 'kill' && step.last) return { ...memory, stopping: memory.stopping ?? now }
  if (step.do !== 'start' || !step.crashed) return memory
  const backoffs = new Map(memory.backoffs)
  return { ...memory, backoffs: backoffs.set(step.container, nextBackoff(backoffs.get(step.container), now)) }
}

/** Failures that a change of a secret or config map may mend. */
const mendable = (key: string): boolean => key === 'volumes' || key.startsWith('start:') || key.startsWith('image:')
