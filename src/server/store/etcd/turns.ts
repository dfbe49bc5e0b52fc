/**
 * Writers of one key go one after the other, in the order they came: the later one is compared with what the earlier one
 * left. Those who only compare wait for the writers before them and hold up nobody.
 */
export class Turns {
  readonly #last = new Map<string, Promise<void>>()

  /** Runs when all earlier writers of these keys are done. */
  async take<T>(
    keys: { readonly write: readonly string[]; readonly read: readonly string[] },
    run: () => Promise<T>,
  ): Promise<T> {
    const before = [...keys.write, ...keys.read].map(key => this.#last.get(key)).filter(one => one !== undefined)
    const { promise, resolve } = Promise.withResolvers<void>()
    for (const key of keys.write) this.#last.set(key, promise)
    try {
      if (before.length > 0) await Promise.all(before)
      return await run()
    } finally {
      resolve()
      for (const key of keys.write) if (this.#last.get(key) === promise) this.#last.delete(key)
    }
  }
}
