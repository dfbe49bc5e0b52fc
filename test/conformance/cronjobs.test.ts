/** What cron jobs start, minute by minute; the minutes are the test's own. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Api, type Json, openApi } from './api.ts'
import { makeMovedClock } from './clock.ts'

const clock = makeMovedClock()
const minute = 60_000
let api: Api
before(async () => {
  api = await openApi({ nodes: 0, clock })
})
after(() => api.stop())

interface Watched {
  readonly cronJob: () => Promise<Json>
  readonly jobs: () => Promise<readonly Json[]>
  readonly active: () => Promise<number>
}

async function started(spec: object): Promise<Watched> {
  const at = `/apis/batch/v1/namespaces/${await api.namespace()}`
  await api.create(`${at}/cronjobs`, {
    metadata: { name: 'test' },
    spec: {
      schedule: '*/1 * * * ?',
      ...spec,
      jobTemplate: {
        spec: {
          template: {
            spec: {
              restartPolicy: 'OnFailure',
              containers: [{ name: 'c', image: 'busybox', command: ['sleep', '300'] }],
            },
          },
        },
      },
    },
  })
  const cronJob = (): Promise<Json> => api.get(`${at}/cronjobs/test`)
  const jobs = (): Promise<readonly Json[]> => api.items(`${at}/jobs`)
  return { cronJob, jobs, active: async () => (await cronJob()).status.active?.length ?? 0 }
}

/** Moves on until it is so, a minute at a time. */
async function minutes<T>(ask: () => Promise<T>, is: (answer: T) => boolean): Promise<T> {
  let tried = 0
  return api.until(
    'within minutes',
    () => {
      if (tried++ % 25 === 0) clock.advance(minute)
      return ask()
    },
    is,
  )
}

test('[sig-apps] CronJob should schedule multiple jobs concurrently', async () => {
  const { active, jobs } = await started({ concurrencyPolicy: 'Allow' })
  await minutes(active, count => count >= 2)
  assert.ok((await jobs()).length >= 2)
})

test('[sig-apps] CronJob should not schedule jobs when suspended [Slow]', async () => {
  const { active, jobs } = await started({ concurrencyPolicy: 'Allow', suspend: true })
  // Another one tells that the minutes have passed for all of them.
  const other = await started({ concurrencyPolicy: 'Allow' })
  await minutes(other.active, count => count >= 3)
  assert.equal(await active(), 0)
  assert.deepEqual(await jobs(), [])
})

test('[sig-apps] CronJob should not schedule new jobs when ForbidConcurrent [Slow]', async () => {
  const { active, jobs } = await started({ concurrencyPolicy: 'Forbid' })
  const other = await started({ concurrencyPolicy: 'Allow' })
  await minutes(active, count => count === 1)
  const soFar = await other.active()
  await minutes(other.active, count => count >= soFar + 3)
  assert.equal(await active(), 1)
  assert.equal((await jobs()).length, 1)
})

test('[sig-apps] CronJob should replace jobs when ReplaceConcurrent', async () => {
  const { active, jobs } = await started({ concurrencyPolicy: 'Replace' })
  await minutes(active, count => count === 1)
  const [first] = await jobs()
  const [next] = await minutes(
    jobs,
    found => found.every(({ metadata }) => metadata.uid !== first.metadata.uid) && found.length > 0,
  )
  assert.notEqual(next.metadata.name, first.metadata.name)
})
