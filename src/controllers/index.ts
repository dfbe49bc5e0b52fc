/** The list of controllers, and how they are started. */
import type { Controller } from '#client/controller.ts'
import { type RunnerParts, type Running, run } from '#client/runner.ts'
import { bootstrapSigner, tokenCleaner } from './bootstrap-tokens.ts'
import { certificateApproving } from './certificates/approving.ts'
import { certificateCleaning } from './certificates/cleaning.ts'
import { revocationCleaning } from './certificates/revoked.ts'
import { type SignCertificate, certificateSigning } from './certificates/signing.ts'
import { cronJob } from './cronjob/index.ts'
import { daemonSet } from './daemonset.ts'
import { deployment } from './deployment/index.ts'
import { disruption } from './disruption.ts'
import { endpointsController } from './endpoints.ts'
import { endpointSlice } from './endpointslice.ts'
import { endpointSliceMirroring } from './endpointslice-mirroring.ts'
import { flowSchemaStatus } from './flow-schema.ts'
import { garbageCollector } from './garbage.ts'
import { job } from './job/index.ts'
import { namespaceController } from './namespace.ts'
import { nodeLifecycle } from './node-lifecycle.ts'
import { type Outside, nothingOutside } from './outside.ts'
import { podGarbage } from './pod-gc.ts'
import { quotaController } from './quota/index.ts'
import { replicaSet } from './replicaset.ts'
import { replication } from './replication.ts'
import { roleAggregation } from './role-aggregation.ts'
import type { Resources } from './resources.ts'
import { secretStatus } from './secrets/status.ts'
import { secretVersionExpiry } from './secrets/versions.ts'
import { rootCertificates, serviceAccount } from './serviceaccount.ts'
import { attributesProtection, claimProtection, volumeProtection } from './storage-protection.ts'
import { statefulSet } from './statefulset/index.ts'
import { taintEviction } from './taint-eviction.ts'
import { ttlAfterFinished } from './ttl.ts'

export interface Needs {
  /** Every resource that can be listed, watched and deleted, each once; custom ones come and go. */
  readonly resources: Resources
  /** What other servers serve. */
  readonly outside: Outside
  /** PEM of the authority that signs the API server's certificate. */
  readonly authority: () => string
  /** By the authority of now. */
  readonly sign: SignCertificate
  /** Seconds that a certificate is good at most, where it is not the usual. */
  readonly signingSeconds?: number | undefined
}

/** For who only asks what controllers there are, and with which rights: none of it may run. */
export const nothingNeeded: Needs = {
  resources: () => [],
  outside: nothingOutside,
  authority: () => '',
  sign: () => Promise.reject(new Error('this controller is only looked at')),
}

/** Each with its name (it runs as `system:serviceaccount:kube-system:NAME`) and the RBAC rules it needs. */
export const controllers = ({ resources, outside, authority, sign, signingSeconds }: Needs): readonly Controller[] => [
  namespaceController(resources, outside),
  garbageCollector(resources, outside),
  serviceAccount,
  rootCertificates(authority),
  deployment,
  replicaSet,
  replication,
  daemonSet,
  statefulSet,
  endpointSlice,
  endpointSliceMirroring,
  endpointsController,
  job,
  cronJob,
  ttlAfterFinished,
  nodeLifecycle,
  taintEviction,
  podGarbage(),
  quotaController(resources),
  disruption,
  roleAggregation,
  claimProtection,
  volumeProtection,
  attributesProtection,
  flowSchemaStatus,
  secretVersionExpiry,
  secretStatus,
  tokenCleaner,
  bootstrapSigner,
  certificateApproving,
  certificateSigning(sign, signingSeconds),
  certificateCleaning,
  revocationCleaning,
]

/** @param partsFor what each runs with: its client carries its own identity. */
export function startControllers(
  list: readonly Controller[],
  partsFor: (controller: Controller) => RunnerParts,
): readonly Running[] {
  return list.map(controller => run(controller, partsFor(controller)))
}
