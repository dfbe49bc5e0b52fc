/** Checks of jobs and cron jobs. */
import { equal } from '#base/equal.ts'
import { dns1123Label } from '#api/names.ts'
import type { WriteContext } from '#api/kind.ts'
import type { FieldError } from '#api/validation.ts'
import type { CronJob, Job, JobSpec } from '#kinds/facts/generated/types/batch_v1.ts'
import type { Container, PodSpec, PodTemplateSpec } from '#kinds/facts/generated/types/core_v1.ts'
import { checkFixed } from '../apps/checks.ts'
import { checkTemplate } from '../core/pod/validate/template.ts'
import { checkDomainPath } from '../domainPath.ts'
import { without } from '../fill.ts'
import { checkSelector, matches } from '../meta.ts'
import { Place } from '../place.ts'
import { jobLabels } from './defaults.ts'
import { checkFailurePolicy, checkSuccessPolicy } from './policies.ts'
import { checkJobStatus } from './status.ts'
import { scheduleProblem } from './schedule.ts'

const indexed = 'Indexed'
const modes = ['NonIndexed', indexed]
const limit = { parallelism: 100_000, failed: 100_000, completions: 100_000, many: 10_000 } as const
const counts = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
] as const

function checkIndexed(place: Place, spec: JobSpec): void {
  const { completions, parallelism = 0, maxFailedIndexes: failed } = spec
  if (completions === undefined) place.at('completions').required(`when completion mode is ${indexed}`)
  if (parallelism > limit.parallelism)
    place
      .at('parallelism')
      .invalid(parallelism, `must be less than or equal to ${limit.parallelism} when completion mode is ${indexed}`)
  const at = place.at('maxFailedIndexes')
  if (failed !== undefined && failed > (completions ?? failed))
    at.invalid(failed, 'must be less than or equal to completions')
  if (failed !== undefined && failed > limit.failed) at.invalid(failed, `must be less than or equal to ${limit.failed}`)
  if ((completions ?? 0) <= limit.completions || spec.backoffLimitPerIndex === undefined) return
  const why = `must be less than or equal to ${limit.many} when completions are above ${limit.completions} and used with backoff limit per index`
  if (failed === undefined) at.required(`must be specified when completions is above ${limit.completions}`)
  else if (failed > limit.many) at.invalid(failed, why)
  if (parallelism > limit.many) place.at('parallelism').invalid(parallelism, why)
}

const longestManager = 63

function checkManager(place: Place, manager: string): void {
  checkDomainPath(place, manager)
  if (manager.length > longestManager) place.tooLong(longestManager)
}

function checkReplacement(place: Place, spec: JobSpec): void {
  const { podReplacementPolicy: policy, podFailurePolicy } = spec
  const allowed = podFailurePolicy === undefined ? ['Failed', 'TerminatingOrFailed'] : ['Failed']
  if (policy !== undefined && !allowed.includes(policy)) place.unsupported(policy, allowed)
}

function checkRestart(place: Place, spec: JobSpec): void {
  const policy = spec.template.spec.restartPolicy ?? ''
  if (policy === 'Always' || policy === '') place.required('valid values: "OnFailure", "Never"')
  else if (policy !== 'OnFailure' && policy !== 'Never') place.unsupported(policy, ['OnFailure', 'Never'])
  else if (spec.podFailurePolicy !== undefined && policy !== 'Never')
    place.invalid(policy, 'only "Never" is supported when podFailurePolicy is specified')
}

function checkMode(place: Place, spec: JobSpec): void {
  const { completionMode: mode = 'NonIndexed' } = spec
  if (!modes.includes(mode)) place.at('completionMode').unsupported(mode, modes)
  if (mode === indexed) checkIndexed(place, spec)
  else if (mode === 'NonIndexed')
    for (const name of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const)
      if (spec[name] !== undefined) place.at(name).invalid(spec[name], 'requires indexed completion mode')
  const { successPolicy } = spec
  if (successPolicy === undefined) return
  if (mode !== indexed) place.at('successPolicy').invalid(successPolicy, 'requires indexed completion mode')
  else checkSuccessPolicy(place.at('successPolicy'), successPolicy, spec.completions ?? 0)
}

