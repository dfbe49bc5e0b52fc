/** Bytes that may be under way at a time; who does not fit waits, in the order they came. One that is too large goes alone. */
export class Room {
  readonly #limit: number
  #used = 0
  readonly #waiting: { readonly bytes: number; readonly enter: () => void }[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  async enter(bytes: number): Promise<() => void> {
    if (this.#waiting.length > 0 || !this.#fits(bytes))
      await new Promise<void>(enter => this.#waiting.push({ bytes, enter }))
    else this.#used += bytes
    return () => {
      this.#used -= bytes
      this.#admit()
    }
  }

  #fits(bytes: number): boolean {
    return this.#used === 0 || this.#used + bytes <= this.#limit
  }

  #admit(): void {
    let admitted = 0
    for (const { bytes, enter } of this.#waiting) {
      if (!this.#fits(bytes)) break
      this.#used += bytes
      admitted++
      enter()
    }
    this.#waiting.splice(0, admitted)
  }
}
