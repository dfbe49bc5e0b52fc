/** Runs controllers: queues their keys, lets them decide, carries decisions out, waits until they are seen, retries. */
import type { Clock } from '#base/clock.ts'
import { traceOf } from '#base/trace.ts'
import type { Log } from '#base/log.ts'
import { type KObject, type ResourceRef, groupResource } from '#api/metadata.ts'
import type { Reader } from '#api/reader.ts'
import { StatusError } from '#api/status.ts'
import { type Client, typed } from './client.ts'
import {
  type Ask,
  type AskLater,
  type AskList,
  type Asked,
  type Controller,
  type Decision,
  type Input,
  type Refused,
  type Watch,
  nothing,
} from './controller.ts'
import { type Recorder, makeRecorder } from './events.ts'
import { describe, execute } from './execute.ts'
import type { Pace } from './pace.ts'
import { type Queue, makeQueue } from './queue.ts'

export interface RunnerParts {
  readonly client: Client
  readonly reader: Reader
  readonly clock: Clock
  readonly log: Log
  /** Shared by everything that runs in turns on this event loop. */
  readonly pace: Pace
}

export interface Meter {
  decisions: number
  writes: number
  refusals: number
  retries: number
  /** Deciders that threw: bugs. */
  failures: number
  /** Keys waiting. */
  depth: number
}

export interface Running {
  readonly name: string
  /** Everything watched has been read once and queued. */
  readonly ready: Promise<void>
  meter(): Readonly<Meter>
  /** Decides this key soon. */
  add(key: string): void
  /** Looks again at what a controller with changing watches wants to watch. */
  rescan(): Promise<void>
  /** Resolves when the work under way is over; nothing is begun after the call. */
  stop(): Promise<void>
}

const askRounds = 4
const rescanEvery = 3000
const failureLogBytes = 2000

const pageSize = 500

async function page(client: Client, { ref, namespace }: AskList): Promise<readonly KObject[] | StatusError> {
  try {
    return (await client.list(ref, { namespace, limit: pageSize })).items
  } catch (error) {
    if (error instanceof StatusError) return error
    throw error
  }
}

class Answers implements Asked {
  readonly #kept = new Map<string, KObject | undefined>()
  readonly #lists = new Map<string, readonly KObject[] | StatusError>()
  #key(ref: ResourceRef, key: string): string {
    return `${groupResource(ref)} ${key}`
  }
  has(ref: ResourceRef, key: string): boolean {
    return this.#kept.has(this.#key(ref, key))
  }
  get<O extends KObject>(ref: ResourceRef<O>, key: string): O | undefined {
    const kept = this.#kept.get(this.#key(ref, key))
    return kept === undefined ? undefined : typed(ref, kept)
  }
  list(ref: ResourceRef, namespace: string): readonly KObject[] | StatusError | undefined {
    return this.#lists.get(this.#key(ref, namespace))
  }
  /** @throws StatusError where a single object cannot be read */
  async fetch(client: Client, asks: readonly (Ask | AskLater | AskList)[]): Promise<void> {
    for (const one of asks)
      if ('later' in one) await one.later(client)
      else if ('key' in one) this.#kept.set(this.#key(one.ref, one.key), await client.find(one.ref, one.key))
      else this.#lists.set(this.#key(one.ref, one.namespace), await page(client, one))
  }
}

class Run<M> implements Running {
  readonly name: string
  readonly ready: Promise<void>
  readonly #controller: Controller<M>
  readonly #parts: RunnerParts
  readonly #queue: Queue
  readonly #recorder: Recorder
  readonly #meter: Meter = { decisions: 0, writes: 0, refusals: 0, retries: 0, failures: 0, depth: 0 }
  readonly #memory = new Map<string, M>()
  readonly #refused = new Map<string, readonly Refused[]>()
  readonly #watched = new Map<string, () => void>()
  readonly #underWay = new Set<Promise<void>>()
  #busy = 0
  #cancelRescan: () => void = () => undefined
  #stopped = false
  readonly #stop = Promise.withResolvers<void>()

