import { age, integer, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { podDisruptionBudgets } from '#kinds/facts/generated/refs.ts'

export const PodDisruptionBudget = defineKind(podDisruptionBudgets, {
  shortNames: ['pdb'],
  status: true,
  counted: true,
  columns: [
    name,
    text('Min Available', object => String(object.spec.minAvailable ?? 'N/A')),
    text('Max Unavailable', object => String(object.spec.maxUnavailable ?? 'N/A')),
    integer('Allowed Disruptions', object => object.status?.disruptionsAllowed ?? 0),
    age,
  ],
})
