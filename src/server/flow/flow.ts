/**
 * Flow control: every request is told apart by a FlowSchema, and goes on at once, waits its turn in its priority level, or is
 * refused with 429. A flood of one client fills its own queues and nobody else's.
 */
import type { Clock } from '#base/clock.ts'
import type { Attributes, User } from '#api/request.ts'
import { type StatusError, tooManyRequests } from '#api/status.ts'
import type { FlowSchema, PriorityLevelConfiguration } from '#kinds/facts/generated/types/flowcontrol_v1.ts'
import type { Store } from '#server/store/contract.ts'
import { type Level, Levels } from './levels.ts'
import { type Matcher, distinguisher, makeMatcher } from './match.ts'
import { type Meters, makeMeters } from './meters.ts'

const schemaResource = 'flowschemas.flowcontrol.apiserver.k8s.io'
const levelResource = 'prioritylevelconfigurations.flowcontrol.apiserver.k8s.io'

/** What a request holds while it is worked on. */
export interface Seat {
  readonly schema: FlowSchema
  readonly level: PriorityLevelConfiguration | undefined
  /** Gives it back; a second call does nothing. */
  leave(): void
}

export interface Asking {
  readonly user: User
  readonly asked: Attributes
  /** Seats: more for requests that are known to be large. */
  readonly width: number
  /** Calls back when the client has gone; the result ends that. */
  readonly gone: (call: () => void) => () => void
}

export interface FlowControl {
  /** Undefined where nothing is configured. @throws StatusError TooManyRequests */
  enter(asking: Asking): Seat | Promise<Seat> | undefined
  /** In Prometheus' text format. */
  metrics(): Iterable<string>
  close(): void
}

export interface FlowOptions {
  readonly store: Store
  readonly clock: Clock
  /** Requests that are worked on at the same time; 600 unless given, as upstream's two limits add up to. */
  readonly seats?: number
  /** Milliseconds that a request may wait; 15 s unless given. */
  readonly patience?: number
}

interface Guest {
  readonly admit: () => void
  readonly refuse: (error: StatusError) => void
}

interface Entry {
  readonly level: Level<Guest>
  readonly flow: string
  readonly width: number
  readonly schema: FlowSchema
  readonly configuration: PriorityLevelConfiguration | undefined
}

const refusal = (): StatusError => tooManyRequests('Too many requests, please try again later.', 1)
const defaultSeats = 600
const defaultPatience = 15_000

class Control implements FlowControl {
  readonly #options: FlowOptions
  readonly #levels = new Levels<Guest>()
  readonly #meters: Meters = makeMeters()
  readonly #stop: () => void
  #matcher: Matcher | undefined
  #configurations = new Map<string, PriorityLevelConfiguration>()

  constructor(options: FlowOptions) {
    this.#options = options
    const { store } = options
    this.#stop = store.watch([schemaResource, levelResource], store.revision(), {
      onEvents: () => (this.#matcher = undefined),
      onEnd: () => undefined,
    })
  }

  enter(asking: Asking): Seat | Promise<Seat> | undefined {
    const { user, asked, width } = asking
    const schema = this.#match()(user, asked)
    const level = schema === undefined ? undefined : this.#levels.get(schema.spec.priorityLevelConfiguration.name)
    if (schema === undefined || level === undefined) return undefined
    const flow = `${schema.metadata.name}\0${distinguisher(schema, user, asked)}`
    const configuration = this.#configurations.get(level.name)
    const entry: Entry = { level, flow, width, schema, configuration }
    if (level.limits.exempt || ((level.queues?.waiting ?? 0) === 0 && this.#levels.hasRoom(level, width)))
      return this.#seat(entry, level.limits.exempt ? undefined : level.queues?.enter(flow, width))
    return this.#wait(entry, asking)
  }

  metrics(): Iterable<string> {
    return this.#meters.lines(this.#levels.all())
  }

  close(): void {
    this.#stop()
  }

  #match(): Matcher {
    if (this.#matcher !== undefined) return this.#matcher
    const { store, seats = defaultSeats } = this.#options
    const kept = <O>(resource: string): O[] =>
      Array.from(store.snapshot(resource).range(), one => one.object as unknown as O)
    const configurations = kept<PriorityLevelConfiguration>(levelResource)
    this.#configurations = new Map(configurations.map(one => [one.metadata.name ?? '', one]))
    for (const guest of this.#levels.configure(configurations, seats)) guest.refuse(refusal())
    const known = kept<FlowSchema>(schemaResource)
    // One that names no level matches nothing, as upstream has it.
    const usable = known.filter(one => this.#configurations.has(one.spec.priorityLevelConfiguration.name))
    return (this.#matcher = makeMatcher(usable))
  }

  #seat(entry: Entry, queue: number | undefined): Seat {
    const { level, width, schema, configuration } = entry
    const { clock } = this.#options
    const queues = level.queues
    const since = clock.monotonic()
    let taken = true
    level.used += width
    this.#meters.dispatched(schema, level.name)
    return {
      schema,
      level: configuration,
      leave: () => {
        if (!taken) return
        taken = false
        level.used -= width
        if (queue !== undefined) queues?.leave(queue, width, (clock.monotonic() - since) / 1000)
        if (!level.limits.exempt) this.#dispatch()
      },
    }
  }

  #wait(entry: Entry, { gone }: Asking): Promise<Seat> {
    const { level, flow, width, schema } = entry
    const { clock, patience = defaultPatience } = this.#options
    const { promise, resolve, reject } = Promise.withResolvers<Seat>()
    const reject_ = (error: StatusError, reason: string): void => {
      this.#meters.rejected(schema, level.name, reason)
      reject(error)
    }
    const { queues } = level
    if (queues === undefined) {
      reject_(refusal(), 'concurrency-limit')
      return promise
    }
    const cleanups: (() => void)[] = []
    const clean = (): void => cleanups.forEach(cleanup => cleanup())
    const waiting = queues.add(
      flow,
      {
        admit: () => {
          clean()
          resolve(this.#seat(entry, waiting?.queue))
        },
        refuse: error => {
          clean()
          reject_(error, 'queue-full')
        },
      },
      width,
    )
    if (waiting === undefined) {
      reject_(refusal(), 'queue-full')
      return promise
    }
    const leave = (reason: string) => (): void => {
      clean()
      if (queues.remove(waiting)) reject_(refusal(), reason)
    }
    cleanups.push(clock.after(patience, leave('time-out')), gone(leave('cancelled')))
    return promise
  }

  #dispatch(): void {
    for (let next = this.#levels.next(); next !== undefined; next = this.#levels.next()) {
      next.level.queues?.take(next.waiting)
      next.waiting.item.admit()
    }
  }
}

export const makeFlowControl = (options: FlowOptions): FlowControl => new Control(options)
