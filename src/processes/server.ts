/** The server process: store, API, controllers, scheduler. */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '#base/clock.ts'
import { makeLog } from '#base/log.ts'
import { sharedKeys } from '#plane/keys.ts'
import { listenPlane } from '#plane/listen.ts'
import { ensureDnsService } from '#network/dns/service.ts'
import { type Plane, makePlane, schemeAndDecode } from '#plane/plane.ts'
import { publish, publishAmong } from '#plane/publish.ts'
import { keepBytes } from '#server/http/encode.ts'
import { readAdmissionFile } from './admission-file.ts'
import { openAudit } from './audit.ts'
import type { ClusterConfig } from './config.ts'
import { issueCredentials, serverCertificates } from './credentials.ts'
import type { Layout } from './layout.ts'
import { openStore } from './store.ts'

export interface RunningServer {
  stop(): Promise<void>
}

/** Milliseconds. */
const headStart = 50

/** Every node serves the address of DNS itself; the Service is for those who look for it. */
async function publishDns(plane: Plane, config: ClusterConfig): Promise<void> {
  const client = plane.client(plane.server.identity('system:apiserver', ['system:masters']), 'bulwark')
  await ensureDnsService(client, config.dns, [{ name: config.nodeName, address: config.address }])
}

/** Resolves when the API answers. @throws StoreRefused and others, with what to do. */
export async function runServer(config: ClusterConfig, layout: Layout): Promise<RunningServer> {
  const clock = systemClock
  const log = makeLog(line => void process.stderr.write(line), 'info').with({ role: 'server' })
  const admission = config.admissionFile === undefined ? undefined : readAdmissionFile(config.admissionFile)
  const { scheme, decode } = schemeAndDecode()
  const store = await openStore({ config, layout, decode, clock, log, onBytes: keepBytes(scheme) })
  const keys = await sharedKeys(store, clock.now())
  const network = { serviceCIDR: config.serviceCIDR, nodePorts: [30_000, 32_767] as const }
  const simulated = config.nodes === 'real' ? 0 : config.nodes.simulated
  const audit = await openAudit(config.audit ?? {}, { dir: layout.audit, clock, log })
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
    ...(config.etcd === undefined ? {} : { election: `${config.nodeName}_${randomBytes(8).toString('hex')}` }),
  })
  const issuing = { authority: keys.authority, config, layout, now: clock.now() }
  await issueCredentials(issuing)
  const hosts = [...new Set(['127.0.0.1', config.serverAddress])]
  const names = [...new Set([...hosts, config.address, 'localhost', plane.server.address])]
  const certificates = await serverCertificates(issuing, names)
  const listener = await listenPlane(plane, { hosts, port: config.port, authority: keys.authority, certificates })
  const at = { address: config.serverAddress, port: config.port }
  const publishing = config.etcd === undefined ? undefined : await publishAmong(plane, at)
  if (publishing === undefined) await publish(plane, at)
  if (config.nodes === 'real') await publishDns(plane, config)
  // Those who wait for the API come first: controllers begin by reading everything.
  await sleep(headStart)
  await plane.start()
  log.info('ready', { port: config.port, kubeconfig: layout.kubeconfig })
  return {
    stop: async () => {
      await publishing?.stop()
      await listener.close()
      await plane.stop()
      await audit.close()
      await store.close()
    },
  }
}
