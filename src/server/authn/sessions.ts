/** Requests that go on for long: each ends when whoever opened it is let in no more. */
import { TLSSocket } from 'node:tls'
import type { User } from '#api/request.ts'
import type { People } from './people.ts'

export interface Session {
  /** Who came in, whoever they act as. */
  readonly user: User
  readonly socket: unknown
  /** Ends it, for a reason that is for the record alone. Called at most once. */
  readonly end: (reason: string) => void
}

export interface Sessions {
  /** @returns how to say that it is over; undefined where the user was shut out meanwhile. */
  open(session: Session): (() => void) | undefined
  close(): void
}

/** Undefined: they are let in. */
function refusing(people: People, { user, socket }: Session): string | undefined {
  if (!people.admits(user)) return 'the user is disabled'
  return socket instanceof TLSSocket && people.isRevoked(socket) ? 'the certificate was taken back' : undefined
}

/** Who cannot be judged is not let in, and keeps nobody from being judged. */
function reasonToEnd(people: People, session: Session): string | undefined {
  try {
    return refusing(people, session)
  } catch {
    return 'it cannot be told whether the user is let in'
  }
}

/** One that cannot be ended keeps no other from it. */
function ended({ end }: Session, reason: string): void {
  try {
    end(reason)
  } catch {
    // Whoever ends it says what went wrong.
  }
}

export function makeSessions(people: People): Sessions {
  const open = new Set<Session>()
  const stop = people.onChange(() => {
    for (const session of open) {
      const reason = reasonToEnd(people, session)
      if (reason === undefined) continue
      open.delete(session)
      ended(session, reason)
    }
  })
  return {
    open: session => {
      if (refusing(people, session) !== undefined) return undefined
      open.add(session)
      return () => void open.delete(session)
    },
    close: () => {
      stop()
      open.clear()
    },
  }
}
