/** Finds events in logs of any length: one line at a time, those of several logs in the order of their time. */
import type { Event } from '#kinds/facts/generated/types/audit_v1.ts'
import { linesOf, rotatedFiles } from './files.ts'

export interface Query {
  readonly verbs?: ReadonlySet<string>
  readonly resource?: string
  /** Absent: of any group. */
  readonly group?: string
  /** Absent: of the thing itself and of whatever is below it. */
  readonly subresource?: string
  readonly name?: string
  readonly namespace?: string
  /** Who asked, or as whom. */
  readonly by?: string
  /** Milliseconds since the epoch. */
  readonly since?: number
  /** A key and value that the event was annotated with: a decision's id. */
  readonly annotation?: readonly [key: string, value: string]
}

/** The state of a request as far as the log tells it. */
export interface Entry {
  readonly event: Event
  /** No end of it is on record: it still lasts, or the server ended before. */
  readonly open: boolean
}

const isEvent = (value: unknown): value is Event =>
  typeof value === 'object' &&
  value !== null &&
  Reflect.get(value, 'kind') === 'Event' &&
  typeof Reflect.get(value, 'verb') === 'string' &&
  typeof Reflect.get(value, 'stage') === 'string' &&
  typeof Reflect.get(value, 'auditID') === 'string' &&
  typeof Reflect.get(value, 'stageTimestamp') === 'string'

function eventIn(line: string): Event | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return isEvent(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** Deletions of a whole collection carry no name: the one that is looked for may have been among them. */
const isNamed = (query: Query, event: Event): boolean =>
  query.name === undefined || event.objectRef?.name === query.name || event.verb === 'deletecollection'

/** Of what changes an object, its status is the system's own talk: only who asks for it is told. */
const isTalk = ({ resource, subresource }: Query, event: Event): boolean =>
  resource !== undefined && subresource === undefined && event.objectRef?.subresource === 'status'

function isAsked(query: Query, event: Event): boolean {
  const { verbs, resource, group, subresource, namespace, by, annotation, since } = query
  const to = event.objectRef
  if (verbs !== undefined && !verbs.has(event.verb)) return false
  if (resource !== undefined && to?.resource !== resource) return false
  if (group !== undefined && (to?.apiGroup ?? '') !== group) return false
  if (subresource !== undefined && (to?.subresource ?? '') !== subresource) return false
  if (namespace !== undefined && (to?.namespace ?? '') !== namespace) return false
  if (by !== undefined && event.user?.username !== by && event.impersonatedUser?.username !== by) return false
  if (annotation !== undefined && event.annotations?.[annotation[0]] !== annotation[1]) return false
  if (isTalk(query, event)) return false
  return isNamed(query, event) && (since === undefined || Date.parse(event.stageTimestamp) >= since)
}

/** The places of one log, oldest first: the last is written now. */
export type LogPlaces = readonly string[]

async function* eventsOf(places: LogPlaces, query: Query): AsyncGenerator<Event> {
  const { since, resource, annotation } = query
  const files = places.flatMap(path => [
    ...rotatedFiles(path)
      .filter(file => since === undefined || file.time >= since)
      .map(file => file.path),
    path,
  ])
  // Most lines are about something else, and need not be taken apart for that.
  const marks = [resource, annotation?.[1]].flatMap(text => (text === undefined ? [] : [JSON.stringify(text)]))
  for (const file of files)
    for await (const { text } of linesOf(file)) {
      if (!marks.every(mark => text.includes(mark))) continue
      const event = eventIn(text)
      if (event !== undefined && isAsked(query, event)) yield event
    }
}

async function* merged(logs: readonly LogPlaces[], query: Query): AsyncGenerator<Event> {
  const sources = logs.map(places => eventsOf(places, query))
  const next = await Promise.all(sources.map(async source => (await source.next()).value))
  for (;;) {
    let first = -1
    for (const [at, event] of next.entries())
      if (event !== undefined && (first < 0 || event.stageTimestamp < (next[first]?.stageTimestamp ?? ''))) first = at
    const event = next[first]
    if (event === undefined) return
    yield event
    next[first] = (await sources[first]?.next())?.value
  }
}

const mostOpen = 10_000

/** The last word on each request, in the order in which they ended. Those without an end come last. */
export async function* search(logs: readonly LogPlaces[], query: Query): AsyncGenerator<Entry> {
  const open = new Map<string, Event>()
  for await (const event of merged(logs, query)) {
    const over = event.stage === 'ResponseComplete' || event.stage === 'Panic' || event.responseStatus?.code === 401
    open.delete(event.auditID)
    if (over) {
      yield { event, open: false }
      continue
    }
    open.set(event.auditID, event)
    const [oldest] = open
    if (open.size <= mostOpen || oldest === undefined) continue
    open.delete(oldest[0])
    yield { event: oldest[1], open: true }
  }
  for (const event of open.values()) yield { event, open: true }
}
