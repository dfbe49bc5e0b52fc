import { age, containers, integer, name, selectorText, since, text, wide } from '../columns.ts'
import { defineKind } from '../define.ts'
import { cronJobDefaults } from './defaults.ts'
import { ofTemplate } from '../apps/warnings.ts'
import { validateCronJob } from './validate.ts'
import { cronJobs } from '#kinds/facts/generated/refs.ts'
import type { CronJob as Object } from '#kinds/facts/generated/types/batch_v1.ts'

export const CronJob = defineKind(cronJobs, {
  shortNames: ['cj'],
  categories: ['all'],
  status: true,
  counted: true,
  unconditionalUpdate: true,
  defaults: cronJobDefaults,
  validate: validateCronJob,
  warnings: ofTemplate<Object>('spec.jobTemplate.spec.template', cron => cron.spec.jobTemplate.spec?.template, true),
  columns: [
    name,
    text('Schedule', object => object.spec.schedule),
    text('Timezone', object => object.spec.timeZone ?? '<none>'),
    {
      name: 'Suspend',
      type: 'boolean',
      of: ({ spec }) => (spec.suspend === undefined ? '<unset>' : spec.suspend ? 'True' : 'False'),
    },
    integer('Active', object => object.status?.active?.length ?? 0),
    text('Last Schedule', ({ status }, now) =>
      status?.lastScheduleTime === undefined ? '<none>' : since(status.lastScheduleTime, now),
    ),
    age,
    ...containers<Object>(object => object.spec.jobTemplate.spec?.template.spec?.containers),
    wide(text('Selector', object => selectorText(object.spec.jobTemplate.spec?.selector))),
  ],
})
