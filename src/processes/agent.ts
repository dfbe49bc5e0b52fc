/** The agent process: the node's pods, its API and its network, with two identities. */
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '#base/clock.ts'
import { type Log, makeLog } from '#base/log.ts'
import { type Client, makeClient } from '#client/client.ts'
import { httpsTransport } from '#client/https.ts'
import { makeRecorder } from '#client/events.ts'
import { type Informer, makeInformer } from '#client/informer.ts'
import { loadKubeconfig } from '#client/kubeconfig.ts'
import { networkPolicies, nodes, pods, subjectAccessReviews } from '#kinds/facts/generated/refs.ts'
import type { SubjectAccessReview } from '#kinds/facts/generated/types/authorization_v1.ts'
import { startAgent } from '#node/agent/agent.ts'
import { givenRuntime } from '#node/containerd/given.ts'
import { type Runtime, startContainerd } from '#node/containerd/instance.ts'
import { type Caller, startNodeServer } from '#node/server/server.ts'
import type { Right } from '#node/server/route.ts'
import type { Refusal } from '#network/policies/keep.ts'
import { dnsPaths, startDns } from '#network/dns/process.ts'
import { type Network, inTime, startNetwork } from '#network/network.ts'
import { certificateExtra } from '#server/authn/people.ts'
import { kubeletClient } from '#plane/policy.ts'
import { kubeletVersion } from '#plane/version.ts'
import { setupNode } from '#setup/node.ts'
import { agentAudit, openAgentAudit } from './audit.ts'
import { agentRecords } from './agent-audit.ts'
import type { ClusterConfig } from './config.ts'
import { containerdOptions, enginesDirectory, nodeCgroup } from './engines.ts'
import type { Layout } from './layout.ts'
import { follow } from './follow.ts'
import { refuseOpen } from './open.ts'
import { clusterDomain } from './places.ts'
import { refusalTeller } from './refused-packets.ts'
import { splitPem } from './pem.ts'

export interface RunningAgent {
  stop(): Promise<void>
}

interface Connection {
  readonly client: Client
  readonly close: () => void
}

/** The kubeconfig is read again when its certificate has been renewed. */
async function connectAs(file: string, userAgent: string, log: Log): Promise<Connection> {
  let access = await loadKubeconfig(file)
  const transport = httpsTransport({
    server: access.server,
    authority: () => access.authority,
    identity: () => access.identity,
    userAgent,
  })
  const read = async (): Promise<void> => {
    access = await loadKubeconfig(file)
    transport.renew()
    log.info('credentials were renewed', { file })
  }
  const unfollow = follow(file, { clock: systemClock, log, read })
  return {
    client: makeClient(transport.send),
    close: () => {
      unfollow()
      transport.close()
    },
  }
}

/** Asks the server whether a caller of the node's own API may do what it asks for. */
const authorizer =
  (client: Client, nodeName: string) =>
  async (caller: Caller, right: Right): Promise<boolean> => {
    const review: SubjectAccessReview = {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      metadata: {},
      spec: {
        user: caller.name,
        groups: [...caller.groups, 'system:authenticated'],
        extra: { [certificateExtra]: [caller.certificate.serial, caller.certificate.issuer] },
        resourceAttributes: {
          verb: right.verb,
          group: '',
          version: 'v1',
          resource: 'nodes',
          subresource: right.subresource,
          name: nodeName,
        },
      },
    }
    const { status } = await client.create(subjectAccessReviews, review)
    return status?.allowed === true
  }

const watchOnly = (config: ClusterConfig) => (ref: { readonly resource: string }) => {
  if (ref.resource === pods.resource) return { fieldSelector: `spec.nodeName=${config.nodeName}` }
  return ref.resource === nodes.resource ? { fieldSelector: `metadata.name=${config.nodeName}` } : {}
}

/** In the built package the DNS process is a file beside this one. */
const builtDns = (): { command?: readonly string[] } =>
  import.meta.url.endsWith('.js') ? { command: [process.execPath, join(import.meta.dirname, 'dns.js')] } : {}

interface JoinedNetwork extends RunningAgent {
  readonly network: Network
}

