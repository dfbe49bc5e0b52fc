import { age, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { fill, owned, within } from '../fill.ts'
import type { PriorityLevelConfigurationSpec as Spec } from '#kinds/facts/generated/types/flowcontrol_v1.ts'
import { checkPriorityLevel } from './validate.ts'
import { priorityLevelConfigurations } from '#kinds/facts/generated/refs.ts'

const queues = { queues: 64, handSize: 8, queueLengthLimit: 50 } as const

function defaults(given: Spec): Spec {
  const exempt = within(given, 'exempt', one => fill(one, { nominalConcurrencyShares: 0, lendablePercent: 0 }))
  return within(exempt, 'limited', one =>
    within(fill(one, { nominalConcurrencyShares: 30, lendablePercent: 0 }), 'limitResponse', response =>
      within(response, 'queuing', queuing => fill(queuing, queues)),
    ),
  )
}

export const PriorityLevelConfiguration = defineKind(priorityLevelConfigurations, {
  status: true,
  counted: true,
  unconditionalUpdate: true,
  defaults: level => {
    level.spec = owned(defaults(level.spec ?? { type: '' }))
    level.status ??= {}
  },
  validate: checkPriorityLevel,
  columns: [
    name,
    text('Type', level => level.spec.type),
    text('NominalConcurrencyShares', level => level.spec.limited?.nominalConcurrencyShares ?? '<none>'),
    text('Queues', level => level.spec.limited?.limitResponse?.queuing?.queues ?? '<none>'),
    text('HandSize', level => level.spec.limited?.limitResponse?.queuing?.handSize ?? '<none>'),
    text('QueueLengthLimit', level => level.spec.limited?.limitResponse?.queuing?.queueLengthLimit ?? '<none>'),
    age,
  ],
})
