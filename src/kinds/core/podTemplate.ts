import { labelText, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { validatePodTemplate } from './validate.ts'
import { owned } from '../fill.ts'
import { templateDefaults } from './pod/defaults.ts'
import { podTemplates } from '#kinds/facts/generated/refs.ts'

export const PodTemplate = defineKind(podTemplates, {
  counted: true,
  unconditionalUpdate: true,
  returnsDeleted: true,
  defaults: object => {
    object.template = owned(templateDefaults(object.template))
  },
  validate: validatePodTemplate,
  columns: [
    name,
    text('Containers', ({ template }) => (template?.spec?.containers ?? []).map(one => one.name).join(',')),
    text('Images', ({ template }) => (template?.spec?.containers ?? []).map(one => one.image ?? '').join(',')),
    text('Pod Labels', ({ template }) => labelText(template?.metadata?.labels)),
  ],
})
