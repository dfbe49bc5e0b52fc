/** The control plane in one process: server, controllers and scheduler around one store. */
import { randomUUID } from 'node:crypto'
import { pause } from '#base/breaks.ts'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Door } from '#api/door.ts'
import type { ResourceRef } from '#api/metadata.ts'
import type { Scheme } from '#api/kind.ts'
import type { User } from '#api/request.ts'
import type { Client, Transport } from '#client/client.ts'
import type { Controller } from '#client/controller.ts'
import { type Pace, loopPace } from '#client/pace.ts'
import { controllers } from '#controllers/index.ts'
import { suggested } from '#kinds/flowcontrol/suggested.ts'
import { builtinKinds } from '#kinds/index.ts'
import { makeOpener } from '#wire/mutual.ts'
import { type Aggregation, makeAggregation } from '#server/aggregation/aggregation.ts'
import type { PluginChoice } from '#server/admission/plugins.ts'
import { type ChangingScheme, makeScheme } from '#kinds/scheme.ts'
import { run } from '#client/runner.ts'
import { startCustom } from '#server/custom/start.ts'
import { policyStatusController } from '#server/policies/controller.ts'
import { fieldManager, patching } from '#server/coding.ts'
import {
  type AuthenticationOptions,
  type ConfiguredAuthentication,
  configureAuthentication,
} from '#server/authn/configured.ts'
import { tokenKeys } from '#server/authn/tokens.ts'
import {
  type AuthorizationOptions,
  type ConfiguredAuthorization,
  configureAuthorization,
} from '#server/authz/configured.ts'
import { answerContact } from '#network/policies/answer.ts'
import { explainPlacement } from '#scheduler/explain/explain.ts'
import { type Server, makeServer } from '#server/server.ts'
import type { Decode, Store } from '#server/store/contract.ts'
import { decodeStored } from '#server/stored.ts'
import type { AdmissionSettings } from './admission-configuration.ts'
import type { Audit } from '#server/audit/audit.ts'
import { frontProxyIdentity, frontProxyName } from './front-proxy.ts'
import { type Caller, makeCaller } from '#wire/https.ts'
import { clientSigner, requestSigner } from './client-signer.ts'
import type { SharedKeys } from './keys.ts'
import { outsideOf } from './outside.ts'
import { type Work, leading } from './leading.ts'
import { ownPolicy } from './own-policy.ts'
import { type Duties, beginWork, clientThrough, transportThrough } from './work.ts'

export interface Network {
  /** Range of service addresses, IPv4. */
  readonly serviceCIDR: string
  readonly nodePorts: readonly [number, number]
}

export const usualNetwork: Network = { serviceCIDR: '10.96.0.0/16', nodePorts: [30_000, 32_767] }

export interface PlaneOptions {
  readonly store: Store
  readonly scheme: ChangingScheme
  readonly clock: Clock
  readonly log: Log
  readonly keys: SharedKeys
  readonly network: Network
  readonly random: () => number
  /** Admission plugins to be on or off, other than usually. */
  readonly plugins?: PluginChoice
  /** What plugins are to know, other than usually. */
  readonly admission?: AdmissionSettings
  /** Of service-account tokens, where it is not the usual one. */
  readonly issuer?: string
  /** Seconds that a certificate is good at most that somebody asked for with a request; a year unless given. */
  readonly signingSeconds?: number
  /** Whom to believe besides ourselves. */
  readonly authentication?: AuthenticationOptions
  /** Whom to ask about rights; Node and RBAC unless given. */
  readonly authorization?: AuthorizationOptions
  /** Nodes that exist in the API alone. */
  readonly simulated?: number
  /** This server's name among several that share a store: one of them leads. Absent where there is only this one. */
  readonly election?: string
  /** Absent: nothing is on record. Whoever made it closes it, after the plane has stopped. */
  readonly audit?: Audit
}

