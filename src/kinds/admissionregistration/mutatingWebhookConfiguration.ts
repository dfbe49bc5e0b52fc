import { age, integer, name } from '../columns.ts'
import { defineKind } from '../define.ts'
import { mutatingWebhookConfigurations } from '#kinds/facts/generated/refs.ts'

export const MutatingWebhookConfiguration = defineKind(mutatingWebhookConfigurations, {
  categories: ['api-extensions'],
  counted: true,
  columns: [name, integer('Webhooks', object => object.webhooks?.length ?? 0), age],
})
