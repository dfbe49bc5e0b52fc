/** `bulwark up`: from nothing to a cluster that answers. */
import { existsSync } from 'node:fs'
import { mkdir, readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeClient } from '#client/client.ts'
import { httpsTransport } from '#client/https.ts'
import { loadKubeconfig } from '#client/kubeconfig.ts'
import { dnsAddress } from '#network/ip.ts'
import { nodes } from '#kinds/facts/generated/refs.ts'
import { type ClusterConfig, readConfig, writeConfig } from '#processes/config.ts'
import { enginesDirectory } from '#processes/engines.ts'
import type { Layout } from '#processes/layout.ts'
import { openSocket } from '#processes/open.ts'
import { isRunning, launch } from '#processes/supervise.ts'
import { SetupError, cannotRunPods, setupHost, setupNode } from '#setup/node.ts'
import { checkedAudit } from './audit-check.ts'
import { dumpRefusal } from './dumps.ts'
import { entry } from './entry.ts'
import { mergeKubeconfig, userKubeconfig } from './kubeconfig-file.ts'
import { hostAddress, machineName, requireFreePort } from './machine.ts'
import { dropLink, hasLink, hasRules, makeLink, processesIn } from './netns.ts'
import { type NetworkFlags, networkOf, podCIDR, usualNodePorts, usualServiceCIDR } from './network-flags.ts'
import { type EncryptionFlags, encryptionFlags } from './encryption-flag.ts'
import { CommandError, UsageError, contextOf, placeOf } from './place.ts'
import { type PluginFlags, withAdmissionFile, withPlugins } from './plugin-flags.ts'
import type { Progress } from './progress.ts'
import { type EtcdFlags, storeAt, withoutEtcd } from './store-flags.ts'
import { type SigningFlags, withSigning } from './signing-flag.ts'
import { type TrustFlags, trustOf } from './trust-flags.ts'

type ApiFlags = PluginFlags & NetworkFlags & TrustFlags & EncryptionFlags & SigningFlags

export interface UpOptions extends EtcdFlags, ApiFlags {
  readonly name: string
  readonly dataDir?: string
  readonly port?: string
  readonly nodes?: string
  readonly store?: string
  readonly containerRuntimeEndpoint?: string
}

const usualPort = 6443
const kubeletPort = 10_250

function parsePort(text: string | undefined): number {
  const port = Number(text ?? usualPort)
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new UsageError(`--port must be a number from 1 to 65535, not ${JSON.stringify(text)}`)
  return port
}

function wantedNodes(text: string | undefined, progress: Progress): ClusterConfig['nodes'] {
  const simulated = /^simulated(?:=(\d{1,4}))?$/.exec(text ?? '')
  if (simulated !== null) return { simulated: Number(simulated[1] ?? '1') }
  if (text !== undefined && text !== 'real')
    throw new UsageError(`--nodes must be real or simulated=N, not ${JSON.stringify(text)}`)
  const why = cannotRunPods({ platform: process.platform, uid: process.getuid?.() })
  if (why === undefined) return 'real'
  if (text === 'real') throw new CommandError(`--nodes real is not possible here: ${why}`)
  progress.note(`Nodes are simulated, no container will run: ${why}.`)
  return { simulated: 1 }
}

/** Names are the machine's: interfaces, rules and control groups carry them. @throws CommandError */
async function requireFreeName(name: string): Promise<void> {
  const taken = name === 'default' ? await hasRules(name) : (await processesIn(name)).length > 0
  if (taken)
    throw new CommandError(
      `a cluster named ${name} runs on this machine from another data directory; give this one another --name, or stop that one`,
    )
}

/** A cluster other than `default` has its node in a network of its own. */
async function place(
  options: UpOptions,
  wanted: ClusterConfig['nodes'],
): Promise<Pick<ClusterConfig, 'address' | 'serverAddress' | 'nodeName' | 'netns'>> {
  if (wanted !== 'real' || options.name === 'default') {
    const address = wanted === 'real' ? hostAddress() : '127.0.0.1'
    return { address, serverAddress: address, nodeName: machineName() }
  }
  const link = await makeLink(options.name)
  return {
    address: link.inside,
    serverAddress: link.outside,
    netns: link.netns,
    nodeName: `${machineName()}-${options.name}`.slice(0, 63),
  }
}

