import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ContainerStatus, Pod, PodStatus } from '#kinds/facts/generated/types/core_v1.ts'
import { podColumns } from './columns.ts'

const now = Date.parse('2026-01-01T01:00:00Z')
const container = (
  name: string,
  state: ContainerStatus['state'] = {},
  more: Partial<ContainerStatus> = {},
): ContainerStatus => ({
  name,
  image: 'i',
  imageID: '',
  ready: false,
  restartCount: 0,
  state,
  ...more,
})
const pod = (status: PodStatus, more: { spec?: Partial<Pod['spec']>; metadata?: Pod['metadata'] } = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', creationTimestamp: '2026-01-01T00:00:00Z', ...more.metadata },
  spec: { containers: [{ name: 'a' }, { name: 'b' }], ...more.spec },
  status,
})
/** `ready status restarts`. */
const row = (object: Pod): string =>
  podColumns
    .slice(1, 4)
    .map(column => column.of(object, now))
    .join(' ')
const running = { running: {} }

test('a pod through its life', () => {
  assert.equal(row(pod({ phase: 'Pending' })), '0/2 Pending 0')
  const waiting = { waiting: { reason: 'ContainerCreating' } }
  assert.equal(row(pod({ phase: 'Pending', containerStatuses: [container('a', waiting)] })), '0/2 ContainerCreating 0')
  const both = [container('a', running, { ready: true }), container('b', running, { ready: true })]
  assert.equal(row(pod({ phase: 'Running', containerStatuses: both })), '2/2 Running 0')
  const gone = { deletionTimestamp: '2026-01-01T00:59:00Z' }
  assert.equal(row(pod({ phase: 'Running', containerStatuses: both }, { metadata: gone })), '2/2 Terminating 0')
  const done = { terminated: { exitCode: 0, reason: 'Completed' } }
  const ended = [container('a', done), container('b', done)]
  assert.equal(row(pod({ phase: 'Succeeded', containerStatuses: ended })), '0/2 Completed 0')
  assert.equal(row(pod({ phase: 'Succeeded', containerStatuses: ended }, { metadata: gone })), '0/2 Completed 0')
})

test('crashes show the reason and when the last one was', () => {
  const crashed = container(
    'a',
    { waiting: { reason: 'CrashLoopBackOff' } },
    { restartCount: 3, lastState: { terminated: { exitCode: 1, finishedAt: '2026-01-01T00:55:00Z' } } },
  )
  assert.equal(row(pod({ phase: 'Running', containerStatuses: [crashed] })), '0/2 CrashLoopBackOff 3 (5m ago)')
  const failed = [
    container('a', { terminated: { exitCode: 137, signal: 9 } }),
    container('b', { terminated: { exitCode: 2 } }),
  ]
  assert.equal(row(pod({ phase: 'Failed', containerStatuses: failed })), '0/2 Signal:9 0')
  const mixed = [
    container('a', { terminated: { exitCode: 0, reason: 'Completed' } }),
    container('b', running, { ready: true }),
  ]
  assert.equal(row(pod({ phase: 'Running', containerStatuses: mixed })), '1/2 NotReady 0')
})

test('init containers and sidecars', () => {
  const spec = { initContainers: [{ name: 'i1' }, { name: 's', restartPolicy: 'Always' }] }
  const first = (state: ContainerStatus['state']): Pod =>
    pod({ phase: 'Pending', initContainerStatuses: [container('i1', state)] }, { spec })
  assert.equal(row(first(running)), '0/3 Init:0/2 0')
  assert.equal(row(first({ waiting: { reason: 'PodInitializing' } })), '0/3 Init:0/2 0')
  assert.equal(row(first({ waiting: { reason: 'ImagePullBackOff' } })), '0/3 Init:ImagePullBackOff 0')
  assert.equal(row(first({ terminated: { exitCode: 3 } })), '0/3 Init:ExitCode:3 0')
  const started = pod(
    {
      phase: 'Running',
      initContainerStatuses: [
        container('i1', { terminated: { exitCode: 0 } }, { restartCount: 4 }),
        container('s', running, { started: true, ready: true, restartCount: 1 }),
      ],
      containerStatuses: [container('a', running, { ready: true }), container('b', running, { ready: true })],
    },
    { spec },
  )
  assert.equal(row(started), '3/3 Running 1', 'restarts of plain init containers no longer count')
})

test('gates', () => {
  const gated: PodStatus = {
    phase: 'Pending',
    conditions: [
      { type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' },
      { type: 'x/y', status: 'True' },
    ],
  }
  const object = pod(gated, { spec: { readinessGates: [{ conditionType: 'x/y' }, { conditionType: 'z' }] } })
  assert.equal(row(object), '0/2 SchedulingGated 0')
  assert.equal(podColumns.at(-1)?.of(object, now), '1/2')
})
