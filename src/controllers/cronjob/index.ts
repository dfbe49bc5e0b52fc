/** CronJobs: makes Jobs on schedule and clears away old ones. */
import { cronJobs, jobs } from '#kinds/facts/generated/refs.ts'
import type { CronJob, CronJobStatus, Job } from '#kinds/facts/generated/types/batch_v1.ts'
import { controllerOf } from '#api/metadata.ts'
import { timestamp } from '#base/clock.ts'
import {
  type Controller,
  type Decision,
  type Input,
  type Notice,
  type Write,
  nothing,
  selfKey,
} from '#client/controller.ts'
import { at, isTrue } from '../conditions.ts'
import { sameStatus } from '../equal.ts'
import { isFinished } from '../job/shape.ts'
import { controlledBy, controllerIndex, controllerRef, ownerKeys } from '../owners.ts'
import { eventWriter, reading, rule } from '../rules.ts'
import { remove, updateStatus } from '../writes.ts'
import { type Schedule, latest, next, parseSchedule, zoneOffset } from './schedule.ts'

export const cronJob: Controller = {
  name: 'cronjob-controller',
  watches: [
    { ref: cronJobs, keys: selfKey },
    { ref: jobs, keys: ownerKeys(cronJobs, () => undefined) },
  ],
  indexes: [controllerIndex(jobs)],
  rules: [
    rule('batch', ['cronjobs'], ['update', ...reading]),
    rule('batch', ['cronjobs/status', 'cronjobs/finalizers'], ['update']),
    rule('batch', ['jobs'], ['create', 'delete', 'patch', 'update', ...reading]),
    eventWriter,
  ],
  decide,
}

const tell = (about: CronJob, type: Notice['type'], what: readonly [string, string]): Notice => ({
  about,
  type,
  reason: what[0],
  message: what[1],
})

const created = (job: Job): number => at(job.status?.startTime ?? job.metadata.creationTimestamp)

/** The oldest finished Jobs beyond the limits. */
function excess(owner: CronJob, mine: readonly Job[]): readonly Write[] {
  const finished = mine.filter(job => isFinished(job) && job.metadata.deletionTimestamp === undefined)
  const good = finished.filter(job => isTrue(job.status?.conditions, 'Complete'))
  const bad = finished.filter(job => !isTrue(job.status?.conditions, 'Complete'))
  const beyond = (list: readonly Job[], limit: number): readonly Job[] =>
    list.toSorted((a, b) => created(a) - created(b)).slice(0, Math.max(0, list.length - limit))
  const old = [
    ...beyond(good, owner.spec.successfulJobsHistoryLimit ?? 3),
    ...beyond(bad, owner.spec.failedJobsHistoryLimit ?? 1),
  ]
  return old.map(job => deletion(owner, job))
}

function deletion(owner: CronJob, job: Job): Write {
  const says = tell(owner, 'Normal', ['SuccessfulDelete', `Deleted job ${job.metadata.name ?? ''}`])
  const fails = tell(owner, 'Warning', ['FailedDelete', 'Deleted job: {error}'])
  return { ...remove(jobs, job), op: 'delete', ref: jobs, key: keyOfJob(job), propagation: 'Background', says, fails }
}

const keyOfJob = (job: Job): string => `${job.metadata.namespace ?? ''}/${job.metadata.name ?? ''}`

const reference = (job: Job) => ({
  kind: 'Job',
  namespace: job.metadata.namespace ?? '',
  name: job.metadata.name ?? '',
  uid: job.metadata.uid ?? '',
  apiVersion: 'batch/v1',
  resourceVersion: job.metadata.resourceVersion ?? '',
})

interface Seen {
  readonly status: CronJobStatus
  readonly events: readonly Notice[]
}

function observe(owner: CronJob, mine: readonly Job[]): Seen {
  const events: Notice[] = []
  const byUid = new Map(mine.map(job => [job.metadata.uid, job]))
  for (const { uid, name = '' } of owner.status?.active ?? []) {
    const job = byUid.get(uid)
    if (job === undefined) events.push(tell(owner, 'Normal', ['MissingJob', `Active job went missing: ${name}`]))
    else if (isFinished(job)) {
      const how = isTrue(job.status?.conditions, 'Complete') ? 'Complete' : 'Failed'
      events.push(tell(owner, 'Normal', ['SawCompletedJob', `Saw completed job: ${name}, condition: ${how}`]))
    }
  }
  const known = new Map((owner.status?.active ?? []).map(one => [one.uid, one]))
  const active = mine.filter(job => !isFinished(job)).map(job => known.get(job.metadata.uid ?? '') ?? reference(job))
  const ends = mine.filter(job => isTrue(job.status?.conditions, 'Complete')).map(job => at(job.status?.completionTime))
  const last = Math.max(at(owner.status?.lastSuccessfulTime) || 0, ...ends.filter(time => !Number.isNaN(time)))
  const { active: _, ...rest } = owner.status ?? {}
  return {
    status: {
      ...rest,
      ...(active.length === 0 ? {} : { active }),
      ...(last > 0 ? { lastSuccessfulTime: timestamp(last) } : {}),
    },
    events,
  }
}

