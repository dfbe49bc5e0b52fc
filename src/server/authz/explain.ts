/** Why RBAC did not allow something: which rules came near, and the least that would allow it. */
import type { User } from '#api/request.ts'
import type { Right as Asked } from '#api/status.ts'
import type { BindingObject, PolicyRule, RoleObject, Subject } from './rbac-types.ts'
import { compile, nameless, type RuleIndex } from './rules.ts'
import { secretRight } from './secret-versions.ts'
import { type Objects, subjectIn, subjectKey } from './whocan/holders.ts'

type Who = Pick<User, 'name' | 'groups'>

/** A rule that is bound to the user and fails in one respect. */
export interface Near {
  readonly binding: BindingObject
  readonly role: RoleObject
  /** Of the role's rules, counted from 0. */
  readonly rule: number
  readonly fails: 'verb' | 'group' | 'resource' | 'name' | 'path' | 'namespace'
}

/** What would allow exactly this and nothing else. */
export interface Grant {
  readonly role: RoleObject
  readonly binding: BindingObject
  /** Commands that make both, to be typed as they are. */
  readonly commands: readonly string[]
}

export interface Explanation {
  /** As the roles are now: it may have been granted since. */
  readonly allowed: boolean
  readonly near: readonly Near[]
  /** Absent where no rule says exactly this: what is asked for by the name `*`, say. */
  readonly grant?: Grant
}

const most = 10

const keysOf = ({ name, groups }: Who): readonly string[] => [
  subjectKey(subjectIn({ kind: 'User', name }, '')),
  ...groups.map(group => subjectKey({ kind: 'Group', name: group })),
]

const fullResource = ({ resource, subresource }: Asked): string =>
  subresource === '' ? resource : `${resource}/${subresource}`

/** Each variant of the question that differs in one respect, and is answered by a rule that fails in that. */

const bends: Readonly<Record<Exclude<Near['fails'], 'namespace'>, (rule: PolicyRule, asked: Asked) => PolicyRule>> = {
  verb: (rule, { verb }) => ({ ...rule, verbs: [verb] }),
  group: (rule, { group }) => ({ ...rule, apiGroups: [group] }),
  resource: (rule, asked) => ({ ...rule, resources: [fullResource(asked)] }),
  name: rule => ({ ...rule, resourceNames: [] }),
  path: (rule, { path = '' }) => ({ ...rule, nonResourceURLs: [path] }),
}

const concerns = (rule: PolicyRule, { resourceRequest }: Asked): boolean =>
  resourceRequest ? (rule.resources ?? []).length > 0 : (rule.nonResourceURLs ?? []).length > 0

function failing(rule: PolicyRule, asked: Asked): Near['fails'] | undefined {
  if (!concerns(rule, asked)) return undefined
  for (const fails of asked.resourceRequest
    ? (['name', 'verb', 'resource', 'group'] as const)
    : (['verb', 'path'] as const))
    if (compile([bends[fails](rule, asked)]).covers(asked)) return fails
  return undefined
}

interface Bound {
  readonly binding: BindingObject
  readonly role: RoleObject
  /** Those of the cluster first. */
  readonly place: number
}

/** Bindings with their roles, by subject. */
function bySubject(objects: Objects): ReadonlyMap<string, readonly Bound[]> {
  const clusterRoles = new Map([...objects.clusterRoles].map(role => [role.metadata.name, role]))
  const roles = new Map(
    [...objects.roles].map(role => [`${role.metadata.namespace ?? ''}/${role.metadata.name}`, role]),
  )
  const found = new Map<string, Bound[]>()
  let place = 0
  for (const binding of [...objects.clusterRoleBindings, ...objects.roleBindings]) {
    const namespace = binding.metadata.namespace ?? ''
    const { kind, name } = binding.roleRef
    const role = kind === 'ClusterRole' ? clusterRoles.get(name) : roles.get(`${namespace}/${name}`)
    if (role === undefined) continue
    const bound = { binding, role, place: place++ }
    for (const subject of binding.subjects ?? []) {
      const key = subjectKey(subjectIn(subject, namespace))
      const had = found.get(key)
      if (had === undefined) found.set(key, [bound])
      else had.push(bound)
    }
  }
  return found
}

const counts = (binding: BindingObject, { namespace, resourceRequest }: Asked): boolean => {
  const where = binding.metadata.namespace
  return where === undefined || (resourceRequest && namespace !== '' && where === namespace)
}

/** Which rule of a role fails the least, for a binding that counts or for one elsewhere. */
function nearIn(role: RoleObject, asked: Asked, here: boolean): Pick<Near, 'rule' | 'fails'> | undefined {
  const rules = role.rules ?? []
  if (!here) {
    const rule = rules.findIndex(one => compile([one]).covers(asked))
    return rule < 0 ? undefined : { rule, fails: 'namespace' }
  }
  for (let rule = 0; rule < rules.length; rule++) {
    const fails = failing(rules[rule] ?? { verbs: [] }, asked)
    if (fails !== undefined) return { rule, fails }
  }
  return undefined
}

