/**
 * The node authorizer: a node's agent reads only what pods bound to that node need, and writes only its own objects.
 * What every node may do alike stands in the rules at the end.
 */
import type { Attributes, User } from '#api/request.ts'
import { type GroupResource, type KObject, groupResource } from '#api/metadata.ts'
import { parseFieldSelector } from '#api/selector.ts'
import type { Store } from '#server/store/contract.ts'
import type { Authorizer, Verdict } from './authorize.ts'
import { parseRule } from './bootstrap/expand.ts'
import { references, volumeReferences } from './references.ts'
import { compile } from './rules.ts'

const prefix = 'system:node:'
const no = (reason: string): Verdict => ({ opinion: 'no opinion', reason })
const yes: Verdict = { opinion: 'allow' }

/** The node that a user is the agent of. */
export const nodeOf = (user: Pick<User, 'name' | 'groups'>): string | undefined =>
  user.name.startsWith(prefix) && user.name.length > prefix.length && user.groups.includes('system:nodes')
    ? user.name.slice(prefix.length)
    : undefined

const common = compile(
  [
    'create ; authentication.k8s.io ; tokenreviews',
    'create ; authorization.k8s.io ; localsubjectaccessreviews subjectaccessreviews',
    'get list watch ; core ; services',
    'create ; core ; nodes',
    'create ; core ; pods',
    'create patch update ; core events.k8s.io ; events',
    'create get list watch ; certificates.k8s.io ; certificatesigningrequests',
    'create ; core ; pods/eviction',
    'get list watch ; storage.k8s.io ; csidrivers',
    'get list watch ; node.k8s.io ; runtimeclasses',
    'get list watch ; certificates.k8s.io ; clustertrustbundles',
  ].map(parseRule),
)

/** What leads from objects to nodes. Pods by node are kept up to date from the store. */
class Graph {
  readonly #byNode = new Map<string, Map<string, KObject>>()
  readonly #store: Store
  #stop: (() => void) | undefined
  constructor(store: Store) {
    this.#store = store
  }
  /** Begins with the first question: a server that starts on many pods need not read them all before it answers anybody. */
  #begin(): void {
    const snapshot = this.#store.snapshot('pods')
    for (const { key, object } of snapshot.range()) this.#put(key, object)
    this.#stop = this.#store.watch(['pods'], snapshot.revision, {
      coalesce: true,
      onEvents: events => {
        for (const { type, key, kept, previous } of events) {
          if (previous !== undefined) this.#byNode.get(nodeName(previous.object))?.delete(key)
          if (type === 'put') this.#put(key, kept.object)
        }
      },
      onEnd: () => this.#forget(),
    })
  }
  /** Nothing tells of changes any more: the next question reads everything again. */
  #forget(): void {
    this.#stop = undefined
    this.#byNode.clear()
  }
  stop(): void {
    this.#stop?.()
  }
  #put(key: string, pod: KObject): void {
    const node = nodeName(pod)
    if (node === '') return
    const pods = this.#byNode.get(node)
    if (pods === undefined) this.#byNode.set(node, new Map([[key, pod]]))
    else pods.set(key, pod)
  }
  of(node: string): ReadonlyMap<string, KObject> {
    if (this.#stop === undefined) this.#begin()
    return this.#byNode.get(node) ?? new Map()
  }
  /** As stored now. @param resource such as `resourceslices.resource.k8s.io` */
  object(resource: GroupResource, key: string): KObject | undefined {
    return this.#store.snapshot(resource).get(key)?.object
  }
  #content: object | undefined
  #volumes: ReadonlyMap<string, ReadonlySet<string>> = new Map()
  /** What the volumes of a claim name, as keys of the form `secrets namespace/name`. @param claim `namespace/name` */
  ofClaim(claim: string): ReadonlySet<string> | undefined {
    const snapshot = this.#store.snapshot('persistentvolumes')
    if (this.#content !== snapshot.content) {
      const found = new Map<string, Set<string>>()
      for (const { object } of snapshot.range()) {
        const named = volumeReferences(object)
        if (named === undefined || named.secrets.length === 0) continue
        const known = found.get(named.claim) ?? new Set()
        for (const key of named.secrets) known.add(key)
        found.set(named.claim, known)
      }
      this.#content = snapshot.content
      this.#volumes = found
    }
    return this.#volumes.get(claim)
  }
}