  constructor(controller: Controller<M>, parts: RunnerParts) {
    this.name = controller.name
    this.#controller = controller
    this.#parts = { ...parts, log: parts.log.with({ controller: controller.name }) }
    this.#queue = makeQueue(parts.clock, () => this.#pump())
    this.#recorder = makeRecorder({
      client: parts.client,
      clock: parts.clock,
      component: controller.component ?? controller.name,
      onLost: error => this.#parts.log.debug('event lost', { error: String(error) }),
    })
    this.ready = this.rescan()
    this.ready
      .then(() => this.#rescanLater())
      .catch((error: unknown) => this.#parts.log.error('cannot watch', { error: trace(error) }))
  }

  meter(): Readonly<Meter> {
    return { ...this.#meter, depth: this.#queue.depth() }
  }

  add(key: string): void {
    this.#queue.add(key)
  }

  async rescan(): Promise<void> {
    const { watches, reads = [], indexes, watching } = this.#controller
    const wanted = typeof watches === 'function' ? watches() : watches
    const declared = typeof indexes === 'function' ? indexes() : indexes
    const refs = new Map([...reads, ...wanted.map(watch => watch.ref)].map(ref => [groupResource(ref), ref]))
    await this.#parts.reader.require([...refs.values()], declared)
    if (this.#stopped) return
    watching?.([...refs.values()])
    for (const [resource, end] of this.#watched)
      if (!refs.has(resource)) {
        end()
        this.#watched.delete(resource)
      }
    for (const watch of wanted) this.#subscribe(watch)
  }

  #rescanLater(): void {
    if (typeof this.#controller.watches !== 'function') return
    this.#cancelRescan = this.#parts.clock.after(rescanEvery, () => {
      if (this.#stopped) return
      this.rescan()
        .catch((error: unknown) => this.#parts.log.error('cannot watch', { error: trace(error) }))
        .finally(() => this.#rescanLater())
        .catch(() => undefined)
    })
  }

  #subscribe(watch: Watch): void {
    const resource = groupResource(watch.ref)
    if (this.#watched.has(resource)) return
    const { reader, log } = this.#parts
    const end = reader.subscribe(watch.ref, changes => {
      for (const change of changes)
        try {
          for (const key of watch.keys(change, reader)) this.#queue.add(key)
        } catch (error) {
          this.#meter.failures++
          log.error('cannot map a change', { resource, key: change.key, error: trace(error) })
        }
    })
    this.#watched.set(resource, end)
  }

  #pump(): void {
    while (this.#busy < (this.#controller.workers ?? 5)) {
      const key = this.#queue.take()
      if (key === undefined) return
      this.#busy++
      const work = this.#work(key).finally(() => {
        this.#underWay.delete(work)
        this.#queue.done(key)
        this.#pump()
      })
      this.#underWay.add(work)
    }
  }

  async #work(key: string): Promise<void> {
    let shown: (() => Promise<void>) | undefined
    try {
      for (let wait = this.#parts.pace.turn(); wait !== undefined; wait = this.#parts.pace.turn()) await wait
      if (!this.#stopped) shown = await this.#once(key)
    } catch (error) {
      // What is asked may be another server's, and that one away.
      if (error instanceof StatusError) this.#parts.log.info('a read was refused', { key, error: error.message })
      else {
        this.#meter.failures++
        this.#parts.log.error('a decision failed', { key, error: trace(error) })
      }
      this.#queue.retry(key)
    } finally {
      this.#busy--
      this.#pump()
    }
    // The worker is free; only this key waits until its own writes are seen.
    await Promise.race([shown?.(), this.#stop.promise])
  }

  async #once(key: string): Promise<(() => Promise<void>) | undefined> {
    const decision = await this.#decide(key)
    if (decision.memory === undefined) this.#memory.delete(key)
    else this.#memory.set(key, decision.memory)
    for (const notice of decision.events ?? []) this.#recorder.record(notice)
    // `nothing` is said of objects that are gone: those are not looked at again.
    const resync = decision === nothing ? undefined : this.#controller.resync
    const again = Math.min(decision.again ?? Infinity, resync ?? Infinity)
    if (decision.writes.length > 0) {
      const { client, reader, clock } = this.#parts
      const outcome = await execute(
        {
          client,
          reader,
          notice: notice => this.#recorder.record(notice),
          pause: () => new Promise(resolve => clock.after(10, resolve)),
        },
        decision.writes,
      )
      this.#account(key, outcome)
      if (Number.isFinite(again)) this.#queue.addAfter(key, again)
      return outcome.shown
    }
    this.#account(key, { done: 0, refused: [] })
    if (Number.isFinite(again)) this.#queue.addAfter(key, again)
    return undefined
  }

  async #decide(key: string): Promise<Decision<M>> {
    const asked = new Answers()
    const { client, reader, clock } = this.#parts
    for (let round = 0; ; round++) {
      const input: Input<M> = {
        now: clock.now(),
        read: reader,
        memory: this.#memory.get(key),
        asked,
        refused: this.#refused.get(key) ?? [],
      }
      this.#meter.decisions++
      const decision = this.#controller.decide(key, input)
      if (decision.ask === undefined || decision.ask.length === 0) return decision
      if (round === askRounds) throw new Error('a decider keeps asking')
      await asked.fetch(client, decision.ask)
    }
  }

  #account(key: string, { done, refused }: { readonly done: number; readonly refused: readonly Refused[] }): void {
    this.#meter.writes += done
    if (refused.length === 0) {
      this.#refused.delete(key)
      this.#queue.forget(key)
      return
    }
    this.#refused.set(key, refused)
    this.#meter.refusals += refused.length
    this.#meter.retries++
    const delay = this.#queue.retry(key)
    for (const { write, error } of refused)
      this.#parts.log[error.reason === 'Conflict' ? 'debug' : 'info']('write refused', {
        key,
        write: describe(write),
        error: error.message,
        retryMilliseconds: delay,
      })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#stop.resolve()
    this.#cancelRescan()
    for (const end of this.#watched.values()) end()
    this.#watched.clear()
    this.#queue.stop()
    await Promise.allSettled([this.ready, ...this.#underWay])
    await this.#recorder.flush()
  }
}

const trace = (error: unknown): string => traceOf(error).slice(0, failureLogBytes)

/** Begins at once. A decider that throws is logged and retried; it stops nobody else. */
export const run = <M>(controller: Controller<M>, parts: RunnerParts): Running => new Run(controller, parts)
