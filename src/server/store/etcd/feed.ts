/**
 * The watch on everything under the prefix: events in order, without gap or overlap, over connections that come and go. Ends
 * only when stopped.
 */
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { backOff, type EtcdClient, type Peer } from './client.ts'
import { Outbox } from './outbox.ts'
import type { Paths } from './paths.ts'
import type { Event, WatchRequest, WatchResponse } from './rpc.gen.ts'
import { wordsOf } from './trouble.ts'
import { progressIsSound } from './versions.ts'

export interface FeedParts {
  readonly client: EtcdClient
  readonly paths: Paths
  readonly clock: Clock
  readonly log: Log
  /** How far the events were taken. */
  readonly revision: () => number
  /** Whole transactions in order. */
  /** Waited for before events are taken; undefined where there is nothing to wait for. */
  readonly before?: (events: readonly Event[]) => Promise<void> | undefined
  readonly onEvents: (events: readonly Event[]) => void
  /** There is no event up to here that was not delivered. */
  readonly onProgress: (revision: number) => void
  /** The events that should come next are compacted. Must leave `revision` at a state that was read anew. */
  readonly onCompacted: () => Promise<void>
  /** Called before each new connection; what it throws is tried again. */
  readonly onConnect: (signal: AbortSignal) => Promise<void>
}

/** Milliseconds without a connection until that is more than a moment. */
const patience = 5000

type Message = Pick<WatchRequest, 'requestUnion'>

class Compacted extends Error {}

const progressRequest = { requestUnion: { case: 'progressRequest', value: {} } } as Message

export class Feed {
  readonly #parts: FeedParts
  readonly #stop = new AbortController()
  #outbox: Outbox<Message> | undefined
  #sound = false
  #running: Promise<void> = Promise.resolve()
  #heard: number

  constructor(parts: FeedParts) {
    this.#parts = parts
    this.#heard = parts.clock.monotonic()
  }

  /** Connected, or cut off a moment ago. */
  get healthy(): boolean {
    return this.#outbox !== undefined || this.#parts.clock.monotonic() - this.#heard < patience
  }

  start(): void {
    this.#running = this.#run()
  }

  /** Asks how far the events are; false where nobody is there to ask, or the answer could not be relied upon. */
  ask(): boolean {
    if (this.#outbox === undefined || !this.#sound) return false
    this.#outbox.push(progressRequest)
    return true
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { client, clock, log } = this.#parts
    const { signal } = this.#stop
    for (let tries = 0; !signal.aborted;) {
      const { peer } = client
      try {
        await this.#connect(peer, () => (tries = 0))
      } catch (error) {
        if (signal.aborted) break
        if (!(error instanceof Compacted)) {
          log.warn('the watch on etcd broke off', { endpoint: peer.url, error: wordsOf(error) })
          client.leave(peer)
          await backOff(clock, tries++, signal)
        } else await this.#parts.onCompacted().catch((problem: unknown) => this.#failed(problem))
      }
    }
  }

  async #failed(problem: unknown): Promise<void> {
    this.#parts.log.error('the state could not be read anew from etcd', { error: wordsOf(problem) })
    await backOff(this.#parts.clock, 6, this.#stop.signal)
  }

  /** One connection, until it breaks: always by throwing. */
  async #connect(peer: Peer, onHeard: () => void): Promise<void> {
    const { revision, onConnect } = this.#parts
    const ending = new AbortController()
    const end = (): void => ending.abort()
    this.#stop.signal.addEventListener('abort', end)
    const outbox = new Outbox<Message>()
    try {
      await onConnect(ending.signal)
      this.#sound = await progressIsSound(peer)
      outbox.push(this.#create(revision() + 1))
      const options = { signal: ending.signal, headers: { hasleader: 'true' } }
      const gathered: Event[] = []
      for await (const response of peer.watch.watch(outbox, options)) {
        onHeard()
        if (response.created) this.#outbox = outbox
        await this.#parts.before?.(response.events)
        this.#take(response, gathered)
      }
      throw new Error('the stream ended')
    } finally {
      if (this.#outbox !== undefined) this.#heard = this.#parts.clock.monotonic()
      this.#outbox = undefined
      outbox.end()
      ending.abort()
      this.#stop.signal.removeEventListener('abort', end)
    }
  }

  #create(from: number): Message {
    const value = { ...this.#parts.paths.all, startRevision: BigInt(from), progressNotify: true, fragment: true }
    return { requestUnion: { case: 'createRequest', value } } as Message
  }

  #take(response: WatchResponse, gathered: Event[]): void {
    const { onEvents, onProgress } = this.#parts
    if (response.canceled) {
      if (response.compactRevision > 0n) throw new Compacted()
      throw new Error(`the watch was refused: ${response.cancelReason}`)
    }
    gathered.push(...response.events)
    if (response.fragment || response.created) return
    if (gathered.length > 0) onEvents(gathered.splice(0))
    else if (this.#sound) onProgress(Number(response.header?.revision ?? 0n))
  }
}
