/** Where engines that are shared by all clusters of a machine lie, and what is named after a cluster. */
import type { ContainerdOptions } from '#node/containerd/instance.ts'
import type { NodeTools } from '#setup/node.ts'
import type { ClusterConfig } from './config.ts'
import type { Layout } from './layout.ts'

export const enginesDirectory = (): string => '/var/lib/bulwark-engines/containerd-2'

export const nodeCgroup = (name: string): string => `/bulwark-${name}`

export const containerdOptions = (config: ClusterConfig, layout: Layout, tools: NodeTools): ContainerdOptions => ({
  dir: layout.node,
  binaries: tools.containerd,
  runc: tools.runc,
  cniPlugins: tools.cni,
  name: `bulwark-${config.name}`,
  ...(config.netns === undefined ? {} : { netns: config.netns }),
})