/** They stand for files on the node, and are made by it: they must never give it anything. */
const isMirror = (pod: KObject): boolean => pod.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined

/** It runs no more, and needs nothing to be mounted. */
const isOver = (pod: KObject): boolean => {
  const { phase } = (pod as KObject & { status?: { phase?: string } }).status ?? {}
  return phase === 'Succeeded' || phase === 'Failed'
}

const claims = 'persistentvolumeclaims '

/** Whether a pod leads to it, by itself or through a volume. */
function leadsTo(graph: Graph, pod: KObject, key: string): boolean {
  const named = references(pod)
  if (named.has(key)) return true
  if (!key.startsWith('secrets ')) return false
  for (const one of named)
    if (one.startsWith(claims) && graph.ofClaim(one.slice(claims.length))?.has(key) === true) return true
  return false
}

const nodeName = (pod: KObject): string => (pod as KObject & { spec?: { nodeName?: string } }).spec?.nodeName ?? ''

/** A list or watch that is about one object only, or one node's pods only. */
function selected(asked: Attributes, field: string): string | undefined {
  if (asked.fieldSelector === undefined || asked.fieldSelector === '') return undefined
  return parseFieldSelector(asked.fieldSelector).find(one => one.field === field && one.equal)?.value
}

const reads = new Set(['get', 'list', 'watch'])

export interface NodeAuthorizer {
  readonly authorizer: Authorizer
  close(): void
}

export function makeNodeAuthorizer(store: Store): NodeAuthorizer {
  const graph = new Graph(store)
  const authorizer: Authorizer = (user, asked) => {
    const node = nodeOf(user)
    if (node === undefined || !asked.resourceRequest) return { opinion: 'no opinion' }
    const particular = judge(graph, node, asked)
    if (particular !== undefined) return particular
    return common.covers(asked) ? yes : no('')
  }
  return { authorizer, close: () => graph.stop() }
}

/** undefined: nothing particular to nodes, the common rules decide. */
function judge(graph: Graph, node: string, asked: Attributes): Verdict | undefined {
  const resource = asked.group === '' ? asked.resource : `${asked.resource}.${asked.group}`
  switch (resource) {
    case 'secrets':
    case 'configmaps':
    case 'resourceclaims.resource.k8s.io':
      return referenced(graph, node, asked)
    case 'persistentvolumeclaims':
      return asked.subresource === 'status' ? claimStatus(graph, node, asked) : referenced(graph, node, asked)
    case 'persistentvolumes':
      return read(asked) ?? volume(graph, node, asked)
    case 'volumeattachments.storage.k8s.io':
      return read(asked) ?? ofNode(graph, node, asked)
    case 'resourceslices.resource.k8s.io':
      return slice(graph, node, asked)
    case 'serviceaccounts':
      return serviceAccount(graph, node, asked)
    case 'pods':
      return pod(graph, node, asked)
    case 'nodes':
      return own(node, asked, {
        subresources: ['', 'status'],
        verbs: ['get', 'list', 'watch', 'update', 'patch', 'delete'],
      })
    case 'leases.coordination.k8s.io':
      return asked.namespace === 'kube-node-lease'
        ? own(node, asked, { subresources: [''], verbs: ['get', 'create', 'update', 'patch', 'delete'] })
        : no('can only access leases in the "kube-node-lease" system namespace')
    case 'csinodes.storage.k8s.io':
      return own(node, asked, { subresources: [''], verbs: ['get', 'create', 'update', 'patch', 'delete'] })
    default:
      return undefined
  }
}

const noRelation = (node: string): Verdict => no(`no relationship found between node '${node}' and this object`)

function referenced(graph: Graph, node: string, asked: Attributes): Verdict {
  const name = asked.name === '' ? selected(asked, 'metadata.name') : asked.name
  if (!reads.has(asked.verb) || asked.subresource !== '') return no('can only read resources of this type')
  if (name === undefined || name === '' || asked.namespace === '')
    return no('can only read namespaced object of this type')
  return used(graph, node, `${asked.resource} ${asked.namespace}/${name}`)
}

