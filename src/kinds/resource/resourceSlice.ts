import { age, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { owned } from '../fill.ts'
import { mappedSlice, stampedSlice } from './defaults.ts'
import { validateSlice } from './slices.ts'
import { resourceSlices } from '#kinds/facts/generated/refs.ts'

export const ResourceSlice = defineKind(resourceSlices, {
  counted: true,
  unconditionalUpdate: true,
  selectableFields: {
    'spec.nodeName': slice => slice.spec.nodeName ?? '',
    'spec.driver': slice => slice.spec.driver,
  },
  returnsDeleted: true,
  defaults: slice => {
    slice.spec = owned(mappedSlice(slice.spec))
  },
  prepare: (slice, { now }) => {
    slice.spec = owned(stampedSlice(slice.spec, now))
  },
  validate: validateSlice,
  columns: [
    name,
    text('Node', slice => slice.spec.nodeName ?? ''),
    text('Driver', slice => slice.spec.driver),
    text('Pool', slice => slice.spec.pool.name),
    age,
  ],
})
