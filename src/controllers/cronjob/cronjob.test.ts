import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cronJobs, jobs } from '#kinds/facts/generated/refs.ts'
import type { CronJob } from '#kinds/facts/generated/types/batch_v1.ts'
import { type World, makeWorld } from '../world.ts'
import { cronJob } from './index.ts'
import { latest, next, parseSchedule, zoneOffset } from './schedule.ts'

const after = (schedule: string, from: string, zone?: string): string | undefined => {
  const found = next(parseSchedule(schedule), Date.parse(from), zoneOffset(zone))
  return found === undefined ? undefined : new Date(found).toISOString().slice(0, 16)
}

test('the next time of a schedule', () => {
  assert.equal(after('*/15 * * * *', '2026-01-01T10:07:00Z'), '2026-01-01T10:15')
  assert.equal(after('0 9-17/4 * * mon-fri', '2026-01-02T17:00:00Z'), '2026-01-05T09:00')
  assert.equal(after('0 0 13 * fri', '2026-01-01T00:00:00Z'), '2026-01-02T00:00', 'either day field will do')
  assert.equal(after('0 0 29 feb *', '2026-01-01T00:00:00Z'), '2028-02-29T00:00')
  assert.equal(after('0 0 31 2 *', '2026-01-01T00:00:00Z'), undefined)
  assert.equal(after('@daily', '2026-01-01T00:00:00Z'), '2026-01-02T00:00')
  assert.equal(after('30 8 * * *', '2026-06-30T00:00:00Z', 'Europe/Berlin'), '2026-06-30T06:30')
  assert.equal(after('30 8 * * *', '2026-12-30T00:00:00Z', 'Asia/Kolkata'), '2026-12-30T03:00')
})

test('what is no schedule is refused', () => {
  for (const text of ['* * * *', '60 * * * *', '* * * * 8', 'a * * * *', '*/0 * * * *', '5-1 * * * *'])
    assert.throws(() => parseSchedule(text), Error, text)
  assert.throws(() => zoneOffset('Nowhere/Never'), RangeError)
})

test('of many missed times only the latest counts', () => {
  const span = { since: Date.parse('2026-01-01T00:00:00Z'), now: Date.parse('2026-03-01T00:00:30Z') }
  const missed = latest(parseSchedule('* * * * *'), span, zoneOffset(undefined))
  assert.deepEqual([missed?.latest, missed?.many], [Date.parse('2026-03-01T00:00:00Z'), true])
  assert.equal(latest(parseSchedule('0 0 1 4 *'), span, zoneOffset(undefined)), undefined)
})

const cron = (spec: Partial<CronJob['spec']> = {}): CronJob => ({
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name: 'tick', namespace: 'n' },
  spec: { schedule: '*/1 * * * *', jobTemplate: { spec: { template: { spec: { containers: [] } } } }, ...spec },
})

async function ticking(spec: Partial<CronJob['spec']> = {}): Promise<World> {
  const world = await makeWorld([cronJob])
  await world.client.create(cronJobs, cron(spec))
  await world.settle()
  return world
}

async function finish(world: World): Promise<void> {
  for (const job of await world.list(jobs))
    if (job.status?.conditions === undefined) {
      const time = new Date(world.clock.now()).toISOString().slice(0, 19) + 'Z'
      const conditions = [{ type: 'Complete', status: 'True', lastTransitionTime: time }]
      await world.client.updateStatus(jobs, { ...job, status: { conditions, startTime: time, completionTime: time } })
    }
  await world.settle()
}

test('a job every minute; finished ones are counted, told and cleared away', async () => {
  const world = await ticking({ successfulJobsHistoryLimit: 2 })
  for (let minute = 0; minute < 4; minute++) {
    await world.clock.advance(61_000)
    await finish(world)
  }
  await world.clock.advance(1000)
  assert.equal((await world.list(jobs)).length, 2)
  const { status } = await world.client.get(cronJobs, 'n/tick')
  assert.equal(status?.active, undefined)
  assert.equal(status?.lastScheduleTime, '2026-01-01T00:04:00Z')
  const said = await world.said()
  assert.ok(said.some(text => /^SuccessfulCreate: Created job tick-\d+$/.test(text)))
  assert.ok(said.some(text => /^SawCompletedJob: Saw completed job: tick-\d+, condition: Complete$/.test(text)))
  await world.stop()
})

test('Forbid waits for the one that runs, Replace ends it, Allow lets both run', async () => {
  const counts: number[] = []
  for (const concurrencyPolicy of ['Forbid', 'Replace', 'Allow'] as const) {
    const world = await ticking({ concurrencyPolicy })
    await world.clock.advance(121_000)
    counts.push((await world.client.get(cronJobs, 'n/tick')).status?.active?.length ?? 0)
    if (concurrencyPolicy === 'Forbid')
      assert.ok((await world.said()).some(text => text.startsWith('JobAlreadyActive')))
    await world.stop()
  }
  assert.deepEqual(counts, [1, 1, 2])
})

test('suspended, or with a schedule that cannot be read, nothing starts', async () => {
  const suspended = await ticking({ suspend: true })
  const broken = await ticking({ schedule: 'whenever' })
  for (const world of [suspended, broken]) {
    await world.clock.advance(180_000)
    assert.equal((await world.list(jobs)).length, 0)
  }
  assert.ok((await broken.said()).some(text => text.startsWith('UnparseableSchedule')))
  await suspended.stop()
  await broken.stop()
})
