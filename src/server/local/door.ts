/** The door as a function call: for our own components and for tests. The same verbs, the same refusals, no bytes. */
import type { Answer, Door, DoorRequest, WatchEvent } from '#api/door.ts'
import type { KObject } from '#api/metadata.ts'
import type { User } from '#api/request.ts'
import { StatusError, expired } from '#api/status.ts'
import { inVersion } from '../converting.ts'
import type { Outcome, Serving } from '../outcome.ts'
import type { WatchSink, Watching } from '#server/registry/watch.ts'
import { ownObject } from '../coding.ts'
import type { Audit } from '#server/audit/audit.ts'
import type { Trail } from '#server/audit/trail.ts'
import { localTrail, putOutcome, putRequest } from '../audit-bodies.ts'
import { attributesOf, perform, serve } from '../serve.ts'
import { type Asking, recorded } from './recorded.ts'

/** @param audit absent: nothing that comes through it is on record */
export const makeDoor =
  (serving: Serving, audit?: Audit): Door =>
  async (who, request) => {
    const trail = localTrail(audit, request)
    try {
      return answer(
        trail === undefined
          ? await serve(serving, who, decoded(serving, request))
          : await performed(serving, trail, { who, request }),
        request,
      )
    } catch (error) {
      if (error instanceof StatusError) serving.decisions.record(error, who, attributesOf(request))
      throw error
    }
  }

function performed(serving: Serving, trail: Trail, asking: Asking): Promise<Outcome> {
  return recorded({ trail, decisions: serving.decisions }, asking, async asked => {
    const permit = await serving.authorize(asking.who, asked)
    const own = decoded(serving, asking.request)
    putRequest(trail, own)
    const outcome = await perform(serving, permit, own)
    putOutcome(trail, outcome)
    trail.end('code' in outcome ? outcome.code : 200)
    return outcome
  })
}

/** A body is decoded as one that came over the wire: what is kept equals what would be read back. */
function decoded(serving: Serving, request: DoorRequest): DoorRequest {
  if (request.verb !== 'create' && request.verb !== 'update') return request
  const { group, version, resource, subresource = '' } = request
  const served = serving.registry.scheme.byResource(group, version, resource)
  if (served === undefined || (subresource !== '' && subresource !== 'status')) return request
  return { ...request, body: ownObject(request.body, served) }
}

function answer(outcome: Outcome, request: DoorRequest): Answer {
  switch (outcome.type) {
    case 'kept':
      return {
        type: 'object',
        code: outcome.code,
        object: inVersion(outcome.kept.object, outcome.served),
        warnings: outcome.warnings,
      }
    case 'made':
      return { type: 'object', code: outcome.code, object: outcome.object as KObject, warnings: outcome.warnings }
    case 'list': {
      const { listed, served } = outcome
      return {
        type: 'list',
        items: listed.items.map(kept => inVersion(kept.object, served)),
        resourceVersion: String(listed.revision),
        ...(listed.continue === undefined ? {} : { continue: listed.continue }),
        ...(listed.remaining === undefined ? {} : { remaining: listed.remaining }),
      }
    }
    case 'watch':
      return { type: 'watch', events: stream(outcome, request) }
  }
}

/** Events that a watcher may let wait before its stream ends. */
const patience = 100_000

type WatchOutcome = Outcome & { type: 'watch' }

async function* stream(outcome: WatchOutcome, request: DoorRequest): AsyncGenerator<readonly WatchEvent[]> {
  const queue = new Queue(outcome)
  const signal = request.verb === 'watch' ? request.signal : undefined
  const stop = (): void => queue.end('closed')
  signal?.addEventListener('abort', stop)
  let watching: Watching | undefined
  try {
    watching = await outcome.start(queue.sink)
    for (let batch = await queue.next(); batch !== undefined; batch = await queue.next()) yield batch
  } finally {
    signal?.removeEventListener('abort', stop)
    watching?.stop()
  }
}

class Queue {
  #waiting: WatchEvent[] = []
  #ended: 'expired' | 'closed' | 'failed' | undefined
  #wake: (() => void) | undefined
  readonly sink: WatchSink
  constructor({ served }: WatchOutcome) {
    this.sink = {
      events: seen => this.#push(seen.map(({ type, kept }) => ({ type, object: inVersion(kept.object, served) }))),
      bookmark: (revision, initial) =>
        this.#push([{ type: 'BOOKMARK', object: marker(served.kind.kind, revision, initial) }]),
      end: why => this.end(why),
    }
  }
  #push(events: readonly WatchEvent[]): void {
    if (this.#ended !== undefined) return
    this.#waiting.push(...events)
    if (this.#waiting.length > patience) this.end('closed')
    this.#wake?.()
  }
  end(why: 'expired' | 'closed' | 'failed'): void {
    this.#ended ??= why
    this.#wake?.()
  }
  /** @returns undefined at the end. @throws StatusError Expired */
  async next(): Promise<readonly WatchEvent[] | undefined> {
    while (this.#waiting.length === 0) {
      if (this.#ended === 'expired') throw expired('The resourceVersion for the provided watch is too old.')
      if (this.#ended !== undefined) return undefined
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#wake = resolve
      await promise
      this.#wake = undefined
    }
    const batch = this.#waiting
    this.#waiting = []
    return batch
  }
}

const marker = (kind: string, revision: number, initial: boolean): KObject => ({
  apiVersion: 'v1',
  kind,
  metadata: {
    resourceVersion: String(revision),
    ...(initial ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
  },
})

/** A door that one identity holds. */
export const doorOf =
  (door: Door, who: User) =>
  (request: DoorRequest): Promise<Answer> =>
    door(who, request)
