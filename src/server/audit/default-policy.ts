/**
 * What is put on record where nobody gave a policy: who changed something, got into a container, took a token or read a
 * secret. Besides, whoever is refused is on record, whatever was asked (see trail.ts); what our own components read is not.
 */
import type { Policy, PolicyRule } from '#kinds/facts/generated/types/audit_v1.ts'

const writes = ['create', 'update', 'patch', 'delete', 'deletecollection']

/** Signs of life and questions of the system itself: thousands a minute, and nobody ever asks who sent them. */
const heartbeats: Partial<PolicyRule> = {
  verbs: ['create', 'update', 'patch'],
  resources: [
    { group: 'coordination.k8s.io', resources: ['leases'] },
    { group: '', resources: ['nodes/status'] },
    { group: '', resources: ['events'] },
    { group: 'events.k8s.io', resources: ['events'] },
    { group: 'authorization.k8s.io', resources: ['subjectaccessreviews'] },
  ],
}

const rules: readonly PolicyRule[] = [
  {
    level: 'Metadata',
    verbs: ['get', 'list', 'watch'],
    resources: [
      { group: '', resources: ['secrets'] },
      { group: 'bulwark.dev', resources: ['secretversions'] },
    ],
  },
  { level: 'None', userGroups: ['system:nodes', 'system:serviceaccounts:kube-system'], ...heartbeats },
  {
    level: 'None',
    users: ['system:apiserver', 'system:kube-controller-manager', 'system:kube-scheduler', 'system:bulwark:simulator'],
    ...heartbeats,
  },
  { level: 'Metadata', resources: [{ group: '', resources: ['*/proxy', '*/exec', '*/attach', '*/portforward'] }] },
  { level: 'Metadata', verbs: writes },
  { level: 'Metadata', verbs: ['post', 'put', 'proxy', 'connect'] },
]

/** @param waits whether requests wait for their record: then what comes in is on record before it is done. */
export const defaultPolicy = (waits: boolean): Policy => ({
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  metadata: {},
  rules,
  omitStages: waits ? [] : ['RequestReceived'],
})
