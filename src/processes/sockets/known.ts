/** What each socket of ours is for, who may use it, and from where. A socket that nothing here describes is nobody's plan. */
import { dnsPort } from '#network/services/names.ts'
import { containerdPaths } from '#node/containerd/config.ts'
import type { ClusterConfig } from '../config.ts'
import type { Layout } from '../layout.ts'
import { serverHosts } from '../places.ts'
import type { Owner } from './owners.ts'
import type { Listener, Protocol } from './proc.ts'

/** From the narrowest to the widest: a file's mode, this machine, pods of this node, who reaches its address, who reaches any of its addresses. */
export type Exposure = 'file' | 'loopback' | 'pods' | 'node' | 'everybody'

export interface Description {
  readonly purpose: string
  /** 'none' where whoever reaches it may use it. */
  readonly authentication: string
  readonly tls: boolean
}

interface Known extends Description {
  readonly owner: Owner
  readonly protocol: Protocol
  readonly is: (listener: Listener) => boolean
}

const mutual = 'client certificate, and the API is asked for each request'

function servers({ port, ...config }: ClusterConfig): readonly Known[] {
  const hosts = serverHosts(config)
  return [
    {
      owner: 'server',
      protocol: 'tcp',
      is: one => one.port === port && hosts.includes(one.address),
      purpose: 'API',
      authentication: 'client certificate or token; without either only /livez, /readyz and /healthz',
      tls: true,
    },
  ]
}

function agents({ address, kubeletPort, dns }: ClusterConfig): readonly Known[] {
  const names = (['udp', 'tcp'] as const).map((protocol): Known => ({
    owner: 'dns',
    protocol,
    is: one => one.address === dns && one.port === dnsPort,
    purpose: 'names of the cluster',
    authentication: 'address: only pods of this node and the node itself are answered',
    tls: false,
  }))
  return [
    {
      owner: 'agent',
      protocol: 'tcp',
      is: one => one.address === address && one.port === kubeletPort,
      purpose: "API of the node's agent",
      authentication: mutual,
      tls: true,
    },
    ...names,
  ]
}

function runtimes(layout: Layout): readonly Known[] {
  const { socket } = containerdPaths(layout.node)
  const files = [socket, `${socket}.ttrpc`]
  return [
    {
      owner: 'containerd',
      protocol: 'unix',
      is: one => files.includes(one.address),
      purpose: 'container runtime',
      authentication: "the file's owner and group",
      tls: false,
    },
    {
      owner: 'containerd',
      protocol: 'tcp',
      is: one => one.address === '127.0.0.1',
      purpose: 'streams of exec, attach and port-forward',
      authentication: 'a token in the URL that holds once, which the agent is given',
      tls: false,
    },
    {
      owner: 'shim',
      protocol: 'unix',
      is: one => one.address.startsWith('/run/containerd/s/'),
      purpose: 'containers of one pod',
      authentication: "the file's owner and group",
      tls: false,
    },
  ]
}

export const knownSockets = (config: ClusterConfig, layout: Layout): readonly Known[] => [
  ...servers(config),
  ...(config.nodes === 'real' ? [...agents(config), ...runtimes(layout)] : []),
]
