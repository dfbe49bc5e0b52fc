/** Who may do what by roles, without what the cluster's own components need. */
import type { Subject, BindingObject, PolicyRule, RoleObject } from '#server/authz/rbac-types.ts'
import { controllers, nothingNeeded } from '#controllers/index.ts'
import { ownPolicy } from '#plane/own-policy.ts'
import { bindings } from '#server/authz/bootstrap/bindings.ts'
import { clusterRoles } from '#server/authz/bootstrap/cluster-roles.ts'
import { controllerRoles } from '#server/authz/bootstrap/controller-roles.ts'
import { expandBinding, expandRole } from '#server/authz/bootstrap/expand.ts'
import { namespaceRoles } from '#server/authz/bootstrap/namespace-roles.ts'
import { compile, uncovered } from '#server/authz/rules.ts'
import { whoCan } from '#server/authz/whocan/search.ts'
import type { Verb } from '#api/request.ts'
import type { Proof } from './control.ts'
import type { Objects } from './facts.ts'

const own = () => ownPolicy(controllers(nothingNeeded))

const roleKey = (kind: string, namespace: string | undefined, name: string | undefined): string =>
  JSON.stringify([kind, namespace ?? '', name ?? ''])

const grantKey = (
  binding: Pick<BindingObject, 'metadata' | 'roleRef'>,
  { kind, namespace = '', name }: Subject,
): string =>
  JSON.stringify([
    binding.metadata.namespace ?? '',
    binding.metadata.name ?? '',
    binding.roleRef.kind,
    binding.roleRef.name,
    kind,
    namespace,
    name,
  ])

/** A subject by a binding, as every cluster has it: a subject that was added to one of these is not among them. */
export interface Expected {
  has(binding: BindingObject, subject: Subject): boolean
}

let grants: Expected | undefined

export function expectedGrants(): Expected {
  if (grants !== undefined) return grants
  const all = [...bindings.map(expandBinding), ...own().bindings]
  const keys = new Set(all.flatMap(one => (one.subjects ?? []).map(subject => grantKey(one as BindingObject, subject))))
  grants = { has: (binding, subject) => keys.has(grantKey(binding, subject)) }
  return grants
}

/** Rules of the roles that every cluster has, by role. */
export function expectedRoles(): ReadonlyMap<string, readonly PolicyRule[]> {
  const all = [...clusterRoles, ...controllerRoles, ...namespaceRoles]
  const roles = [...all.map(facts => expandRole(facts, all)), ...own().roles]
  return new Map(
    roles.map(one => [
      roleKey(one.metadata.namespace === undefined ? 'ClusterRole' : 'Role', one.metadata.namespace, one.metadata.name),
      (one.rules ?? []) as readonly PolicyRule[],
    ]),
  )
}

export const keyOfRole = (role: RoleObject): string =>
  roleKey(role.metadata.namespace === undefined ? 'ClusterRole' : 'Role', role.metadata.namespace, role.metadata.name)

export interface Right {
  readonly verbs: readonly string[]
  readonly group: string
  readonly resource: string
  readonly subresource?: string
}

const everybody = new Set(['system:authenticated', 'system:unauthenticated', 'system:serviceaccounts'])

/** A group that is everybody, or an account that every pod of a namespace has unless it says otherwise. */
const isBroad = ({ kind, name }: Subject): boolean =>
  (kind === 'Group' && (everybody.has(name) || name.startsWith('system:serviceaccounts:'))) ||
  (kind === 'ServiceAccount' && name === 'default')

const shown = ({ kind, namespace, name }: Subject): string =>
  kind === 'ServiceAccount' ? `ServiceAccount ${namespace ?? ''}/${name}` : `${kind} ${name}`

const placeOf = ({ metadata: { namespace, name } }: BindingObject): string =>
  namespace === undefined ? `ClusterRoleBinding/${name}` : `RoleBinding/${namespace}/${name}`

type RbacObjects = Pick<Objects, 'roles' | 'clusterRoles' | 'roleBindings' | 'clusterRoleBindings' | 'secrets'>

interface Given {
  readonly binding: BindingObject
  readonly subject: Subject
  readonly role: RoleObject
  readonly rule: number
}

const whatOf = (resource: string, subresource: string): string =>
  subresource === '' ? resource : `${resource}/${subresource}`

/** `ClusterRole/x rules[2]` */
const ruleText = ({ role, rule }: Pick<Given, 'role' | 'rule'>): string =>
  `${role.metadata.namespace === undefined ? 'ClusterRole' : `Role/${role.metadata.namespace}`}/${role.metadata.name} rules[${rule}]`

/** Who has which rights, by roles, and by what roles let them become. */
export class Rights {
  readonly #objects: RbacObjects
  readonly #roles: ReadonlyMap<string, RoleObject>
  readonly #bindings: readonly BindingObject[]
  readonly #grants = expectedGrants()
  readonly #rules = expectedRoles()

