/** What controls look at: a running cluster, as its machine and its API show it. */
import type { Enforcement } from '#network/enforced.ts'
import type {
  ConfigMap,
  LimitRange,
  Namespace,
  Pod,
  ResourceQuota,
  Service,
  ServiceAccount,
} from '#kinds/facts/generated/types/core_v1.ts'
import type { NetworkPolicy } from '#kinds/facts/generated/types/networking_v1.ts'
import type { ClusterConfig } from '#processes/config.ts'
import type { Layout } from '#processes/layout.ts'
import type { Flags } from '#processes/settings/flag.ts'
import type { SocketFacts } from '#processes/sockets/sockets.ts'
import type { PodSecuritySettings } from '#server/admission/pod-security/settings.ts'
import type { EtcdFacts } from './etcd/facts.ts'
import type { BindingObject, RoleObject } from '#server/authz/rbac-types.ts'

export interface FileFacts {
  /** Permission bits, of which 0o600 is what an owner alone may do. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

export interface CertificateFacts {
  readonly commonName: string
  readonly organizations: readonly string[]
  /** Milliseconds since the epoch. */
  readonly until: number
}

export interface Machine {
  file(path: string): FileFacts | undefined
  /** Files below a folder, by their whole paths. */
  below(path: string): readonly string[]
  /** The first one in a file, also in a kubeconfig. */
  certificate(path: string): CertificateFacts | undefined
  /** Who the cluster runs as. */
  readonly uid: number
  /** Undefined where this machine cannot tell. */
  readonly sockets: readonly SocketFacts[] | undefined
}

/** Answers to requests that show no credentials: the code, undefined where there was no answer at all. */
export interface Probes {
  readonly api: number | undefined
  readonly profiling: number | undefined
  /** Of the agent's own API. */
  readonly agent: number | undefined
}

/** A webhook or policy that judges pods. */
export interface Judge {
  readonly kind: string
  readonly name: string
  readonly text: string
}

/** A Secret without what is in it. */
export interface SecretFacts {
  readonly namespace: string
  readonly name: string
  readonly type: string
  /** Of a service account's token: whose. */
  readonly account?: string
  /** Of a bootstrap token: what it may be used for, and until when. */
  readonly bootstrap?: { readonly groups: string; readonly authenticates: boolean; readonly until?: string }
}

export interface Objects {
  readonly namespaces: readonly Namespace[]
  readonly pods: readonly Pod[]
  readonly services: readonly Service[]
  readonly accounts: readonly ServiceAccount[]
  readonly configMaps: readonly Pick<ConfigMap, 'metadata'>[]
  readonly policies: readonly NetworkPolicy[]
  readonly quotas: readonly ResourceQuota[]
  readonly limits: readonly LimitRange[]
  readonly roles: readonly RoleObject[]
  readonly clusterRoles: readonly RoleObject[]
  readonly roleBindings: readonly BindingObject[]
  readonly clusterRoleBindings: readonly BindingObject[]
  readonly secrets: readonly SecretFacts[]
  readonly judges: readonly Judge[]
  /** People who are let in by `bulwark user add`. */
  readonly users: readonly string[]
}

export interface Facts {
  readonly config: ClusterConfig
  readonly layout: Layout
  readonly flags: Flags
  readonly machine: Machine
  readonly probes: Probes
  readonly objects: Objects
  readonly podSecurity: PodSecuritySettings
  /** What is said of the record: undefined where there is none. */
  readonly audit: { readonly whole: boolean; readonly says: string } | undefined
  /** Rules of the audit policy, and levels for what must not be missed. */
  readonly auditPolicy: { readonly file: string | undefined; readonly misses: readonly string[] }
  /** What an etcd shows; undefined where there is none, or it was not asked. */
  readonly etcd?: EtcdFacts | undefined
  /** Of this machine's node; undefined where nodes are simulated. */
  readonly networkPolicies: Enforcement | undefined
  /** Milliseconds since the epoch. */
  readonly now: number
}
