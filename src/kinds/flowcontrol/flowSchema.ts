import { age, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { owned } from '../fill.ts'
import type { FlowSchemaSpec } from '#kinds/facts/generated/types/flowcontrol_v1.ts'
import { checkFlowSchema } from './validate.ts'
import { flowSchemas } from '#kinds/facts/generated/refs.ts'

export const FlowSchema = defineKind(flowSchemas, {
  status: true,
  counted: true,
  unconditionalUpdate: true,
  defaults: schema => {
    const spec: Partial<FlowSchemaSpec> = schema.spec ?? {}
    schema.spec = owned({
      ...spec,
      matchingPrecedence: spec.matchingPrecedence || 1000,
      priorityLevelConfiguration: spec.priorityLevelConfiguration ?? { name: '' },
    })
    schema.status ??= {}
  },
  validate: checkFlowSchema,
  columns: [
    name,
    text('PriorityLevel', schema => schema.spec.priorityLevelConfiguration.name),
    text('MatchingPrecedence', schema => schema.spec.matchingPrecedence),
    text('DistinguisherMethod', schema => schema.spec.distinguisherMethod?.type ?? '<none>'),
    age,
    text('MissingPL', ({ status }) => status?.conditions?.find(one => one.type === 'Dangling')?.status ?? '?'),
  ],
})