  constructor(objects: RbacObjects) {
    this.#objects = objects
    this.#roles = new Map([...objects.roles, ...objects.clusterRoles].map(role => [keyOfRole(role), role]))
    this.#bindings = [...objects.clusterRoleBindings, ...objects.roleBindings]
  }

  /** Who has one of the verbs in every namespace, also by a detour; and in one of them, where it is more than one knows by name. */
  holders(right: Right): readonly Proof[] {
    return [...this.#everywhere(right), ...this.#broadly(right)]
  }

  /** As every cluster has it: by a binding of the system, and a rule that its role has from the start. */
  #isExpected({ binding, subject, role, rule }: Given): boolean {
    if (!this.#grants.has(binding, subject)) return false
    const now = role.rules?.[rule]
    return now !== undefined && uncovered(this.#rules.get(keyOfRole(role)) ?? [], [now]).length === 0
  }

  #everywhere({ verbs, group, resource, subresource = '' }: Right): readonly Proof[] {
    const found = new Map<string, Proof & { readonly steps: number }>()
    const tokens = this.#objects.secrets.flatMap(({ namespace, name, account = '' }) =>
      account === '' ? [] : [{ namespace, account, secret: name }],
    )
    for (const verb of verbs) {
      const question = {
        verb: verb as Verb,
        group,
        resource,
        subresource,
        name: '',
        namespace: '',
        resourceRequest: true,
      }
      for (const { subject, path } of whoCan({ ...this.#objects, tokens }, question)) {
        const [first] = path
        const grant = first?.grants.find(one => !this.#isExpected(one))
        if (first === undefined || grant === undefined) continue
        const rule = grant.role.rules?.[grant.rule]
        const direct = rule !== undefined && compile([rule]).covers(question)
        const steps = direct ? 0 : path.length
        const place = placeOf(grant.binding)
        const key = `${place} ${shown(subject)}`
        // Of several verbs the one that is held itself says most.
        if ((found.get(key)?.steps ?? Infinity) <= steps) continue
        const detour = direct ? '' : ` (${path.map(step => step.text).join(', then ')})`
        const says = `${shown(subject)} has ${ruleText(grant)}: ${verb} on ${whatOf(resource, subresource)}${detour}`
        found.set(key, { steps, place, says })
      }
    }
    return [...found.values()].map(({ place, says }) => ({ place, says }))
  }

  #broadly(right: Right): readonly Proof[] {
    const giving = new Map<string, string | undefined>()
    return this.#objects.roleBindings.flatMap(binding => {
      const { roleRef, metadata } = binding
      const key = roleKey(roleRef.kind, roleRef.kind === 'Role' ? metadata.namespace : undefined, roleRef.name)
      if (!giving.has(key)) giving.set(key, this.#line(key, right))
      const line = giving.get(key)
      if (line === undefined) return []
      return (binding.subjects ?? [])
        .filter(subject => isBroad(subject) && !this.#grants.has(binding, subject))
        .map(subject => ({ place: placeOf(binding), says: `${shown(subject)} has ${line}` }))
    })
  }

  /** Every binding that gives this subject something of its own. */
  of(account: { readonly namespace: string; readonly name: string }): readonly BindingObject[] {
    const { namespace, name } = account
    return this.#bindings.filter(binding =>
      (binding.subjects ?? []).some(
        one =>
          (one.kind === 'ServiceAccount' &&
            one.name === name &&
            (one.namespace ?? binding.metadata.namespace) === namespace) ||
          (one.kind === 'User' && one.name === `system:serviceaccount:${namespace}:${name}`) ||
          (one.kind === 'Group' && one.name === `system:serviceaccounts:${namespace}`),
      ),
    )
  }

  boundTo(role: RoleObject): readonly string[] {
    const key = keyOfRole(role)
    return this.#bindings
      .filter(
        ({ roleRef, metadata }) =>
          key === roleKey(roleRef.kind, roleRef.kind === 'Role' ? metadata.namespace : undefined, roleRef.name),
      )
      .flatMap(({ subjects = [] }) => subjects.map(shown))
  }

  /** The rule that gives it: `ClusterRole/x rules[2]: get on secrets`. */
  #line(key: string, { verbs, group, resource, subresource = '' }: Right): string | undefined {
    const role = this.#roles.get(key)
    for (const [at, rule] of (role?.rules ?? []).entries()) {
      const index = compile([rule])
      const asked = { resourceRequest: true, group, resource, subresource, name: '' } as const
      const verb = verbs.find(one => index.covers({ ...asked, verb: one as 'get' }))
      if (verb === undefined || role === undefined) continue
      return `${ruleText({ role, rule: at })}: ${verb} on ${whatOf(resource, subresource)}`
    }
    return undefined
  }
}
