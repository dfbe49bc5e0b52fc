import { labelText, name, text } from '../columns.ts'
import { defineKind } from '../define.ts'
import { podTemplates } from '#kinds/facts/generated/refs.ts'

export const PodTemplate = defineKind(podTemplates, {
  counted: true,
  unconditionalUpdate: true,
  returnsDeleted: true,
  columns: [
    name,
    text('Containers', ({ template }) => (template?.spec?.containers ?? []).map(one => one.name).join(',')),
    text('Images', ({ template }) => (template?.spec?.containers ?? []).map(one => one.image ?? '').join(',')),
    text('Pod Labels', ({ template }) => labelText(template?.metadata?.labels)),
  ],
})
