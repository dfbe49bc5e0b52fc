import { name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { componentStatuses } from '#kinds/facts/generated/refs.ts'
import type { ComponentCondition, ComponentStatus as Status } from '#kinds/facts/generated/types/core_v1.ts'

const healthy = (object: Status): ComponentCondition | undefined =>
  object.conditions?.find(one => one.type === 'Healthy')

function stateOf(object: Status): string {
  const condition = healthy(object)
  if (condition === undefined) return 'Unknown'
  return condition.status === 'True' ? 'Healthy' : 'Unhealthy'
}

export const ComponentStatus = defineKind(componentStatuses, {
  conversions: { v1: { deprecated: 'v1 ComponentStatus is deprecated in v1.19+' } },
  shortNames: ['cs'],
  columns: [
    name,
    text('Status', stateOf),
    text('Message', object => healthy(object)?.message ?? ''),
    text('Error', object => healthy(object)?.error ?? ''),
  ],
})
