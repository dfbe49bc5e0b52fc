/** Bearer tokens: each kind has its own authenticator, the first that knows a token decides. */
import type { User } from '#api/request.ts'

export interface Authenticated {
  readonly user: User
  /** Of those that were asked for, the ones that the token is for. */
  readonly audiences: readonly string[]
}

export type Later<T> = T | Promise<T>

export interface TokenAuthenticator {
  /**
   * Undefined where it is no token of this kind, or one that is not valid; for an audience of this API server's when none
   * are given. Whoever has to ask somebody else answers later.
   */
  authenticate(token: string, audiences?: readonly string[]): Later<Authenticated | undefined>
}

/** Tokens that say nothing of audiences are for this API server. @returns undefined where another one is asked for. */
export const audiencesOf = (
  own: readonly string[],
  asked: readonly string[] | undefined,
): readonly string[] | undefined => {
  if (asked === undefined) return own
  const both = asked.filter(one => own.includes(one))
  return both.length === 0 ? undefined : both
}

/**
 * @param list asked in this order; may change between two tokens
 * @param failed told when one could not answer: the others are asked nevertheless
 */
export function firstOf(
  list: () => readonly TokenAuthenticator[],
  failed: (error: unknown) => void,
): TokenAuthenticator {
  const from = async (
    rest: readonly TokenAuthenticator[],
    token: string,
    audiences: readonly string[] | undefined,
  ): Promise<Authenticated | undefined> => {
    for (const one of rest)
      try {
        const found = await one.authenticate(token, audiences)
        if (found !== undefined) return found
      } catch (error) {
        failed(error)
      }
    return undefined
  }
  return {
    authenticate(token, audiences) {
      const all = list()
      for (let at = 0; at < all.length; at++) {
        const said = all[at]?.authenticate(token, audiences)
        if (said instanceof Promise) return from([{ authenticate: () => said }, ...all.slice(at + 1)], token, audiences)
        if (said !== undefined) return said
      }
      return undefined
    },
  }
}
