/** Role-based access control over the bindings and roles that the store holds. Compiled per subject, dropped on any change. */
import type { Attributes, User } from '#api/request.ts'
import type { Store } from '#server/store/contract.ts'
import type { Authorizer, Verdict } from './authorize.ts'
import type { BindingObject, PolicyRule, RoleObject, Subject } from './rbac-types.ts'
import { type SourceIndex, compileFrom } from './rules.ts'

const suffix = '.rbac.authorization.k8s.io'
const resources = ['roles', 'rolebindings', 'clusterroles', 'clusterrolebindings'].map(name => name + suffix)

/** A binding of which somebody is a subject. */
interface Bound {
  readonly binding: BindingObject
  readonly subject: Subject
  /** Of its subjects, counted from 0: the first counts. */
  readonly at: number
}

const quoted = JSON.stringify
const allowedBy = 'RBAC: allowed by '

/** Whether it was a binding that allowed what was allowed for this reason, as it stands in the audit. */
export const isOfBinding = (reason: string | undefined): boolean => reason?.startsWith(allowedBy) === true

function subjectText({ kind, name, namespace }: Subject, home: string): string {
  return `${kind} ${quoted(kind === 'ServiceAccount' ? `${name}/${namespace ?? home}` : name)}`
}

/** That a binding allows something, said as upstream says it. Made once for each; its words where they are first read. */
class Allowed implements Verdict {
  readonly opinion = 'allow'
  readonly #bound: Bound
  #reason: string | undefined
  constructor(bound: Bound) {
    this.#bound = bound
  }
  get reason(): string {
    return (this.#reason ??= this.#text())
  }
  #text(): string {
    const { binding, subject } = this.#bound
    const { name = '', namespace } = binding.metadata
    const own =
      namespace === undefined ? `ClusterRoleBinding ${quoted(name)}` : `RoleBinding ${quoted(`${name}/${namespace}`)}`
    const { kind, name: role } = binding.roleRef
    return `${allowedBy}${own} of ${kind} ${quoted(role)} to ${subjectText(subject, namespace ?? '')}`
  }
}

type Index = SourceIndex<Allowed>

interface Compiled {
  readonly cluster: Index
  readonly byNamespace: Map<string, Index>
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

const silent: Verdict = { opinion: 'no opinion' }

class StoredRbac implements Rbac {
  readonly #store: Store
  readonly #stop: () => void
  /** Bindings by subject; namespace '' holds the cluster's. Undefined after a change. */
  #bySubject: Map<string, Bound[]> | undefined
  #compiled = new Map<string, Compiled>()
  constructor(store: Store) {
    this.#store = store
    this.#stop = store.watch(resources, store.revision(), {
      coalesce: true,
      onEvents: () => this.#changed(),
      onEnd: () => undefined,
    })
  }
  readonly authorizer: Authorizer = (user, asked) => this.#allowed(user, asked) ?? silent
  close(): void {
    this.#stop()
  }
  #changed(): void {
    this.#bySubject = undefined
    this.#compiled = new Map()
  }
  #allowed(user: User, asked: Attributes): Allowed | undefined {
    const compiled = this.#compile(user)
    const everywhere = compiled.cluster.find(asked)
    if (everywhere !== undefined || !asked.resourceRequest || asked.namespace === '') return everywhere
    let local = compiled.byNamespace.get(asked.namespace)
    if (local === undefined) {
      local = this.#indexFor(user, asked.namespace)
      compiled.byNamespace.set(asked.namespace, local)
    }
    return local.find(asked)
  }
  #compile(user: User): Compiled {
    // Names may hold any character: no separator of ours could be told from theirs.
    const key = JSON.stringify(userKeys(user))
    const had = this.#compiled.get(key)
    if (had !== undefined) return had
    if (this.#compiled.size >= remembered) this.#compiled.clear()
    const compiled = { cluster: this.#indexFor(user, ''), byNamespace: new Map<string, Index>() }
    this.#compiled.set(key, compiled)
    return compiled
  }
  #indexFor(user: Pick<User, 'name' | 'groups'>, namespace: string): Index {
    return compileFrom(this.#grants(user, namespace).map(({ bound, rules }) => ({ rules, source: new Allowed(bound) })))
  }
  /** What the bindings in exactly this namespace give, '' for the cluster's. */
  #grants(user: Pick<User, 'name' | 'groups'>, namespace: string) {
    const index = (this.#bySubject ??= this.#index())
    const bounds = new Map<BindingObject, Bound>()
    for (const key of userKeys(user))
      for (const bound of index.get(`${namespace}\n${key}`) ?? [])
        if (bound.at < (bounds.get(bound.binding)?.at ?? Infinity)) bounds.set(bound.binding, bound)
    return [...bounds.values()].map(bound => ({
      bound,
      rules: this.roleRules(bound.binding.roleRef, namespace) ?? [],
    }))
  }
  #index(): Map<string, Bound[]> {
    const index = new Map<string, Bound[]>()
    for (const resource of [`rolebindings${suffix}`, `clusterrolebindings${suffix}`])
      for (const { object } of this.#store.snapshot(resource).range()) {
        const binding = object as BindingObject
        const namespace = binding.metadata.namespace ?? ''
        for (const [at, subject] of (binding.subjects ?? []).entries()) {
          const key = `${namespace}\n${subjectKey(subject, namespace)}`
          const had = index.get(key)
          if (had === undefined) index.set(key, [{ binding, subject, at }])
          else had.push({ binding, subject, at })
        }
      }
    return index
  }
  rulesFor(user: Pick<User, 'name' | 'groups'>, namespace: string): readonly PolicyRule[] {
    const places = namespace === '' ? [''] : ['', namespace]
    return places.flatMap(place => this.#grants(user, place).flatMap(({ rules }) => rules))
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
