/** Everybody who can do something, also by a detour, each with the shortest way there. */
import type { RoleObject, Subject } from '../rbac-types.ts'
import { secretRight } from '../secret-versions.ts'
import { type Grant, Holders, type Objects, type Right, subjectKey } from './holders.ts'
import {
  type Means,
  asAccount,
  asAccountsAnywhere,
  asAccountsThere,
  asBootstrapper,
  asGroup,
  asUser,
  bound,
  boundTogether,
  escalated,
  others,
} from './means.ts'

export interface Question extends Right {
  /** '' for all namespaces, and for what is in none. */
  readonly namespace: string
}

export interface Step {
  /** Completes "SUBJECT …". */
  readonly text: string
  /** What gives the means; empty for what needs no binding. */
  readonly grants: readonly Grant[]
  /** As whom the subject then acts; absent at the end. */
  readonly becomes?: Subject
}

export interface Found {
  readonly subject: Subject
  /** One step where it holds the right itself. */
  readonly path: readonly Step[]
}

export interface Facts extends Objects {
  /** Secrets that hold tokens of service accounts. */
  readonly tokens?: Iterable<{ readonly namespace: string; readonly account: string; readonly secret: string }>
}

/** Grants by subject. */
type Holding = Map<string, { readonly subject: Subject; readonly grants: readonly Grant[] }>

/** Groups that a subject is in whoever it is. */
function groupsOf({ kind, name, namespace = '' }: Subject): readonly string[] {
  if (kind === 'ServiceAccount') return [accounts, `${accounts}:${namespace}`, 'system:authenticated']
  if (kind === 'User' && name === 'system:anonymous') return [strangers]
  if (kind === 'Group' && name === strangers) return []
  if (kind === 'Group' && name.startsWith(`${accounts}:`)) return [accounts, 'system:authenticated']
  return ['system:authenticated']
}

/** After what makes it so. */
const then: readonly Step[] = [{ text: 'holds the right then', grants: [] }]

const group = (name: string): Subject => ({ kind: 'Group', name })
const masters = group('system:masters')
const strangers = 'system:unauthenticated'
const everybody = new Set(['system:authenticated', strangers])
const accounts = 'system:serviceaccounts'
const bootstrappers = 'system:bootstrappers'

const namedRole = ({ metadata: { name = '', namespace } }: RoleObject) => ({
  kind: namespace === undefined ? 'ClusterRole' : 'Role',
  name,
})

/** By bindings of the cluster those of the cluster alone. */
const isBoundIn = ({ metadata: { namespace } }: RoleObject, place: string): boolean =>
  namespace === undefined || namespace === place

class Search {
  readonly #holders: Holders
  readonly #secrets = new Map<string, string[]>()
  readonly #known = new Map<string, Holding>()
  /** Of which everybody has been found: another way on from them would be no shorter. */
  readonly #walked = new Set<Holding>()
  readonly found = new Map<string, Found>()
  #next: Found[] = []

  constructor(facts: Facts) {
    this.#holders = new Holders(facts)
    for (const { namespace, account, secret } of facts.tokens ?? []) {
      const key = `${namespace}/${account}`
      const had = this.#secrets.get(key)
      if (had === undefined) this.#secrets.set(key, [secret])
      else had.push(secret)
    }
  }

  run(question: Question): readonly Found[] {
    const { namespace } = question
    this.#reach(masters, [{ text: 'may do everything, whatever is bound', grants: [] }])
    const secret = secretRight(question)
    const parts = secret === undefined ? [question] : [question, secret]
    this.#direct({ text: 'holds the right', needs: parts.map(part => [part]) }, namespace)
    if (secret === undefined) for (const role of this.#holders.rolesWith(question)) this.#byBinding(role, namespace)
    else for (const place of new Set(['', namespace])) this.#direct(this.#together(parts, place), place, then)
    for (const place of new Set(['', namespace])) this.#direct(escalated(place), place, then)
    for (const means of others(['get', 'list', 'watch'].includes(question.verb))) this.#direct(means, '', then)
    while (this.#next.length > 0) {
      const reached = this.#next
      this.#next = []
      for (const one of reached) this.#behind(one)
    }
    return [...this.found.values()]
  }

  #byBinding(role: RoleObject, namespace: string): void {
    for (const place of new Set(['', namespace]))
      if (isBoundIn(role, place)) this.#direct(bound(namedRole(role), place), place, then)
  }

