/** Who has which address: what the runtime of this node said before what the API shows, and nobody where that is in doubt. */
import { keyOf } from '#api/metadata.ts'
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { type PodView, viewOf, viewText } from './pods.ts'

/** A pod, and what of it concerns policies. */
export interface Claimant {
  readonly view: PodView
  readonly pod: Pod
}

export interface ClaimParts {
  readonly nodeName: string
  /** The pod as the API has it, by its key. */
  readonly kept: (key: string) => Pod | undefined
  /** Of a node's pods; undefined where that is not known. */
  readonly range: (node: string) => string | undefined
  /** The address has another owner now, or another state of the same one. */
  readonly assigned: (address: string, owner: PodView | undefined) => void
}

interface Given {
  readonly pod: Pod
  readonly addresses: readonly string[]
}

/** Addresses of one node's pods. */
const mostFormer = 256

export class Claims {
  readonly #parts: ClaimParts
  readonly #views = new Map<string, PodView>()
  readonly #byAddress = new Map<string, Set<string>>()
  /** By uid, from the agent. */
  readonly #given = new Map<string, Given>()
  /** Pods of this node that are gone, by the address that nobody has had since: what they did last is told of later. */
  readonly #former = new Map<string, Claimant>()

  constructor(parts: ClaimParts) {
    this.#parts = parts
  }

  /** The runtime has given the pod these addresses. @returns whether anything has changed */
  give(pod: Pod, addresses: readonly string[]): boolean {
    const uid = pod.metadata.uid ?? ''
    // An address has one owner at a time: whoever had it is gone, even where the API never told.
    const former = [...this.#given].filter(
      ([of, one]) => of !== uid && one.addresses.some(at => addresses.includes(at)),
    )
    for (const [of] of former) this.#given.delete(of)
    this.#given.set(uid, { pod, addresses })
    const changed = [...former.map(([, given]) => given.pod), pod].map(one => this.look(keyOf(one)))
    return changed.includes(true)
  }

  /** The pod has ended: what was given to it is not its own any more. */
  release(uid: string): void {
    this.#given.delete(uid)
  }

  /**
   * Something about the pod may have changed.
   * @param last the pod as it was, where the API has it no more
   * @returns whether that concerns policies
   */
  look(key: string, last?: Pod): boolean {
    const before = this.#views.get(key)
    const pod = this.#podOf(key)
    const view = pod === undefined ? undefined : this.#viewOf(pod)
    if (viewText(before) === viewText(view)) return false
    if (view === undefined) this.#views.delete(key)
    else this.#views.set(key, view)
    if (before !== undefined) this.#leave(before, pod ?? last)
    if (view !== undefined) this.#enter(view)
    for (const address of new Set([before?.address, view?.address])) if (address !== undefined) this.#assign(address)
    return true
  }

  /** Addresses of this node's pods, in order. */
  here(): readonly string[] {
    return [...new Set([...this.#views.values()].filter(one => one.here).map(one => one.address))].sort()
  }

  /** Pods of this node whose policies hold for the address: of all who claim it, where it is in doubt whose it is. */
  owners(address: string): readonly PodView[] {
    return believed(this.#at(address).filter(one => one.here))
  }

  /** Who has the address, or had it last; nobody where several claim it. */
  whose(address: string): Claimant | undefined {
    const [view, second] = this.#at(address)
    if (view === undefined) return this.#former.get(address)
    const pod = second === undefined ? this.#podOf(view.key) : undefined
    return pod === undefined ? undefined : { view, pod }
  }

  #viewOf(pod: Pod): PodView | undefined {
    const { nodeName, range } = this.#parts
    return viewOf(pod, { nodeName, range, given: uid => this.#given.get(uid)?.addresses })
  }

  #podOf(key: string): Pod | undefined {
    return this.#parts.kept(key) ?? [...this.#given.values()].find(one => keyOf(one.pod) === key)?.pod
  }

  #at(address: string): readonly PodView[] {
    return [...(this.#byAddress.get(address) ?? [])].flatMap(key => this.#views.get(key) ?? [])
  }

  #leave(view: PodView, pod: Pod | undefined): void {
    this.#byAddress.get(view.address)?.delete(view.key)
    if (!view.here || pod === undefined) return
    this.#former.set(view.address, { view, pod })
    for (const oldest of this.#former.keys()) {
      if (this.#former.size <= mostFormer) return
      this.#former.delete(oldest)
    }
  }

  #enter(view: PodView): void {
    this.#former.delete(view.address)
    const keys = this.#byAddress.get(view.address) ?? new Set()
    this.#byAddress.set(view.address, keys.add(view.key))
  }

  #assign(address: string): void {
    const claims = this.#at(address)
    if (claims.length === 0) this.#byAddress.delete(address)
    const [only, second] = believed(claims)
    this.#parts.assigned(address, second === undefined ? only : undefined)
  }
}

/** Those of which the runtime said so, if there are any. */
function believed(claims: readonly PodView[]): readonly PodView[] {
  const sure = claims.filter(one => one.sure)
  return sure.length > 0 ? sure : claims
}
