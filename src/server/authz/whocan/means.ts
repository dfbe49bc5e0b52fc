/**
 * The ways to a right that one does not hold: to act as somebody who does, or to have it given. Each is a set of rights that
 * somebody needs all of; none of them is a fault of RBAC, and each surprises those who granted it.
 */
import type { Verb } from '#api/request.ts'
import type { Right } from './holders.ts'

export interface Means {
  /** Completes "SUBJECT …". */
  readonly text: string
  /** One of each list is needed. */
  readonly needs: readonly (readonly Right[])[]
}

interface Detail {
  readonly subresource?: string
  readonly name?: string
  readonly anyOne?: true
  readonly anywhere?: true
}

const right = (verb: Verb, resource: string, detail: Detail & { readonly group?: string } = {}): Right => ({
  verb,
  resourceRequest: true,
  group: detail.group ?? '',
  resource,
  subresource: detail.subresource ?? '',
  name: detail.name ?? '',
  ...(detail.anyOne === true ? { anyOne: true } : {}),
  ...(detail.anywhere === true ? { anywhere: true } : {}),
})

/** What is there may be named by a rule; what is made has no name that a rule could speak of. */
const of = (verb: Verb): Pick<Detail, 'anyOne'> => (verb === 'create' ? {} : { anyOne: true })

const each = (verbs: readonly Verb[], resources: readonly string[], group = ''): readonly Right[] =>
  verbs.flatMap(verb => resources.map(resource => right(verb, resource, { group, ...of(verb) })))

const change = ['create', 'update', 'patch'] as const

/** Whoever writes the template of a pod says as whom it runs. */
const podWriters: readonly Right[] = [
  right('create', 'pods'),
  ...each(change, ['deployments', 'daemonsets', 'statefulsets', 'replicasets'], 'apps'),
  ...each(change, ['jobs', 'cronjobs'], 'batch'),
  ...each(change, ['replicationcontrollers']),
]

const insidePods: readonly Right[] = [
  right('create', 'pods', { subresource: 'exec', anyOne: true }),
  right('create', 'pods', { subresource: 'attach', anyOne: true }),
  right('update', 'pods', { subresource: 'ephemeralcontainers', anyOne: true }),
  right('patch', 'pods', { subresource: 'ephemeralcontainers', anyOne: true }),
]

/** To act as any service account of a namespace, by rights there. */
export const asAccountsThere: readonly Means[] = [
  {
    text: 'may create or change what pods are made of, and a pod runs as any service account there',
    needs: [podWriters],
  },
  { text: 'may enter pods there, and use the tokens inside', needs: [insidePods] },
  {
    text: 'may have tokens made for any service account there',
    needs: [[right('create', 'serviceaccounts', { subresource: 'token' })]],
  },
  { text: 'may impersonate any service account there', needs: [[right('impersonate', 'serviceaccounts')]] },
]

/** To act as any service account anywhere, by rights in the cluster. */
export const asAccountsAnywhere: readonly Means[] = [
  {
    text: 'may reach the nodes directly, and enter any pod',
    needs: [[right('create', 'nodes', { subresource: 'proxy', anyOne: true })]],
  },
]

/** To act as this service account, by rights in its namespace. @param secrets that hold a token of it */
export const asAccount = (name: string, secrets: readonly string[]): readonly Means[] => [
  {
    text: 'may have tokens made for it',
    needs: [[right('create', 'serviceaccounts', { subresource: 'token', name })]],
  },
  { text: 'may impersonate it', needs: [[right('impersonate', 'serviceaccounts', { name })]] },
  ...secrets.map(secret => ({
    text: `may read the secret ${secret}, which holds a token of it`,
    needs: [(['get', 'list', 'watch'] as const).map(verb => right(verb, 'secrets', { name: secret }))],
  })),
]

const csr = 'certificatesigningrequests'
const certificates = 'certificates.k8s.io'

