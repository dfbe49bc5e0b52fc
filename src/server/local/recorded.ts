/** A call in process on record: who asked for what, what came of it, and the number of what was refused. */
import type { DoorRequest } from '#api/door.ts'
import type { Attributes, User } from '#api/request.ts'
import { StatusError } from '#api/status.ts'
import type { Audit } from '#server/audit/audit.ts'
import type { Trail } from '#server/audit/trail.ts'
import type { Decisions } from '../answers/decisions.ts'
import { localTrail } from '../audit-bodies.ts'
import { attributesOf } from '../serve.ts'

export interface Asking {
  readonly who: User
  readonly request: DoorRequest
}

interface Kept {
  readonly trail: Trail
  readonly decisions: Pick<Decisions, 'record'>
}

/** @param work ends the trail with the code of its answer; where it throws, that is done here */
export async function recorded<T>(
  { trail, decisions }: Kept,
  { who, request }: Asking,
  work: (asked: Attributes) => Promise<T>,
): Promise<T> {
  const asked = { ...attributesOf(request), notes: trail }
  try {
    await trail.identify(who, asked, request.verb === 'watch')
    return await work(asked)
  } catch (error) {
    if (error instanceof StatusError) decisions.record(error, who, asked)
    trail.failed(error)
    trail.end(500)
    throw error
  }
}

/** Where calls are put that something else than the registry answers. */
export interface Recording {
  /** Absent: nowhere. */
  readonly audit?: Audit | undefined
  readonly decisions: Pick<Decisions, 'record'>
}

/** @param work gets no trail where the call is not on record */
export async function onRecord<T>(
  { audit, decisions }: Recording,
  asking: Asking,
  work: (asked: Attributes, trail: Trail | undefined) => Promise<T>,
): Promise<T> {
  const { who, request } = asking
  const trail = localTrail(audit, request)
  if (trail !== undefined) return recorded({ trail, decisions }, asking, asked => work(asked, trail))
  const asked = attributesOf(request)
  try {
    return await work(asked, undefined)
  } catch (error) {
    if (error instanceof StatusError) decisions.record(error, who, asked)
    throw error
  }
}
