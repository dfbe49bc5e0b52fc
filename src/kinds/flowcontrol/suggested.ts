/** The FlowSchemas and priority levels that every cluster begins with, as upstream suggests them. */
import type { Draft, KObject } from '#api/metadata.ts'

type Fields = Record<string, unknown>

const apiVersion = 'flowcontrol.apiserver.k8s.io/v1'
/** Where it says `true`, the server puts back what was changed. */
export const autoUpdate = 'apf.kubernetes.io/autoupdate-spec'

export interface Suggested {
  readonly object: Draft<KObject> & { readonly spec: Fields }
  /** Kept as it is whatever the annotation says. */
  readonly mandatory: boolean
}

const object = (kind: string, name: string, spec: Fields): Suggested['object'] => ({
  apiVersion,
  kind,
  metadata: { name, annotations: { [autoUpdate]: 'true' } },
  spec,
})

interface LevelFacts {
  readonly shares: number
  readonly lendable: number
  /** Number and hand. */
  readonly queues: readonly [number, number]
}

const level = (name: string, { shares, lendable, queues: [queues, handSize] }: LevelFacts): Suggested => ({
  mandatory: false,
  object: object('PriorityLevelConfiguration', name, {
    type: 'Limited',
    limited: {
      nominalConcurrencyShares: shares,
      lendablePercent: lendable,
      limitResponse: { type: 'Queue', queuing: { queues, handSize, queueLengthLimit: 50 } },
    },
  }),
})

const exemptLevel: Suggested = {
  mandatory: true,
  object: object('PriorityLevelConfiguration', 'exempt', {
    type: 'Exempt',
    exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 },
  }),
}
const catchAllLevel: Suggested = {
  mandatory: true,
  object: object('PriorityLevelConfiguration', 'catch-all', {
    type: 'Limited',
    limited: { nominalConcurrencyShares: 5, lendablePercent: 0, limitResponse: { type: 'Reject' } },
  }),
}

const group = (name: string): Fields => ({ kind: 'Group', group: { name } })
const user = (name: string): Fields => ({ kind: 'User', user: { name } })
const accountsOfSystem: Fields = { kind: 'ServiceAccount', serviceAccount: { name: '*', namespace: 'kube-system' } }
const everybody = [group('system:unauthenticated'), group('system:authenticated')]

interface Resources {
  readonly verbs?: readonly string[]
  readonly groups?: readonly string[]
  readonly resources?: readonly string[]
  readonly clusterScope?: boolean
}

const resource = ({
  verbs = ['*'],
  groups = ['*'],
  resources = ['*'],
  clusterScope = true,
}: Resources = {}): Fields => ({
  verbs,
  apiGroups: groups,
  resources,
  namespaces: ['*'],
  ...(clusterScope ? { clusterScope } : {}),
})
const everything = {
  resourceRules: [resource()],
  nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
}

interface SchemaFacts {
  readonly level: string
  readonly precedence: number
  readonly by?: 'ByUser' | 'ByNamespace'
  readonly subjects: readonly Fields[]
  readonly rules?: Fields
  readonly mandatory?: boolean
}

const schema = (name: string, facts: SchemaFacts): Suggested => ({
  mandatory: facts.mandatory === true,
  object: object('FlowSchema', name, {
    priorityLevelConfiguration: { name: facts.level },
    matchingPrecedence: facts.precedence,
    ...(facts.by === undefined ? {} : { distinguisherMethod: { type: facts.by } }),
    rules: [{ subjects: facts.subjects, ...(facts.rules ?? everything) }],
  }),
})

const leases = { groups: ['coordination.k8s.io'], resources: ['leases'], clusterScope: false }
const nodes = [group('system:nodes')]

export const suggested: readonly Suggested[] = [
  exemptLevel,
  catchAllLevel,
  level('system', { shares: 30, lendable: 33, queues: [64, 6] }),
  level('node-high', { shares: 40, lendable: 25, queues: [64, 6] }),
  level('leader-election', { shares: 10, lendable: 0, queues: [16, 4] }),
  level('workload-high', { shares: 40, lendable: 50, queues: [128, 6] }),
  level('workload-low', { shares: 100, lendable: 90, queues: [128, 6] }),
  level('global-default', { shares: 20, lendable: 50, queues: [128, 6] }),
  schema('exempt', { level: 'exempt', precedence: 1, subjects: [group('system:masters')], mandatory: true }),
  schema('probes', {
    level: 'exempt',
    precedence: 2,
    subjects: everybody,
    rules: { nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }] },
  }),
  schema('system-leader-election', {
    level: 'leader-election',
    precedence: 100,
    by: 'ByUser',
    subjects: [user('system:kube-controller-manager'), user('system:kube-scheduler'), accountsOfSystem],
    rules: { resourceRules: [resource({ verbs: ['get', 'create', 'update'], ...leases })] },
  }),
  schema('system-node-high', {
    level: 'node-high',
    precedence: 400,
    by: 'ByUser',
    subjects: nodes,
    rules: { resourceRules: [resource({ groups: [''], resources: ['nodes', 'nodes/status'] }), resource(leases)] },
  }),
  schema('system-nodes', { level: 'system', precedence: 500, by: 'ByUser', subjects: nodes }),
  schema('kube-controller-manager', {
    level: 'workload-high',
    precedence: 800,
    by: 'ByNamespace',
    subjects: [user('system:kube-controller-manager')],
  }),
  schema('kube-scheduler', {
    level: 'workload-high',
    precedence: 800,
    by: 'ByNamespace',
    subjects: [user('system:kube-scheduler')],
  }),
  schema('kube-system-service-accounts', {
    level: 'workload-high',
    precedence: 900,
    by: 'ByNamespace',
    subjects: [accountsOfSystem],
  }),
  schema('service-accounts', {
    level: 'workload-low',
    precedence: 9000,
    by: 'ByUser',
    subjects: [group('system:serviceaccounts')],
  }),
  schema('global-default', { level: 'global-default', precedence: 9900, by: 'ByUser', subjects: everybody }),
  schema('catch-all', { level: 'catch-all', precedence: 10_000, by: 'ByUser', subjects: everybody, mandatory: true }),
]
