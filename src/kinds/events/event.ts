/** events.k8s.io shows the events that core keeps, with other names for some fields. */
import type { Draft, JsonObject, KObject, ResourceRef } from '#api/metadata.ts'
import { defineKind } from '../define.ts'
import { validateEventV1 } from './validate.ts'
import { eventsV1 } from '#kinds/facts/generated/refs.ts'
import type { Event as Core } from '#kinds/facts/generated/types/core_v1.ts'
import { eventColumns, eventSelectors } from './columns.ts'

/** Name here, name in core; all others are the same. */
const renamed: ReadonlyMap<string, string> = new Map([
  ['regarding', 'involvedObject'],
  ['note', 'message'],
  ['deprecatedSource', 'source'],
  ['deprecatedFirstTimestamp', 'firstTimestamp'],
  ['deprecatedLastTimestamp', 'lastTimestamp'],
  ['deprecatedCount', 'count'],
  ['reportingController', 'reportingComponent'],
])
const back: ReadonlyMap<string, string> = new Map([...renamed].map(([here, core]) => [core, here]))

const rename = (draft: Draft<KObject>, names: ReadonlyMap<string, string>, apiVersion: string): Draft<KObject> => {
  const fields: JsonObject = Object.fromEntries(
    Object.entries(draft).map(([key, value]) => [names.get(key) ?? key, value]),
  )
  return { ...fields, apiVersion, kind: draft.kind, metadata: draft.metadata }
}

/** Core's form, which is kept. */
export const toCore = (draft: Draft<KObject>): Draft<KObject> => {
  const core: Draft<KObject> & Record<string, unknown> = { ...rename(draft, renamed, 'v1') }
  core['involvedObject'] ??= {}
  core['reportingComponent'] ??= ''
  core['reportingInstance'] ??= ''
  return core
}

export const fromCore = (draft: Draft<KObject>): Draft<KObject> => {
  const event: Draft<KObject> & Record<string, unknown> = { ...rename(draft, back, 'events.k8s.io/v1') }
  for (const field of ['reportingController', 'reportingInstance']) if (event[field] === '') delete event[field]
  return event
}

const { group, version, resource, kind, namespaced } = eventsV1
const ref: ResourceRef<Core> = { group, version, resource, kind, namespaced }

export const EventV1 = defineKind(ref, {
  shortNames: ['ev'],
  unconditionalUpdate: true,
  createOnUpdate: true,
  storedAs: { group: '', plural: 'events' },
  conversions: { v1: { toHub: toCore, fromHub: fromCore } },
  selectableFields: {
    ...eventSelectors('regarding'),
    reportingController: event => event.reportingComponent,
  },
  validate: validateEventV1,
  columns: eventColumns,
})
