/** Role-based access control over the bindings and roles that the store holds. Compiled per subject, dropped on any change. */
import type { Attributes, User } from '#api/request.ts'
import type { Store } from '#server/store/contract.ts'
import type { Authorizer } from './authorize.ts'
import type { BindingObject, PolicyRule, RoleObject, Subject } from './rbac-types.ts'
import { type RuleIndex, compile } from './rules.ts'

const suffix = '.rbac.authorization.k8s.io'
const resources = ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'].map(name => name + suffix)

/** A binding that applies to somebody, with where its rules come from. */
export interface Grant {
  readonly binding: BindingObject
  readonly rules: readonly PolicyRule[]
}

interface Compiled {
  readonly cluster: RuleIndex
  readonly byNamespace: Map<string, RuleIndex>
}

export interface Rbac {
  readonly authorizer: Authorizer
  /** Every rule that the user has in the namespace, cluster-wide ones included. */
  rulesFor(user: Pick<User, 'name' | 'groups'>, namespace: string): readonly PolicyRule[]
  /** Rules of a role that a binding names; undefined when there is no such role. */
  roleRules(reference: BindingObject['roleRef'], namespace: string): readonly PolicyRule[] | undefined
  close(): void
}

const subjectKey = (subject: Subject, bindingNamespace: string): string =>
  subject.kind === 'ServiceAccount'
    ? `User system:serviceaccount:${subject.namespace ?? bindingNamespace}:${subject.name}`
    : `${subject.kind} ${subject.name}`

const userKeys = (user: Pick<User, 'name' | 'groups'>): readonly string[] => [
  `User ${user.name}`,
  ...user.groups.map(group => `Group ${group}`),
]

/** Users that are remembered; a flood of names only costs compiling. */
const remembered = 4096

class StoredRbac implements Rbac {
  readonly #store: Store
  readonly #stop: () => void
  /** Bindings by subject; namespace '' holds the cluster's. Undefined after a change. */
  #bySubject: Map<string, BindingObject[]> | undefined
  #compiled = new Map<string, Compiled>()
  constructor(store: Store) {
    this.#store = store
    this.#stop = store.watch(resources, store.revision(), {
      coalesce: true,
      onEvents: () => this.#changed(),
      onEnd: () => undefined,
    })
  }
  readonly authorizer: Authorizer = (user, asked) => ({ opinion: this.#allows(user, asked) ? 'allow' : 'no opinion' })
  close(): void {
    this.#stop()
  }
  #changed(): void {
    this.#bySubject = undefined
    this.#compiled = new Map()
  }
  #allows(user: User, asked: Attributes): boolean {
    const compiled = this.#compile(user)
    if (compiled.cluster.covers(asked)) return true
    if (!asked.resourceRequest || asked.namespace === '') return false
    let local = compiled.byNamespace.get(asked.namespace)
    if (local === undefined) {
      local = compile(this.#rules(user, asked.namespace))
      compiled.byNamespace.set(asked.namespace, local)
    }
    return local.covers(asked)
  }
  #compile(user: User): Compiled {
    // Names may hold any character: no separator of ours could be told from theirs.
    const key = JSON.stringify(userKeys(user))
    const had = this.#compiled.get(key)
    if (had !== undefined) return had
    if (this.#compiled.size >= remembered) this.#compiled.clear()
    const compiled = { cluster: compile(this.#rules(user, '')), byNamespace: new Map<string, RuleIndex>() }
    this.#compiled.set(key, compiled)
    return compiled
  }
  /** Rules of the bindings in exactly this namespace, '' for the cluster's. */
  #rules(user: Pick<User, 'name' | 'groups'>, namespace: string): readonly PolicyRule[] {
    this.#bySubject ??= this.#index()
    const bindings = new Set(userKeys(user).flatMap(key => this.#bySubject?.get(`${namespace}\n${key}`) ?? []))
    return [...bindings].flatMap(binding => this.roleRules(binding.roleRef, namespace) ?? [])
  }
  #index(): Map<string, BindingObject[]> {
    const index = new Map<string, BindingObject[]>()
    for (const resource of [`rolebindings${suffix}`, `clusterrolebindings${suffix}`])
      for (const { object } of this.#store.snapshot(resource).range()) {
        const binding = object as BindingObject
        const namespace = binding.metadata.namespace ?? ''
        for (const subject of binding.subjects ?? []) {
          const key = `${namespace}\n${subjectKey(subject, namespace)}`
          const had = index.get(key)
          if (had === undefined) index.set(key, [binding])
          else had.push(binding)
        }
      }
    return index
  }
  rulesFor(user: Pick<User, 'name' | 'groups'>, namespace: string): readonly PolicyRule[] {
    return [...this.#rules(user, ''), ...(namespace === '' ? [] : this.#rules(user, namespace))]
  }
  roleRules(reference: BindingObject['roleRef'], namespace: string): readonly PolicyRule[] | undefined {
    const cluster = reference.kind === 'ClusterRole'
    const kept = this.#store
      .snapshot(cluster ? `clusterroles${suffix}` : `roles${suffix}`)
      .get(cluster ? reference.name : `${namespace}/${reference.name}`)
    return kept === undefined ? undefined : ((kept.object as RoleObject).rules ?? [])
  }
}

export const makeRbac = (store: Store): Rbac => new StoredRbac(store)

/** Members of system:masters may do everything; nothing can take it from them. */
export const masters: Authorizer = user =>
  user.groups.includes('system:masters') ? { opinion: 'allow' } : { opinion: 'no opinion' }
