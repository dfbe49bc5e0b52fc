import { age, integer, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { validateBudget } from './validate.ts'
import { fill, owned } from '../fill.ts'
import type { PodDisruptionBudget as Object } from '#kinds/facts/generated/types/policy_v1.ts'
import { podDisruptionBudgets } from '#kinds/facts/generated/refs.ts'

type Status = NonNullable<Object['status']>

const none: Status = { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 }

export const PodDisruptionBudget = defineKind(podDisruptionBudgets, {
  shortNames: ['pdb'],
  status: true,
  counted: true,
  defaults: object => {
    object.spec ??= {}
    object.status = owned(fill<Status>(object.status ?? none, none))
  },
  validate: validateBudget,
  columns: [
    name,
    text('Min Available', object => String(object.spec.minAvailable ?? 'N/A')),
    text('Max Unavailable', object => String(object.spec.maxUnavailable ?? 'N/A')),
    integer('Allowed Disruptions', object => object.status?.disruptionsAllowed ?? 0),
    age,
  ],
})
