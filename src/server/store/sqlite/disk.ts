/** The journal over the two threads and the lock. */
import type { Change } from '../entry.ts'
import type { Failure, Journal } from '../journal.ts'
import { type OnBytes, Packer } from './batch.ts'
import type { CommitThread } from './commit-thread.ts'
import type { HistoryThread } from './history-thread.ts'

export interface DiskOptions {
  readonly thread: CommitThread
  readonly history: HistoryThread
  readonly onBytes: OnBytes | undefined
  readonly release: () => void
}

export class Disk implements Journal {
  readonly history: HistoryThread
  readonly #thread: CommitThread
  readonly #packer: Packer
  readonly #release: () => void

  constructor({ thread, history, onBytes, release }: DiskOptions) {
    this.history = history
    this.#thread = thread
    this.#packer = new Packer(onBytes)
    this.#release = release
  }

  gather(changes: readonly Change[]): number {
    return this.#packer.add(changes)
  }

  async flush(head: number): Promise<Failure | undefined> {
    const { failure, packed } = await this.#thread.write(this.#packer.take(), head)
    if (packed !== undefined) this.#packer.reuse(packed)
    return failure
  }

  discard(): void {
    this.#packer.clear()
  }

  compact(revision: number): Promise<void> {
    return this.#thread.compact(revision)
  }

  async close(): Promise<void> {
    try {
      await Promise.all([this.#thread.close(), this.history.close()])
    } finally {
      this.#release()
    }
  }
}