  #together(parts: readonly Right[], place: string): Means {
    const rolesWith = (right: Right) => this.#holders.rolesWith(right).filter(role => isBoundIn(role, place))
    return boundTogether(
      parts.map(right => ({ right, roles: rolesWith(right).map(namedRole) })),
      place,
    )
  }

  #direct(means: Means, namespace: string, after: readonly Step[] = []): void {
    for (const { subject, grants } of this.#holding(means, namespace).values())
      this.#reach(subject, [{ text: means.text, grants }, ...after])
  }

  /** Who can become what was reached. */
  #behind({ subject, path }: Found): void {
    const via = (means: Means, namespace: string): void => {
      const holding = this.#holding(means, namespace)
      if (this.#walked.has(holding)) return
      this.#walked.add(holding)
      for (const { subject: other, grants } of holding.values())
        this.#reach(other, [{ text: means.text, grants, becomes: subject }, ...path])
    }
    const anyAccount = (namespace: string): void => {
      for (const means of asAccountsThere) via(means, namespace)
    }
    const { kind, name, namespace = '' } = subject
    if (kind === 'ServiceAccount') {
      for (const means of asAccount(name, this.#secrets.get(`${namespace}/${name}`) ?? [])) via(means, namespace)
      anyAccount(namespace)
    }
    if (kind === 'User') for (const means of asUser(name)) via(means, '')
    if (kind === 'Group' && !everybody.has(name)) for (const means of asGroup(name)) via(means, '')
    if (kind === 'Group' && `${name}:`.startsWith(`${bootstrappers}:`)) via(asBootstrapper, 'kube-system')
    if (kind === 'Group' && name.startsWith(`${accounts}:`)) anyAccount(name.slice(accounts.length + 1))
    if (kind === 'Group' && name === accounts) for (const place of this.#holders.namespaces()) anyAccount(place)
    if (kind === 'ServiceAccount' || (kind === 'Group' && name.startsWith(accounts)))
      for (const means of asAccountsAnywhere) via(means, '')
  }

  #reach(subject: Subject, path: readonly Step[]): void {
    const key = subjectKey(subject)
    if (this.found.has(key)) return
    const found = { subject, path }
    this.found.set(key, found)
    this.#next.push(found)
  }

  /** Who has all that a means needs in a namespace; by the cluster's bindings or those there. */
  #holding(means: Means, namespace: string): Holding {
    const key = JSON.stringify([means.needs, namespace])
    const had = this.#known.get(key)
    if (had !== undefined) return had
    const parts = means.needs.map(rights => this.#anyOf(rights, namespace))
    const [only] = parts
    const all = parts.length === 1 && only !== undefined ? only : together(parts)
    this.#known.set(key, all)
    return all
  }

  #anyOf(rights: readonly Right[], namespace: string): Holding {
    const holding: Holding = new Map()
    for (const right of rights)
      for (const place of new Set(['', ...(right.anywhere === true ? this.#holders.namespaces() : [namespace])]))
        for (const grant of this.#holders.grants(right, place)) {
          const key = subjectKey(grant.subject)
          if (!holding.has(key)) holding.set(key, { subject: grant.subject, grants: [grant] })
        }
    return holding
  }
}

/** Subjects that have a part of each, themselves or through a group that they are in. */
function together(parts: readonly Holding[]): Holding {
  const all: Holding = new Map()
  for (const part of parts)
    for (const [key, { subject }] of part) {
      if (all.has(key)) continue
      const own = [key, ...groupsOf(subject).map(name => subjectKey(group(name)))]
      const grants = parts.map(other => own.flatMap(one => other.get(one)?.grants ?? []).slice(0, 1))
      if (grants.every(found => found.length > 0)) all.set(key, { subject, grants: grants.flat() })
    }
  return all
}

/**
 * Subjects of bindings who can do it, nearest first. Who is in a group only whoever authenticates knows, and what other
 * authorizers than RBAC allow is not seen here.
 */
export const whoCan = (facts: Facts, question: Question): readonly Found[] => new Search(facts).run(question)
