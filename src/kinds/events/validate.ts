/** What an event must have, which depends on the API that it was written through. */
import type { WriteContext } from '#api/kind.ts'
import { dns1123Subdomain, qualifiedName } from '#api/names.ts'
import type { FieldError } from '#api/validation.ts'
import type { Event } from '#kinds/facts/generated/types/core_v1.ts'
import { equal } from '#base/equal.ts'
import { Place } from '../place.ts'

const mismatch = 'does not match event.namespace'
const most = { short: 128, note: 1024 } as const

function checkText(place: Place, text: string | undefined, length: number): void {
  if (Buffer.byteLength(text ?? '') > length) place.invalid('', `can have at most ${length} characters`)
}

/** Events with a time of their own are of the newer sort. */
function checkTimed(root: Place, event: Event, controller: string): void {
  const { namespace = '' } = event.metadata
  const about = event.involvedObject.namespace ?? ''
  if (about === '' && namespace !== 'default' && namespace !== 'kube-system')
    root.at('involvedObject.namespace').invalid(about, mismatch)
  if (!event.reportingComponent) root.at(controller).required()
  root.at(controller).format(event.reportingComponent, qualifiedName)
  for (const field of ['reportingInstance', 'action', 'reason'] as const) {
    if (!event[field]) root.at(field).required()
    checkText(root.at(field), event[field], most.short)
  }
  checkText(root.at('message'), event.message, most.note)
}

function checkCommon(root: Place, event: Event, controller: string): void {
  const { namespace = '' } = event.metadata
  const about = event.involvedObject.namespace ?? ''
  if (event.eventTime) checkTimed(root, event, controller)
  else if (about === '' ? namespace !== '' && namespace !== 'default' : about !== namespace)
    root.at('involvedObject.namespace').invalid(about, mismatch)
  root.at('namespace').format(namespace, dns1123Subdomain)
}

export function validateCoreEvent(event: Event): readonly FieldError[] {
  const root = new Place('')
  checkCommon(root, event, 'reportingComponent')
  return root.errors
}

function checkSeries(root: Place, { series }: Event): void {
  if (series === undefined) return
  if ((series.count ?? 0) < 2) root.at('series.count').invalid('', 'should be at least 2')
  if (!series.lastObservedTime) root.at('series.lastObservedTime').required()
}

function checkNew(root: Place, event: Event): void {
  checkSeries(root, event)
  if (!event.eventTime) root.at('eventTime').required()
  if (event.type !== 'Normal' && event.type !== 'Warning')
    root.at('type').invalid('', `has invalid value: ${event.type ?? ''}`)
  for (const field of ['firstTimestamp', 'lastTimestamp', 'count'] as const)
    if (event[field]) root.at(field).invalid('', 'needs to be unset')
  if (event.source?.component || event.source?.host) root.at('source').invalid('', 'needs to be unset')
}

const fixed = [
  ['involvedObject', 'involvedObject'],
  ['reason', 'reason'],
  ['message', 'message'],
  ['source', 'source'],
  ['firstTimestamp', 'firstTimestamp'],
  ['lastTimestamp', 'lastTimestamp'],
  ['count', 'count'],
  ['type', 'type'],
  ['eventTime', 'eventTime'],
  ['action', 'action'],
  ['related', 'related'],
  ['reportingComponent', 'reportingController'],
  ['reportingInstance', 'reportingInstance'],
] as const

export function validateEventV1(event: Event, { old }: WriteContext<Event>): readonly FieldError[] {
  const root = new Place('')
  checkCommon(root, event, 'reportingController')
  if (old === undefined) checkNew(root, event)
  else {
    if (!equal(event.series, old.series)) checkSeries(root, event)
    for (const [field, shown] of fixed)
      if (!equal(event[field], old[field])) root.at(shown).immutable(event[field] ?? null)
  }
  return root.errors
}
