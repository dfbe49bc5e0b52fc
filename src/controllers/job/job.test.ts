/** Jobs as text: what they start, count and conclude. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jobs, pods } from '#kinds/facts/generated/refs.ts'
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import type { Job, JobSpec } from '#kinds/facts/generated/types/batch_v1.ts'
import { keyOf } from '#api/metadata.ts'
import { ttlAfterFinished } from '../ttl.ts'
import { type World, makeWorld } from '../world.ts'
import { formatIndexes, parseIndexes } from './indexes.ts'
import { job } from './index.ts'

const work = (spec: Partial<JobSpec> = {}): Job => ({
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'work', namespace: 'n' },
  spec: {
    parallelism: 2,
    completions: 3,
    backoffLimit: 2,
    selector: { matchLabels: { job: 'work' } },
    template: { metadata: { labels: { job: 'work' } }, spec: { restartPolicy: 'Never', containers: [{ name: 'c' }] } },
    ...spec,
  },
})

async function begun(spec: Partial<JobSpec> = {}): Promise<World> {
  const world = await makeWorld([job, ttlAfterFinished])
  await world.client.create(jobs, work(spec))
  await world.settle()
  return world
}

const running = async (world: World): Promise<readonly Pod[]> =>
  (await world.list(pods)).filter(
    pod =>
      pod.metadata.deletionTimestamp === undefined &&
      pod.status?.phase !== 'Succeeded' &&
      pod.status?.phase !== 'Failed',
  )

async function finish(
  world: World,
  phase: 'Succeeded' | 'Failed',
  pod?: Pod,
  exitCode = phase === 'Failed' ? 1 : 0,
): Promise<void> {
  const chosen = pod ?? (await running(world))[0]
  assert.ok(chosen, 'a pod runs')
  const terminated = { exitCode, finishedAt: new Date(world.clock.now()).toISOString() }
  const status = { name: 'c', ready: false, restartCount: 0, image: '', imageID: '', state: { terminated } }
  await world.report(await world.client.get(pods, keyOf(chosen)), { phase, containerStatuses: [status] })
  await world.settle()
}

async function shown(world: World): Promise<string> {
  const { status = {} } = await world.client.get(jobs, 'n/work')
  const conditions = (status.conditions ?? [])
    .filter(one => one.status === 'True')
    .map(one => `${one.type}:${one.reason ?? ''}`)
  return `${status.active ?? 0} active ${status.succeeded ?? 0} done ${status.failed ?? 0} failed ${conditions.join(' ')}`.trim()
}

test('a job runs so many pods at a time until so many are done', async () => {
  const world = await begun()
  const steps = [await shown(world)]
  for (let step = 0; step < 3; step++) {
    await finish(world, 'Succeeded')
    steps.push(await shown(world))
  }
  assert.deepEqual(steps, [
    '2 active 0 done 0 failed',
    '2 active 1 done 0 failed',
    '1 active 2 done 0 failed',
    '0 active 3 done 0 failed SuccessCriteriaMet:CompletionsReached Complete:CompletionsReached',
  ])
  const { status } = await world.client.get(jobs, 'n/work')
  assert.ok(status?.completionTime !== undefined)
  assert.deepEqual(status.uncountedTerminatedPods, { succeeded: [], failed: [] })
  assert.ok(
    (await world.list(pods)).every(pod => pod.metadata.finalizers?.length === 0),
    'no finalizer is left',
  )
  assert.ok((await world.said()).includes('Completed: Job completed'))
  await world.stop()
})

test('failures back off, and beyond the limit the job fails and ends what runs', async () => {
  const world = await begun({ parallelism: 1, completions: 1, backoffLimit: 1 })
  await finish(world, 'Failed')
  assert.equal(await shown(world), '0 active 0 done 1 failed')
  await world.clock.advance(9000)
  assert.equal((await running(world)).length, 0, 'ten seconds must pass')
  await world.clock.advance(1500)
  assert.equal((await running(world)).length, 1)
  await finish(world, 'Failed')
  await world.clock.advance(1)
  assert.equal(
    await shown(world),
    '0 active 0 done 2 failed FailureTarget:BackoffLimitExceeded Failed:BackoffLimitExceeded',
  )
  assert.ok((await world.said()).includes('BackoffLimitExceeded: Job has reached the specified backoff limit'))
  await world.stop()
})

test('an indexed job completes each index once', async () => {
  const world = await begun({ completionMode: 'Indexed', parallelism: 3, completions: 4 })
  const all = await running(world)
  assert.deepEqual(
    all.map(pod => pod.spec.hostname),
    ['work-0', 'work-1', 'work-2'],
  )
  assert.match(all[0]?.metadata.name ?? '', /^work-0-/)
  assert.equal(all[0]?.spec.containers[0]?.env?.[0]?.name, 'JOB_COMPLETION_INDEX')
  await finish(world, 'Failed', all[1])
  await world.clock.advance(11_000)
  await finish(world, 'Succeeded', all[2])
  await finish(world, 'Succeeded', all[0])
  assert.equal((await world.client.get(jobs, 'n/work')).status?.completedIndexes, '0,2')
  for (let left = 0; left < 2; left++) await finish(world, 'Succeeded')
  assert.equal((await world.client.get(jobs, 'n/work')).status?.completedIndexes, '0-3')
  assert.match(await shown(world), /^0 active 4 done 1 failed .*Complete/)
  await world.stop()
})

test('with a limit for each index, one that fails does not stop the others', async () => {
  const world = await begun({
    completionMode: 'Indexed',
    parallelism: 2,
    completions: 2,
    backoffLimitPerIndex: 1,
    backoffLimit: 100,
  })
  const zero = (await running(world)).find(pod => pod.spec.hostname === 'work-0')
  await finish(world, 'Failed', zero)
  await world.clock.advance(11_000)
  const again = (await running(world)).find(pod => pod.spec.hostname === 'work-0')
  assert.equal(again?.metadata.annotations?.['batch.kubernetes.io/job-index-failure-count'], '1')
  await finish(world, 'Failed', again)
  await finish(world, 'Succeeded')
  const { status } = await world.client.get(jobs, 'n/work')
  assert.deepEqual([status?.failedIndexes, status?.completedIndexes], ['0', '1'])
  assert.match(await shown(world), /Failed:FailedIndexes/)
  await world.stop()
})

test('a pod failure policy ignores, counts or fails by exit code', async () => {
  const rules = [
    { action: 'Ignore' as const, onExitCodes: { operator: 'In' as const, values: [3] } },
    { action: 'FailJob' as const, onExitCodes: { operator: 'In' as const, values: [42] } },
  ]
  const world = await begun({ parallelism: 1, completions: 1, podFailurePolicy: { rules } })
  await finish(world, 'Failed', undefined, 3)
  assert.equal(await shown(world), '0 active 0 done 0 failed')
  await world.clock.advance(11_000)
  await finish(world, 'Failed', undefined, 42)
  assert.match(await shown(world), /Failed:PodFailurePolicy/)
  const { status } = await world.client.get(jobs, 'n/work')
  assert.match(
    status?.conditions?.[0]?.message ?? '',
    /^Container c for pod n\/work-\w+ failed with exit code 42 matching FailJob rule at index 1$/,
  )
  await world.stop()
})

test('a success policy ends the job early', async () => {
  const world = await begun({
    completionMode: 'Indexed',
    parallelism: 3,
    completions: 3,
    successPolicy: { rules: [{ succeededIndexes: '1' }] },
  })
  const one = (await running(world)).find(pod => pod.spec.hostname === 'work-1')
  await finish(world, 'Succeeded', one)
  await world.endPods()
  await world.settle()
  assert.equal(await shown(world), '0 active 1 done 0 failed SuccessCriteriaMet:SuccessPolicy Complete:SuccessPolicy')
  await world.stop()
})

test('a suspended job ends its pods without counting them, and resumes', async () => {
  const world = await begun()
  await world.client.patch(jobs, 'n/work', { type: 'merge', content: { spec: { suspend: true } } })
  await world.settle()
  assert.equal(await shown(world), '0 active 0 done 0 failed Suspended:JobSuspended')
  await world.client.patch(jobs, 'n/work', { type: 'merge', content: { spec: { suspend: false } } })
  await world.settle()
  assert.equal(await shown(world), '2 active 0 done 0 failed')
  assert.deepEqual(
    (await world.said()).filter(text => text.includes('Job ')),
    ['Suspended: Job suspended', 'Resumed: Job resumed'],
  )
  await world.stop()
})

test('a deadline ends the job; its time to live removes it', async () => {
  const world = await begun({ activeDeadlineSeconds: 30, ttlSecondsAfterFinished: 60 })
  await world.clock.advance(31_000)
  await world.endPods()
  await world.settle()
  assert.match(await shown(world), /Failed:DeadlineExceeded/)
  await world.clock.advance(61_000)
  const left = await world.client.find(jobs, 'n/work')
  assert.deepEqual(left?.metadata.finalizers, ['foregroundDeletion'])
  await world.stop()
})

test('pods of a job that is gone lose the finalizer', async () => {
  const world = await begun()
  await world.client.delete(jobs, 'n/work', { propagationPolicy: 'Background' })
  for (const pod of await world.list(pods)) await world.client.delete(pods, keyOf(pod))
  await world.settle()
  assert.equal((await world.list(pods)).length, 0)
  await world.stop()
})

test('index lists are read and written as upstream does', () => {
  assert.equal(formatIndexes([5, 1, 3, 4, 7, 8]), '1,3-5,7,8')
  assert.deepEqual([...parseIndexes('1,3-5,7,x,9-99999999', 9)], [1, 3, 4, 5, 7])
})
