/** Things due in the order of a number (a time, a revision). Adding near the end and taking from the start are cheap. */
export class Agenda<T> {
  #due: number[] = []
  #items: T[] = []
  #start = 0

  get size(): number {
    return this.#items.length - this.#start
  }

  /** When the first is due. */
  first(): number | undefined {
    return this.#due[this.#start]
  }

  add(due: number, item: T): void {
    const at = this.#after(due)
    this.#due.splice(at, 0, due)
    this.#items.splice(at, 0, item)
  }

  remove(due: number, item: T): void {
    let at = this.#after(due)
    while (--at >= this.#start && this.#due[at] === due)
      if (this.#items[at] === item) {
        this.#due.splice(at, 1)
        this.#items.splice(at, 1)
        return
      }
  }

  /** Takes out what is due at `now`, at most `limit` of it, in order. */
  take(now: number, limit = Infinity): readonly T[] {
    const end = Math.min(this.#after(now), this.#start + limit)
    const taken = this.#items.slice(this.#start, end)
    this.#start = end
    if (this.#start > 64 && this.#start * 2 > this.#items.length) {
      this.#due = this.#due.slice(this.#start)
      this.#items = this.#items.slice(this.#start)
      this.#start = 0
    }
    return taken
  }

  /** The place after everything that is due no later than `due`. */
  #after(due: number): number {
    let low = this.#start
    let high = this.#due.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#due[middle] ?? 0) <= due) low = middle + 1
      else high = middle
    }
    return low
  }
}
