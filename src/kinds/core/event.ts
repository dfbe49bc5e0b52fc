import { defineKind } from '../define.ts'
import { validateCoreEvent } from '../events/validate.ts'
import { eventColumns, eventSelectors } from '../events/columns.ts'
import { events } from '#kinds/facts/generated/refs.ts'

export const Event = defineKind(events, {
  shortNames: ['ev'],
  unconditionalUpdate: true,
  createOnUpdate: true,
  selectableFields: {
    ...eventSelectors('involvedObject'),
    reportingComponent: event => event.reportingComponent,
    source: event => event.source?.component || event.reportingComponent,
  },
  defaults: event => {
    event.involvedObject ??= {}
    event.reportingComponent ??= ''
    event.reportingInstance ??= ''
  },
  validate: validateCoreEvent,
  columns: eventColumns,
})
