import { defineKind } from '../define.ts'
import { validateLimitRange } from './quotas.ts'
import { each, owned, put, within } from '../fill.ts'
import { limitRanges } from '#kinds/facts/generated/refs.ts'
import type { LimitRangeItem, LimitRangeSpec } from '#kinds/facts/generated/types/core_v1.ts'
import { roundedList, withMissing } from './quantities.ts'

const lists = ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const

/** Limits of containers imply each other: the largest is the default, the default or the smallest is what is requested. */
function defaults(given: LimitRangeItem): LimitRangeItem {
  let item = given
  for (const list of lists) item = within(item, list, roundedList)
  if (item.type !== 'Container') return item
  const limits = withMissing(item.default, item.max) ?? {}
  const requests = withMissing(withMissing(item.defaultRequest, limits), item.min) ?? {}
  if (Object.keys(limits).length > 0) item = put(item, 'default', limits)
  return Object.keys(requests).length > 0 ? put(item, 'defaultRequest', requests) : item
}

export const LimitRange = defineKind(limitRanges, {
  validate: validateLimitRange,
  shortNames: ['limits'],
  unconditionalUpdate: true,
  createOnUpdate: true,
  defaults: range => {
    const spec: LimitRangeSpec = range.spec ?? { limits: [] }
    range.spec = owned(put(spec, 'limits', each(spec.limits ?? [], defaults)))
  },
})
