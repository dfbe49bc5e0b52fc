/** The control plane in one process: server, controllers and scheduler around one store. */
import { randomUUID } from 'node:crypto'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { DoorRequest } from '#api/door.ts'
import type { ResourceRef } from '#api/metadata.ts'
import type { Scheme } from '#api/kind.ts'
import type { User } from '#api/request.ts'
import { type Client, type Transport, makeClient } from '#client/client.ts'
import type { Controller } from '#client/controller.ts'
import { type Pace, loopPace } from '#client/pace.ts'
import type { RunnerParts, Running } from '#client/runner.ts'
import { controllers, startControllers } from '#controllers/index.ts'
import { type Simulation, simulateNodes } from '#node/simulate/nodes.ts'
import { type Scheduler, schedulerRules, startScheduler } from '#scheduler/index.ts'
import { builtinKinds } from '#kinds/index.ts'
import { makeScheme } from '#kinds/scheme.ts'
import type { PluginChoice } from '#server/admission/plugins.ts'
import { fieldManager, patching } from '#server/coding.ts'
import { tokenKeys } from '#server/authn/tokens.ts'
import { type Server, makeServer } from '#server/server.ts'
import type { Decode, Store } from '#server/store/contract.ts'
import { decodeStored } from '#server/stored.ts'
import { makeCaller } from '#wire/https.ts'
import type { SharedKeys } from './keys.ts'
import { kubeletVersion } from './version.ts'
import { accountGroups, accountOf, controllerPolicy, kubeletPolicy, networkPolicy } from './policy.ts'

export interface Network {
  /** Range of service addresses, IPv4. */
  readonly serviceCIDR: string
  readonly nodePorts: readonly [number, number]
}

export const usualNetwork: Network = { serviceCIDR: '10.96.0.0/16', nodePorts: [30_000, 32_767] }

export interface PlaneOptions {
  readonly store: Store
  readonly scheme: Scheme
  readonly clock: Clock
  readonly log: Log
  readonly keys: SharedKeys
  readonly network: Network
  readonly random: () => number
  /** Admission plugins to be on or off, other than usually. */
  readonly plugins?: PluginChoice
  /** Nodes that exist in the API alone. */
  readonly simulated?: number
}

export interface Plane {
  readonly server: Server
  readonly store: Store
  readonly scheme: Scheme
  readonly clock: Clock
  readonly log: Log
  readonly pace: Pace
  /** A client of one identity, in process. */
  client(who: User, manager: string): Client
  transport(who: User, manager: string): Transport
  /** Starts controllers and scheduler. */
  start(): Promise<void>
  /** Resolves when nothing runs any more. The store stays open. */
  stop(): Promise<void>
}

/** Everything kinds need to read what is kept. */
export function schemeAndDecode(): { readonly scheme: Scheme; readonly decode: Decode } {
  const scheme = makeScheme(builtinKinds)
  return { scheme, decode: decodeStored(scheme) }
}

const issuer = 'https://kubernetes.default.svc.cluster.local'

/** Resources that the garbage collector and namespaces look after: each kept kind once. */
const keptResources = (scheme: Scheme) => (): readonly ResourceRef[] =>
  scheme
    .kinds()
    .filter(kind => kind.storedAs === undefined && ['list', 'watch', 'delete'].every(verb => kind.verbs.includes(verb)))
    .map(kind => ({
      group: kind.group,
      version: kind.hub,
      resource: kind.plural,
      kind: kind.kind,
      namespaced: kind.scope === 'Namespaced',
    }))

const schedulerName = 'kube-scheduler'

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

export async function makePlane(options: PlaneOptions): Promise<Plane> {
  const { store, scheme, clock, log, keys, network } = options
  const list = controllers({ resources: keptResources(scheme), authority: () => keys.authority.cert })
  const policy = controllerPolicy([...list, { name: schedulerName, rules: schedulerRules }])
  const caller = makeCaller()
  const server = makeServer({
    store,
    scheme,
    clock,
    issuer,
    random: options.random,
    uid: randomUUID,
    fields: fieldManager,
    patching,
    caller,
    admission: { choice: options.plugins },
    tokenKeys: tokenKeys(keys.tokenKey),
    serviceCIDR: network.serviceCIDR,
    nodePorts: network.nodePorts,
    roles: [...policy.roles, ...networkPolicy.roles],
    bindings: [...policy.bindings, ...networkPolicy.bindings, ...kubeletPolicy.bindings],
  })
  await server.bootstrap()
  const pace = loopPace()
  const transport =
    (who: User, manager: string): Transport =>
    request =>
      server.door(who, managed(request, manager))
  const client = (who: User, manager: string): Client => makeClient(transport(who, manager))
  const running: Running[] = []
  const parts = (who: User, manager: string): RunnerParts => ({
    client: client(who, manager),
    reader: server.reader(who),
    clock,
    log,
    pace,
  })
  const partsFor = (controller: Controller): RunnerParts => ({
    ...parts(server.identity(accountOf(controller.name), accountGroups), 'kube-controller-manager'),
    log: log.with({ controller: controller.name }),
  })
  let scheduler: Scheduler | undefined
  let simulation: Simulation | undefined
  return {
    server,
    store,
    scheme,
    clock,
    log,
    pace,
    client,
    transport,
    start: async () => {
      running.push(...startControllers(list, partsFor))
      const who = server.identity(accountOf(schedulerName), accountGroups)
      scheduler = startScheduler({ ...parts(who, schedulerName), random: options.random })
      await Promise.all([...running.map(one => one.ready), scheduler.ready])
      const names = Array.from({ length: options.simulated ?? 0 }, (_, at) => `node-${at}`)
      // Simulated nodes are part of the server: no agent stands behind them that could be told from another.
      if (names.length > 0)
        simulation = await simulateNodes({
          ...parts(server.identity('system:bulwark:simulator', ['system:masters']), 'kubelet'),
          names,
          version: kubeletVersion,
        })
    },
    stop: async () => {
      await simulation?.stop()
      await scheduler?.stop()
      await Promise.all(running.map(one => one.stop()))
      server.close()
      caller.close()
    },
  }
}
