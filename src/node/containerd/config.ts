/** What a containerd of our own is told. One instance per node; nothing in it is shared with the system's. */
import { join } from 'node:path'
import { pauseImage } from './pause.ts'

export interface ContainerdPaths {
  readonly root: string
  readonly state: string
  readonly socket: string
  readonly config: string
  readonly log: string
  /** Which process it is; see record.ts. */
  readonly record: string
  readonly cni: string
  readonly ipam: string
  /** Per registry, hosts.toml files. */
  readonly certs: string
  readonly runc: string
}

/** @param dir the node's directory */
export function containerdPaths(dir: string): ContainerdPaths {
  const at = (name: string): string => join(dir, 'containerd', name)
  return {
    root: at('root'),
    state: at('state'),
    socket: at('containerd.sock'),
    config: at('config.toml'),
    log: at('containerd.log'),
    record: at('process.json'),
    cni: at('cni'),
    ipam: at('ipam'),
    certs: at('certs.d'),
    runc: at('runc'),
  }
}

export interface ContainerdConfig {
  readonly paths: ContainerdPaths
  readonly runc: string
  readonly cniPlugins: string
}

/** Tracing and snapshotters that are not used; NRI because its socket is one for the whole machine. */
const disabled = [
  'io.containerd.nri.v1.nri',
  'io.containerd.internal.v1.opt',
  'io.containerd.tracing.processor.v1.otlp',
  'io.containerd.internal.v1.tracing',
  'io.containerd.snapshotter.v1.btrfs',
  'io.containerd.snapshotter.v1.devmapper',
  'io.containerd.snapshotter.v1.zfs',
  'io.containerd.snapshotter.v1.blockfile',
]

/** A shell in which nothing happens is closed after so long; the runtime's own usual time. */
export const streamIdle = '4h0m0s'

const section = (name: string, values: Readonly<Record<string, string | boolean | readonly string[]>>): string =>
  [`[${name}]`, ...Object.entries(values).map(([key, value]) => `${key} = ${JSON.stringify(value)}`), ''].join('\n')

export function containerdConfig({ paths, runc, cniPlugins }: ContainerdConfig): string {
  const images = 'plugins."io.containerd.cri.v1.images"'
  const runtime = 'plugins."io.containerd.cri.v1.runtime"'
  const handler = `${runtime}.containerd.runtimes.runc`
  return [
    'version = 3',
    `root = ${JSON.stringify(paths.root)}`,
    `state = ${JSON.stringify(paths.state)}`,
    'oom_score = 0',
    `disabled_plugins = ${JSON.stringify(disabled)}`,
    '',
    section('grpc', { address: paths.socket }),
    section('ttrpc', { address: `${paths.socket}.ttrpc` }),
    section(images, { snapshotter: 'overlayfs' }),
    section(`${images}.pinned_images`, { sandbox: pauseImage }),
    section(`${images}.registry`, { config_path: paths.certs }),
    // Without CAP_SYS_RESOURCE a lower oom_score_adj than our own cannot be set: restrict, do not fail.
    section(runtime, {
      disable_apparmor: true,
      restrict_oom_score_adj: true,
      disable_hugetlb_controller: true,
      tolerate_missing_hugetlb_controller: true,
      enable_unprivileged_ports: true,
      enable_unprivileged_icmp: true,
    }),
    section(`${runtime}.cni`, { bin_dirs: [cniPlugins], conf_dir: paths.cni }),
    section(`${runtime}.containerd`, { default_runtime_name: 'runc' }),
    section(handler, { runtime_type: 'io.containerd.runc.v2' }),
    section(`${handler}.options`, { BinaryName: runc, SystemdCgroup: false, Root: paths.runc }),
    section('plugins."io.containerd.grpc.v1.cri"', {
      disable_tcp_service: true,
      stream_server_address: '127.0.0.1',
      stream_server_port: '0',
      stream_idle_timeout: streamIdle,
    }),
  ].join('\n')
}

export interface PodNetwork {
  /** Also the name under which CNI keeps its results: unique on the machine. */
  readonly name: string
  /** This node's share of the pod network, for example 10.244.1.0/24. */
  readonly podCIDR: string
  readonly ipam: string
  readonly mtu?: number
}

/** A point-to-point link per pod; no bridge, so policy sees every packet. The portmap plugin serves hostPort. */
export const cniConfig = ({ name, podCIDR, ipam, mtu }: PodNetwork): string =>
  JSON.stringify({
    cniVersion: '1.0.0',
    name,
    plugins: [
      {
        type: 'ptp',
        ipMasq: false,
        ...(mtu === undefined ? {} : { mtu }),
        ipam: {
          type: 'host-local',
          dataDir: ipam,
          ranges: [[{ subnet: podCIDR }]],
          routes: [{ dst: podCIDR.includes(':') ? '::/0' : '0.0.0.0/0' }],
        },
      },
      { type: 'portmap', backend: 'nftables', snat: true, capabilities: { portMappings: true } },
    ],
  })
