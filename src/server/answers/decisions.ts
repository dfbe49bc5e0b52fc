/** Why requests were refused: the newest refusals by number, for those who hold `get decisions`. */
import type { Attributes, User } from '#api/request.ts'
import type { Blame, Right, StatusError } from '#api/status.ts'
import { blameKey, decisionKey } from '#server/audit/record.ts'
import { rightOf } from '#server/authz/authorize.ts'

/** Of a request that was refused. */
export interface Decision {
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly user: Pick<User, 'name' | 'groups'>
  readonly asked: Right & Pick<Attributes, 'version'>
  /** Name of the object, where the request did not say it but the refusal does: of one to be created. */
  readonly about?: string
  readonly code: number
  readonly reason: string
  readonly message: string
  readonly blame: Blame
}

export interface Decisions {
  /** Gives the refusal its number; the same one where it has one. Nothing for errors that nobody is to blame for. */
  record(error: StatusError, user: User | undefined, asked: Attributes): void
  get(id: string): Decision | undefined
  /** Newest last. */
  all(): Iterable<Decision>
}

export interface DecisionParts {
  readonly now: () => number
  /** Of random digits: whoever knows a number was told it. */
  readonly uid: () => string
}

/** Older ones are found in the audit log. */
const most = 2000
/** Characters of all of them: names and paths are as long as who is refused wants. */
const mostCharacters = 8 * 1024 * 1024
const longest = 4096

const longestName = 253

const idLength = 12

export function makeDecisions({ now, uid }: DecisionParts): Decisions {
  // As text: a value would keep the longer ones alive that its parts were cut out of.
  const kept = new Map<string, string>()
  let characters = 0
  const keep = (decision: Decision): void => {
    const text = JSON.stringify(decision)
    kept.set(decision.id, text)
    characters += text.length
    for (const [oldest, its] of kept) {
      if (kept.size <= most && characters <= mostCharacters) return
      kept.delete(oldest)
      characters -= its.length
    }
  }
  const read = (text: string): Decision => JSON.parse(text) as Decision
  return {
    record: (error, user, asked) => {
      const { blame } = error
      if (blame === undefined || user === undefined || error.decision !== undefined) return
      const id = uid().replaceAll('-', '').slice(0, idLength)
      error.decided(id)
      const about = asked.name === '' ? error.details?.name : undefined
      keep({
        id,
        time: now(),
        user: { name: user.name, groups: user.groups },
        asked: { ...rightOf(asked), version: asked.version },
        ...(about === undefined || about === '' ? {} : { about: about.slice(0, longestName) }),
        code: error.code,
        reason: error.reason,
        message: error.message.slice(0, longest),
        blame,
      })
      asked.notes?.note(decisionKey, id)
      asked.notes?.note(blameKey, JSON.stringify(blame))
    },
    get: id => {
      const text = kept.get(id)
      return text === undefined ? undefined : read(text)
    },
    all: () => kept.values().map(read),
  }
}
