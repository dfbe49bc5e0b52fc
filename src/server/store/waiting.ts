/** Callers that wait for a revision. Many may wait for the same one; each step costs no more than who it wakes. */
import type { Clock } from '#base/clock.ts'
import { Agenda } from './agenda.ts'

type Waiter = (reached: boolean) => void

export class Waiting {
  readonly #clock: Clock
  readonly #revisions = new Agenda<number>()
  readonly #waiters = new Map<number, Set<Waiter>>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  wait(revision: number, milliseconds: number): Promise<boolean> {
    return new Promise(resolve => {
      const waiter: Waiter = reached => {
        cancel()
        resolve(reached)
      }
      const cancel = this.#clock.after(milliseconds, () => {
        this.#forget(revision, waiter)
        resolve(false)
      })
      const there = this.#waiters.get(revision)
      if (there !== undefined) there.add(waiter)
      else {
        this.#waiters.set(revision, new Set([waiter]))
        this.#revisions.add(revision, revision)
      }
    })
  }

  /** Wakes those who waited for `revision` or less. */
  reached(revision: number): void {
    if ((this.#revisions.first() ?? Infinity) <= revision) this.#wake(revision, true)
  }

  close(): void {
    this.#wake(Infinity, false)
  }

  #wake(revision: number, reached: boolean): void {
    for (const due of this.#revisions.take(revision)) {
      const waiters = this.#waiters.get(due)
      this.#waiters.delete(due)
      for (const waiter of waiters ?? []) waiter(reached)
    }
  }

  #forget(revision: number, waiter: Waiter): void {
    const waiters = this.#waiters.get(revision)
    waiters?.delete(waiter)
    if (waiters?.size !== 0) return
    this.#waiters.delete(revision)
    this.#revisions.remove(revision, revision)
  }
}
