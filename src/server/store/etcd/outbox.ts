/** The client's side of a stream: what is pushed goes out in order, until it is ended. */
export class Outbox<T> implements AsyncIterable<T> {
  #waiting: T[] = []
  #ended = false
  #wake: () => void = () => undefined

  push(message: T): void {
    this.#waiting.push(message)
    this.#wake()
  }

  end(): void {
    this.#ended = true
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncIterator<T> {
    while (!this.#ended) {
      const next = this.#waiting.shift()
      if (next === undefined) await new Promise<void>(resolve => (this.#wake = resolve))
      else yield next
    }
  }
}
