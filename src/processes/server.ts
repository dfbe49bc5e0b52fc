/** The server process: store, API, controllers, scheduler. */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '#base/clock.ts'
import { type Log, makeLog } from '#base/log.ts'
import { LiveKeys, sharedKeys } from '#plane/keys.ts'
import { listenPlane } from '#plane/listen.ts'
import { ensureDnsService } from '#network/dns/service.ts'
import { type Network, type Plane, makePlane, schemeAndDecode } from '#plane/plane.ts'
import { sharedNetwork } from '#plane/shared-network.ts'
import { publish, publishAmong } from '#plane/publish.ts'
import { keepBytes } from '#server/http/encode.ts'
import { readAdmissionFile } from './admission-file.ts'
import { openAudit } from './audit.ts'
import type { ServerConfig } from './config.ts'
import { Encryption } from './encryption/encryption.ts'
import { issueCredentials, serverCertificates } from './credentials.ts'
import { Renewing, issuingNow } from './renewing.ts'
import type { Layout } from './layout.ts'
import { refuseOpen } from './open.ts'
import { serverHosts } from './places.ts'
import { openStore } from './store.ts'
import { authenticationOptions, authorizationOptions } from './trust.ts'

export interface RunningServer {
  stop(): Promise<void>
}

/** Milliseconds. */
const headStart = 50

/** Every node serves the address of DNS itself; the Service is for those who look for it. */
async function publishDns(plane: Plane, config: ServerConfig): Promise<void> {
  if (config.dns === undefined) return
  const client = plane.client(plane.server.identity('system:apiserver', ['system:masters']), 'bulwark')
  await ensureDnsService(client, config.dns, [{ name: config.nodeName, address: config.address }])
}

const toldNetwork = ({ serviceCIDR, nodePorts }: ServerConfig): Partial<Network> => ({
  ...(serviceCIDR === undefined ? {} : { serviceCIDR }),
  ...(nodePorts === undefined ? {} : { nodePorts }),
})

interface Starting {
  readonly config: ServerConfig
  readonly layout: Layout
  /** What was opened, to be closed in the opposite order. */
  readonly opened: AsyncDisposableStack
}

interface Opened {
  readonly plane: Plane
  readonly keys: LiveKeys
  readonly log: Log
  readonly encryption: Encryption
}

/** The control plane over its store, with what it shares with others over the same one. */
async function openPlane({ config, layout, opened }: Starting): Promise<Opened> {
  const clock = systemClock
  const log = makeLog(line => void process.stderr.write(line), 'info').with({ role: 'server' })
  const admission = config.admissionFile === undefined ? undefined : readAdmissionFile(config.admissionFile)
  const { scheme, decode } = schemeAndDecode()
  const encryption = new Encryption({
    layout,
    keyFile: config.etcd?.masterKey ?? layout.key,
    configFile: config.encryption?.file,
    reload: config.encryption?.reload,
    clock,
    log,
  })
  const store = await openStore({ config, layout, decode, clock, log, onBytes: keepBytes(scheme), encryption })
  opened.defer(() => store.close())
  encryption.attach(store)
  opened.defer(() => encryption.stop())
  const keys = new LiveKeys(store, await sharedKeys(store, clock.now()))
  const network = await sharedNetwork(store, toldNetwork(config))
  const simulated = config.nodes === 'real' ? 0 : config.nodes.simulated
  const audit = await openAudit(config.audit ?? {}, { dir: layout.audit, clock, log })
  opened.defer(() => audit.close())
  const plane = await makePlane({
    audit,
    store,
    scheme,
    clock,
    log,
    keys,
    network,
    random: Math.random,
    simulated,
    ...(config.plugins === undefined ? {} : { plugins: config.plugins }),
    ...(admission === undefined ? {} : { admission }),
    ...(config.signingSeconds === undefined ? {} : { signingSeconds: config.signingSeconds }),
    authentication: await authenticationOptions(config.trust ?? {}),
    authorization: authorizationOptions(config.trust ?? {}),
    ...(config.etcd === undefined ? {} : { election: `${config.nodeName}_${randomBytes(8).toString('hex')}` }),
  })
  opened.defer(() => plane.stop())
  return { plane, keys, log, encryption }
}

/** One that no condition of a configuration names: who gets in there gets in everywhere. */
const anyPath = '/api/v1/secrets'

async function start(starting: Starting): Promise<void> {
  const { config, layout, opened } = starting
  const { plane, keys, log, encryption } = await openPlane(starting)
  const { clock } = plane
  const issuing = issuingNow(keys, { config, layout, now: clock.now() })
  await issueCredentials(issuing)
  const hosts = serverHosts(config)
  const names = [...new Set([...hosts, config.address, 'localhost', plane.server.address])]
  refuseOpen(config, { anonymous: plane.authentication.anonymous(anyPath) !== undefined })
  const certificates = await serverCertificates(issuing, names)
  const listener = await listenPlane(plane, {
    hosts,
    port: config.port,
    certificates,
    checks: () => encryption.checks(),
    metrics: () => encryption.metrics(),
  })
  opened.defer(() => listener.close())
  const renewing = new Renewing({ keys, config, layout, names, listener, clock, log })
  opened.defer(() => renewing.stop())
  const at = { address: config.serverAddress, port: config.port }
  if (config.etcd === undefined) await publish(plane, at)
  else {
    const publishing = await publishAmong(plane, at)
    opened.defer(() => publishing.stop())
  }
  if (config.nodes === 'real') await publishDns(plane, config)
  // Those who wait for the API come first: controllers begin by reading everything.
  await sleep(headStart)
  await plane.start()
  log.info('ready', { port: config.port, kubeconfig: layout.kubeconfig })
}

/** Resolves when the API answers. @throws StoreRefused and others, with what to do; nothing is left open then. */
export async function runServer(config: ServerConfig, layout: Layout): Promise<RunningServer> {
  const opened = new AsyncDisposableStack()
  try {
    await start({ config, layout, opened })
  } catch (error) {
    await opened.disposeAsync()
    throw error
  }
  return { stop: () => opened.disposeAsync() }
}
