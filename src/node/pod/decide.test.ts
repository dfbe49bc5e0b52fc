import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Container, Pod, PodSpec } from '#kinds/facts/generated/types/core_v1.ts'
import type { RuntimeContainer, RuntimePod } from '../runtime.ts'
import { decidePod, type PodDecision } from './decide.ts'
import { emptyMemory, nextBackoff, type PodMemory } from './memory.ts'

const now = Date.UTC(2026, 0, 1, 12)

const pod = (spec: Partial<PodSpec> = {}, metadata: Partial<Pod['metadata']> = {}): Pod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'default', uid: 'u', generation: 1, ...metadata },
  spec: { containers: [{ name: 'c', image: 'i' }], ...spec },
})

const run = (name: string, more: Partial<RuntimeContainer> = {}): RuntimeContainer => ({
  id: `${name}-${more.attempt ?? 0}`,
  name,
  sandbox: 's',
  attempt: 0,
  state: 'running',
  createdAt: now - 5_000 + (more.attempt ?? 0),
  startedAt: now - 5_000,
  finishedAt: 0,
  exitCode: 0,
  reason: '',
  message: '',
  image: 'i',
  imageRef: 'sha256:1',
  hash: 'h',
  logPath: '',
  ...more,
})
const ended = (name: string, exitCode: number, more: Partial<RuntimeContainer> = {}): RuntimeContainer =>
  run(name, { state: 'exited', exitCode, finishedAt: now - 1_000, ...more })

const up: RuntimePod['sandboxes'] = [{ id: 's', attempt: 0, ready: true, createdAt: now - 9_000, ips: ['10.0.0.9'] }]
const runtime = (...containers: readonly RuntimeContainer[]): RuntimePod => ({ sandboxes: up, containers })
const remembered = (more: Partial<PodMemory> = {}): PodMemory => ({
  ...emptyMemory(now - 9_000),
  volumes: true,
  ...more,
})

interface Given {
  readonly runtime?: RuntimePod
  readonly memory?: PodMemory
  readonly busy?: readonly string[]
  readonly gone?: boolean
}
const decide = (one: Pod, given: Given = {}): PodDecision =>
  decidePod({
    pod: one,
    runtime: given.runtime ?? { sandboxes: [], containers: [] },
    memory: given.memory ?? emptyMemory(now),
    busy: new Set(given.busy ?? []),
    now,
    hostIPs: ['192.0.2.1'],
    gone: given.gone ?? false,
    hashOf: () => 'h',
  })
const keys = ({ steps }: PodDecision): readonly string[] => steps.map(step => step.key)
const state = ({ status }: PodDecision, index = 0) => status.containerStatuses?.[index]?.state
const condition = ({ status }: PodDecision, type: string) => status.conditions?.find(one => one.type === type)?.status

test('a new pod gets volumes, sandbox and image at once, and waits', () => {
  const decision = decide(pod())
  assert.deepEqual(keys(decision), ['volumes', 'sandbox', 'image:c'])
  assert.equal(decision.status.phase, 'Pending')
  assert.deepEqual(state(decision), { waiting: { reason: 'ContainerCreating' } })
  assert.equal(condition(decision, 'PodReadyToStartContainers'), 'False')
  assert.equal(decision.status.startTime, '2026-01-01T12:00:00Z')
})

test('with all three, the container is started; while that is under way nothing else happens', () => {
  const memory = remembered({ images: new Map([['c', 0]]) })
  assert.deepEqual(keys(decide(pod(), { runtime: runtime(), memory })), ['start:c'])
  const starting = decide(pod(), { runtime: runtime(run('c')), memory, busy: ['start:c'] })
  assert.deepEqual(keys(starting), [])
  assert.equal(starting.status.phase, 'Pending')
})

test('a running container without probes is ready', () => {
  const decision = decide(pod(), { runtime: runtime(run('c')), memory: remembered() })
  assert.deepEqual(keys(decision), [])
  assert.equal(decision.status.phase, 'Running')
  assert.equal(condition(decision, 'Ready'), 'True')
  assert.equal(decision.status.podIP, '10.0.0.9')
  assert.equal(decision.status.qosClass, 'BestEffort')
})