function certified(signer: string): Means {
  const [domain = ''] = signer.split('/')
  return {
    text: 'may request a certificate with that name and approve it',
    needs: [
      [right('create', csr, { group: certificates })],
      [
        right('update', csr, { group: certificates, subresource: 'approval', anyOne: true }),
        right('patch', csr, { group: certificates, subresource: 'approval', anyOne: true }),
      ],
      [
        right('approve', 'signers', { group: certificates, name: signer }),
        right('approve', 'signers', { group: certificates, name: `${domain}/*` }),
      ],
    ],
  }
}

const client = 'kubernetes.io/kube-apiserver-client'

/** The signer of people signs for nodes as well, where it was approved. */
const asNodes: readonly Means[] = [
  certified(`${client}-kubelet`),
  {
    text: 'may request a certificate of any node, which is approved by itself',
    needs: [
      [right('create', csr, { group: certificates })],
      [right('create', csr, { group: certificates, subresource: 'nodeclient' })],
    ],
  },
]

/** To act as this user, by rights in the cluster. */
export const asUser = (name: string): readonly Means[] => [
  { text: 'may impersonate this user', needs: [[right('impersonate', 'users', { name })]] },
  certified(client),
  ...(name.startsWith('system:node:') ? asNodes : []),
]

/** Nobody acts as a member of a group without acting as somebody: whom of them does not matter. */
const asSomebody: readonly Right[] = [
  right('impersonate', 'users', { anyOne: true }),
  right('impersonate', 'serviceaccounts', { anyOne: true, anywhere: true }),
]

/** To act as a member of this group, by rights in the cluster. No certificate is signed for system:masters. */
export const asGroup = (name: string): readonly Means[] => [
  {
    text: 'may impersonate this group together with some user',
    needs: [[right('impersonate', 'groups', { name })], asSomebody],
  },
  ...(name === 'system:masters' ? [] : [certified(client)]),
  ...(name === 'system:nodes' ? asNodes : []),
]

/** To act as who joins with a bootstrap token, by rights in kube-system: the secret says in which groups that is. */
export const asBootstrapper: Means = {
  text: 'may make a bootstrap token that is in this group',
  needs: [(['create', 'update', 'patch'] as const).map(verb => right(verb, 'secrets'))],
}

const rbac = 'rbac.authorization.k8s.io'

interface Named {
  readonly kind: string
  readonly name: string
}

const binds = ({ kind, name }: Named): Right =>
  right('bind', kind === 'Role' ? 'roles' : 'clusterroles', { group: rbac, name })

const writesBindings = (namespace: string): readonly Right[] =>
  each(change, [namespace === '' ? 'clusterrolebindings' : 'rolebindings'], rbac)

/** To have a role that gives the right, by rights where it is to count: '' for everywhere. */
export const bound = (role: Named, namespace: string): Means => ({
  text: `may bind the ${role.kind} ${role.name}`,
  needs: [[binds(role)], writesBindings(namespace)],
})

/** Where several rights are needed: of each, itself or a role that gives it. @param parts with the roles that give them */
export const boundTogether = (
  parts: readonly { readonly right: Right; readonly roles: readonly Named[] }[],
  namespace: string,
): Means => ({
  text: 'may bind roles that give what they lack of it',
  needs: [...parts.map(one => [one.right, ...one.roles.map(binds)]), writesBindings(namespace)],
})

/** To write any right into a role, by rights where it is to count. */
export function escalated(namespace: string): Means {
  const roles = namespace === '' ? 'clusterroles' : 'roles'
  return {
    text: 'may put rights into roles that they do not have',
    needs: [[right('escalate', roles, { group: rbac, anyOne: true })], each(change, [roles], rbac)],
  }
}

const registration = 'admissionregistration.k8s.io'

/** By rights in the cluster; `reads` where the right is one of reading. */
export const others = (reads: boolean): readonly Means[] => [
  {
    text: 'may change what others write, on its way',
    needs: [each(change, ['mutatingwebhookconfigurations', 'mutatingadmissionpolicies'], registration)],
  },
  ...(reads
    ? [
        {
          text: 'may have what others write shown to a webhook',
          needs: [each(change, ['validatingwebhookconfigurations'], registration)],
        },
      ]
    : []),
]
