/** What a job controller, ours or somebody's, may report of a job. */
import type { Job } from '#kinds/facts/generated/types/batch_v1.ts'
import type { Place } from '../place.ts'

type Status = NonNullable<Job['status']>

const has = (status: Status, type: string): boolean =>
  (status.conditions ?? []).some(one => one.type === type && one.status === 'True')

const counts = ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const

function checkUncounted(place: Place, status: Status): void {
  const seen = new Set<string>()
  for (const list of ['succeeded', 'failed'] as const)
    place.at(list).each(status.uncountedTerminatedPods?.[list], (uid, at) => {
      if (uid === '') at.invalid(uid, 'must not be empty')
      else if (seen.has(uid)) at.duplicate(uid)
      seen.add(uid)
    })
}

const exclusive = [
  ['Complete', 'Failed', 'cannot set Complete=True and Failed=true conditions'],
  ['Complete', 'FailureTarget', 'cannot set Complete=True and FailureTarget=true conditions'],
  ['SuccessCriteriaMet', 'Failed', 'cannot set SuccessCriteriaMet=True and Failed=true conditions'],
  ['SuccessCriteriaMet', 'FailureTarget', 'cannot set SuccessCriteriaMet=True and FailureTarget=true conditions'],
] as const

function checkConditions(place: Place, status: Status, before: Status): void {
  for (const [one, other, why] of exclusive) if (has(status, one) && has(status, other)) place.wrong(why)
  for (const type of ['Failed', 'Complete', 'FailureTarget'])
    if (has(before, type) && !has(status, type)) place.wrong(`cannot disable the terminal ${type}=True condition`)
  if (has(before, 'SuccessCriteriaMet') && !has(status, 'SuccessCriteriaMet'))
    place.wrong('cannot disable the SuccessCriteriaMet=True condition')
}

function checkProgress(place: Place, job: Job, before: Status): void {
  const { status = {} } = job
  for (const name of ['failed', 'succeeded'] as const) {
    const [now = 0, then = 0] = [status[name], before[name]]
    if (now < then) place.at(name).invalid(now, `cannot decrease the ${name} counter`)
  }
  const { completionTime, startTime, ready = 0, active = 0 } = status
  if (before.completionTime !== undefined && completionTime !== undefined && completionTime !== before.completionTime)
    place.at('completionTime').immutable(completionTime)
  if (before.startTime !== undefined && startTime !== before.startTime && job.spec.suspend !== true)
    place.at('startTime').invalid(startTime, 'field is immutable for unsuspended job once set')
  const changed = ready !== before.ready || active !== before.active
  if (changed && ready > active) place.at('ready').invalid(ready, 'cannot set more ready pods than active')
}

export function checkJobStatus(place: Place, job: Job, old: Job): void {
  const [status, before] = [job.status ?? {}, old.status ?? {}]
  for (const name of counts) place.at(name).nonNegative(status[name])
  checkUncounted(place.at('uncountedTerminatedPods'), status)
  checkConditions(place.at('conditions'), status, before)
  checkProgress(place, job, before)
}
