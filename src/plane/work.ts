/** What one server of a cluster does: controllers, scheduler, nodes that are only simulated. */
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Door, DoorRequest } from '#api/door.ts'
import type { User } from '#api/request.ts'
import { type Client, type Transport, makeClient } from '#client/client.ts'
import type { Controller } from '#client/controller.ts'
import type { Pace } from '#client/pace.ts'
import type { RunnerParts } from '#client/runner.ts'
import { startControllers } from '#controllers/index.ts'
import { type Simulation, simulateNodes } from '#node/simulate/nodes.ts'
import { startScheduler } from '#scheduler/index.ts'
import type { Server } from '#server/server.ts'
import type { Work } from './leading.ts'
import { accountGroups, accountOf } from './policy.ts'
import { kubeletVersion } from './version.ts'

export interface Duties {
  readonly server: Server
  readonly clock: Clock
  readonly log: Log
  readonly pace: Pace
  readonly random: () => number
  readonly controllers: () => readonly Controller[]
  /** Nodes that exist in the API alone. */
  readonly simulated: number
}

export const schedulerName = 'kube-scheduler'

/** Names the manager of each write, so that ownership of fields shows who wrote. */
const managed = (request: DoorRequest, manager: string): DoorRequest => {
  switch (request.verb) {
    case 'create':
    case 'update':
    case 'patch':
      return request.options?.fieldManager === undefined
        ? { ...request, options: { ...request.options, fieldManager: manager } }
        : request
    case 'get':
    case 'list':
    case 'watch':
    case 'delete':
    case 'deletecollection':
      return request
  }
}

export const transportThrough =
  (door: Door) =>
  (who: User, manager: string): Transport =>
  request =>
    door(who, managed(request, manager))

export const clientThrough =
  (door: Door) =>
  (who: User, manager: string): Client =>
    makeClient(transportThrough(door)(who, manager))

/** Resolves when all of it runs. @param door through which all of it reads and writes */
export async function beginWork(duties: Duties, door: Door): Promise<Work> {
  const { server, clock, log, pace, random } = duties
  const client = clientThrough(door)
  const readers: { close(): void }[] = []
  const parts = (who: User, manager: string): RunnerParts => {
    const reader = server.reader(who)
    readers.push(reader)
    return { client: client(who, manager), reader, clock, log, pace }
  }
  const running = startControllers(duties.controllers(), controller => ({
    ...parts(server.identity(accountOf(controller.name), accountGroups), 'kube-controller-manager'),
    log: log.with({ controller: controller.name }),
  }))
  const who = server.identity(accountOf(schedulerName), accountGroups)
  const scheduler = startScheduler({ ...parts(who, schedulerName), random })
  await Promise.all([...running.map(one => one.ready), scheduler.ready])
  const names = Array.from({ length: duties.simulated }, (_, at) => `node-${at}`)
  // Simulated nodes are part of the server: no agent stands behind them that could be told from another.
  const simulator = server.identity('system:bulwark:simulator', ['system:masters'])
  let simulation: Simulation | undefined
  if (names.length > 0)
    simulation = await simulateNodes({ ...parts(simulator, 'kubelet'), names, version: kubeletVersion })
  return {
    rescan: () => {
      for (const one of running)
        one.rescan().catch((error: unknown) => log.error('cannot watch', { error: String(error) }))
    },
    stop: async () => {
      await simulation?.stop()
      await scheduler.stop()
      await Promise.all(running.map(one => one.stop()))
      for (const reader of readers) reader.close()
    },
  }
}
