/** Controllers and scheduler: parts of the server, with the settings that upstream's programs have for the same. */
import { controllers, nothingNeeded } from '#controllers/index.ts'
import { usualSigningSeconds } from '#controllers/certificates/signing.ts'
import { usualThreshold } from '#controllers/pod-gc.ts'
import { accountOf } from '#plane/policy.ts'
import type { ClusterConfig } from '../config.ts'
import { type Flag, duration, flag, note } from './flag.ts'

const inside = note('bind-address', 'no socket: it is a part of the server and listens nowhere')

/** Each acts as a service account of its own. */
function ownAccounts(): boolean {
  const all = controllers(nothingNeeded)
  return new Set(all.map(one => accountOf(one.name))).size === all.length
}

export const controllerFlags = ({
  etcd,
  podCIDR,
  serviceCIDR,
  signingSeconds = usualSigningSeconds,
}: ClusterConfig): readonly Flag[] => [
  flag('use-service-account-credentials', ownAccounts()),
  flag('terminated-pod-gc-threshold', usualThreshold),
  flag('leader-elect', etcd !== undefined),
  flag('cluster-signing-duration', duration(signingSeconds)),
  flag('cluster-cidr', podCIDR),
  flag('service-cluster-ip-range', serviceCIDR),
  flag('profiling', false),
  note('service-account-private-key-file', 'no file: the key of service-account tokens lies in the store, sealed'),
  note('root-ca-file', 'no file: every namespace has the authority of the store in the ConfigMap kube-root-ca.crt'),
  inside,
]

export const schedulerFlags = ({ etcd }: ClusterConfig): readonly Flag[] => [
  flag('leader-elect', etcd !== undefined),
  flag('profiling', false),
  inside,
]
