/** Resources that come and go with custom kinds: the garbage collector and namespaces work on all of them. */
import { type GroupResource, type KObject, type ResourceRef, groupResource } from '#api/metadata.ts'
import type { Index } from '#api/reader.ts'

/** Every resource that can be listed, watched and deleted, each once, in the version it is stored in. */
export type Resources = () => readonly ResourceRef[]

export const byOwner = 'owner'

const ownerUids = (object: KObject): readonly string[] => object.metadata.ownerReferences?.map(owner => owner.uid) ?? []

/** Objects by the uids of their owners, of whatever kind. */
export const ownerIndex = (ref: ResourceRef): Index => ({ name: byOwner, resource: groupResource(ref), of: ownerUids })

/** What is read by now; the only resources that may be asked about. */
export class Known {
  #refs: ReadonlyMap<GroupResource, ResourceRef> = new Map()
  set(refs: readonly ResourceRef[]): void {
    this.#refs = new Map(refs.map(ref => [groupResource(ref), ref]))
  }
  all(): Iterable<ResourceRef> {
    return this.#refs.values()
  }
  get(resource: GroupResource): ResourceRef | undefined {
    return this.#refs.get(resource)
  }
  /** By kind, in whatever version. */
  ofKind(apiVersion: string, kind: string): ResourceRef | undefined {
    const slash = apiVersion.indexOf('/')
    const group = slash < 0 ? '' : apiVersion.slice(0, slash)
    for (const ref of this.#refs.values()) if (ref.group === group && ref.kind === kind) return ref
    return undefined
  }
}
