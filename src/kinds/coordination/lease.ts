import { age, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { validateLease } from './validate.ts'
import { leases } from '#kinds/facts/generated/refs.ts'

export const Lease = defineKind(leases, {
  createOnUpdate: true,
  defaults: lease => {
    lease.spec ??= {}
  },
  validate: validateLease,
  columns: [name, text('Holder', lease => lease.spec.holderIdentity ?? ''), age],
})
