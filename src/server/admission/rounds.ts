/** Who is asked a second time: those who want to be, when others have changed the object after them. */
import { equal } from '#base/equal.ts'
import type { KObject } from '#api/metadata.ts'
import { copy } from '#server/registry/build.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import type { Round } from './step.ts'

/** What one step remembers of one request. */
export class Asked {
  /** Those who want to be asked again when something changes after them. */
  readonly #waiting = new Set<string>()
  readonly #due = new Set<string>()
  #changed = false
  /** The object when the last one was through. */
  #last: KObject | undefined

  /** Whether there is to be a second round. */
  get again(): boolean {
    return this.#changed
  }

  begin({ object }: AdmissionRequest, round: Round): void {
    if (round === 1 && !equal(this.#last, object)) this.#disturb()
  }

  isDue(id: string, round: Round): boolean {
    return round === 0 || this.#due.has(id)
  }

  /** Somebody has been asked. */
  tell(id: string, { changed, waits }: { readonly changed: boolean; readonly waits: boolean }): void {
    if (changed) {
      this.#disturb()
      this.#changed = true
    }
    if (waits) this.#waiting.add(id)
  }

  end({ object }: AdmissionRequest): void {
    this.#last = object === undefined ? undefined : copy(object)
  }

  #disturb(): void {
    for (const id of this.#waiting) this.#due.add(id)
    this.#waiting.clear()
  }
}

/** Of all requests that are on the way. */
export class Rounds {
  readonly #asked = new WeakMap<AdmissionRequest, Asked>()

  of(request: AdmissionRequest): Asked {
    const known = this.#asked.get(request)
    if (known !== undefined) return known
    const made = new Asked()
    this.#asked.set(request, made)
    return made
  }

  again(request: AdmissionRequest): boolean {
    return this.#asked.get(request)?.again === true
  }
}
