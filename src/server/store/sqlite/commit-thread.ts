/** The main thread's end of the commit thread. A thread that dies is started again, and the database says what became of its batch. */
import { Worker } from 'node:worker_threads'
import type { Log } from '#base/log.ts'
import type { Rewritten } from '../changing.ts'
import type { VaultSettings } from '../vault.ts'
import type { Failure } from '../journal.ts'
import type { Packed } from './batch.ts'
import type { CommitSettings, FromCommit, ToCommit } from './commit-protocol.ts'

type Outcome = { readonly failure: Failure | undefined; readonly packed: Packed | undefined }

interface Flight {
  /** Who it was given to. */
  readonly worker: Worker
  readonly head: number
  readonly land: (outcome: Outcome) => void
}

export interface CommitThreadOptions {
  readonly url: URL
  readonly settings: CommitSettings
  readonly log: Log
}

const lost: Failure = { reason: 'failed', message: 'the thread that writes is lost: restart the server' }

export class CommitThread {
  readonly #options: CommitThreadOptions
  /** What the thread is started with again, should it die. */
  #settings: CommitSettings
  #worker: Worker
  #flight: Flight | undefined
  #compactions: ((failure: Failure | undefined) => void)[] = []
  #changes: ((result: Rewritten | Failure) => void)[] = []
  #ready: { readonly promise: Promise<void>; readonly resolve: () => void; readonly reject: (error: Error) => void }
  #restarts = 0
  #closed: (() => void) | undefined
  #gone = false

  constructor(options: CommitThreadOptions) {
    this.#options = options
    this.#settings = options.settings
    this.#ready = Promise.withResolvers()
    this.#ready.promise.catch(() => undefined)
    this.#worker = this.#start()
  }

  /** Resolves when it can write; rejects where the thread cannot start. */
  ready(): Promise<void> {
    return this.#ready.promise
  }

  write(packed: Packed, head: number): Promise<Outcome> {
    if (this.#gone) return Promise.resolve({ failure: lost, packed })
    return new Promise(land => {
      this.#flight = { worker: this.#worker, head, land }
      this.#worker.ref()
      this.#post({ type: 'batch', packed, head }, [packed.numbers.buffer, packed.bytes.buffer])
    })
  }

  use(vault: VaultSettings): Promise<Rewritten> {
    this.#settings = { ...this.#settings, vault }
    return this.#change({ type: 'vault', vault })
  }

  rewrite(from: number, most: number): Promise<Rewritten> {
    return this.#change({ type: 'rewrite', from, most })
  }

  async #change(message: ToCommit): Promise<Rewritten> {
    const result = await new Promise<Rewritten | Failure>(resolve => {
      if (this.#gone) return resolve(lost)
      this.#changes.push(resolve)
      this.#worker.ref()
      this.#post(message)
    })
    if ('reason' in result) throw new Error(result.message)
    return result
  }

  async compact(revision: number): Promise<void> {
    const failure = await new Promise<Failure | undefined>(resolve => {
      if (this.#gone) return resolve(lost)
      this.#compactions.push(resolve)
      this.#worker.ref()
      this.#post({ type: 'compact', revision })
    })
    if (failure !== undefined) throw new Error(failure.message)
  }

  close(): Promise<void> {
    if (this.#gone) return Promise.resolve()
    return new Promise(resolve => {
      this.#closed = resolve
      this.#worker.ref()
      this.#post({ type: 'close' })
    })
  }

  #start(): Worker {
    const worker = new Worker(this.#options.url, { workerData: this.#settings, name: 'bulwark-commit' })
    let problem = ''
    worker.on('message', (message: FromCommit) => this.#take(message))
    worker.on('error', error => (problem = error instanceof Error ? error.message : String(error)))
    worker.on('exit', () => this.#exited(problem))
    return worker
  }

  #post(message: ToCommit, transfer: readonly ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, [...transfer])
  }

  #take(message: FromCommit): void {
    switch (message.type) {
      case 'ready':
        this.#ready.resolve()
        // After a restart: the batch that was under way is in the database, or it is not.
        if (this.#flight !== undefined && this.#flight.worker !== this.#worker) {
          const failure: Failure = { reason: 'failed', message: 'the thread that writes was lost' }
          this.#land({ failure: message.head >= this.#flight.head ? undefined : failure, packed: undefined })
        } else this.#rest()
        break
      case 'batch':
        this.#restarts = 0
        this.#land(message)
        break
      case 'changed':
        this.#changes.shift()?.(message.result)
        this.#rest()
        break
      case 'compacted':
        this.#compactions.shift()?.(message.failure)
        this.#rest()
        break
    }
  }

  /** A thread that has nothing to do does not keep the process alive; one that somebody waits for does. */
  #rest(): void {
    if (this.#closed !== undefined) return
    if (this.#flight === undefined && this.#compactions.length === 0 && this.#changes.length === 0) this.#worker.unref()
  }

  #land(outcome: Outcome): void {
    const flight = this.#flight
    this.#flight = undefined
    this.#rest()
    flight?.land(outcome)
  }

  #exited(problem: string): void {
    for (const compacted of this.#compactions.splice(0)) compacted(lost)
    for (const changed of this.#changes.splice(0)) changed(lost)
    if (this.#closed !== undefined || this.#restarts > 2) {
      this.#gone = true
      this.#ready.reject(new Error(problem))
      this.#land({ failure: lost, packed: undefined })
      return this.#closed?.()
    }
    this.#restarts++
    this.#options.log.error('the commit thread ended and is started again', { error: problem })
    this.#worker = this.#start()
  }
}
