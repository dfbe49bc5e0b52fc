/** A whole control plane in the process of a test: real API, real controllers, nothing to install. */
import type { Client } from '#client/client.ts'
import { type Clock, systemClock } from '#base/clock.ts'
import { type Log, silentLog } from '#base/log.ts'
import { sharedKeys } from '#plane/keys.ts'
import { type Listener, issueServerCertificates, listenPlane } from '#plane/listen.ts'
import { admissionSettings } from '#plane/admission-configuration.ts'
import { type Plane, type PlaneOptions, makePlane, schemeAndDecode, usualNetwork } from '#plane/plane.ts'
import { publish } from '#plane/publish.ts'
import type { Event } from '#kinds/facts/generated/types/audit_v1.ts'
import { type Audit, makeAudit } from '#server/audit/audit.ts'
import { eventSink } from '#server/audit/plain-sinks.ts'
import { parsePolicy } from '#server/audit/policy.ts'
import type { Decode, Store } from '#server/store/contract.ts'
import { openMemoryStore } from '#server/store/memory.ts'

export interface ClusterOptions {
  readonly clock?: Clock
  readonly log?: Log
  /** Without them only the API runs. */
  readonly controllers?: boolean
  /** Admission plugins to be on or off, other than usually. */
  readonly plugins?: { readonly enable?: readonly string[]; readonly disable?: readonly string[] }
  /** An AdmissionConfiguration as an object: what plugins are to know, other than usually. */
  readonly admissionConfiguration?: object
  /** Whom to believe besides this cluster itself. */
  readonly authentication?: NonNullable<PlaneOptions['authentication']>
  /** Whom to ask about rights. */
  readonly authorization?: NonNullable<PlaneOptions['authorization']>
  /** Simulated nodes, 1 unless given. */
  readonly nodes?: number
  /** Given every audit event; without it nothing is on record. */
  readonly audit?: (event: Event) => void
  /** YAML of an audit policy, other than the usual one. */
  readonly auditPolicy?: string
  /** The record, where it is more than events given to a function. Whoever made it closes it. */
  readonly record?: Audit
  /** Where objects are kept, where that is not memory. It is closed with the cluster. */
  readonly open?: (decode: Decode, clock: Clock) => Promise<Store>
}

export interface Cluster {
  /** Acts as a cluster administrator. */
  readonly client: Client
  /** A client of somebody else, with exactly the rights that RBAC gives them. */
  as(name: string, groups?: readonly string[]): Client
  /** Opens a port on loopback at the first call. @returns the text of a kubeconfig: of an administrator, unless somebody is named. */
  kubeConfig(who?: { readonly name: string; readonly groups: readonly string[] }): Promise<string>
  readonly plane: Plane
  stop(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

const masters = ['system:masters']

/** @throws Error for what is no AdmissionConfiguration */
const configured = ({ admissionConfiguration: given }: ClusterOptions) =>
  given === undefined
    ? undefined
    : admissionSettings(given, path => {
        throw new Error(`no file is read here: ${path}`)
      })

const auditOf = (take: (event: Event) => void, clock: Clock, policy: string | undefined): Audit =>
  makeAudit({
    clock,
    policy: policy === undefined ? undefined : parsePolicy(policy),
    backends: () => [{ sink: eventSink(take), mode: 'batch' }],
  })

/** Resolves when the API answers; controllers run by then. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const clock = options.clock ?? systemClock
  const admission = configured(options)
  const { scheme, decode } = schemeAndDecode()
  const store = (await options.open?.(decode, clock)) ?? openMemoryStore({ decode, clock, freeze: true })
  const keys = await sharedKeys(store, clock.now())
  const plane = await makePlane({
    store,
    scheme,
    clock,
    keys,
    log: options.log ?? silentLog,
    network: usualNetwork,
    random: Math.random,
    simulated: options.nodes ?? 1,
    ...(options.plugins === undefined ? {} : { plugins: options.plugins }),
    ...(admission === undefined ? {} : { admission }),
    ...(options.audit === undefined ? {} : { audit: auditOf(options.audit, clock, options.auditPolicy) }),
    ...(options.record === undefined ? {} : { audit: options.record }),
    ...(options.authorization === undefined ? {} : { authorization: options.authorization }),
    ...(options.authentication === undefined ? {} : { authentication: options.authentication }),
  })
  await publish(plane, { address: '127.0.0.1', port: 6443 })
  if (options.controllers !== false) await plane.start()
  let listener: Promise<Listener> | undefined
  const open = async (): Promise<Listener> => {
    const certificates = await issueServerCertificates(keys.authority, ['127.0.0.1', 'localhost'], clock.now())
    return listenPlane(plane, { hosts: ['127.0.0.1'], port: 0, certificates })
  }
  const stop = async (): Promise<void> => {
    await (await listener)?.close()
    await plane.stop()
    await store.close()
  }
  return {
    plane,
    client: plane.client(plane.server.identity('bulwark:test', masters), 'bulwark-test'),
    as: (name, groups = []) => plane.client(plane.server.identity(name, groups), name),
    kubeConfig: async (who = { name: 'bulwark:test', groups: masters }) => {
      listener ??= open()
      return (await listener).kubeConfig(who)
    },
    stop,
    [Symbol.asyncDispose]: stop,
  }
}
