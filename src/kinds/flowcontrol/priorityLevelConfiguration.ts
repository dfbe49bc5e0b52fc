import { age, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { priorityLevelConfigurations } from '#kinds/facts/generated/refs.ts'

export const PriorityLevelConfiguration = defineKind(priorityLevelConfigurations, {
  status: true,
  counted: true,
  unconditionalUpdate: true,
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
