/** Follows one resource over a client: list in pages, watch from there, resume, relist when history is gone. */
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { WatchEvent } from '#api/door.ts'
import { type KObject, type ResourceRef, apiVersionOf } from '#api/metadata.ts'
import { isReason } from '#api/status.ts'
import type { Client } from './client.ts'

export interface Followed {
  readonly ref: ResourceRef
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
}

export interface Follower {
  /** All there is at `revision`; whatever else was known is gone. */
  readonly onList: (objects: readonly KObject[], revision: string) => void
  /** In order; `revision` is that of the last event, bookmarks included. */
  readonly onEvents: (events: readonly WatchEvent[], revision: string) => void
}

export interface FollowParts {
  readonly client: Client
  readonly clock: Clock
  readonly log: Log
  /** 0 ≤ x < 1. */
  readonly random: () => number
  readonly signal: AbortSignal
}

const pageSize = 500
const firstWait = 800
const longestWait = 30_000
const watchSeconds = 300

/** Lists of built-ins carry no kind and apiVersion on their items: every cached object gets them. */
const complete = (ref: ResourceRef, object: KObject): KObject =>
  object.kind === undefined || object.kind === ''
    ? { ...object, apiVersion: apiVersionOf(ref), kind: ref.kind }
    : object

async function listAll(client: Client, { ref, ...where }: Followed): Promise<{ items: KObject[]; revision: string }> {
  const items: KObject[] = []
  let next: string | undefined
  for (;;) {
    try {
      const page = await client.list(ref, {
        ...where,
        limit: pageSize,
        ...(next === undefined ? {} : { continue: next }),
      })
      for (const item of page.items) items.push(complete(ref, item))
      next = page.continue === '' ? undefined : page.continue
      if (next === undefined) return { items, revision: page.resourceVersion }
    } catch (error) {
      if (next === undefined || !isReason(error, 'Expired')) throw error
      // Too slow for this page's revision: everything at once.
      const whole = await client.list(ref, where)
      return { items: whole.items.map(item => complete(ref, item)), revision: whole.resourceVersion }
    }
  }
}

/** Runs until the signal aborts. */
export async function follow(what: Followed, parts: FollowParts, follower: Follower): Promise<void> {
  const { clock, signal, random, log } = parts
  let revision: string | undefined
  let wait = firstWait
  while (!signal.aborted) {
    const began = clock.monotonic()
    try {
      if (revision === undefined) {
        const list = await listAll(parts.client, what)
        if (signal.aborted) return
        follower.onList(list.items, list.revision)
        revision = list.revision
      }
      for await (const events of await watch(what, parts, revision)) {
        if (signal.aborted) return
        revision = events.at(-1)?.object.metadata.resourceVersion ?? revision
        follower.onEvents(
          events.map(event => ({ ...event, object: complete(what.ref, event.object) })),
          revision,
        )
      }
    } catch (error) {
      if (signal.aborted) return
      if (isReason(error, 'Expired') || isReason(error, 'Gone')) revision = undefined
      else log.info('watch interrupted', { resource: what.ref.resource, error: String(error).slice(0, 500) })
    }
    // A watch that lasted is resumed at once; a short one means trouble, and everybody's trouble comes together.
    wait = clock.monotonic() - began > longestWait ? firstWait : Math.min(longestWait, wait * 2)
    await sleep(clock, wait === firstWait ? 1 : (wait / 2) * (1 + random()), signal)
  }
}

const watch = ({ ref, ...where }: Followed, { client, random, signal }: FollowParts, resourceVersion: string) =>
  client.watch(ref, {
    ...where,
    resourceVersion,
    allowWatchBookmarks: true,
    timeoutSeconds: Math.floor(watchSeconds * (1 + random())),
    signal,
  })

export const sleep = (clock: Clock, milliseconds: number, signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    if (signal.aborted) return resolve()
    const cancel = clock.after(milliseconds, () => {
      signal.removeEventListener('abort', end)
      resolve()
    })
    const end = (): void => {
      cancel()
      resolve()
    }
    signal.addEventListener('abort', end, { once: true })
  })
