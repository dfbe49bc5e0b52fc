/** Nobody gives more than they have: writes of roles and bindings are measured against the author's own rules. */
import { equal } from '#base/equal.ts'
import { forbidden } from '#api/status.ts'
import type { Attributes, Verb } from '#api/request.ts'
import { type Authorizer, verdict } from '#server/authz/authorize.ts'
import type { Rbac } from '#server/authz/rbac.ts'
import type { BindingObject, PolicyRule, RoleObject } from '#server/authz/rbac-types.ts'
import { uncovered } from '#server/authz/rules.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { type Step, subjectOf } from './step.ts'

const group = 'rbac.authorization.k8s.io'
const roles = new Set(['roles', 'clusterroles'])
const bindings = new Set(['rolebindings', 'clusterrolebindings'])

export const escalation = (rbac: Rbac, authorizers: readonly Authorizer[]): Step => ({
  name: 'PrivilegeEscalation',
  handles: ({ permit, operation }) =>
    permit.group === group &&
    (operation === 'CREATE' || operation === 'UPDATE') &&
    !permit.user.groups.includes('system:masters'),
  judge: async request => {
    if (roles.has(request.permit.resource)) await judgeRole(rbac, authorizers, request)
    else if (bindings.has(request.permit.resource)) await judgeBinding(rbac, authorizers, request)
  },
})

const may = async (
  authorizers: readonly Authorizer[],
  request: AdmissionRequest,
  asked: Partial<Attributes> & { verb: Verb },
): Promise<boolean> => {
  const { user, ...own } = request.permit
  return (await verdict(authorizers, user, { ...own, name: request.name, ...asked })).opinion === 'allow'
}

const describe = (rule: PolicyRule): string =>
  rule.nonResourceURLs === undefined
    ? `{APIGroups:${JSON.stringify(rule.apiGroups)}, Resources:${JSON.stringify(rule.resources)}${rule.resourceNames === undefined ? '' : `, ResourceNames:${JSON.stringify(rule.resourceNames)}`}, Verbs:${JSON.stringify(rule.verbs)}}`
    : `{NonResourceURLs:${JSON.stringify(rule.nonResourceURLs)}, Verbs:${JSON.stringify(rule.verbs)}}`

function refuse(rbac: Rbac, request: AdmissionRequest, wanted: readonly PolicyRule[]): void {
  const { user } = request.permit
  const missing = uncovered(rbac.rulesFor(user, request.namespace), wanted)
  if (missing.length > 0)
    throw forbidden(
      subjectOf(request),
      `user ${JSON.stringify(user.name)} (groups=${JSON.stringify(user.groups)}) is attempting to grant RBAC permissions not currently held:\n${missing.slice(0, 20).map(describe).join('\n')}`,
    )
}

async function judgeRole(rbac: Rbac, authorizers: readonly Authorizer[], request: AdmissionRequest): Promise<void> {
  const role = request.object as RoleObject | undefined
  const old = request.old as RoleObject | undefined
  if (
    role === undefined ||
    (old !== undefined && equal(role.rules ?? [], old.rules ?? []) && equal(role.aggregationRule, old.aggregationRule))
  )
    return
  if (await may(authorizers, request, { verb: 'escalate' })) return
  // Who sets an aggregation gives whatever will be labelled for it: that takes everything.
  if (role.aggregationRule !== undefined && !equal(role.aggregationRule, old?.aggregationRule))
    refuse(rbac, request, [
      { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
      { verbs: ['*'], nonResourceURLs: ['*'] },
    ])
  refuse(rbac, request, role.rules ?? [])
}

async function judgeBinding(rbac: Rbac, authorizers: readonly Authorizer[], request: AdmissionRequest): Promise<void> {
  const binding = request.object as BindingObject | undefined
  const old = request.old as BindingObject | undefined
  if (
    binding === undefined ||
    (old !== undefined && equal(binding.subjects ?? [], old.subjects ?? []) && equal(binding.roleRef, old.roleRef))
  )
    return
  const { roleRef } = binding
  const resource = roleRef.kind === 'ClusterRole' ? 'clusterroles' : 'roles'
  if (await may(authorizers, request, { verb: 'bind', resource, name: roleRef.name })) return
  const rules = rbac.roleRules(roleRef, request.namespace)
  if (rules === undefined)
    throw forbidden(subjectOf(request), `${resource}.${group} ${JSON.stringify(roleRef.name)} not found`)
  refuse(rbac, request, rules)
}
