/** The rights of our own components, as the RBAC objects that everybody can read. */
import type { Rule } from '#client/controller.ts'
import type { Draft } from '#api/metadata.ts'
import type { BindingObject, PolicyRule, RoleObject, Subject } from '#server/authz/rbac-types.ts'

const apiVersion = 'rbac.authorization.k8s.io/v1'
const group = 'rbac.authorization.k8s.io'
export const labels = { 'kubernetes.io/bootstrapping': 'rbac-defaults' }

export interface Policy {
  readonly roles: readonly Draft<RoleObject>[]
  readonly bindings: readonly Draft<BindingObject>[]
}

export const accountOf = (component: string): string => `system:serviceaccount:kube-system:${component}`
export const accountGroups: readonly string[] = ['system:serviceaccounts', 'system:serviceaccounts:kube-system']

export const role = (name: string, rules: readonly Rule[]): Draft<RoleObject> => ({
  apiVersion,
  kind: 'ClusterRole',
  metadata: { name, labels },
  rules: rules.map(rule => structuredClone(rule) as Draft<PolicyRule>),
})

function binding(name: string, subjects: Draft<Subject>[]): Draft<BindingObject> {
  return {
    apiVersion,
    kind: 'ClusterRoleBinding',
    metadata: { name, labels },
    roleRef: { apiGroup: group, kind: 'ClusterRole', name },
    subjects,
  }
}

/** Every controller is a service account of kube-system with the rules that its own file lists. */
export function controllerPolicy(
  controllers: readonly { readonly name: string; readonly rules: readonly Rule[] }[],
): Policy {
  const named = controllers.map(one => ({ ...one, role: `bulwark:controller:${one.name}` }))
  return {
    roles: named.map(one => role(one.role, one.rules)),
    bindings: named.map(one =>
      binding(one.role, [{ kind: 'ServiceAccount', name: one.name, namespace: 'kube-system' }]),
    ),
  }
}

/** The second identity of every node: what the network needs, and nothing of what pods hold. */
export const networkGroup = 'system:bulwark:network'

export const networkPolicy: Policy = {
  roles: [
    role(networkGroup, [
      {
        apiGroups: [''],
        resources: ['services', 'endpoints', 'namespaces', 'pods', 'nodes'],
        verbs: ['get', 'list', 'watch'],
      },
      { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['get', 'list', 'watch'] },
      {
        apiGroups: ['networking.k8s.io'],
        resources: ['networkpolicies', 'servicecidrs'],
        verbs: ['get', 'list', 'watch'],
      },
    ]),
  ],
  bindings: [binding(networkGroup, [{ kind: 'Group', apiGroup: group, name: networkGroup }])],
}

/** As metrics servers bring it: who may look at pods may see what they use. */
export const usagePolicy: Policy = {
  roles: [
    {
      ...role('system:aggregated-metrics-reader', [
        { apiGroups: ['metrics.k8s.io'], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] },
      ]),
      metadata: {
        name: 'system:aggregated-metrics-reader',
        labels: {
          ...labels,
          'rbac.authorization.k8s.io/aggregate-to-admin': 'true',
          'rbac.authorization.k8s.io/aggregate-to-edit': 'true',
          'rbac.authorization.k8s.io/aggregate-to-view': 'true',
        },
      },
    },
  ],
  bindings: [],
}

/** For whoever looks after people: what they give others, they must be allowed to impersonate besides. */
export const peoplePolicy: Policy = {
  roles: [
    role('system:bulwark:people', [
      {
        apiGroups: ['bulwark.dev'],
        resources: ['users', 'revokedcertificates'],
        verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
      },
      { apiGroups: ['bulwark.dev'], resources: ['users/credentials'], verbs: ['create'] },
    ]),
  ],
  bindings: [],
}

/** For whoever is asked why something was refused, and who could do it. */
export const answersPolicy: Policy = {
  roles: [
    role('system:bulwark:answers', [
      { apiGroups: ['bulwark.dev'], resources: ['decisions'], verbs: ['get', 'list'] },
      { apiGroups: ['bulwark.dev'], resources: ['whocanreviews'], verbs: ['create'] },
    ]),
  ],
  bindings: [],
}

/** The server itself on a node's own API: logs, exec, metrics. */
export const kubeletClient = 'system:bulwark:kubelet-client'

export const kubeletPolicy: Policy = {
  roles: [],
  bindings: [
    {
      ...binding(kubeletClient, [{ kind: 'Group', apiGroup: group, name: kubeletClient }]),
      roleRef: { apiGroup: group, kind: 'ClusterRole', name: 'system:kubelet-api-admin' },
    },
  ],
}
