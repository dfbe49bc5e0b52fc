/** A cluster as tests of what it is made of describe one. */
import type { ClusterConfig } from './config.ts'

export const config: ClusterConfig = {
  name: 'default',
  port: 6443,
  nodes: 'real',
  address: '192.0.2.7',
  serverAddress: '192.0.2.7',
  nodeName: 'node-a',
  serviceCIDR: '10.96.0.0/16',
  podCIDR: '10.244.0.0/24',
  dns: '10.96.0.10',
  kubeletPort: 10_250,
}
