/** For tests: controllers over the fake API, a clock to move, and a kubelet that runs pods when told to. */
import { silentLog } from '#base/log.ts'
import { type KObject, type ResourceRef, keyOf } from '#api/metadata.ts'
import { type Client, makeClient } from '#client/client.ts'
import type { Controller } from '#client/controller.ts'
import { type FakeApi, makeFakeApi } from '#client/fake.ts'
import { type FakeClock, makeFakeClock, settle } from '#client/fake-clock.ts'
import { fakeReader } from '#client/fake-reader.ts'
import { loopPace } from '#client/pace.ts'
import { type Running, run } from '#client/runner.ts'
import { timestamp } from '#base/clock.ts'
import { events, pods } from '#kinds/facts/generated/refs.ts'
import type { Pod, PodStatus } from '#kinds/facts/generated/types/core_v1.ts'

export interface World {
  readonly clock: FakeClock
  readonly api: FakeApi
  readonly client: Client
  list<O extends KObject>(ref: ResourceRef<O>): Promise<readonly O[]>
  /** Sets the status of a pod as its node would. */
  report(pod: Pod, status: PodStatus): Promise<void>
  /** Assigns and makes ready every pod that is not. */
  startPods(): Promise<void>
  /** Ends every pod that is being deleted. */
  endPods(): Promise<void>
  /** `reason: message` of every event. */
  said(): Promise<readonly string[]>
  settle(): Promise<void>
  stop(): Promise<void>
}

export async function makeWorld(controllers: readonly Controller[]): Promise<World> {
  const clock = makeFakeClock()
  const api = makeFakeApi(clock)
  const client = makeClient(api.transport)
  const parts = { client, reader: fakeReader(api), clock, log: silentLog, pace: loopPace() }
  const running: Running[] = controllers.map(controller => run(controller, parts))
  await Promise.all(running.map(one => one.ready))
  const world: World = {
    clock,
    api,
    client,
    list: async ref => (await client.list(ref)).items,
    report: async (pod, status) => {
      await client.updateStatus(pods, { ...pod, metadata: withoutVersion(pod), status: { ...pod.status, ...status } })
    },
    startPods: async () => {
      for (const pod of await world.list(pods)) {
        if (pod.status?.phase !== undefined && pod.status.phase !== 'Pending') continue
        await client.patch(pods, keyOf(pod), { type: 'merge', content: { spec: { nodeName: targetOf(pod) ?? 'n1' } } })
        await world.report(await client.get(pods, keyOf(pod)), runningStatus(clock.now()))
      }
      await settle()
    },
    endPods: async () => {
      for (const pod of await world.list(pods))
        if (pod.metadata.deletionTimestamp !== undefined)
          await client.delete(pods, keyOf(pod), { gracePeriodSeconds: 0 })
      await settle()
    },
    said: async () => {
      await settle()
      return (await world.list(events)).map(event => `${event.reason ?? ''}: ${event.message ?? ''}`)
    },
    settle: () => settle(60),
    stop: async () => {
      await Promise.all(running.map(one => one.stop()))
    },
  }
  return world
}

/** The node that a pod of a DaemonSet is meant for. */
const targetOf = ({ spec }: Pod): string | undefined =>
  spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms[0]?.matchFields?.[0]
    ?.values?.[0]

const withoutVersion = (object: KObject): KObject['metadata'] => {
  const { resourceVersion: _, ...metadata } = object.metadata
  return metadata
}

const runningStatus = (now: number): PodStatus => ({
  phase: 'Running',
  conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: timestamp(now) }],
})

export const count = (world: World, resource: string): number => world.api.cache(resource).list().length
