import { age, integer, name } from '../columns.ts'
import { defineKind } from '../define.ts'
import { each, owned } from '../fill.ts'
import { validatingWebhook } from './defaults.ts'
import { validateWebhooks } from './webhooks.ts'
import { validatingWebhookConfigurations } from '#kinds/facts/generated/refs.ts'

export const ValidatingWebhookConfiguration = defineKind(validatingWebhookConfigurations, {
  validate: validateWebhooks,
  categories: ['api-extensions'],
  counted: true,
  defaults: object => {
    if (object.webhooks !== undefined) object.webhooks = owned(each(object.webhooks, validatingWebhook))
  },
  columns: [name, integer('Webhooks', object => object.webhooks?.length ?? 0), age],
})
