/** Runs the scheduler: follows the cluster, places one pod after the other, binds them. */
import { type Clock, timestamp } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { decisionAnnotation, decisionOfPod } from '#kinds/facts/bulwark.ts'
import { namespaces, nodes, pods } from '#kinds/facts/generated/refs.ts'
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { type JsonObject, keyOf } from '#api/metadata.ts'
import type { Reader } from '#api/reader.ts'
import { isReason } from '#api/status.ts'
import type { Client } from '#client/client.ts'
import type { Rule } from '#client/controller.ts'
import { type Recorder, makeRecorder } from '#client/events.ts'
import type { Pace } from '#client/pace.ts'
import { condition } from '#controllers/conditions.ts'
import { eventWriter, reading, rule } from '#controllers/rules.ts'
import { follow } from './follow.ts'
import { type Unplaced, place } from './place.ts'
import { plugins } from './plugins/index.ts'
import { type Preemption, preempt } from './preempt.ts'
import { type Entry, SchedulingQueue } from './queue.ts'
import { Cluster, type PodInfo } from './snapshot.ts'

export const schedulerRules: readonly Rule[] = [
  rule('', ['nodes', 'namespaces', 'services', 'persistentvolumeclaims', 'persistentvolumes'], reading),
  rule('', ['pods'], ['delete', ...reading]),
  rule('', ['pods/binding', 'bindings'], ['create']),
  rule('', ['pods/status'], ['patch', 'update']),
  rule('policy', ['poddisruptionbudgets'], reading),
  eventWriter,
]

export interface SchedulerParts {
  readonly client: Client
  readonly reader: Reader
  readonly clock: Clock
  readonly log: Log
  readonly pace: Pace
  /** 0 ≤ x < 1. */
  readonly random: () => number
  /** Pods that name this scheduler are ours; `default-scheduler` when absent. */
  readonly name?: string
}

export interface Scheduler {
  readonly ready: Promise<void>
  meter(): Readonly<Record<'placed' | 'refused' | 'errors' | 'active' | 'waiting', number>>
  stop(): Promise<void>
}

/** Bindings under way at most. */
const bindingMost = 64

class Scheduling implements Scheduler {
  readonly ready: Promise<void>
  readonly #parts: SchedulerParts
  readonly #name: string
  readonly #cluster = new Cluster()
  readonly #queue: SchedulingQueue
  readonly #recorder: Recorder
  readonly #underWay = new Set<Promise<void>>()
  readonly #meter = { placed: 0, refused: 0, errors: 0 }
  #ends: readonly (() => void)[] = []
  #running = false
  #stopped = false
  #start = 0

  constructor(parts: SchedulerParts) {
    this.#parts = parts
    this.#name = parts.name ?? 'default-scheduler'
    this.#queue = new SchedulingQueue(parts.clock, plugins, () => this.#pump())
    this.#recorder = makeRecorder({ client: parts.client, clock: parts.clock, component: this.#name })
    this.ready = this.#begin()
    this.ready.catch(() => undefined)
  }

