/** Section 5.1: roles, service accounts and their tokens. */
import { uncovered } from '#server/authz/rules.ts'
import type { Pod, ServiceAccount } from '#kinds/facts/generated/types/core_v1.ts'
import type { PolicyRule, RoleObject } from '#server/authz/rbac-types.ts'
import { type Control, type Proof, noneOf } from '../control.ts'
import { type Right, Rights, expectedGrants, expectedRoles, keyOfRole } from '../rights.ts'
import { bindingPlace } from './control-plane.ts'

const fix =
  'take the binding away, or bind a role in the namespaces that need it, of a program that has an account of its own'

/** Nobody but the cluster's own components has any of it everywhere. */
const minimal =
  (...rights: readonly Right[]): Control['check'] =>
  ({ objects }) => {
    const all = new Rights(objects)
    const what = rights.map(
      one => `${one.verbs.join(', ')} ${one.resource}${one.subresource === undefined ? '' : `/${one.subresource}`}`,
    )
    return noneOf(
      rights.flatMap(right => all.holders(right)),
      fix,
      {
        place: 'RoleBindings and ClusterRoleBindings',
        says: `nobody but the cluster's own components may ${what.join('; ')}`,
      },
    )
  }

const right = (group: string, resource: string, ...verbs: readonly string[]): Right => {
  const [name = '', subresource] = resource.split('/')
  return { group, resource: name, verbs, ...(subresource === undefined ? {} : { subresource }) }
}

const rbac = 'rbac.authorization.k8s.io'
const webhooks = 'admissionregistration.k8s.io'
const writes = ['create', 'update', 'patch', 'delete'] as const

const administrators: Control['check'] = ({ objects }) => {
  const expected = expectedGrants()
  return noneOf(
    [...objects.clusterRoleBindings, ...objects.roleBindings]
      .filter(binding => binding.roleRef.kind === 'ClusterRole' && binding.roleRef.name === 'cluster-admin')
      .flatMap(binding =>
        (binding.subjects ?? [])
          .filter(subject => !expected.has(binding, subject))
          .map(({ kind, name }) => ({
            place: bindingPlace(binding),
            says: `roleRef: cluster-admin, subjects: ${kind} ${name}`,
          })),
      ),
    'bind a role with the rights that are needed in its place',
    { place: 'ClusterRoleBinding/cluster-admin', says: 'subjects: Group system:masters, and nobody elsewhere' },
  )
}

const isWild = (rule: PolicyRule): boolean =>
  [rule.verbs, rule.resources ?? [], rule.apiGroups ?? [], rule.nonResourceURLs ?? []].some(list => list.includes('*'))

const wildcards: Control['check'] = ({ objects }) => {
  const expected = expectedRoles()
  const all = new Rights(objects)
  const found = [...objects.clusterRoles, ...objects.roles].flatMap((role: RoleObject): readonly Proof[] => {
    if (role.aggregationRule !== undefined) return []
    const had = expected.get(keyOfRole(role))
    const rules = had === undefined ? (role.rules ?? []) : uncovered(had, role.rules ?? [])
    const wild = rules.find(isWild)
    if (wild === undefined) return []
    const at = (role.rules ?? []).findIndex(isWild)
    const bound = all.boundTo(role)
    const { namespace, name } = role.metadata
    return [
      {
        place: namespace === undefined ? `ClusterRole/${name}` : `Role/${namespace}/${name}`,
        says: `rules[${at}]: ${JSON.stringify(role.rules?.[at] ?? wild)}, bound to ${bound.length === 0 ? 'nobody' : bound.slice(0, 5).join(', ')}`,
      },
    ]
  })
  return noneOf(found, 'name the resources and verbs that are needed', {
    place: 'Roles and ClusterRoles',
    says: "none but the cluster's own has a wildcard",
  })
}

const accountKey = (one: { readonly namespace: string | undefined; readonly name: string | undefined }): string =>
  `${one.namespace}/${one.name}`

/** Whether the pod has its account's token in it. */
function mounts(pod: Pod, accounts: ReadonlyMap<string, ServiceAccount>): boolean {
  const { namespace } = pod.metadata
  const account = accounts.get(accountKey({ namespace, name: pod.spec.serviceAccountName ?? 'default' }))
  return pod.spec.automountServiceAccountToken ?? account?.automountServiceAccountToken ?? true
}

const tokenPlace = (pod: Pod): Proof => ({
  place: `Pod/${pod.metadata.namespace}/${pod.metadata.name}`,
  says: `spec.serviceAccountName: ${pod.spec.serviceAccountName ?? 'default'}, its token is mounted`,
})