function decide(key: string, { read, now }: Input<unknown>): Decision {
  const owner = read.get(cronJobs, key)
  if (owner === undefined) return nothing
  const mine = controlledBy(read, jobs, owner).filter(job => controllerOf(job)?.kind === 'CronJob')
  const seen = observe(owner, mine)
  const cleared = excess(owner, mine)
  const due =
    owner.metadata.deletionTimestamp !== undefined || owner.spec.suspend === true ? idle : start(owner, mine, now)
  const status = { ...seen.status, ...due.status }
  const report = sameStatus(status, owner.status) ? [] : [updateStatus(cronJobs, { ...owner, status })]
  return {
    writes: [due.deletions, due.creation, report, cleared].filter(group => group.length > 0),
    // Told once: while the status still lists what has ended.
    events: [...(report.length > 0 ? seen.events : []), ...due.events],
    ...(due.again === undefined ? {} : { again: due.again }),
  }
}

interface Due {
  readonly deletions: readonly Write[]
  readonly creation: readonly Write[]
  readonly status: Pick<CronJobStatus, 'lastScheduleTime'>
  readonly events: readonly Notice[]
  readonly again?: number
}

const idle: Due = { deletions: [], creation: [], status: {}, events: [] }

interface Clockwork {
  readonly schedule: Schedule
  readonly offset: (time: number) => number
}

function read(owner: CronJob): Clockwork | Notice {
  const { timeZone, schedule } = owner.spec
  try {
    return { schedule: parseSchedule(schedule), offset: zoneOffset(timeZone) }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return error instanceof RangeError
      ? tell(owner, 'Warning', ['UnknownTimeZone', `invalid timeZone: ${JSON.stringify(timeZone)}: ${why}`])
      : tell(owner, 'Warning', ['UnparseableSchedule', `unparseable schedule: ${JSON.stringify(schedule)} : ${why}`])
  }
}

function start(owner: CronJob, mine: readonly Job[], now: number): Due {
  const clockwork = read(owner)
  if ('about' in clockwork) return { ...idle, events: [clockwork] }
  const { schedule, offset } = clockwork
  const deadline = owner.spec.startingDeadlineSeconds
  const begun = at(owner.status?.lastScheduleTime ?? owner.metadata.creationTimestamp)
  const since = deadline === undefined ? begun : Math.max(begun, now - Number(deadline) * 1000)
  const found = latest(schedule, { since, now }, offset)
  const coming = next(schedule, now, offset)
  const again = coming === undefined ? {} : { again: coming - now + 100 }
  if (found === undefined) return { ...idle, ...again }
  const time = found.latest
  const name = `${(owner.metadata.name ?? '').slice(0, 52)}-${Math.floor(time / 60_000)}`
  if (mine.some(job => job.metadata.name === name))
    return { ...idle, ...again, status: { lastScheduleTime: timestamp(time) } }
  const events = found.many ? [tooMany(owner)] : []
  const active = mine.filter(job => !isFinished(job))
  if (active.length > 0 && owner.spec.concurrencyPolicy === 'Forbid') {
    const message = 'Not starting job because prior execution is running and concurrency policy is Forbid'
    return { ...idle, ...again, events: [...events, tell(owner, 'Normal', ['JobAlreadyActive', message])] }
  }
  return {
    deletions: owner.spec.concurrencyPolicy === 'Replace' ? active.map(job => deletion(owner, job)) : [],
    creation: [creation(owner, name, time)],
    status: { lastScheduleTime: timestamp(time) },
    events,
    ...again,
  }
}

const tooMany = (owner: CronJob): Notice =>
  tell(owner, 'Warning', [
    'TooManyMissedTimes',
    'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew',
  ])

function creation(owner: CronJob, name: string, time: number): Write {
  const { metadata = {}, spec } = owner.spec.jobTemplate
  const body: Job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace: owner.metadata.namespace ?? '',
      labels: { ...metadata.labels },
      annotations: { ...metadata.annotations, 'batch.kubernetes.io/cronjob-scheduled-timestamp': timestamp(time) },
      ownerReferences: [controllerRef(cronJobs, owner)],
    },
    spec,
  }
  const says = tell(owner, 'Normal', ['SuccessfulCreate', `Created job ${name}`])
  const fails = tell(owner, 'Warning', ['FailedCreate', 'Error creating job: {error}'])
  return { op: 'create', ref: jobs, body, says, fails, harmless: ['AlreadyExists'] }
}
