/** Who holds a right by role bindings, of all subjects at once: the question that RBAC answers for one user, turned round. */
import type { Attributes } from '#api/request.ts'
import type { BindingObject, PolicyRule, RoleObject, Subject } from '../rbac-types.ts'
import { type RuleIndex, compile } from '../rules.ts'

/** All that RBAC knows. */
export interface Objects {
  readonly roles: Iterable<RoleObject>
  readonly clusterRoles: Iterable<RoleObject>
  readonly roleBindings: Iterable<BindingObject>
  readonly clusterRoleBindings: Iterable<BindingObject>
}

type Asked = Pick<Attributes, 'verb' | 'resourceRequest' | 'group' | 'resource' | 'subresource' | 'name' | 'path'>

/** A right without its place. */
export interface Right extends Asked {
  /** To do it to any one object, whichever: a rule that names some gives it as well. */
  readonly anyOne?: true
  /** In whichever namespace: any binding gives it. */
  readonly anywhere?: true
}

/** One rule that gives somebody a right, and how it comes to them. */
export interface Grant {
  readonly subject: Subject
  readonly binding: BindingObject
  readonly role: RoleObject
  /** Of the role's rules the first that covers it, counted from 0. */
  readonly rule: number
}

interface Known {
  readonly role: RoleObject
  readonly index: RuleIndex
  /** Of its rules as if they named no objects. */
  readonly anyOne: RuleIndex
}

const nameless = (rule: PolicyRule): PolicyRule => ({ ...rule, resourceNames: [] })

const namesOf = ({ rules = [] }: RoleObject): ReadonlySet<string> =>
  new Set(rules.flatMap(rule => rule.resourceNames ?? []))

const gives = ({ index, anyOne }: Known, right: Right): boolean =>
  (right.anyOne === true ? anyOne : index).covers(right)

const account = /^system:serviceaccount:([^:]+):([^:]+)$/

/** A service account's namespace is the binding's unless it says another; it may be named as a user, too. */
export function subjectIn(subject: Subject, namespace: string): Subject {
  const { kind, name } = subject
  if (kind === 'ServiceAccount') return { kind, name, namespace: subject.namespace ?? namespace }
  const [, home, own] = kind === 'User' ? (account.exec(name) ?? []) : []
  return home === undefined || own === undefined
    ? { kind, name }
    : { kind: 'ServiceAccount', name: own, namespace: home }
}

/** Names may hold any character. */
export const subjectKey = ({ kind, namespace = '', name }: Subject): string => JSON.stringify([kind, namespace, name])

const roleKey = (kind: string, namespace: string, name: string): string =>
  JSON.stringify([kind, kind === 'Role' ? namespace : '', name])

const verbsOf = ({ rules = [] }: RoleObject): ReadonlySet<string> => new Set(rules.flatMap(rule => rule.verbs))

const none: readonly Known[] = []

export class Holders {
  /** By a verb that one of their rules has. */
  readonly #byVerb = new Map<string, Known[]>()
  /** By a name that one of their rules has. */
  readonly #byName = new Map<string, Known[]>()
  /** By namespace, '' for the cluster's, then by role. */
  readonly #bindings = new Map<string, Map<string, BindingObject[]>>()
  readonly #answers = new Map<string, readonly Known[]>()
  /** By role, then by right: only for as long as one question is answered. */
  readonly #rules = new Map<RoleObject, Map<string, number>>()

  constructor({ roles, clusterRoles, roleBindings, clusterRoleBindings }: Objects) {
    for (const role of [...roles, ...clusterRoles]) {
      const names = namesOf(role)
      const index = compile(role.rules ?? [])
      const known = { role, index, anyOne: names.size === 0 ? index : compile((role.rules ?? []).map(nameless)) }
      for (const verb of verbsOf(role)) push(this.#byVerb, verb, known)
      for (const name of names) push(this.#byName, name, known)
    }
    for (const binding of [...roleBindings, ...clusterRoleBindings]) {
      const namespace = binding.metadata.namespace ?? ''
      let there = this.#bindings.get(namespace)
      if (there === undefined) this.#bindings.set(namespace, (there = new Map()))
      push(there, roleKey(binding.roleRef.kind, namespace, binding.roleRef.name), binding)
    }
  }

  /** Those in which some role is bound. */
  namespaces(): readonly string[] {
    return [...this.#bindings.keys()].filter(namespace => namespace !== '')
  }

  /** Roles that give the right to whoever they are bound to. */
  rolesWith(right: Right): readonly RoleObject[] {
    return this.#covering(right).map(({ role }) => role)
  }

  /** Of exactly this namespace; '' for the cluster's bindings, which count everywhere. */
  *grants(right: Right, namespace: string): Generator<Grant> {
    const there = this.#bindings.get(namespace)
    if (there === undefined) return
    for (const { role } of this.#covering(right)) {
      const kind = role.metadata.namespace === undefined ? 'ClusterRole' : 'Role'
      if (kind === 'Role' && role.metadata.namespace !== namespace) continue
      const key = roleKey(kind, role.metadata.namespace ?? '', role.metadata.name ?? '')
      for (const binding of there.get(key) ?? [])
        for (const subject of binding.subjects ?? [])
          yield { subject: subjectIn(subject, namespace), binding, role, rule: this.#rule(role, right) }
    }
  }

  #covering(right: Right): readonly Known[] {
    const key = JSON.stringify(right)
    const had = this.#answers.get(key)
    if (had !== undefined) return had
    const found = right.name === '' ? this.#unnamed(right) : this.#named(right)
    this.#answers.set(key, found)
    return found
  }

  #rule(role: RoleObject, right: Right): number {
    let known = this.#rules.get(role)
    if (known === undefined) this.#rules.set(role, (known = new Map()))
    const key = JSON.stringify(right)
    const had = known.get(key)
    if (had !== undefined) return had
    const found = (role.rules ?? []).findIndex(rule =>
      compile([right.anyOne === true ? nameless(rule) : rule]).covers(right),
    )
    known.set(key, found)
    return found
  }

  #unnamed(right: Right): readonly Known[] {
    const candidates = new Set([...(this.#byVerb.get(right.verb) ?? none), ...(this.#byVerb.get('*') ?? none)])
    return [...candidates].filter(known => gives(known, right))
  }

  /** Those for every name, and few more: who asks for each of many names must not go through all roles each time. */
  #named(right: Right): readonly Known[] {
    const every = this.#covering({ ...right, name: '' })
    const own = (this.#byName.get(right.name) ?? none).filter(({ index }) => index.covers(right))
    return own.length === 0 ? every : [...new Set([...every, ...own])]
  }
}

function push<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const had = lists.get(key)
  if (had === undefined) lists.set(key, [value])
  else had.push(value)
}