export interface Plane {
  readonly server: Server
  readonly authentication: ConfiguredAuthentication
  /** What other servers serve as a part of this API, and how they are told of ours. */
  readonly aggregation: Aggregation
  readonly audit: Audit | undefined
  /** Those of now. */
  readonly keys: SharedKeys
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
export function schemeAndDecode(): { readonly scheme: ChangingScheme; readonly decode: Decode } {
  const scheme = makeScheme(builtinKinds)
  return { scheme, decode: decodeStored(scheme) }
}

export const issuer = 'https://kubernetes.default.svc.cluster.local'

/** Resources that the garbage collector and namespaces look after: each kept kind once. */
const keptResources = (scheme: Scheme) => (): readonly ResourceRef[] =>
  scheme
    .kinds()
    .filter(kind => kind.storedAs === undefined && ['list', 'watch', 'delete'].every(verb => kind.verbs.includes(verb)))
    .map(kind => ({
      group: kind.group,
      version: kind.unserved === undefined ? kind.hub : (kind.versions[0]?.name ?? kind.hub),
      resource: kind.plural,
      kind: kind.kind,
      namespaced: kind.scope === 'Namespaced',
    }))

/** Milliseconds. */
const lookAfter = 50

interface Outside {
  readonly caller: Caller
  readonly authentication: ConfiguredAuthentication
  readonly authorization?: ConfiguredAuthorization
}

function makeOwnServer(options: PlaneOptions, list: () => readonly Controller[], outside: Outside): Server {
  const { store, scheme, clock, keys, network } = options
  const policy = ownPolicy(list())
  return makeServer({
    store,
    scheme,
    clock,
    issuer: options.issuer ?? issuer,
    random: options.random,
    uid: randomUUID,
    fields: fieldManager,
    patching,
    ...outside,
    audit: options.audit,
    contacting: answerContact,
    placing: (pod, world) => explainPlacement(pod, world, { pause }),
    admission: { choice: options.plugins, ...options.admission },
    tokenKeys: tokenKeys(keys.tokenKey),
    signClient: clientSigner(keys, clock),
    serviceCIDR: network.serviceCIDR,
    nodePorts: network.nodePorts,
    roles: policy.roles,
    suggested,
    bindings: policy.bindings,
  })
}

interface Beside {
  readonly aggregation: Aggregation
  stop(): Promise<void>
}

/** What each server runs beside its registry: kinds that come and go, other servers' APIs, what is said of policies. */
async function startBeside(
  options: PlaneOptions,
  { server, pace }: { readonly server: Server; readonly pace: Pace },
  onChange: () => void,
): Promise<Beside> {
  const { store, scheme, clock, log, keys, random } = options
  const own = server.identity('system:apiserver', ['system:masters'])
  const client = clientThrough(server.door)(own, 'kube-apiserver')
  const opener = makeOpener(frontProxyIdentity(() => keys.frontProxy, clock))
  const authorities = {
    get client() {
      return keys.authorities
    },
    get frontProxy() {
      return keys.frontProxies
    },
    names: [frontProxyName],
  }
  const aggregation = makeAggregation({ store, scheme, clock, log, opener, random, client, authorities })
  const reader = server.reader(own)
  const parts = { client, reader, clock, log, pace }
  const changed = (): void => {
    aggregation.look()
    onChange()
  }
  const custom = startCustom({ store, scheme, parts, hooks: server.hooks, uid: randomUUID, onChange: changed })
  const policies = run(policyStatusController(scheme), parts)
  await custom.ready
  // Custom groups are published like all others: not before they are known.
  await aggregation.begin()
  return {
    aggregation,
    stop: async () => {
      await policies.stop()
      aggregation.stop()
      opener.close()
      await custom.stop()
      reader.close()
    },
  }
}

export async function makePlane(options: PlaneOptions): Promise<Plane> {
  const { store, scheme, clock, log, keys, random, simulated = 0 } = options
  let aggregation: Aggregation | undefined
  const outside = outsideOf(() => aggregation?.remotes.versions() ?? [])
  const sign = requestSigner(keys, clock)
  const resources = keptResources(scheme)
  const { signingSeconds } = options
  const list = () => controllers({ resources, outside, authority: () => keys.authorities, sign, signingSeconds })
  const caller = makeCaller()
  const audiences = [options.issuer ?? issuer]
  const authentication = await configureAuthentication(options.authentication ?? {}, { caller, clock, log, audiences })
  const authorization =
    options.authorization === undefined
      ? undefined
      : await configureAuthorization(options.authorization, { caller, clock, log })
  const server = makeOwnServer(options, list, {
    caller,
    authentication,
    ...(authorization === undefined ? {} : { authorization }),
  })
  await server.bootstrap()
  const pace = loopPace()
  const client = clientThrough(server.door)
  const duties: Duties = { server, clock, log, pace, random, controllers: list, simulated }
  let work: Work | undefined
  // Kinds that come and go are looked at soon, and many at once only once.
  let looking: (() => void) | undefined
  const look = (): void => {
    looking ??= clock.after(lookAfter, () => {
      looking = undefined
      work?.rescan()
    })
  }
  const beside = await startBeside(options, { server, pace }, look)
  aggregation = beside.aggregation
  const { remotes } = beside.aggregation
  // What controllers read and write reaches what other servers serve.
  const { authorize, decisions } = server.serving
  const recording = { audit: options.audit, decisions }
  const through = (door: Door): Door => remotes.door(door, { authorize, recording })
  return {
    server,
    authentication,
    aggregation: beside.aggregation,
    audit: options.audit,
    keys,
    store,
    scheme,
    clock,
    log,
    pace,
    client,
    transport: transportThrough(server.door),
    start: async () => {
      if (options.election === undefined) work = await beginWork(duties, through(server.door))
      else
        work = leading({
          client: client(server.identity('system:kube-controller-manager'), 'kube-controller-manager'),
          clock,
          log,
          store,
          random,
          key: 'kube-system/kube-controller-manager',
          identity: options.election,
          begin: checks => beginWork(duties, through(server.fenced(checks))),
        })
    },
    stop: async () => {
      looking?.()
      await work?.stop()
      await beside.stop()
      server.close()
      authentication.close()
      authorization?.close()
      caller.close()
    },
  }
}
