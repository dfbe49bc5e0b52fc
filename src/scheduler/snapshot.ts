/** The cluster as the scheduler sees it: nodes with what runs on them, kept up to date change by change. */
import type { Node, Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { keyOf } from '#api/metadata.ts'
import { type Amounts, add, amountsOf, noAmounts, podsOf, requestsOf, scoredRequestsOf } from './amounts.ts'
import { type NamespaceLabels, type Terms, termsOf } from './terms.ts'

export interface HostPort {
  readonly ip: string
  readonly protocol: string
  readonly port: number
}

/** A pod with what is computed once for it. */
export interface PodInfo {
  readonly key: string
  readonly pod: Pod
  readonly requests: Amounts
  readonly scored: Amounts
  readonly ports: readonly HostPort[]
  readonly terms: Terms
  readonly priority: number
}

export interface NodeInfo {
  readonly name: string
  readonly node: Node
  readonly pods: ReadonlyMap<string, PodInfo>
  readonly allocatable: Readonly<Amounts>
  readonly allowedPods: number
  /** Sums over `pods`. */
  readonly requested: Readonly<Amounts>
  readonly scored: Readonly<Amounts>
  readonly ports: readonly HostPort[]
  /** Pods that have affinity terms of any sort. */
  readonly affine: ReadonlySet<PodInfo>
  /** Image name to bytes. */
  readonly images: ReadonlyMap<string, number>
}

export interface Snapshot {
  readonly nodes: readonly NodeInfo[]
  node(name: string): NodeInfo | undefined
  /** Nodes with pods that have affinity terms. */
  readonly affine: ReadonlySet<NodeInfo>
  /** How many nodes have this image. */
  imageNodes(name: string): number
  readonly namespaceLabels: NamespaceLabels
  /** Pods that wait for victims of their preemption to leave this node. */
  nominated(node: string): readonly PodInfo[]
}

const hostPortsOf = (pod: Pod): readonly HostPort[] =>
  [...pod.spec.containers, ...(pod.spec.initContainers ?? []).filter(one => one.restartPolicy === 'Always')].flatMap(
    container =>
      (container.ports ?? [])
        .filter(port => (port.hostPort ?? 0) > 0)
        .map(port => ({ ip: port.hostIP || '0.0.0.0', protocol: port.protocol ?? 'TCP', port: port.hostPort ?? 0 })),
  )

export const podInfo = (pod: Pod): PodInfo => ({
  key: keyOf(pod),
  pod,
  requests: requestsOf(pod),
  scored: scoredRequestsOf(pod),
  ports: hostPortsOf(pod),
  terms: termsOf(pod),
  priority: pod.spec.priority ?? 0,
})

const hasTerms = ({ terms }: PodInfo): boolean =>
  terms.affinity.length + terms.antiAffinity.length + terms.preferred.length > 0

/** `image` without tag and digest means `:latest`. */
export const imageName = (image: string): string => {
  const last = image.slice(image.lastIndexOf('/') + 1)
  return last.includes(':') || last.includes('@') ? image : `${image}:latest`
}

const nobody: readonly PodInfo[] = []

class Place implements NodeInfo {
  readonly name: string
  /** Undefined while pods say that they run there and the node is not known yet, or no more. */
  known: Node | undefined
  readonly pods = new Map<string, PodInfo>()
  allocatable: Amounts = noAmounts()
  allowedPods = 0
  readonly requested: Amounts = noAmounts()
  readonly scored: Amounts = noAmounts()
  ports: readonly HostPort[] = []
  readonly affine = new Set<PodInfo>()
  images: ReadonlyMap<string, number> = new Map()

  constructor(name: string) {
    this.name = name
  }
  get node(): Node {
    if (this.known === undefined) throw new Error(`node ${this.name} is not known`)
    return this.known
  }
  set(node: Node): void {
    this.known = node
    this.allocatable = amountsOf(node.status?.allocatable ?? node.status?.capacity)
    this.allowedPods = podsOf(node.status?.allocatable ?? node.status?.capacity)
    this.images = new Map(
      (node.status?.images ?? []).flatMap(one => one.names.map(name => [name, one.sizeBytes ?? 0] as const)),
    )
  }
  add(pod: PodInfo): void {
    this.pods.set(pod.key, pod)
    this.#count(pod, 1)
    if (hasTerms(pod)) this.affine.add(pod)
    if (pod.ports.length > 0) this.ports = [...this.ports, ...pod.ports]
  }
  remove(pod: PodInfo): void {
    this.pods.delete(pod.key)
    this.#count(pod, -1)
    this.affine.delete(pod)
    if (pod.ports.length > 0) this.ports = [...this.pods.values()].flatMap(one => one.ports)
  }
  #count(pod: PodInfo, sign: 1 | -1): void {
    add(this.requested, pod.requests, sign)
    add(this.scored, pod.scored, sign)
  }
}

