/** What would have become of recorded requests under other roles and bindings. */
import { equal } from '#base/equal.ts'
import type { KObject } from '#api/metadata.ts'
import type { User } from '#api/request.ts'
import { selects } from '#api/selector.ts'
import type { Right } from '#api/status.ts'
import type { BindingObject, PolicyRule, RoleObject } from './rbac-types.ts'
import { type RuleIndex, compile } from './rules.ts'
import { secretRight } from './secret-versions.ts'
import { type Objects, subjectIn, subjectKey } from './whocan/holders.ts'

export type Who = Pick<User, 'name' | 'groups'>

/** Requests that are alike. */
export interface Recorded {
  readonly who: Who
  readonly asked: Right
  /** What was answered then, by whichever authorizer. */
  readonly allowed: boolean
  /** It was a binding that allowed it: where bindings say no by now, so does everybody. */
  readonly byBinding?: boolean
}

export interface Change<R extends Recorded = Recorded> {
  readonly recorded: R
  /** The opposite of what would be answered now. */
  readonly becomes: 'allowed' | 'refused'
}

const keyOf = ({ kind, metadata: { namespace = '', name = '' } }: KObject): string =>
  JSON.stringify([kind, namespace, name])

const replaced = <O extends KObject>(objects: Iterable<O>, kind: string, by: readonly KObject[]): readonly O[] => {
  const all = new Map([...objects].map(one => [keyOf(one), one]))
  for (const one of by) if (one.kind === kind) all.set(keyOf(one), one as O)
  return [...all.values()]
}

/** One look of the controller at each role that is made of others. */
function gathered(roles: readonly RoleObject[]): readonly RoleObject[] {
  return roles.map(role => {
    if (role.aggregationRule === undefined) return role
    const selectors = role.aggregationRule.clusterRoleSelectors ?? []
    const parts = roles.filter(
      other =>
        other.metadata.name !== role.metadata.name &&
        selectors.some(selector => selects(selector, other.metadata.labels)),
    )
    const rules = new Map(parts.flatMap(part => (part.rules ?? []).map(one => [JSON.stringify(one), one])))
    return equal([...rules.values()], role.rules ?? []) ? role : { ...role, rules: [...rules.values()] }
  })
}

/** As their controller will make them: roles that are made of others may be parts of further ones. */
function aggregated(roles: readonly RoleObject[]): readonly RoleObject[] {
  let all = roles
  for (const one of roles) {
    // As often as they can stand one above the other.
    if (one.aggregationRule === undefined) continue
    const next = gathered(all)
    if (next.every((role, at) => role === all[at])) break
    all = next
  }
  return all
}

/** The same with some objects in the place of those of their names, or beside them. Others than RBAC's do not count. */
export const withObjects = (objects: Objects, changes: readonly KObject[]): Objects => ({
  roles: replaced<RoleObject>(objects.roles, 'Role', changes),
  clusterRoles: aggregated(replaced<RoleObject>(objects.clusterRoles, 'ClusterRole', changes)),
  roleBindings: replaced<BindingObject>(objects.roleBindings, 'RoleBinding', changes),
  clusterRoleBindings: replaced<BindingObject>(objects.clusterRoleBindings, 'ClusterRoleBinding', changes),
})

/** Answers for many users from objects that do not change meanwhile. */
class Judge {
  readonly #roles = new Map<string, readonly PolicyRule[]>()
  readonly #bindings = new Map<string, BindingObject[]>()
  readonly #compiled = new Map<string, RuleIndex>()

  constructor({ roles, clusterRoles, roleBindings, clusterRoleBindings }: Objects) {
    for (const role of [...roles, ...clusterRoles]) this.#roles.set(keyOf(role), role.rules ?? [])
    for (const binding of [...roleBindings, ...clusterRoleBindings]) {
      const namespace = binding.metadata.namespace ?? ''
      for (const subject of binding.subjects ?? []) {
        const key = JSON.stringify([namespace, subjectKey(subjectIn(subject, namespace))])
        const had = this.#bindings.get(key)
        if (had === undefined) this.#bindings.set(key, [binding])
        else had.push(binding)
      }
    }
  }

  allows(who: Who, asked: Right): boolean {
    const secret = secretRight(asked)
    return this.#allowsItself(who, asked) && (secret === undefined || this.#allowsItself(who, secret))
  }

  #allowsItself(who: Who, asked: Right): boolean {
    if (who.groups.includes('system:masters') || this.#index(who, '').covers(asked)) return true
    return asked.resourceRequest && asked.namespace !== '' && this.#index(who, asked.namespace).covers(asked)
  }

  #index(who: Who, namespace: string): RuleIndex {
    const key = JSON.stringify([who.name, who.groups, namespace])
    const had = this.#compiled.get(key)
    if (had !== undefined) return had
    const subjects = [
      subjectIn({ kind: 'User', name: who.name }, ''),
      ...who.groups.map(name => ({ kind: 'Group', name })),
    ]
    const bindings = new Set(
      subjects.flatMap(subject => this.#bindings.get(JSON.stringify([namespace, subjectKey(subject)])) ?? []),
    )
    const made = compile([...bindings].flatMap(binding => this.#rules(binding)))
    this.#compiled.set(key, made)
    return made
  }

  #rules({ roleRef: { kind, name }, metadata: { namespace = '' } }: BindingObject): readonly PolicyRule[] {
    return this.#roles.get(JSON.stringify([kind, kind === 'Role' ? namespace : '', name])) ?? []
  }
}

/** Allowed by somebody who knows of no roles. */
const isElsewhere = ({ allowed, byBinding = false }: Recorded): boolean => allowed && !byBinding

/**
 * Those that would be answered otherwise than now, whatever was answered then. What another authorizer than RBAC allowed then
 * it allows now, and still would.
 */
export function whatIf<R extends Recorded>(now: Objects, then: Objects, recorded: Iterable<R>): readonly Change<R>[] {
  const [before, after] = [new Judge(now), new Judge(then)]
  const changes: Change<R>[] = []
  for (const one of recorded) {
    const had = before.allows(one.who, one.asked)
    const has = after.allows(one.who, one.asked)
    if (had === has || isElsewhere(one)) continue
    changes.push({ recorded: one, becomes: has ? 'allowed' : 'refused' })
  }
  return changes
}
