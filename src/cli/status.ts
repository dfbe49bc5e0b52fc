/** `bulwark status`: what runs, and whether it is ready. */
import { existsSync, readFileSync } from 'node:fs'
import { makeClient } from '#client/client.ts'
import { httpsTransport } from '#client/https.ts'
import { loadKubeconfig } from '#client/kubeconfig.ts'
import { nodes } from '#kinds/facts/generated/refs.ts'
import type { Node } from '#kinds/facts/generated/types/core_v1.ts'
import { dnsPaths } from '#network/dns/process.ts'
import { containerdPaths } from '#node/containerd/config.ts'
import { isAlive, readRecord } from '#node/containerd/record.ts'
import { type ClusterConfig, readConfig } from '#processes/config.ts'
import type { Layout, Role } from '#processes/layout.ts'
import { CommandError, placeOf } from './place.ts'

export interface ProcessStatus {
  readonly role: Role | 'containerd' | 'dns'
  readonly pid: number
  readonly version: string
  readonly rssBytes: number
  readonly uptimeSeconds: number
}

export interface ClusterStatus {
  readonly name: string
  readonly ready: boolean
  readonly server: string
  readonly processes: readonly ProcessStatus[]
  readonly nodes: readonly { readonly name: string; readonly ready: boolean; readonly address: string }[]
}

const version = '0.1.0'
/** The kernel's page size and clock ticks on every machine we run on. */
const pageBytes = 4096
const ticks = 100

function processStatus(role: ProcessStatus['role'], file: string): readonly ProcessStatus[] {
  const record = readRecord(file)
  if (record === undefined || !isAlive(record)) return []
  try {
    const pages = Number(readFileSync(`/proc/${record.pid}/statm`, 'utf8').split(' ')[1])
    const up = Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0])
    return [
      {
        role,
        pid: record.pid,
        version,
        rssBytes: pages * pageBytes,
        uptimeSeconds: Math.max(0, Math.round(up - Number(record.started) / ticks)),
      },
    ]
  } catch {
    return []
  }
}

const isReady = (node: Node): boolean =>
  node.status?.conditions?.some(one => one.type === 'Ready' && one.status === 'True') === true

async function nodesOf(at: Layout): Promise<readonly Node[] | undefined> {
  try {
    const access = await loadKubeconfig(at.kubeconfig)
    const transport = httpsTransport({
      server: access.server,
      authority: access.authority,
      identity: () => access.identity,
      userAgent: 'bulwark',
      timeout: 5000,
    })
    try {
      return (await makeClient(transport.send).list(nodes)).items
    } finally {
      transport.close()
    }
  } catch {
    return undefined
  }
}

const expected = (config: ClusterConfig): readonly Role[] =>
  config.nodes === 'real' ? ['supervisor', 'server', 'agent'] : ['supervisor', 'server']

/** @throws CommandError when there is no such cluster. */
export async function status(options: { readonly name: string; readonly dataDir?: string }): Promise<ClusterStatus> {
  const at = placeOf(options)
  if (!existsSync(at.config)) throw new CommandError(`there is no cluster ${options.name} in ${at.dir}`)
  const config = readConfig(at.config)
  const processes = [
    ...expected(config).flatMap(role => processStatus(role, at.record(role))),
    ...(config.nodes === 'real'
      ? [
          ...processStatus('containerd', containerdPaths(at.node).record),
          ...processStatus('dns', dnsPaths(at.node).record),
        ]
      : []),
  ]
  const found = await nodesOf(at)
  const known = (found ?? []).map(node => ({
    name: node.metadata.name ?? '',
    ready: isReady(node),
    address: node.status?.addresses?.find(one => one.type === 'InternalIP')?.address ?? '',
  }))
  return {
    name: config.name,
    ready: found !== undefined && known.length > 0 && known.every(node => node.ready),
    server: `https://127.0.0.1:${config.port}`,
    processes,
    nodes: known,
  }
}

const size = (bytes: number): string => `${Math.round(bytes / (1 << 20))} MB`

export const statusText = (found: ClusterStatus): string =>
  [
    `Cluster ${found.name}: ${found.ready ? 'ready' : 'not ready'}, ${found.server}`,
    ...found.processes.map(
      one => `  ${one.role.padEnd(11)} pid ${one.pid}, ${size(one.rssBytes)}, up ${one.uptimeSeconds} s`,
    ),
    ...found.nodes.map(
      one => `  node ${one.name}: ${one.ready ? 'Ready' : 'NotReady'}${one.address === '' ? '' : `, ${one.address}`}`,
    ),
  ].join('\n')