export class Cluster implements Snapshot {
  nodes: readonly NodeInfo[] = []
  readonly affine = new Set<NodeInfo>()
  readonly #places = new Map<string, Place>()
  readonly #where = new Map<string, { readonly place: Place; readonly info: PodInfo }>()
  readonly #imageNodes = new Map<string, number>()
  readonly #namespaces = new Map<string, Readonly<Record<string, string>> | undefined>()
  readonly #nominated = new Map<string, Map<string, PodInfo>>()

  readonly namespaceLabels: NamespaceLabels = namespace => this.#namespaces.get(namespace)

  node(name: string): NodeInfo | undefined {
    const place = this.#places.get(name)
    return place?.known === undefined ? undefined : place
  }
  imageNodes(name: string): number {
    return this.#imageNodes.get(name) ?? 0
  }
  setNamespace(name: string, labels: Readonly<Record<string, string>> | undefined): void {
    this.#namespaces.set(name, labels)
  }
  removeNamespace(name: string): void {
    this.#namespaces.delete(name)
  }

  /** Many at once. */
  setNodes(nodes: Iterable<Node>): void {
    for (const node of nodes) this.#set(node)
    this.#relist()
  }
  setNode(node: Node): void {
    if (this.#set(node)) this.#relist()
  }
  /** @returns whether it was not known. */
  #set(node: Node): boolean {
    const place = this.#place(node.metadata.name ?? '')
    const fresh = place.known === undefined
    if (!fresh) this.#countImages(place, -1)
    place.set(node)
    this.#countImages(place, 1)
    return fresh
  }
  removeNode(name: string): void {
    const place = this.#places.get(name)
    if (place?.known === undefined) return
    this.#countImages(place, -1)
    place.known = undefined
    if (place.pods.size === 0) this.#places.delete(name)
    this.#relist()
  }

  /** Puts a pod onto a node, or moves or replaces it. */
  setPod(info: PodInfo, node: string): void {
    this.removePod(info.key)
    const place = this.#place(node)
    place.add(info)
    this.#where.set(info.key, { place, info })
    this.#noteAffine(place)
  }
  removePod(key: string): PodInfo | undefined {
    const found = this.#where.get(key)
    if (found === undefined) return undefined
    this.#where.delete(key)
    found.place.remove(found.info)
    this.#noteAffine(found.place)
    if (found.place.known === undefined && found.place.pods.size === 0) this.#places.delete(found.place.name)
    return found.info
  }
  /** Where a pod is, as far as is known or assumed. */
  nodeOf(key: string): string | undefined {
    return this.#where.get(key)?.place.name
  }

  nominate(info: PodInfo, node: string | undefined): void {
    for (const [name, pods] of this.#nominated) {
      pods.delete(info.key)
      if (pods.size === 0) this.#nominated.delete(name)
    }
    if (node === undefined) return
    const pods = this.#nominated.get(node) ?? new Map<string, PodInfo>()
    this.#nominated.set(node, pods.set(info.key, info))
  }
  nominated(node: string): readonly PodInfo[] {
    const pods = this.#nominated.size === 0 ? undefined : this.#nominated.get(node)
    return pods === undefined ? nobody : [...pods.values()]
  }

  #place(name: string): Place {
    const place = this.#places.get(name) ?? new Place(name)
    this.#places.set(name, place)
    return place
  }
  #noteAffine(place: Place): void {
    if (place.affine.size > 0 && place.known !== undefined) this.affine.add(place)
    else this.affine.delete(place)
  }
  #relist(): void {
    this.nodes = [...this.#places.values()].filter(place => place.known !== undefined)
    for (const place of this.#places.values()) this.#noteAffine(place)
  }
  #countImages(place: Place, by: 1 | -1): void {
    for (const name of place.images.keys()) {
      const count = this.imageNodes(name) + by
      if (count === 0) this.#imageNodes.delete(name)
      else this.#imageNodes.set(name, count)
    }
  }
}
