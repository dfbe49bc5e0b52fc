/** Long work that shares the event loop with requests is done in pieces. */

/** Resolves when pending input and output has had its turn. */
export type Pause = () => Promise<void>

export const pause: Pause = () => new Promise(resolve => void setImmediate(resolve))

/** Counts work in units of its own. */
export class Breaks {
  readonly #pause: Pause
  readonly #most: number
  #done = 0

  /** @param most units without a break. */
  constructor(pause: Pause, most: number) {
    this.#pause = pause
    this.#most = most
  }

  /** Units have been done. @returns what to wait for, where it was enough for now. */
  after(units: number): Promise<void> | undefined {
    this.#done += units
    if (this.#done < this.#most) return undefined
    this.#done = 0
    return this.#pause()
  }
}
