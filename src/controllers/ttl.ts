/** Deletes finished Jobs whose time to live is over. */
import { jobs } from '#kinds/facts/generated/refs.ts'
import { type Controller, nothing, selfKey } from '#client/controller.ts'
import { at, condition } from './conditions.ts'
import { isFinished } from './job/shape.ts'
import { eventWriter, rule } from './rules.ts'
import { remove } from './writes.ts'

export const ttlAfterFinished: Controller = {
  name: 'ttl-after-finished-controller',
  watches: [{ ref: jobs, keys: selfKey }],
  rules: [rule('batch', ['jobs'], ['delete', 'get', 'list', 'watch']), eventWriter],
  decide: (key, { read, now, asked }) => {
    const job = read.get(jobs, key)
    const seconds = job?.spec.ttlSecondsAfterFinished
    if (job === undefined || seconds === undefined || !isFinished(job)) return nothing
    if (job.metadata.deletionTimestamp !== undefined) return nothing
    const list = job.status?.conditions
    const ended =
      condition(list, 'Complete')?.status === 'True' ? condition(list, 'Complete') : condition(list, 'Failed')
    const left = at(ended?.lastTransitionTime) + seconds * 1000 - now
    if (left > 0) return { writes: [], again: left }
    // The time to live may have been raised since: only a live read decides.
    if (!asked.has(jobs, key)) return { writes: [], ask: [{ ref: jobs, key }] }
    const fresh = asked.get(jobs, key)
    if (fresh?.metadata.uid !== job.metadata.uid || fresh?.spec.ttlSecondsAfterFinished !== seconds) return nothing
    return { writes: [[{ ...remove(jobs, job), op: 'delete', ref: jobs, key, propagation: 'Foreground' }]] }
  },
}
