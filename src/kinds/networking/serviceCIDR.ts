import { age, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { serviceCIDRs } from '#kinds/facts/generated/refs.ts'

export const ServiceCIDR = defineKind(serviceCIDRs, {
  status: true,
  unconditionalUpdate: true,
  defaults: range => {
    range.status ??= {}
  },
  columns: [name, text('CIDRs', object => (object.spec.cidrs ?? []).join(',')), age],
})
