import { age, containers, duration, name, selectorText, text, wide } from '../columns.ts'
import { defineKind } from '../define.ts'
import { jobDefaults, selectOwnPods } from './defaults.ts'
import { ofTemplate } from '../apps/warnings.ts'
import { validateJob } from './validate.ts'
import { jobs } from '#kinds/facts/generated/refs.ts'
import type { Job as Object } from '#kinds/facts/generated/types/batch_v1.ts'

function statusOf(job: Object): string {
  const has = (type: string): boolean =>
    (job.status?.conditions ?? []).some(one => one.type === type && one.status === 'True')
  if (has('Complete')) return 'Complete'
  if (has('Failed')) return 'Failed'
  if (job.metadata.deletionTimestamp !== undefined) return 'Terminating'
  return ['Suspended', 'FailureTarget', 'SuccessCriteriaMet'].find(has) ?? 'Running'
}

function completionsOf({ spec, status }: Object): string {
  const done = status?.succeeded ?? 0
  if (spec.completions !== undefined) return `${done}/${spec.completions}`
  return (spec.parallelism ?? 0) > 1 ? `${done}/1 of ${spec.parallelism}` : `${done}/1`
}

function spanOf({ status }: Object, now: number): string {
  if (status?.startTime === undefined) return ''
  const end = status.completionTime === undefined ? now : Date.parse(status.completionTime)
  return duration(end - Date.parse(status.startTime))
}

export const Job = defineKind(jobs, {
  categories: ['all'],
  status: true,
  counted: true,
  unconditionalUpdate: true,
  defaultPropagation: 'Orphan',
  selectableFields: { 'status.successful': job => String(job.status?.succeeded ?? 0) },
  defaults: jobDefaults,
  prepare: (job, { old }) => {
    if (old === undefined) selectOwnPods(job)
  },
  validate: validateJob,
  warnings: ofTemplate<Object>('spec.template', job => job.spec.template, true),
  columns: [
    name,
    text('Status', statusOf),
    text('Completions', completionsOf),
    text('Duration', spanOf),
    age,
    ...containers<Object>(job => job.spec.template.spec?.containers),
    wide(text('Selector', job => selectorText(job.spec.selector))),
  ],
})