/** What jobs and the jobs inside cron jobs have in common. */
function checkSpec(place: Place, spec: JobSpec): void {
  for (const name of counts) place.at(name).nonNegative(spec[name])
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined)
    place.at('backoffLimitPerIndex').required('when maxFailedIndexes is specified')
  if (spec.managedBy !== undefined) checkManager(place.at('managedBy'), spec.managedBy)
  checkMode(place, spec)
  if (spec.podFailurePolicy !== undefined) checkFailurePolicy(place.at('podFailurePolicy'), spec.podFailurePolicy, spec)
  checkReplacement(place.at('podReplacementPolicy'), spec)
  checkTemplate(place.at('template'), spec.template)
  checkRestart(place.at('template.spec.restartPolicy'), spec)
}

function checkLabel(place: Place, labels: Readonly<Record<string, string>>, pair: readonly [string, string]): void {
  const [key, wanted] = pair
  const at = place.at('labels').key(key)
  if (!Object.hasOwn(labels, key)) at.required(`must be '${wanted}'`)
  else if (labels[key] !== wanted) at.invalid(labels, `must be '${wanted}'`)
}

/** A selector that the server made picks this job's pods and no others. */
function checkGenerated(root: Place, job: Job): void {
  const { selector, template, manualSelector } = job.spec
  if (manualSelector === true || selector === undefined) return
  const { uid = '', name = '' } = job.metadata
  const wanted = {
    [jobLabels.oldUid]: uid,
    [jobLabels.oldName]: name,
    [jobLabels.uid]: uid,
    [jobLabels.name]: name,
  }
  for (const pair of Object.entries(wanted))
    checkLabel(root.at('spec.template.metadata'), template.metadata?.labels ?? {}, pair)
  if (!matches(selector, wanted)) root.at('spec.selector').invalid(selector, '`selector` not auto-generated')
}

function checkJob(root: Place, job: Job): void {
  const { spec, metadata } = job
  checkGenerated(root, job)
  const place = root.at('spec')
  checkSpec(place, spec)
  if (spec.selector === undefined) place.at('selector').required()
  else {
    checkSelector(place.at('selector'), spec.selector)
    const labels = spec.template.metadata?.labels
    if (!matches(spec.selector, labels))
      place.at('template.metadata.labels').invalid(labels ?? null, '`selector` does not match template `labels`')
  }
  const { completions = 0, completionMode } = spec
  const longest = `${metadata.name ?? ''}-${completions - 1}`
  if (completionMode === indexed && completions > 0 && dns1123Label(longest).length > 0)
    root.at('metadata.name').invalid(metadata.name, `will not able to create pod with invalid DNS label: ${longest}`)
}

const unresourced = (containers: readonly Container[] | undefined): readonly unknown[] =>
  (containers ?? []).map(one => without(one, 'resources'))

/** The parts of a pod's spec that a suspended job may still change. */
const loose = (spec: PodSpec): unknown => {
  const { nodeAffinity: _, ...affinity } = spec.affinity ?? {}
  return {
    ...without(spec, 'nodeSelector', 'tolerations', 'schedulingGates', 'affinity'),
    ...(Object.keys(affinity).length === 0 ? {} : { affinity }),
    containers: unresourced(spec.containers),
    initContainers: unresourced(spec.initContainers),
  }
}

/** Suspended, and nothing of it runs. */
function isMutable({ spec, status = {} }: Job): boolean {
  const resting = status.conditions?.some(one => one.type === 'Suspended' && one.status === 'True') === true
  return spec.suspend === true && (status.startTime === undefined || resting) && (status.active ?? 0) === 0
}