const byKey = (accounts: readonly ServiceAccount[]): ReadonlyMap<string, ServiceAccount> =>
  new Map(accounts.map(one => [accountKey({ namespace: one.metadata.namespace, name: one.metadata.name }), one]))

/** Whoever makes a pod there has it: rights of its own are everybody's. */
const defaults: Control['check'] = ({ objects }) => {
  const rights = new Rights(objects)
  const bound = objects.namespaces.flatMap(({ metadata: { name: namespace = '' } }) =>
    rights.of({ namespace, name: 'default' }).map(binding => ({
      place: bindingPlace(binding),
      says: `subjects: ServiceAccount ${namespace}/default gets ${binding.roleRef.kind} ${binding.roleRef.name}`,
    })),
  )
  return noneOf(bound, 'give the program a service account of its own, and bind that', {
    place: 'ServiceAccount/*/default',
    says: 'none has a right of its own',
  })
}

const needed: Control['check'] = ({ objects }) => {
  const rights = new Rights(objects)
  const accounts = byKey(objects.accounts)
  const idle = objects.pods.filter(pod => {
    const account = { namespace: pod.metadata.namespace ?? '', name: pod.spec.serviceAccountName ?? 'default' }
    return mounts(pod, accounts) && rights.of(account).length === 0
  })
  return noneOf(
    idle.map(tokenPlace),
    'set automountServiceAccountToken: false in the pod or its account: the token opens nothing and can only be stolen',
    { place: 'Pods', says: 'none has the token of an account that has no rights' },
  )
}

const masters: Control['check'] = ({ objects, machine, layout }) => {
  const expected = expectedGrants()
  const found = [...objects.clusterRoleBindings, ...objects.roleBindings].flatMap(binding =>
    (binding.subjects ?? [])
      .filter(
        subject => subject.kind === 'Group' && subject.name === 'system:masters' && !expected.has(binding, subject),
      )
      .map(() => ({ place: bindingPlace(binding), says: 'subjects: Group system:masters' })),
  )
  const others = [layout.nodeKubeconfig, layout.networkKubeconfig, layout.kubeletCertificate]
    .filter(path => machine.certificate(path)?.organizations.includes('system:masters') === true)
    .map(path => ({ place: `file ${path}`, says: 'its certificate is of system:masters' }))
  return noneOf(
    [...found, ...others],
    'bind cluster-admin to the people who need it: nothing can take system:masters from whoever has it',
    {
      place: `file ${layout.kubeconfig}`,
      says: 'the one credential of system:masters, for the day on which roles are broken; a request for another certificate of it is refused',
    },
  )
}

export const accounts: readonly Control[] = [
  { id: '5.1.1', title: 'Few are administrators of everything', check: administrators },
  { id: '5.1.2', title: 'Few read secrets', check: minimal(right('', 'secrets', 'get', 'list', 'watch')) },
  { id: '5.1.3', title: 'Roles name what they are for', check: wildcards },
  {
    id: '5.1.4',
    title: 'Few make pods',
    check: minimal(
      right('', 'pods', 'create'),
      right('apps', 'deployments', 'create'),
      right('apps', 'daemonsets', 'create'),
      right('apps', 'statefulsets', 'create'),
      right('batch', 'jobs', 'create'),
      right('batch', 'cronjobs', 'create'),
    ),
  },
  { id: '5.1.5', title: 'Default service accounts are not used', check: defaults },
  { id: '5.1.6', title: 'Tokens are mounted only where they are for something', check: needed },
  { id: '5.1.7', title: 'system:masters is not used', check: masters },
  {
    id: '5.1.8',
    title: 'Few bind, escalate or impersonate',
    check: minimal(
      right(rbac, 'clusterroles', 'bind', 'escalate'),
      right(rbac, 'roles', 'bind', 'escalate'),
      ...['users', 'groups', 'serviceaccounts'].map(what => right('', what, 'impersonate')),
    ),
  },
  { id: '5.1.9', title: 'Few make persistent volumes', check: minimal(right('', 'persistentvolumes', 'create')) },
  { id: '5.1.10', title: "Few reach nodes' own API", check: minimal(right('', 'nodes/proxy', 'get', 'create')) },
  {
    id: '5.1.11',
    title: 'Few approve certificates',
    check: minimal(right('certificates.k8s.io', 'certificatesigningrequests/approval', 'update', 'patch')),
  },
  {
    id: '5.1.12',
    title: 'Few change webhooks',
    check: minimal(
      right(webhooks, 'validatingwebhookconfigurations', ...writes),
      right(webhooks, 'mutatingwebhookconfigurations', ...writes),
    ),
  },
  { id: '5.1.13', title: 'Few make tokens', check: minimal(right('', 'serviceaccounts/token', 'create')) },
]