test('a first crash restarts at once, a second one backs off', () => {
  const images = new Map([['c', 1]])
  const first = decide(pod(), { runtime: runtime(ended('c', 1)), memory: remembered({ images }) })
  assert.partialDeepStrictEqual(first.steps, [{ key: 'start:c', attempt: 1, crashed: true }])
  const backoffs = new Map([['c', { milliseconds: 10_000, at: now - 4_000 }]])
  const second = decide(pod(), {
    runtime: runtime(ended('c', 1, { attempt: 1 }), ended('c', 1)),
    memory: remembered({ backoffs }),
  })
  assert.deepEqual(keys(second), [])
  assert.equal(second.wakeAt, now + 9_000)
  assert.equal(state(second)?.waiting?.reason, 'CrashLoopBackOff')
  assert.match(
    state(second)?.waiting?.message ?? '',
    /^back-off 10s restarting failed container=c pod=web_default\(u\)$/,
  )
  assert.equal(second.status.containerStatuses?.[0]?.lastState?.terminated?.exitCode, 1)
  assert.equal(second.status.containerStatuses[0]?.restartCount, 1)
})

test('the back-off doubles to five minutes and is forgotten after ten', () => {
  const spans: number[] = []
  let last = nextBackoff(undefined, 0)
  for (let at = 0; spans.length < 7; at += 1_000) {
    spans.push(last.milliseconds / 1000)
    last = nextBackoff(last, at)
  }
  assert.deepEqual(spans, [10, 20, 40, 80, 160, 300, 300])
  assert.equal(nextBackoff(last, last.at + 600_001).milliseconds, 10_000)
})

test('what ended for good is reported and left alone', () => {
  const succeeded = decide(pod({ restartPolicy: 'OnFailure' }), {
    runtime: runtime(ended('c', 0)),
    memory: remembered(),
  })
  assert.equal(succeeded.status.phase, 'Succeeded')
  assert.deepEqual(keys(succeeded), [])
  const failed = decide(pod({ restartPolicy: 'Never' }), { runtime: runtime(ended('c', 2)), memory: remembered() })
  assert.equal(failed.status.phase, 'Failed')
  assert.equal(state(failed)?.terminated?.exitCode, 2)
})

const sidecar: Container = { name: 'side', image: 'i', restartPolicy: 'Always' }
const init: Container = { name: 'init', image: 'i' }

test('init containers come one after the other, sidecars stay beside them', () => {
  const one = pod({ initContainers: [sidecar, init] })
  assert.deepEqual(keys(decide(one)), ['volumes', 'sandbox', 'image:side'])
  const images = new Map([
    ['side', 0],
    ['init', 0],
    ['c', 0],
  ])
  const memory = remembered({ images })
  assert.deepEqual(keys(decide(one, { runtime: runtime(run('side')), memory })), ['start:init'])
  assert.deepEqual(keys(decide(one, { runtime: runtime(run('side'), run('init')), memory })), [])
  const through = decide(one, { runtime: runtime(run('side'), ended('init', 0)), memory })
  assert.deepEqual(keys(through), ['start:c'])
  assert.equal(condition(through, 'Initialized'), 'True')
  const crashed = decide(one, {
    runtime: runtime(ended('side', 1), ended('init', 0), run('c')),
    memory: remembered({ images: new Map([['side', 1]]) }),
  })
  assert.deepEqual(keys(crashed), ['start:side'])
})

test('no container of a pod for another system starts', () => {
  const decision = decide(pod({ os: { name: 'windows' } }))
  assert.deepEqual(keys(decision), ['release'])
  assert.equal(decision.status.phase, 'Failed')
  assert.equal(decision.status.reason, 'PodOSNotSupported')
  assert.deepEqual(keys(decide(pod({ os: { name: 'linux' } }))), keys(decide(pod({}))))
})

test('a failed init container ends a pod that must not restart', () => {
  const one = pod({ restartPolicy: 'Never', initContainers: [init] })
  const decision = decide(one, { runtime: runtime(ended('init', 1)), memory: remembered() })
  assert.deepEqual(keys(decision), [])
  assert.equal(decision.status.phase, 'Failed')
})

test('a failed liveness probe ends the container with the words that users know', () => {
  const probes = new Map([['c-0', { liveness: false }]])
  const one = pod({ containers: [{ name: 'c', image: 'i', livenessProbe: {} }] })
  const decision = decide(one, { runtime: runtime(run('c')), memory: remembered({ probes }) })
  assert.partialDeepStrictEqual(decision.steps, [
    { do: 'kill', message: 'Container c failed liveness probe, will be restarted' },
  ])
})