function checkTemplateUpdate(place: Place, template: PodTemplateSpec, old: Job): void {
  if (!isMutable(old)) return checkFixed(place, template, old.spec.template)
  if (!equal(loose(template.spec), loose(old.spec.template.spec))) place.at('spec').immutable(template.spec)
  return undefined
}

const fixed = ['completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'] as const

function checkJobUpdate(place: Place, spec: JobSpec, old: Job): void {
  const { completions, parallelism } = spec
  if (spec.completionMode !== indexed) checkFixed(place.at('completions'), completions, old.spec.completions)
  else if (completions !== undefined && completions !== old.spec.completions && completions !== parallelism)
    place.at('completions').invalid(completions, 'can only be modified in tandem with spec.parallelism')
  checkFixed(place.at('selector'), spec.selector, old.spec.selector)
  checkTemplateUpdate(place.at('template'), spec.template, old)
  for (const name of fixed) checkFixed(place.at(name), spec[name], old.spec[name])
}

export function validateJob(job: Job, { old, subresource }: WriteContext<Job>): readonly FieldError[] {
  const root = new Place('')
  if (subresource === 'status') {
    if (old !== undefined) checkJobStatus(root.at('status'), job, old)
    return root.errors
  }
  checkJob(root, job)
  if (old !== undefined) checkJobUpdate(root.at('spec'), job.spec, old)
  return root.errors
}

const policies = ['Allow', 'Forbid', 'Replace']
const longestName = 52
const zonePart = /^[A-Za-z._0-9+][A-Za-z.\-_0-9+]{0,13}$/

function isZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

function checkZone(place: Place, zone: string): void {
  if (zone === '') place.invalid(zone, 'timeZone must be nil or non-empty string')
  else if (zone.toLowerCase() === 'local')
    place.invalid(zone, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones')
  else if (zone.split('/').some(part => part === '.' || part === '..' || !zonePart.test(part)) || !isZone(zone))
    place.invalid(zone, `unknown time zone ${zone}`)
}

function checkSchedule(place: Place, cron: CronJob, old: CronJob | undefined): void {
  const { schedule, timeZone } = cron.spec
  if (!schedule) return place.required()
  const problem = scheduleProblem(schedule)
  if (problem !== undefined) place.invalid(schedule, problem)
  if (!schedule.includes('TZ')) return undefined
  if (old?.spec.schedule.includes('TZ') !== true)
    place.invalid(schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead')
  else if (timeZone !== undefined)
    place.invalid(schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule')
  return undefined
}

export function validateCronJob(cron: CronJob, { old, subresource }: WriteContext<CronJob>): readonly FieldError[] {
  const root = new Place('')
  if (subresource === 'status') return root.errors
  const { spec, metadata } = cron
  const place = root.at('spec')
  checkSchedule(place.at('schedule'), cron, old)
  place.at('startingDeadlineSeconds').nonNegative(spec.startingDeadlineSeconds)
  if (spec.timeZone !== undefined && spec.timeZone !== old?.spec.timeZone)
    checkZone(place.at('timeZone'), spec.timeZone)
  place.at('concurrencyPolicy').oneOf(spec.concurrencyPolicy, policies)
  const job = place.at('jobTemplate.spec')
  const inner: JobSpec = spec.jobTemplate.spec ?? { template: { spec: { containers: [] } } }
  checkSpec(job, inner)
  if (inner.selector !== undefined) job.at('selector').invalid(inner.selector, '`selector` will be auto-generated')
  if (inner.manualSelector === true) job.at('manualSelector').unsupported(true, ['nil', 'false'])
  place.at('successfulJobsHistoryLimit').nonNegative(spec.successfulJobsHistoryLimit)
  place.at('failedJobsHistoryLimit').nonNegative(spec.failedJobsHistoryLimit)
  if (old === undefined && (metadata.name ?? '').length > longestName)
    root.at('metadata.name').invalid(metadata.name, `must be no more than ${longestName} characters`)
  return root.errors
}
