/** What the conformance cases share: a clock they move, writes they can hold back and fail, and short ways to write and watch. */
import assert from 'node:assert/strict'
import type { Draft, KObject } from '#api/metadata.ts'
import type { Clock } from '#base/clock.ts'
import type { CommitResult, Decode, Event, Kept, Operation, Snapshot, Store } from '../contract.ts'
import type { CoreOptions } from '../core.ts'
import type { Failure, Journal } from '../journal.ts'

export interface OpenOptions extends CoreOptions {
  /** Stands between the store and where it writes. */
  readonly through: (journal: Journal) => Journal
}

/** Opens an empty store of one implementation. What it leaves behind is removed when the store is closed. */
export type Open = (options: OpenOptions) => Promise<Store>

/** A clock that stands still until it is moved. */
export class HandClock implements Clock {
  #now = 1_700_000_000_000
  #timers: { readonly at: number; readonly call: () => void }[] = []

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#now
  }

  after(milliseconds: number, call: () => void): () => void {
    const timer = { at: this.#now + milliseconds, call }
    this.#timers.push(timer)
    return () => {
      this.#timers = this.#timers.filter(other => other !== timer)
    }
  }

  move(milliseconds: number): void {
    const end = this.#now + milliseconds
    for (;;) {
      const [first] = this.#timers.filter(timer => timer.at <= end).sort((a, b) => a.at - b.at)
      if (first === undefined) break
      this.#timers = this.#timers.filter(timer => timer !== first)
      this.#now = Math.max(this.#now, first.at)
      first.call()
    }
    this.#now = end
  }
}

/** A gate before the disk: closed, batches wait; armed with a failure, the next one that passes fails. */
export class Gate {
  #opened: Promise<void> = Promise.resolve()
  #open: () => void = () => undefined
  #failure: Failure | undefined

  readonly through = (journal: Journal): Journal => ({
    ...(journal.history === undefined ? {} : { history: journal.history }),
    gather: changes => journal.gather(changes),
    discard: () => journal.discard(),
    compact: revision => journal.compact(revision),
    close: () => journal.close(),
    flush: async head => {
      await this.#opened
      const failure = this.#failure
      this.#failure = undefined
      if (failure === undefined) return journal.flush(head)
      journal.discard()
      return failure
    },
  })

  shut(): void {
    this.#opened = new Promise(resolve => (this.#open = resolve))
  }

  open(): void {
    this.#open()
    this.#opened = Promise.resolve()
  }

  fail(failure: Failure): void {
    this.#failure = failure
  }
}

export interface Bench {
  readonly store: Store
  readonly clock: HandClock
  readonly gate: Gate
}

export const decode: Decode = (_, text) => JSON.parse(text)

/** Runs one case against a fresh store. */
export async function withStore(
  open: Open,
  run: (bench: Bench) => Promise<void>,
  options: Partial<CoreOptions> = {},
): Promise<void> {
  const clock = new HandClock()
  const gate = new Gate()
  const store = await open({ decode, clock, freeze: true, through: gate.through, ...options })
  try {
    await run({ store, clock, gate })
  } finally {
    gate.open()
    await store.close()
  }
}

export const object = (key: string, data = ''): Draft<KObject> & { data: string } => {
  const [namespace, name] = key.includes('/') ? key.split('/') : [undefined, key]
  const metadata = { name: name ?? '', ...(namespace === undefined ? {} : { namespace }) }
  return { apiVersion: 'v1', kind: 'Thing', metadata, data }
}

export const put = (
  key: string,
  data = '',
  rest: { expect?: number; ttl?: number; resource?: string; managed?: string } = {},
): Operation => ({
  type: 'put',
  resource: 'things',
  managed: '',
  key,
  object: object(key, data),
  ...rest,
})

export const remove = (key: string, rest: { expect?: number; resource?: string } = {}): Operation => ({
  type: 'delete',
  resource: 'things',
  key,
  ...rest,
})

type Done = Extract<CommitResult, { readonly ok: true }>

export async function done(result: Promise<CommitResult>): Promise<Done> {
  const settled = await result
  assert.ok(settled.ok, `not committed: ${JSON.stringify(settled)}`)
  return settled
}

export const write = (store: Store, key: string, data = ''): Promise<Done> => done(store.commit([put(key, data)]))

export const dataOf = (kept: Kept | undefined): unknown =>
  kept === undefined ? undefined : Reflect.get(kept.object, 'data')

/** `key=data@revision` of everything in range. */
export const shown = (snapshot: Snapshot, range?: { prefix?: string; after?: string }): readonly string[] =>
  [...snapshot.range(range)].map(kept => `${kept.key}=${String(dataOf(kept))}@${kept.object.metadata.resourceVersion}`)

export const keys = (snapshot: Snapshot, range?: { prefix?: string; after?: string }): readonly string[] =>
  [...snapshot.range(range)].map(kept => kept.key)

export async function at(store: Store, revision: number, resource = 'things'): Promise<Snapshot> {
  const snapshot = await store.snapshotAt(resource, revision)
  assert.ok(typeof snapshot !== 'string', `no state at ${revision}`)
  return snapshot
}

/** Lets everything that is ready to run do so, threads included. */
export async function until(condition: () => boolean): Promise<void> {
  for (let i = 0; i < 4000 && !condition(); i++) await new Promise(resolve => setTimeout(resolve, i < 50 ? 0 : 5))
  assert.ok(condition(), 'what the case waits for did not happen')
}

/** A watch that notes what it gets as `put key=data@revision`. */
export class Notes {
  readonly lines: string[] = []
  readonly events: Event[] = []
  ended: string | undefined
  readonly stop: () => void

  constructor(store: Store, since: number, resources: readonly string[] = ['things']) {
    this.stop = store.watch(resources, since, {
      onEvents: events => {
        for (const event of events) {
          this.events.push(event)
          this.lines.push(
            `${event.type} ${event.key}=${String(dataOf(event.kept))}@${event.kept.object.metadata.resourceVersion}`,
          )
        }
      },
      onEnd: why => {
        this.ended = why
      },
    })
  }

  async count(wanted: number): Promise<readonly string[]> {
    await until(() => this.lines.length >= wanted)
    return this.lines
  }
}
