/**
 * Calls that go on for long: whether whoever made them may still do that is asked again and again, because nobody tells an
 * agent of rights that are taken away. One question for all that one caller does of one kind.
 */
import type { Clock } from '#base/clock.ts'
import type { Right } from './route.ts'

/** Milliseconds between questions: well within the half minute in which somebody who is disabled is to be out. */
const every = 10_000

interface Named {
  readonly name: string
  readonly groups: readonly string[]
  readonly certificate: { readonly serial: string; readonly issuer: string }
}

export interface Session<C extends Named> {
  readonly caller: C
  readonly right: Right
  /** Called at most once. */
  readonly end: () => void
}

export interface SessionParts<C extends Named> {
  readonly clock: Clock
  /** A rejection decides nothing: what is open then stays so until there is an answer. */
  readonly authorize: (caller: C, right: Right) => Promise<boolean>
}

export interface Sessions<C extends Named = Named> {
  /** @returns how to say that it is over. */
  open(session: Session<C>): () => void
  close(): void
}

const keyOf = ({ caller: { name, groups, certificate }, right }: Session<Named>): string =>
  JSON.stringify([name, groups, certificate.serial, certificate.issuer, right.verb, right.subresource])

export function makeSessions<C extends Named>({ clock, authorize }: SessionParts<C>): Sessions<C> {
  const open = new Map<string, Set<Session<C>>>()
  let cancel: (() => void) | undefined
  let closed = false
  const putOut = (key: string, asked: readonly Session<C>[]): void => {
    const others = open.get(key)
    for (const session of asked) if (others?.delete(session) === true) session.end()
    if (others?.size === 0) open.delete(key)
  }
  /** Resolves in time, with or without an answer. A no that comes later is one, for those about whom it was asked. */
  const ask = async (key: string, asked: readonly Session<C>[]): Promise<void> => {
    const [first] = asked
    if (first === undefined) return
    const { promise: silence, resolve } = Promise.withResolvers<void>()
    const heard = clock.after(every, resolve)
    const answer = authorize(first.caller, first.right).then(
      allowed => {
        if (!allowed) putOut(key, asked)
      },
      () => undefined,
    )
    await Promise.race([answer, silence])
    heard()
  }
  const wait = (): void => {
    if (cancel !== undefined || closed || open.size === 0) return
    cancel = clock.after(every, () => {
      void Promise.all([...open].map(([key, sessions]) => ask(key, [...sessions]))).then(() => {
        cancel = undefined
        wait()
      })
    })
  }
  return {
    open: session => {
      const key = keyOf(session)
      const others = open.get(key) ?? new Set<Session<C>>()
      open.set(key, others.add(session))
      wait()
      return () => {
        others.delete(session)
        if (others.size === 0 && open.get(key) === others) open.delete(key)
      }
    },
    close: () => {
      closed = true
      cancel?.()
      open.clear()
    },
  }
}