const group = 'rbac.authorization.k8s.io'
const quoted = (text: string): string =>
  /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`

function ruleFor(asked: Asked): PolicyRule {
  if (!asked.resourceRequest) return { verbs: [asked.verb], nonResourceURLs: [asked.path ?? ''] }
  const named = asked.name !== '' && !nameless(asked.verb)
  return {
    verbs: [asked.verb],
    apiGroups: [asked.group],
    resources: [fullResource(asked)],
    ...(named ? { resourceNames: [asked.name] } : {}),
  }
}

/** Letters, digits and dashes of what it is for. */
const nameFor = ({ verb, resource, subresource, path }: Asked): string =>
  `${verb}-${resource === '' ? (path ?? '') : `${resource}-${subresource}`}`
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, 63)

const account = /^system:serviceaccount:([^:]+):([^:]+)$/

function subjectFor(name: string): { readonly subject: Subject; readonly flag: string } {
  const [, namespace, own] = account.exec(name) ?? []
  return namespace === undefined || own === undefined
    ? { subject: { kind: 'User', apiGroup: group, name }, flag: `--user=${quoted(name)}` }
    : {
        subject: { kind: 'ServiceAccount', namespace, name: own },
        flag: `--serviceaccount=${quoted(`${namespace}:${own}`)}`,
      }
}

/** Anything else means more in a rule (`*`) or is several things on a command line (`a,b`). */
const isPlain = ({ verb, group: of, resource, subresource, path = '' }: Asked): boolean =>
  [verb, of, resource, subresource].every(word => /^[A-Za-z0-9.-]*$/.test(word)) && !/[*,"\s]/.test(path)

function grantFor({ name }: Who, asked: Asked): Grant {
  const local = asked.resourceRequest && asked.namespace !== ''
  const own = nameFor(asked)
  const rule = ruleFor(asked)
  const metadata = { name: own, ...(local ? { namespace: asked.namespace } : {}) }
  const kind = local ? 'Role' : 'ClusterRole'
  const { subject, flag } = subjectFor(name)
  const resource = `${asked.resource}${asked.group === '' ? '' : `.${asked.group}`}${asked.subresource === '' ? '' : `/${asked.subresource}`}`
  const what = asked.resourceRequest
    ? `--resource=${quoted(resource)}${(rule.resourceNames ?? []).map(one => ` --resource-name=${quoted(one)}`).join('')}`
    : `--non-resource-url=${quoted(asked.path ?? '')}`
  const where = local ? ` -n ${quoted(asked.namespace)}` : ''
  const [role, binding] = local ? ['role', 'rolebinding'] : ['clusterrole', 'clusterrolebinding']
  return {
    role: { apiVersion: `${group}/v1`, kind, metadata, rules: [rule] },
    binding: {
      apiVersion: `${group}/v1`,
      kind: `${kind}Binding`,
      metadata,
      roleRef: { apiGroup: group, kind, name: own },
      subjects: [subject],
    },
    commands: [
      `kubectl create ${role} ${own} --verb=${quoted(asked.verb)} ${what}${where}`,
      `kubectl create ${binding} ${own} --${role}=${own} ${flag}${where}`,
    ],
  }
}

/** @param objects as they are now: gone through once for all that is to be explained */
export function explainer(objects: Objects): (who: Who, asked: Asked) => Explanation {
  const subjects = bySubject(objects)
  const compiled = new Map<RoleObject, RuleIndex>()
  const covers = (role: RoleObject, asked: Asked): boolean => {
    let index = compiled.get(role)
    if (index === undefined) compiled.set(role, (index = compile(role.rules ?? [])))
    return index.covers(asked)
  }
  return (who, asked) => {
    const own = [...new Set(keysOf(who).flatMap(key => subjects.get(key) ?? []))].toSorted(
      (left, right) => left.place - right.place,
    )
    const secret = secretRight(asked)
    // Of what is needed the first that is missing: that is what there is to explain.
    const missing = (secret === undefined ? [asked] : [asked, secret]).find(
      part => !own.some(({ binding, role }) => counts(binding, part) && covers(role, part)),
    )
    const allowed = who.groups.includes('system:masters') || missing === undefined
    const grant = isPlain(missing ?? asked) ? { grant: grantFor(who, missing ?? asked) } : {}
    return { allowed, near: allowed ? [] : nearest(own, missing ?? asked), ...grant }
  }
}

function nearest(own: readonly Bound[], asked: Asked): readonly Near[] {
  const near: Near[] = []
  for (const { binding, role } of own) {
    if (near.length === most) break
    const found = nearIn(role, asked, counts(binding, asked))
    if (found !== undefined) near.push({ binding, role, ...found })
  }
  return near
}
