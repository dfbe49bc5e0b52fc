/** What a cluster is made with: chosen at the first `up`, kept beside its data. */
import { readFileSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import type { TrustConfig } from './trust.ts'

/** A store in etcd; files are absolute paths. */
export interface EtcdConfig {
  readonly endpoints: readonly string[]
  readonly prefix: string
  /** Master key of encryption at rest: the same for every server of the store. */
  readonly masterKey: string
  /** Of etcd's authority; absent where the system trusts it. */
  readonly ca?: string
  /** Of the client, and its key. */
  readonly cert?: string
  readonly key?: string
}

export interface ClusterConfig {
  readonly name: string
  readonly port: number
  readonly nodes: 'real' | { readonly simulated: number }
  /** IPv4 address of the node, where agents and pods reach the server as well. */
  readonly address: string
  /** Where the server listens besides loopback. Differs from `address` where the node has a network of its own. */
  readonly serverAddress: string
  /** Name of the node. */
  readonly nodeName: string
  /** Network namespace of the node; absent: the machine's own. */
  readonly netns?: string
  readonly serviceCIDR: string
  /** First and last; absent: the usual ones. */
  readonly nodePorts?: readonly [number, number]
  readonly podCIDR: string
  /** Address of the cluster's DNS. */
  readonly dns: string
  readonly kubeletPort: number
  /** Socket of a runtime that somebody else runs; absent: a containerd of our own. */
  readonly runtimeSocket?: string
  /** Absent where the store is a SQLite database beside the cluster's other files. */
  readonly etcd?: EtcdConfig
  /** Flags of audit that are not as usual: upstream's names without the dashes. */
  readonly audit?: Readonly<Record<string, string>>
  /** Admission plugins to be on or off, other than usually; upstream's names. */
  readonly plugins?: { readonly enable: readonly string[]; readonly disable: readonly string[] }
  /** EncryptionConfiguration: what seals in place of the store's own key. `file` is an absolute path; with `reload` it is followed. */
  readonly encryption?: { readonly file: string; readonly reload: boolean }
  /** AdmissionConfiguration: what plugins are to know, other than usually. An absolute path, read at each start. */
  readonly admissionFile?: string
  /** Certificates that are asked for with a request are good for so long at most; absent: for a year. */
  readonly signingSeconds?: number
  /** Whom the server believes and asks besides itself. */
  readonly trust?: TrustConfig
}

/** What one server needs to know; ranges that it was not told come out of the store. */
export type ServerConfig = Omit<ClusterConfig, 'serviceCIDR' | 'podCIDR' | 'dns' | 'kubeletPort'> &
  Partial<Pick<ClusterConfig, 'serviceCIDR' | 'dns'>>

/** @throws Error when there is none, or it cannot be read. */
export function readConfig(file: string): ClusterConfig {
  const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
  if (typeof value !== 'object' || value === null || !('name' in value) || !('port' in value))
    throw new Error(`${file} is no description of a cluster`)
  return value as ClusterConfig
}

export async function writeConfig(file: string, config: ClusterConfig): Promise<void> {
  await writeFile(`${file}.new`, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 })
  await rename(`${file}.new`, file)
}
