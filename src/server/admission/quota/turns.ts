/** Who writes the same thing waits for the others: a conflict is then somebody else's doing, and rare. */
import type { Clock } from '#base/clock.ts'

export class Turns {
  readonly #tails = new Map<string, Promise<void>>()
  readonly #clock: Clock
  constructor(clock: Clock) {
    this.#clock = clock
  }
  /** @returns what ends the turn, undefined when it did not come in time. */
  async take(key: string, milliseconds: number): Promise<(() => void) | undefined> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const before = this.#tails.get(key)
    const tail = before === undefined ? promise : before.then(() => promise)
    this.#tails.set(key, tail)
    const end = (): void => {
      resolve()
      if (this.#tails.get(key) === tail) this.#tails.delete(key)
    }
    if (before === undefined || (await this.#within(before, milliseconds))) return end
    // The place in the row stays until those before are through.
    void before.then(end)
    return undefined
  }
  async #within(before: Promise<void>, milliseconds: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const cancel = this.#clock.after(milliseconds, () => resolve(false))
    void before.then(() => resolve(true))
    const came = await promise
    cancel()
    return came
  }
}
