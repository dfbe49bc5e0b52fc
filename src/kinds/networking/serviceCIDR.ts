import { age, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { validateServiceCIDR } from './addressing.ts'
import { serviceCIDRs } from '#kinds/facts/generated/refs.ts'

export const ServiceCIDR = defineKind(serviceCIDRs, {
  status: true,
  unconditionalUpdate: true,
  defaults: range => {
    range.status ??= {}
  },
  validate: validateServiceCIDR,
  columns: [name, text('CIDRs', object => (object.spec.cidrs ?? []).join(',')), age],
})