test('a readiness probe without a result means not ready', () => {
  const one = pod({ containers: [{ name: 'c', image: 'i', readinessProbe: {} }] })
  const decision = decide(one, { runtime: runtime(run('c')), memory: remembered() })
  assert.equal(condition(decision, 'Ready'), 'False')
  assert.equal(decision.status.phase, 'Running')
})

test('a lost sandbox is replaced and its containers are started anew', () => {
  const lost: RuntimePod = {
    sandboxes: [{ ...up[0], id: 's', attempt: 0, ready: false, createdAt: 0, ips: [] }],
    containers: [ended('c', 137)],
  }
  const decision = decide(pod(), { runtime: lost, memory: remembered() })
  assert.partialDeepStrictEqual(decision.steps, [
    { do: 'sandbox', attempt: 1 },
    { do: 'image', attempt: 1 },
  ])
})

const deleting = { deletionTimestamp: '2026-01-01T12:00:00Z', deletionGracePeriodSeconds: 20 }

test('a deletion ends containers, then sidecars, then releases, then deletes, then removes', () => {
  const one = pod({ initContainers: [sidecar] }, deleting)
  const all = decide(one, { runtime: runtime(run('side'), run('c')), memory: remembered() })
  assert.partialDeepStrictEqual(all.steps, [{ do: 'kill', container: 'c', graceSeconds: 20 }])
  const after = decide(one, {
    runtime: runtime(run('side'), ended('c', 0)),
    memory: remembered({ stopping: now - 5_000 }),
  })
  assert.partialDeepStrictEqual(after.steps, [{ do: 'kill', container: 'side', graceSeconds: 15 }])
  const idle = runtime(ended('side', 0), ended('c', 0))
  assert.deepEqual(keys(decide(one, { runtime: idle, memory: remembered() })), ['release'])
  const released = decide(one, { runtime: idle, memory: remembered({ released: true }) })
  assert.deepEqual(keys(released), ['delete'])
  assert.equal(released.status.phase, 'Succeeded')
  assert.deepEqual(keys(decide(one, { runtime: idle, memory: remembered({ released: true }), gone: true })), ['remove'])
})

test('a pod that never ran is deleted as failed', () => {
  const decision = decide(pod({}, deleting), { memory: remembered({ released: true }) })
  assert.equal(decision.status.phase, 'Failed')
  assert.equal(state(decision)?.terminated?.reason, 'ContainerStatusUnknown')
})

test('a deadline ends the pod, and fails it once its containers have ended', () => {
  const one = pod({ activeDeadlineSeconds: 5 })
  const running = decide(one, { runtime: runtime(run('c')), memory: remembered() })
  assert.equal(running.steps[0]?.do, 'kill')
  assert.equal(running.status.phase, 'Running')
  const over = decide(one, { runtime: runtime(ended('c', 137)), memory: remembered() })
  assert.equal(over.status.phase, 'Failed')
  assert.equal(over.status.reason, 'DeadlineExceeded')
})

test('an image that cannot be pulled is an error first, a back-off later', () => {
  const failure = { reason: 'ErrImagePull', message: 'no such image', count: 1, at: now, retryAt: now + 10_000 }
  const fresh = decide(pod(), { runtime: runtime(), memory: remembered({ failures: new Map([['image:c', failure]]) }) })
  assert.equal(state(fresh)?.waiting?.reason, 'ErrImagePull')
  assert.equal(fresh.wakeAt, now + 1_000)
  const older = { ...failure, at: now - 2_000 }
  const later = decide(pod(), { runtime: runtime(), memory: remembered({ failures: new Map([['image:c', older]]) }) })
  assert.equal(state(later)?.waiting?.reason, 'ImagePullBackOff')
  assert.equal(later.wakeAt, now + 10_000)
})

test("others' conditions stay, ours move their time only when they change", () => {
  const foreign = { type: 'DisruptionTarget', status: 'True', reason: 'x' }
  const old = { type: 'Ready', status: 'True', lastTransitionTime: '2025-01-01T00:00:00Z' }
  const one: Pod = { ...pod(), status: { phase: 'Running', conditions: [foreign, old] } }
  const { status } = decide(one, { runtime: runtime(run('c')), memory: remembered() })
  assert.deepEqual(
    status.conditions?.find(found => found.type === 'DisruptionTarget'),
    foreign,
  )
  const times = new Map(status.conditions?.map(found => [found.type, found.lastTransitionTime]))
  assert.equal(times.get('Ready'), '2025-01-01T00:00:00Z')
  assert.equal(times.get('Initialized'), '2026-01-01T12:00:00Z')
})
