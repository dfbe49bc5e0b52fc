/** Requests that go on for long: each ends when whoever opened it is let in no more. */
import { TLSSocket } from 'node:tls'
import type { User } from '#api/request.ts'
import type { People } from './people.ts'

export interface Session {
  /** Who came in, whoever they act as. */
  readonly user: User
  readonly socket: unknown
  /** Ends it. Called at most once. */
  readonly end: () => void
}

export interface Sessions {
  /** @returns how to say that it is over; undefined where the user was shut out meanwhile. */
  open(session: Session): (() => void) | undefined
  close(): void
}

const holds = (people: People, { user, socket }: Session): boolean =>
  people.admits(user) && !(socket instanceof TLSSocket && people.isRevoked(socket))

export function makeSessions(people: People): Sessions {
  const open = new Set<Session>()
  const stop = people.onChange(() => {
    for (const session of open)
      if (!holds(people, session)) {
        open.delete(session)
        session.end()
      }
  })
  return {
    open: session => {
      if (!holds(people, session)) return undefined
      open.add(session)
      return () => void open.delete(session)
    },
    close: () => {
      stop()
      open.clear()
    },
  }
}
