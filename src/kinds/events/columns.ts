/** Both API groups show events alike, from the form in which they are kept. */
import type { Column } from '#api/kind.ts'
import { nameOf, since, text, wide } from '../columns.ts'
import type { Event } from '#kinds/facts/generated/types/core_v1.ts'

const firstSeen = (event: Event, now: number): string => since(event.firstTimestamp ?? event.eventTime, now)

function lastSeen(event: Event, now: number): string {
  if (event.series !== undefined) return since(event.series.lastObservedTime, now)
  return event.lastTimestamp === undefined ? firstSeen(event, now) : since(event.lastTimestamp, now)
}

function objectOf({ involvedObject }: Event): string {
  const kind = (involvedObject.kind ?? '').toLowerCase()
  return involvedObject.name ? `${kind}/${involvedObject.name}` : kind
}

export function sourceOf(event: Event): string {
  const component = event.source?.component || event.reportingComponent
  const host = event.source?.host || event.reportingInstance
  return host === '' ? component : `${component}, ${host}`
}

export const eventColumns: readonly Column<Event>[] = [
  text('Last Seen', lastSeen),
  text('Type', event => event.type ?? ''),
  text('Reason', event => event.reason ?? ''),
  text('Object', objectOf),
  wide(text('Subobject', event => event.involvedObject.fieldPath ?? '')),
  wide(text('Source', sourceOf)),
  text('Message', event => (event.message ?? '').trim()),
  wide(text('First Seen', firstSeen)),
  wide(text('Count', event => event.series?.count ?? event.count ?? 1)),
  wide(nameOf(event => event.metadata.name ?? '')),
]

const involved = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'] as const

type Selectors = Readonly<Record<string, (event: Event) => string>>

/** @param object what this API group calls the object that the event is about. */
export const eventSelectors = (object: 'involvedObject' | 'regarding'): Selectors => ({
  ...Object.fromEntries(
    involved.map(field => [`${object}.${field}`, (event: Event) => event.involvedObject[field] ?? '']),
  ),
  reason: event => event.reason ?? '',
  type: event => event.type ?? '',
})