/** Services, policies and DNS of this node, under the identity that reads no pod's secrets. */
async function joinNetwork(
  config: ClusterConfig,
  layout: Layout,
  { log, refused }: { log: Log; refused: (refusal: Refusal) => void },
): Promise<JoinedNetwork> {
  const clock = systemClock
  const { client, close } = await connectAs(layout.networkKubeconfig, 'bulwark-network', log)
  const reader = makeInformer({ client, clock, log, random: Math.random })
  const network = await startNetwork({
    reader,
    clock,
    log,
    name: config.name,
    nodeName: config.nodeName,
    nodeIPs: [config.address],
    podCIDR: config.podCIDR,
    serviceCIDR: config.serviceCIDR,
    dns: { address: config.dns, domain: clusterDomain, snapshot: dnsPaths(layout.node).snapshot },
    refused,
    newest: async namespace => {
      const { items } = await client.list(networkPolicies, { namespace })
      return items.length === 0 ? undefined : Math.max(...items.map(one => Number(one.metadata.resourceVersion)))
    },
  })
  // A process of its own: it answers while the agent is away.
  const dns = await startDns({
    dir: layout.node,
    address: config.dns,
    clock,
    log,
    version: kubeletVersion,
    ...builtDns(),
  })
  return {
    network,
    stop: async () => {
      dns.stop()
      await network.stop()
      await reader.stop()
      close()
    },
  }
}

/** The server issues them when it starts; the agent may be first. */
async function credentials(layout: Layout): Promise<void> {
  const files = [layout.nodeKubeconfig, layout.networkKubeconfig, layout.servingCertificate]
  while (!files.every(file => existsSync(file))) await sleep(50)
}

interface RuntimeInput {
  readonly config: ClusterConfig
  readonly layout: Layout
  readonly log: Log
  readonly signal: AbortSignal
}

/** Until the signal is raised our own is started again whenever it ends. */
async function runtimeOf({ config, layout, log, signal }: RuntimeInput): Promise<Runtime> {
  if (config.runtimeSocket !== undefined) return givenRuntime(config.runtimeSocket)
  const tools = await setupNode({ engines: enginesDirectory(), say: line => log.info(line) })
  const containerd = await startContainerd(containerdOptions(config, layout, tools))
  containerd.keep(log, signal)
  return containerd
}

/** Resolves when pods are taken care of. */
export async function runAgent(config: ClusterConfig, layout: Layout): Promise<RunningAgent> {
  const clock = systemClock
  const log: Log = makeLog(line => void process.stderr.write(line), 'info').with({ role: 'agent' })
  refuseOpen(config, { anonymous: false })
  const stop = new AbortController()
  const containerd = await runtimeOf({ config, layout, log, signal: stop.signal })
  await credentials(layout)
  const own = await connectAs(layout.nodeKubeconfig, 'bulwark-agent', log)
  const reader: Informer = makeInformer({
    client: own.client,
    clock,
    log,
    random: Math.random,
    narrow: watchOnly(config),
  })
  const audit = openAgentAudit(config.audit ?? {}, { dir: agentAudit(layout.audit), clock, log })
  const recorder = makeRecorder({ client: own.client, clock, component: 'bulwark-network', host: config.nodeName })
  const joining = joinNetwork(config, layout, { log, refused: refusalTeller(recorder, audit) })
  // Told below; what has no network stays dark until then.
  joining.catch(() => undefined)
  const agent = await startAgent({
    client: own.client,
    reader,
    clock,
    log,
    containerd,
    random: Math.random,
    nodeName: config.nodeName,
    dir: layout.node,
    cgroup: nodeCgroup(config.name),
    hostIPs: [config.address],
    clusterDNS: [config.dns],
    clusterDomain,
    version: kubeletVersion,
    port: config.kubeletPort,
    podCIDR: config.podCIDR,
    admit: async (pod, addresses) => (await inTime(clock, joining)).network.admit(pod, addresses),
  })
  const network = await joining
  const tls = async () => {
    const { authority } = await loadKubeconfig(layout.nodeKubeconfig)
    return { ...splitPem(await readFile(layout.servingCertificate, 'utf8')), clientCA: authority }
  }
  const nodeServer = await startNodeServer({
    agent,
    clock,
    cri: containerd.cri,
    dir: layout.node,
    nodeName: config.nodeName,
    host: config.address,
    port: config.kubeletPort,
    tls: await tls(),
    authorize: authorizer(own.client, config.nodeName),
    isServer: caller => caller.name === kubeletClient,
    record: agentRecords(audit, config.nodeName),
  })
  // Who signs the server's certificate for us comes with the kubeconfig.
  const read = async (): Promise<void> => nodeServer.renew(await tls())
  const unfollow = [layout.servingCertificate, layout.nodeKubeconfig].map(file => follow(file, { clock, log, read }))
  log.info('ready', { node: config.nodeName })
  return {
    stop: async () => {
      stop.abort()
      for (const end of unfollow) end()
      await nodeServer.close()
      await network.stop()
      await recorder.flush()
      await audit.close()
      await agent.stop()
      await reader.stop()
      own.close()
    },
  }
}
