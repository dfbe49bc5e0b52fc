import { age, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { flowSchemas } from '#kinds/facts/generated/refs.ts'

export const FlowSchema = defineKind(flowSchemas, {
  status: true,
  counted: true,
  unconditionalUpdate: true,
  columns: [
    name,
    text('PriorityLevel', schema => schema.spec.priorityLevelConfiguration.name),
    text('MatchingPrecedence', schema => schema.spec.matchingPrecedence),
    text('DistinguisherMethod', schema => schema.spec.distinguisherMethod?.type ?? '<none>'),
    age,
    text('MissingPL', ({ status }) => status?.conditions?.find(one => one.type === 'Dangling')?.status ?? '?'),
  ],
})
