/** The main thread's end of the history thread, which starts when first asked and again after it died. */
import { Worker } from 'node:worker_threads'
import { Entry, LastBody, StoredBody, type Change, type Reading } from '../entry.ts'
import type { History, HistoryPart, HistoryRequest } from '../journal.ts'
import { placeOf, revisionOf } from './format.ts'
import type { Survey } from '../changing.ts'
import type { VaultSettings } from '../vault.ts'
import type { FromHistory, HistorySettings, PastValue, PastWrite, ToHistory } from './history-protocol.ts'

interface Asked {
  readonly resolve: (message: FromHistory) => void
  readonly reject: (error: Error) => void
}

export interface HistoryThreadOptions {
  readonly url: URL
  readonly settings: HistorySettings
  readonly reading: Reading
}

export class HistoryThread implements History {
  readonly #options: HistoryThreadOptions
  #settings: HistorySettings
  readonly #asked = new Map<number, Asked>()
  #worker: Worker | undefined
  #number = 0

  constructor(options: HistoryThreadOptions) {
    this.#options = options
    this.#settings = options.settings
  }

  async read(request: HistoryRequest): Promise<HistoryPart | 'expired'> {
    const { part, error } = await this.#ask(request)
    if (part === undefined) throw new Error(error ?? 'no answer')
    if (part === 'expired') return part
    return { changes: part.writes.map(write => changeOf(write, this.#options.reading)), through: part.through }
  }

  async survey(): Promise<Survey> {
    const { survey, error } = await this.#ask('survey')
    if (survey === undefined) throw new Error(error ?? 'no answer')
    return survey
  }

  /** From now on values are opened so. */
  async use(vault: VaultSettings): Promise<void> {
    this.#settings = { ...this.#settings, vault }
    if (this.#worker !== undefined) await this.#ask({ vault })
  }

  async close(): Promise<void> {
    await this.#worker?.terminate()
  }

  #ask(request: ToHistory['request']): Promise<FromHistory> {
    return new Promise((resolve, reject) => {
      const number = ++this.#number
      this.#asked.set(number, { resolve, reject })
      this.#worker ??= this.#start()
      this.#worker.ref()
      this.#worker.postMessage({ number, request })
    })
  }

  #start(): Worker {
    const worker = new Worker(this.#options.url, { workerData: this.#settings, name: 'bulwark-history' })
    let problem = 'the thread that reads history ended'
    worker.on('message', (message: FromHistory) => {
      this.#asked.get(message.number)?.resolve(message)
      this.#asked.delete(message.number)
      if (this.#asked.size === 0) worker.unref()
    })
    worker.on('error', error => (problem = error instanceof Error ? error.message : String(error)))
    worker.on('exit', () => {
      this.#worker = undefined
      const waiting = [...this.#asked.values()]
      this.#asked.clear()
      for (const { reject } of waiting) reject(new Error(problem))
    })
    return worker
  }
}

function entryOf(past: PastValue, { resource, key }: PastWrite, reading: Reading): Entry {
  const { id, version, expires, value } = past
  const revision = revisionOf(id)
  return new Entry(
    { resource, key, revision, place: placeOf(id), version, expires },
    new StoredBody(value, { resource, revision }, reading),
  )
}

function changeOf(write: PastWrite, reading: Reading): Change {
  const { type, resource, key, id, version } = write
  const revision = revisionOf(id)
  const previous = write.previous === undefined ? undefined : entryOf(write.previous, write, reading)
  if (type === 'put') return { type, resource, key, revision, kept: entryOf(write, write, reading), previous }
  if (previous === undefined) throw new Error(`the deletion of ${resource} ${key} has no last state`)
  const identity = { resource, key, revision, place: placeOf(id), version, expires: 0 }
  return {
    type,
    resource,
    key,
    revision,
    kept: new Entry(identity, new LastBody(previous, revision, reading.frozen)),
    previous,
  }
}
