/** What a controller must know that is no object of any reader and is answered later: whether somebody may, a signature. */
import type { Client } from './client.ts'
import type { AskLater, Asked } from './controller.ts'

/** How it is found out. Errors are retried. */
export type Answering<Q, A> = (question: Q, client: Client) => Promise<A>

/** Answers last for one decision, however often it is begun again: the next one asks anew. */
export class Later<Q, A> {
  readonly #answering: Answering<Q, A>
  readonly #known = new WeakMap<Asked, Map<string, A>>()

  constructor(answering: Answering<Q, A>) {
    this.#answering = answering
  }

  /** @param id what the decider calls its question. @returns undefined where it did not ask yet. */
  answer(asked: Asked, id: string): A | undefined {
    return this.#known.get(asked)?.get(id)
  }

  /** One of the things of a decision's `ask`. */
  ask(asked: Asked, id: string, question: Q): AskLater {
    return {
      later: async client => {
        const answer = await this.#answering(question, client)
        const known = this.#known.get(asked) ?? new Map<string, A>()
        this.#known.set(asked, known.set(id, answer))
      },
    }
  }
}