  meter() {
    const { active, waiting } = this.#queue.counts()
    return { ...this.#meter, active, waiting }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    for (const end of this.#ends) end()
    this.#queue.stop()
    await Promise.allSettled([this.ready, ...this.#underWay])
    await this.#recorder.flush()
  }

  async #begin(): Promise<void> {
    const { reader } = this.#parts
    await reader.require([nodes, pods, namespaces])
    if (!this.#stopped)
      this.#ends = follow(reader, { cluster: this.#cluster, queue: this.#queue, scheduler: this.#name })
  }

  #pump(): void {
    if (this.#running || this.#stopped) return
    this.#running = true
    const work = this.#drain().finally(() => {
      this.#running = false
      this.#underWay.delete(work)
    })
    this.#underWay.add(work)
  }

  async #drain(): Promise<void> {
    // All changes of one turn of the event loop are seen before the first pod is placed.
    await Promise.resolve()
    for (;;) {
      for (let wait = this.#parts.pace.turn(); wait !== undefined; wait = this.#parts.pace.turn()) await wait
      while (this.#underWay.size > bindingMost) await Promise.race([...this.#underWay].slice(1))
      const entry = this.#stopped ? undefined : this.#queue.pop()
      if (entry === undefined) return
      this.#one(entry)
    }
  }

  #one(entry: Entry): void {
    try {
      const options = { plugins, random: this.#parts.random, start: this.#start }
      const decision = place(entry.info, this.#cluster, options)
      if (decision.placed) {
        this.#start = decision.next
        this.#cluster.setPod(entry.info, decision.node)
        this.#track(this.#bind(entry, decision.node))
      } else this.#refuse(entry, decision)
    } catch (error) {
      this.#failed(entry, error)
    }
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#underWay.delete(tracked))
    this.#underWay.add(tracked)
  }

  async #bind(entry: Entry, node: string): Promise<void> {
    const { pod, key } = entry.info
    const { name = '', namespace = '', uid = '' } = pod.metadata
    const target = { kind: 'Node', name: node }
    const body = { apiVersion: 'v1', kind: 'Binding', metadata: { name, namespace, uid }, target }
    try {
      await this.#parts.client.post(pods, key, { subresource: 'binding', body })
      this.#meter.placed++
      this.#cluster.nominate(entry.info, undefined)
      const message = `Successfully assigned ${namespace}/${name} to ${node}`
      this.#recorder.record({ about: pod, type: 'Normal', reason: 'Scheduled', message })
    } catch (error) {
      // A conflict is a pod that somebody else has bound: its change says where it is.
      if (this.#cluster.nodeOf(key) === node && !this.#isBound(key)) this.#cluster.removePod(key)
      if (isReason(error, 'NotFound') || isReason(error, 'Conflict')) this.#queue.park(entry, new Set())
      else this.#failed(entry, error)
      this.#queue.wake(new Set(['pod gone']))
    }
  }

  #isBound(key: string): boolean {
    return (this.#parts.reader.get(pods, key)?.spec.nodeName ?? '') !== ''
  }

  #failed(entry: Entry, error: unknown): void {
    this.#meter.errors++
    const message = error instanceof Error ? error.message : String(error)
    this.#parts.log.error('cannot schedule', { pod: entry.info.key, error: message })
    this.#report(entry.info, { reason: 'SchedulerError', message })
    this.#queue.park(entry, new Set())
  }

  #refuse(entry: Entry, decision: Unplaced): void {
    this.#meter.refused++
    const { info } = entry
    const { preemption, message } = preempt(info, decision, { cluster: this.#cluster, plugins })
    const told = decision.message + message
    if (preemption !== undefined) {
      this.#cluster.nominate(info, preemption.node)
      this.#track(this.#evict(info, preemption))
    }
    this.#report(info, { reason: 'Unschedulable', message: told, nominated: preemption?.node })
    this.#queue.park(entry, decision.plugins.size === 0 ? new Set(['NodeName']) : decision.plugins)
  }

  async #evict(info: PodInfo, { node, victims }: Preemption): Promise<void> {
    for (const victim of victims)
      try {
        const content = status({
          type: 'DisruptionTarget',
          status: 'True',
          reason: 'PreemptionByScheduler',
          message: `${this.#name}: preempting to accommodate a higher priority pod`,
          lastTransitionTime: timestamp(this.#parts.clock.now()),
        })
        await this.#parts.client.patch(pods, victim.key, { type: 'strategic', content, subresource: 'status' })
        const uid = victim.pod.metadata.uid
        await this.#parts.client.delete(pods, victim.key, uid === undefined ? {} : { preconditions: { uid } })
        const message = `Preempted by pod ${info.pod.metadata.uid ?? ''} on node ${node}`
        this.#recorder.record({ about: victim.pod, type: 'Normal', reason: 'Preempted', message })
      } catch (error) {
        if (!isReason(error, 'NotFound'))
          this.#parts.log.info('cannot preempt', { pod: victim.key, error: String(error) })
      }
  }

  #report(info: PodInfo, why: { reason: string; message: string; nominated?: string | undefined }): void {
    const { pod } = info
    const { reason, message, nominated } = why
    const annotations = { [decisionAnnotation]: decisionOfPod(pod.metadata.uid ?? '') }
    this.#recorder.record({ about: pod, type: 'Warning', reason: 'FailedScheduling', message, annotations })
    const known = condition(pod.status?.conditions, 'PodScheduled')
    const same = known?.status === 'False' && known.reason === reason && known.message === message
    if (same && nominated === undefined) return
    const lastTransitionTime =
      known?.status === 'False' && known.lastTransitionTime !== undefined
        ? known.lastTransitionTime
        : timestamp(this.#parts.clock.now())
    const next = { type: 'PodScheduled', status: 'False', reason, message, lastTransitionTime }
    this.#track(this.#patchStatus(pod, status(next, nominated)))
  }

  async #patchStatus(pod: Pod, content: JsonObject): Promise<void> {
    try {
      await this.#parts.client.patch(pods, keyOf(pod), { type: 'strategic', content, subresource: 'status' })
    } catch (error) {
      if (!isReason(error, 'NotFound')) this.#parts.log.info('cannot report', { pod: keyOf(pod), error: String(error) })
    }
  }
}

/** Strategic: the condition joins the others by its type. */
const status = (one: JsonObject, nominated?: string): JsonObject => ({
  status: { conditions: [one], ...(nominated === undefined ? {} : { nominatedNodeName: nominated }) },
})

export const startScheduler = (parts: SchedulerParts): Scheduler => new Scheduling(parts)
