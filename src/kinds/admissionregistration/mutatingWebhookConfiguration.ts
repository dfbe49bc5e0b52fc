import { age, integer, name } from '../columns.ts'
import { defineKind } from '../define.ts'
import { each, owned } from '../fill.ts'
import { mutatingWebhook } from './defaults.ts'
import { validateWebhooks } from './webhooks.ts'
import { mutatingWebhookConfigurations } from '#kinds/facts/generated/refs.ts'

export const MutatingWebhookConfiguration = defineKind(mutatingWebhookConfigurations, {
  validate: validateWebhooks,
  categories: ['api-extensions'],
  counted: true,
  defaults: object => {
    if (object.webhooks !== undefined) object.webhooks = owned(each(object.webhooks, mutatingWebhook))
  },
  columns: [name, integer('Webhooks', object => object.webhooks?.length ?? 0), age],
})
