/** How a cluster is set, in the flags of upstream's programs. */
import type { ClusterConfig } from '../config.ts'
import type { Layout } from '../layout.ts'
import { apiserverFlags } from './apiserver.ts'
import { controllerFlags, schedulerFlags } from './controllers.ts'
import { type Flag, type Flags, note } from './flag.ts'
import { kubeletFlags } from './kubelet.ts'

const etcdFlags = ({ etcd }: ClusterConfig): readonly Flag[] => [
  note(
    'etcd',
    etcd === undefined
      ? 'no etcd: the store is a database file of the server'
      : `not ours to set: the etcd at ${etcd.endpoints.join(', ')}`,
  ),
]

/** @throws Error for flags of audit or plugins that a server would refuse */
export const effectiveFlags = (config: ClusterConfig, layout: Layout): Flags => ({
  'kube-apiserver': apiserverFlags(config, layout),
  'kube-controller-manager': controllerFlags(config),
  'kube-scheduler': schedulerFlags(config),
  kubelet: kubeletFlags(config, layout),
  etcd: etcdFlags(config),
})