/** `unix:///path`, or a path. @throws UsageError, CommandError */
function runtimeSocket(options: UpOptions, wanted: ClusterConfig['nodes']): string | undefined {
  if (options.containerRuntimeEndpoint === undefined) return undefined
  const path = options.containerRuntimeEndpoint.replace(/^unix:\/\//, '')
  if (!path.startsWith('/'))
    throw new UsageError(
      `--container-runtime-endpoint must be unix:///PATH, not ${JSON.stringify(options.containerRuntimeEndpoint)}`,
    )
  if (wanted !== 'real') throw new UsageError('--container-runtime-endpoint is for real nodes')
  if (options.name !== 'default')
    throw new UsageError(
      "--container-runtime-endpoint is for the cluster named default: every other one has a network of its own, which is not that runtime's",
    )
  if (!existsSync(path)) throw new CommandError(`there is no runtime at ${path}`)
  return path
}

/** @returns the same configuration with another store, where one is given */
function withStore(config: ClusterConfig, options: UpOptions, at: Layout): ClusterConfig {
  const { store } = options
  if (store === undefined || store === 'sqlite') withoutEtcd(options)
  if (store === undefined) return config
  const { etcd: _, ...others } = config
  const place = storeAt('--store', store, { ...options, usualKey: at.key })
  return place === 'sqlite' ? others : { ...others, etcd: place }
}

/** @returns the same configuration with other flags of audit, where some are given */
function withAudit(config: ClusterConfig, given: ClusterConfig['audit']): ClusterConfig {
  return given === undefined ? config : { ...config, audit: { ...config.audit, ...given } }
}

/** @returns the same configuration, with others to believe and to ask where a flag says so */
function withTrust(config: ClusterConfig, options: UpOptions): ClusterConfig {
  const trust = trustOf(options)
  return trust === undefined ? config : { ...config, trust }
}

/** @returns the same configuration with another EncryptionConfiguration, where one is given; '' takes it away. @throws UsageError */
function withEncryption(config: ClusterConfig, options: UpOptions): ClusterConfig {
  const found = encryptionFlags(options)
  if (found === undefined) return config
  const { encryption: _, ...others } = config
  return found === 'none' ? others : { ...others, encryption: found }
}

async function newCluster(options: UpOptions, progress: Progress): Promise<ClusterConfig> {
  const wanted = wantedNodes(options.nodes, progress)
  const socket = runtimeSocket(options, wanted)
  if (wanted === 'real') await requireFreeName(options.name)
  return {
    ...(socket === undefined ? {} : { runtimeSocket: socket }),
    name: options.name,
    port: parsePort(options.port),
    nodes: wanted,
    ...(await place(options, wanted)),
    serviceCIDR: usualServiceCIDR,
    dns: dnsAddress(usualServiceCIDR),
    podCIDR,
    kubeletPort,
    ...networkOf(options),
  }
}

/** Services keep their addresses and ports for as long as they live. @throws CommandError */
function requireNetwork(known: ClusterConfig, options: UpOptions): void {
  const { serviceCIDR = known.serviceCIDR, nodePorts } = networkOf(options)
  const [first, last] = known.nodePorts ?? usualNodePorts
  const what =
    serviceCIDR !== known.serviceCIDR
      ? `service addresses ${known.serviceCIDR}`
      : nodePorts !== undefined && (nodePorts[0] !== first || nodePorts[1] !== last)
        ? `node ports ${first}-${last}`
        : undefined
  if (what !== undefined)
    throw new CommandError(
      `cluster ${known.name} was made with ${what}; to change them, run: bulwark down --purge --name ${known.name}`,
    )
}

/** The configuration of the first `up`; addresses are those of now. */
async function configure(options: UpOptions, at: Layout, progress: Progress): Promise<ClusterConfig> {
  const audit = await checkedAudit(options)
  const chosen = (config: ClusterConfig): ClusterConfig =>
    withEncryption(
      withTrust(
        withAudit(
          withAdmissionFile(withPlugins(withSigning(withStore(config, options, at), options), options), options),
          audit,
        ),
        options,
      ),
      options,
    )
  if (!existsSync(at.config)) return chosen(await newCluster(options, progress))
  const before = readConfig(at.config)
  const known = chosen(before)
  if (JSON.stringify(known.etcd) !== JSON.stringify(before.etcd) && isRunning(at, 'server'))
    throw new CommandError(
      `cluster ${known.name} runs with another store; stop it first: bulwark down --name ${known.name}`,
    )
  if (JSON.stringify(known.plugins) !== JSON.stringify(before.plugins) && isRunning(at, 'server'))
    throw new CommandError(
      `cluster ${known.name} runs with other admission plugins; stop it first: bulwark down --name ${known.name}`,
    )
  if (known.admissionFile !== before.admissionFile && isRunning(at, 'server'))
    throw new CommandError(
      `cluster ${known.name} runs with another configuration of admission; stop it first: bulwark down --name ${known.name}`,
    )
  if (JSON.stringify(known.audit) !== JSON.stringify(before.audit) && isRunning(at, 'server'))
    throw new CommandError(
      `cluster ${known.name} runs with other flags of audit; stop it first: bulwark down --name ${known.name}`,
    )
  if (JSON.stringify(known.trust) !== JSON.stringify(before.trust) && isRunning(at, 'server'))
    throw new CommandError(
      `cluster ${known.name} runs with other authentication or authorization; stop it first: bulwark down --name ${known.name}`,
    )
  if (JSON.stringify(known.encryption) !== JSON.stringify(before.encryption) && isRunning(at, 'server'))
    throw new CommandError(
      `cluster ${known.name} runs with another configuration of encryption; stop it first: bulwark down --name ${known.name}`,
    )
  if (known.signingSeconds !== before.signingSeconds && isRunning(at, 'server'))
    throw new CommandError(
      `cluster ${known.name} runs with another --cluster-signing-duration; stop it first: bulwark down --name ${known.name}`,
    )
  requireNetwork(known, options)
  if (options.port !== undefined && parsePort(options.port) !== known.port)
    throw new CommandError(
      `cluster ${known.name} was made with port ${known.port}; to change it, run: bulwark down --purge --name ${known.name}`,
    )
  if (known.netns !== undefined && !hasLink(known.name)) return { ...known, ...(await place(options, 'real')) }
  return known
}

async function setUp(config: ClusterConfig, progress: Progress): Promise<void> {
  const say = (line: string): void => progress.note(line)
  try {
    if (config.runtimeSocket === undefined) await setupNode({ engines: enginesDirectory(), say })
    else await setupHost(say)
  } catch (error) {
    if (error instanceof SetupError)
      throw new CommandError(`${error.message}. Or run without containers: bulwark up --nodes simulated=1`)
    throw error
  }
}

const limit = 120_000

async function until(what: string, log: string, works: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + limit
  while (!(await works())) {
    if (performance.now() > end) throw new CommandError(`${what} is not ready after ${limit / 1000} s; see ${log}`)
    await sleep(50)
  }
}

async function connect(at: Layout) {
  const access = await loadKubeconfig(at.kubeconfig)
  return httpsTransport({
    server: access.server,
    authority: access.authority,
    identity: () => access.identity,
    userAgent: 'bulwark',
    timeout: 5000,
  })
}

async function answers(at: Layout): Promise<boolean> {
  if (!isRunning(at, 'server')) return false
  const transport = await connect(at)
  try {
    await transport.send({ verb: 'get', group: '', version: 'v1', resource: 'namespaces', name: 'kube-system' })
    return true
  } finally {
    transport.close()
  }
}

async function nodeReady(at: Layout, config: ClusterConfig): Promise<boolean> {
  const transport = await connect(at)
  try {
    const { items } = await makeClient(transport.send).list(nodes)
    const ready = items.filter(
      node => node.status?.conditions?.some(one => one.type === 'Ready' && one.status === 'True') === true,
    )
    return config.nodes === 'real'
      ? ready.some(node => node.metadata.name === config.nodeName)
      : ready.length >= config.nodes.simulated
  } finally {
    transport.close()
  }
}

/** What the log of a process that ends again and again says last. */
async function lastWords(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const lines = text.trim().split('\n')
  // A process that ends by an error says so in one line; where that came from is for the log.
  const said = lines.findLast(line => line.startsWith('bulwark: '))
  return said === undefined ? lines.slice(-3).join('\n') : `${said.slice('bulwark: '.length)}\nsee ${file}`
}

/** Looks in a row at which a process was found ended, at which it is given up. */
const mostAbsences = 40

interface Wait {
  readonly what: string
  /** Who must live for it. */
  readonly role: 'server' | 'agent'
  readonly works: () => Promise<boolean>
}

async function waitFor(at: Layout, { what, role, works }: Wait): Promise<void> {
  let ends = 0
  await until(what, at.log(role), async () => {
    if (await works().catch(() => false)) return true
    ends = isRunning(at, role) ? 0 : ends + 1
    if (ends > mostAbsences) throw new CommandError(`the ${role} does not stay up:\n${await lastWords(at.log(role))}`)
    return false
  })
}

/** What reads a configuration is only loaded where there is one. */
async function isOpen({ trust }: ClusterConfig): Promise<boolean> {
  if (trust?.authenticationConfig === undefined) return false
  const { anonymousIn, isOpenToAll } = await import('#processes/anonymous.ts')
  return isOpenToAll(anonymousIn(trust))
}

/** Resolves when the cluster is ready. @throws CommandError, UsageError */
export async function up(options: UpOptions, progress: Progress): Promise<ClusterConfig> {
  const at = placeOf(options)
  // What it starts has its flags and its environment.
  const refused = dumpRefusal(process.execArgv, process.env)
  if (refused !== undefined) throw new CommandError(refused)
  progress.step(`Preparing cluster ${options.name}`)
  const config = await configure(options, at, progress)
  const open = openSocket(config, { anonymous: await isOpen(config) })
  if (open !== undefined) {
    if (config.netns !== undefined && !existsSync(at.config)) await dropLink(config.name)
    throw new CommandError(`refusing to start: ${open}`)
  }
  if (config.nodes === 'real') await setUp(config, progress)
  if (!isRunning(at, 'server')) await requireFreePort(config.port)
  await mkdir(at.dir, { recursive: true, mode: 0o700 })
  await writeConfig(at.config, config)
  progress.step('Starting the API, controllers and scheduler')
  if (!isRunning(at, 'supervisor'))
    launch(at, { role: 'supervisor', argv: [...entry(), 'supervisor', '--dir', at.dir] })
  await waitFor(at, { what: 'the API', role: 'server', works: () => answers(at) })
  progress.step(config.nodes === 'real' ? `Starting node ${config.nodeName}` : 'Starting simulated nodes')
  const role = config.nodes === 'real' ? 'agent' : 'server'
  await waitFor(at, { what: 'the node', role, works: () => nodeReady(at, config) })
  await mergeKubeconfig(userKubeconfig(process.env), await readFile(at.kubeconfig, 'utf8'))
  progress.done()
  return config
}

/** How to go on, for the user's terminal. */
export const usage = (config: ClusterConfig, dataDir?: string): string =>
  [
    '',
    `Cluster ${config.name} is ready at https://127.0.0.1:${config.port}`,
    `kubectl uses it now (context ${contextOf(config.name)} in ${userKubeconfig(process.env)}):`,
    '',
    '  kubectl get nodes',
    '  kubectl apply -f examples/guestbook',
    '',
    `Stop it with: ./bulwark down${config.name === 'default' ? '' : ` --name ${config.name}`}${dataDir === undefined ? '' : ` --data-dir ${dataDir}`}`,
    '',
  ].join('\n')
