/** ClusterRoles that are the sum of others: their rules are gathered by label. */
import { clusterRoles } from '#kinds/facts/generated/refs.ts'
import type { ClusterRole, PolicyRule } from '#kinds/facts/generated/types/rbac_v1.ts'
import { keyOf } from '#api/metadata.ts'
import { selects } from '#api/selector.ts'
import { type Controller, nothing } from '#client/controller.ts'
import { same } from './equal.ts'
import { rule } from './rules.ts'
import { update } from './writes.ts'

const sums = (role: ClusterRole): boolean => role.aggregationRule !== undefined

export const roleAggregation: Controller = {
  name: 'clusterrole-aggregation-controller',
  watches: [{ ref: clusterRoles, keys: (_, read) => read.list(clusterRoles).filter(sums).map(keyOf) }],
  rules: [rule('rbac.authorization.k8s.io', ['clusterroles'], ['escalate', 'get', 'list', 'patch', 'update', 'watch'])],
  decide: (key, { read }) => {
    const role = read.get(clusterRoles, key)
    if (role?.aggregationRule === undefined) return nothing
    const { clusterRoleSelectors = [] } = role.aggregationRule
    const rules: PolicyRule[] = []
    for (const selector of clusterRoleSelectors)
      for (const other of read.list(clusterRoles))
        if (other.metadata.name !== key && selects(selector, other.metadata.labels))
          for (const one of other.rules ?? []) if (!rules.some(known => same(known, one))) rules.push(one)
    return same(rules, role.rules) ? nothing : { writes: [[update(clusterRoles, { ...role, rules })]] }
  },
}