/** Whether a pod of the node leads to it. */
function used(graph: Graph, node: string, key: string): Verdict {
  const secret = key.startsWith('secrets ')
  for (const pod of graph.of(node).values())
    if (!isMirror(pod) && !(secret && isOver(pod)) && leadsTo(graph, pod, key)) return yes
  return noRelation(node)
}

/** Of a claim whose volume it makes larger. */
function claimStatus(graph: Graph, node: string, { verb, namespace, name }: Attributes): Verdict {
  if (verb !== 'update' && verb !== 'patch') return no('can only get/update/patch this type')
  return name === '' ? no('No Object name found') : used(graph, node, `${claims}${namespace}/${name}`)
}

/** One object at a time. @returns undefined where that is what is asked for */
function read({ verb, subresource, name }: Attributes): Verdict | undefined {
  if (verb !== 'get') return no('can only get individual resources of this type')
  if (subresource !== '') return no('cannot get subresource')
  return name === '' ? no('No Object name found') : undefined
}

/** What is bound to a claim of a pod. */
function volume(graph: Graph, node: string, { name }: Attributes): Verdict {
  const found = graph.object('persistentvolumes', name)
  const bound = found === undefined ? undefined : volumeReferences(found)
  return bound === undefined ? noRelation(node) : used(graph, node, `${claims}${bound.claim}`)
}

/** What names the node itself. */
function ofNode(graph: Graph, node: string, asked: Attributes): Verdict {
  const found = graph.object(groupResource(asked), asked.name)
  return found !== undefined && nodeName(found) === node ? yes : noRelation(node)
}

/** What is made is looked at by NodeRestriction: here its content is not known yet. */
function slice(graph: Graph, node: string, asked: Attributes): Verdict {
  if (asked.subresource !== '') return no('cannot authorize ResourceSlice subresources')
  switch (asked.verb) {
    case 'create':
      return yes
    case 'get':
    case 'update':
    case 'patch':
    case 'delete':
      return asked.name === '' ? no('No Object name found') : ofNode(graph, node, asked)
    case 'list':
    case 'watch':
    case 'deletecollection':
      return selected(asked, 'spec.nodeName') === node
        ? yes
        : no('can only list/watch/deletecollection resourceslices with nodeName field selector')
    default:
      return no(
        'only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection',
      )
  }
}

function serviceAccount(graph: Graph, node: string, asked: Attributes): Verdict {
  const token = asked.verb === 'create' && asked.subresource === 'token'
  const read = asked.verb === 'get' && asked.subresource === ''
  if (!token && !read) return no('can only create tokens for individual service accounts')
  return used(graph, node, `serviceaccounts ${asked.namespace}/${asked.name}`)
}

function pod(graph: Graph, node: string, asked: Attributes): Verdict | undefined {
  if (asked.verb === 'create') return undefined
  if (asked.verb === 'list' || asked.verb === 'watch')
    return selected(asked, 'spec.nodeName') === node
      ? yes
      : no('can only list/watch pods with spec.nodeName field selector')
  const allowed =
    (asked.subresource === '' && (asked.verb === 'get' || asked.verb === 'delete')) ||
    (asked.subresource === 'status' && (asked.verb === 'update' || asked.verb === 'patch'))
  if (!allowed) return undefined
  return graph.of(node).has(`${asked.namespace}/${asked.name}`) ? yes : noRelation(node)
}

interface Own {
  readonly subresources: readonly string[]
  readonly verbs: readonly string[]
}

function own(node: string, asked: Attributes, rule: Own): Verdict | undefined {
  if (asked.verb === 'create' && asked.resource === 'nodes') return undefined
  if (!rule.subresources.includes(asked.subresource) || !rule.verbs.includes(asked.verb))
    return no('can only access its own objects')
  const name = asked.name === '' ? selected(asked, 'metadata.name') : asked.name
  if (name === undefined && asked.verb === 'create') return yes
  return name === node ? yes : no(`can only access ${asked.resource} with the same name as the requesting node`)
}
