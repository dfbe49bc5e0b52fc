/** Where the files of a cluster lie. All of them below one directory that belongs to its owner alone. */
import { join } from 'node:path'

export interface Layout {
  readonly dir: string
  /** What the cluster was made with; written by `up`. */
  readonly config: string
  readonly database: string
  /** Master key of encryption at rest. */
  readonly key: string
  /** How far this server saw the etcd that it shares with others, signed. */
  readonly etcdHead: string
  /** Of an administrator. */
  readonly kubeconfig: string
  /** Credentials of the agent: its kubeconfigs and its serving certificate. */
  readonly nodeKubeconfig: string
  readonly networkKubeconfig: string
  readonly servingCertificate: string
  /** What the API shows to clients, and to nodes. */
  readonly apiCertificate: string
  readonly kubeletCertificate: string
  /** Directory of the node: containerd, pods, logs. */
  readonly node: string
  /** Directory of the record: the server's chain, and the agent's below it. */
  readonly audit: string
  readonly log: (role: Role) => string
  readonly record: (role: Role) => string
}

export type Role = 'supervisor' | 'server' | 'agent'

/** @param dir of this one cluster */
export function layout(dir: string): Layout {
  return {
    dir,
    config: join(dir, 'cluster.json'),
    database: join(dir, 'server', 'store.db'),
    key: join(dir, 'server', 'store.key'),
    etcdHead: join(dir, 'server', 'etcd.head'),
    kubeconfig: join(dir, 'kubeconfig'),
    nodeKubeconfig: join(dir, 'credentials', 'node.kubeconfig'),
    networkKubeconfig: join(dir, 'credentials', 'network.kubeconfig'),
    servingCertificate: join(dir, 'credentials', 'serving.pem'),
    apiCertificate: join(dir, 'server', 'api.pem'),
    kubeletCertificate: join(dir, 'server', 'kubelet-client.pem'),
    node: join(dir, 'n'),
    audit: join(dir, 'audit'),
    log: role => join(dir, 'logs', `${role}.log`),
    record: role => join(dir, 'run', `${role}.json`),
  }
}
