/** For tests: roles, bindings and answers in few words. */
import type { Verb } from '#api/request.ts'
import type { BindingObject, PolicyRule, RoleObject, Subject } from '../rbac-types.ts'
import type { Facts, Found, Question } from './search.ts'

const rule = (text: string): PolicyRule => {
  const [verbs = '', apiGroups = '', resources = '', names = ''] = text.split(';').map(part => part.trim())
  const words = (list: string): readonly string[] => (list === '' ? [] : list.split(' '))
  return {
    verbs: words(verbs),
    apiGroups: apiGroups === '' ? [''] : words(apiGroups),
    resources: words(resources),
    ...(names === '' ? {} : { resourceNames: words(names) }),
  }
}

/** `ClusterRole name` or `Role namespace/name`. */
export function role(where: string, ...rules: readonly string[]): RoleObject {
  const [kind = '', place = ''] = where.split(' ')
  const [namespace, name] = kind === 'Role' ? place.split('/') : [undefined, place]
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind,
    metadata: { name: name ?? '', ...(namespace === undefined ? {} : { namespace }) },
    rules: rules.map(rule),
  }
}

const subject = (text: string): Subject => {
  const [kind = '', name = ''] = text.split(' ')
  if (kind !== 'ServiceAccount') return { kind, name }
  const [namespace = '', own = ''] = name.split('/')
  return { kind, namespace, name: own }
}

/** `ClusterRole x to User y`, everywhere or `in` a namespace. */
function binding(text: string): BindingObject {
  const [, kind = '', name = '', who = '', namespace] = /^(\S+) (\S+) to (\S+ \S+)(?: in (\S+))?$/.exec(text) ?? []
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: namespace === undefined ? 'ClusterRoleBinding' : 'RoleBinding',
    metadata: { name: `b-${name}-${who}`, ...(namespace === undefined ? {} : { namespace }) },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
    subjects: [subject(who)],
  }
}

export function facts(roles: readonly RoleObject[], bindings: readonly string[], rest: Partial<Facts> = {}): Facts {
  const made = bindings.map(binding)
  return {
    roles: roles.filter(one => one.kind === 'Role'),
    clusterRoles: roles.filter(one => one.kind === 'ClusterRole'),
    roleBindings: made.filter(one => one.kind === 'RoleBinding'),
    clusterRoleBindings: made.filter(one => one.kind === 'ClusterRoleBinding'),
    ...rest,
  }
}

export const question = (verb: Verb, resource: string, rest: Partial<Question> = {}): Question => ({
  verb,
  resource,
  resourceRequest: true,
  group: '',
  subresource: '',
  name: '',
  namespace: 'team',
  ...rest,
})

export const named = ({ kind, namespace, name }: Subject): string =>
  `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`
export const told = (found: readonly Found[]): Record<string, string> =>
  Object.fromEntries(
    found
      .filter(one => one.subject.name !== 'system:masters')
      .map(({ subject: who, path }) => [
        named(who),
        path.map(step => (step.becomes === undefined ? step.text : `${step.text} → ${named(step.becomes)}`)).join('; '),
      ]),
  )
