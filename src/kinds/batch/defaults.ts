/** Defaults of jobs, also of those inside cron jobs, and what a new job is given to find its pods by. */
import type { Draft } from '#api/metadata.ts'
import { each, fill, owned, put, within } from '../fill.ts'
import { templateDefaults } from '../core/pod/defaults.ts'
import type { CronJob, CronJobSpec, Job, JobSpec } from '#kinds/facts/generated/types/batch_v1.ts'

const most = 2 ** 31 - 1

function backoffLimit(spec: JobSpec): JobSpec {
  if (spec.backoffLimit !== undefined) return spec
  return { ...spec, backoffLimit: spec.backoffLimitPerIndex === undefined ? 6 : most }
}

const failurePolicy = (policy: NonNullable<JobSpec['podFailurePolicy']>) =>
  within(policy, 'rules', rules =>
    each(rules, rule =>
      within(rule, 'onPodConditions', list => each(list, pattern => fill(pattern, { status: 'True' }))),
    ),
  )

/** Without the template. */
function jobSpecDefaults(given: JobSpec): JobSpec {
  const once = given.completions === undefined && given.parallelism === undefined ? { ...given, completions: 1 } : given
  const filled = fill<JobSpec>(backoffLimit(once), {
    parallelism: 1,
    completionMode: 'NonIndexed',
    suspend: false,
    podReplacementPolicy: given.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed',
    manualSelector: false,
  })
  return within(filled, 'podFailurePolicy', failurePolicy)
}

/** A job without labels has those of its pods. */
function labelLike(job: Draft<Job>, labels: Readonly<Record<string, string>> | undefined): void {
  if (labels !== undefined && Object.keys(job.metadata.labels ?? {}).length === 0) job.metadata.labels = { ...labels }
}

export function jobDefaults(job: Draft<Job>): void {
  const spec = jobSpecDefaults(job.spec ?? {})
  const template = templateDefaults(spec.template)
  labelLike(job, template.metadata?.labels)
  job.spec = owned(put(spec, 'template', template))
  job.status ??= {}
}

const ofCronJob: Partial<CronJobSpec> = {
  concurrencyPolicy: 'Allow',
  suspend: false,
  successfulJobsHistoryLimit: 3,
  failedJobsHistoryLimit: 1,
}

/** Jobs inside cron jobs get their own defaults when they are made. */
export function cronJobDefaults(cron: Draft<CronJob>): void {
  const spec = fill<Partial<CronJobSpec>>(cron.spec ?? {}, ofCronJob)
  const { jobTemplate } = spec
  const inner: Partial<JobSpec> = jobTemplate?.spec ?? {}
  const job = within({ ...inner, template: templateDefaults(inner.template) }, 'podFailurePolicy', failurePolicy)
  cron.spec = owned({
    ...spec,
    schedule: spec.schedule ?? '',
    jobTemplate: { ...jobTemplate, metadata: jobTemplate?.metadata ?? {}, spec: job },
  })
  cron.status ??= {}
}

export const jobLabels = {
  name: 'batch.kubernetes.io/job-name',
  uid: 'batch.kubernetes.io/controller-uid',
  oldName: 'job-name',
  oldUid: 'controller-uid',
} as const

/** The labels that only this job's pods have. What the user wrote is left, and refused where it contradicts. */
export function selectOwnPods(job: Draft<Job>): void {
  if (job.spec.manualSelector === true) return
  const { name = '', uid = '' } = job.metadata
  const { template, selector } = job.spec
  const labels = {
    [jobLabels.oldName]: name,
    [jobLabels.name]: name,
    [jobLabels.oldUid]: uid,
    [jobLabels.uid]: uid,
    ...template.metadata?.labels,
  }
  job.spec = {
    ...job.spec,
    template: { ...template, metadata: { ...template.metadata, labels } },
    selector: { ...selector, matchLabels: { [jobLabels.uid]: uid, ...selector?.matchLabels } },
  }
  labelLike(job, labels)
}
