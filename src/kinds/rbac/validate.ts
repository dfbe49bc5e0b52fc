import type { WriteContext } from '#api/kind.ts'
import type { KObject } from '#api/metadata.ts'
import { dns1123Subdomain, pathSegment } from '#api/names.ts'
import type { FieldError } from '#api/validation.ts'
import type { AggregationRule, PolicyRule, RoleRef, Subject } from '#kinds/facts/generated/types/rbac_v1.ts'
import { checkSelector } from '../meta.ts'
import { Place } from '../place.ts'

const group = 'rbac.authorization.k8s.io'

function checkRule(place: Place, rule: PolicyRule, namespaced: boolean): void {
  const { verbs, nonResourceURLs: urls = [], apiGroups = [], resources = [], resourceNames = [] } = rule
  if (verbs.length === 0) place.at('verbs').required('verbs must contain at least one value')
  if (urls.length > 0) {
    const at = place.at('nonResourceURLs')
    if (namespaced) at.invalid(urls, 'namespaced rules cannot apply to non-resource URLs')
    if (apiGroups.length + resources.length + resourceNames.length > 0)
      at.invalid(urls, 'rules cannot apply to both regular resources and non-resource URLs')
    return
  }
  if (apiGroups.length === 0) place.at('apiGroups').required('resource rules must supply at least one api group')
  if (resources.length === 0) place.at('resources').required('resource rules must supply at least one resource')
}

interface Role extends KObject {
  readonly rules?: readonly PolicyRule[]
  readonly aggregationRule?: AggregationRule
}

const roles =
  (namespaced: boolean) =>
  (role: Role): readonly FieldError[] => {
    const root = new Place('')
    root.at('rules').each(role.rules, (rule, at) => checkRule(at, rule, namespaced))
    if (role.aggregationRule === undefined) return root.errors
    const { clusterRoleSelectors: selectors = [] } = role.aggregationRule
    const list = root.at('aggregationRule.clusterRoleSelectors')
    if (selectors.length === 0) list.required('at least one clusterRoleSelector required if aggregationRule is non-nil')
    list.each(selectors, (selector, at) => checkSelector(at, selector))
    return root.errors
  }

export const validateRole = roles(true)
export const validateClusterRole = roles(false)

const kinds = ['ServiceAccount', 'User', 'Group']

function checkSubject(place: Place, subject: Subject, namespaced: boolean): void {
  const { kind, name, apiGroup = '', namespace } = subject
  if (!name) place.at('name').required()
  if (!kinds.includes(kind)) place.at('kind').unsupported(kind, kinds)
  else if (kind !== 'ServiceAccount') {
    if (apiGroup !== group) place.at('apiGroup').unsupported(apiGroup, [group])
  } else {
    if (name) place.at('name').format(name, dns1123Subdomain)
    if (apiGroup !== '') place.at('apiGroup').unsupported(apiGroup, [''])
    if (!namespaced && !namespace) place.at('namespace').required()
  }
}

interface Binding extends KObject {
  readonly roleRef: RoleRef
  readonly subjects?: readonly Subject[]
}

const same = (a: RoleRef, b: RoleRef): boolean => a.apiGroup === b.apiGroup && a.kind === b.kind && a.name === b.name

const bindings =
  (namespaced: boolean) =>
  (binding: Binding, { old }: WriteContext<Binding>): readonly FieldError[] => {
    const root = new Place('')
    const { roleRef } = binding
    const place = root.at('roleRef')
    const referable = namespaced ? ['Role', 'ClusterRole'] : ['ClusterRole']
    if (roleRef.apiGroup !== group) place.at('apiGroup').unsupported(roleRef.apiGroup, [group])
    if (!referable.includes(roleRef.kind)) place.at('kind').unsupported(roleRef.kind, referable)
    place.at('name').named(roleRef.name, pathSegment)
    root.at('subjects').each(binding.subjects, (subject, at) => checkSubject(at, subject, namespaced))
    if (old !== undefined && !same(old.roleRef, roleRef)) place.invalid(roleRef, 'cannot change roleRef')
    return root.errors
  }

export const validateRoleBinding = bindings(true)
export const validateClusterRoleBinding = bindings(false)
