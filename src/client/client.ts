/** Typed calls over a transport: what controllers, the agent and the command line speak. */
import type {
  Answer,
  DeleteOptions,
  DoorRequest,
  ListOptions,
  Patch,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from '#api/door.ts'
import type { KObject, ResourceRef } from '#api/metadata.ts'
import { internalError, isReason } from '#api/status.ts'
import { thaw } from './thaw.ts'

/** The door with an identity already bound. Throws StatusError for every refusal. */
export type Transport = (request: DoorRequest) => Promise<Answer>

export interface Page<O extends KObject> {
  readonly items: readonly O[]
  readonly resourceVersion: string
  readonly continue?: string
  readonly remaining?: number
}

type InNamespace = { readonly namespace?: string }
type Sub = { readonly subresource?: string }

/** Keys are `namespace/name`, or `name` for cluster-scoped resources. Bodies are copied: callers may pass what a Reader gave. */
export interface Client {
  get<O extends KObject>(ref: ResourceRef<O>, key: string, options?: { readonly resourceVersion?: string }): Promise<O>
  /** Like get, but undefined instead of NotFound. */
  find<O extends KObject>(ref: ResourceRef<O>, key: string): Promise<O | undefined>
  list<O extends KObject>(ref: ResourceRef<O>, options?: ListOptions & InNamespace): Promise<Page<O>>
  /** Batches of events. Ends when the server or `signal` ends it; throws Expired when history is gone. */
  watch(
    ref: ResourceRef,
    options: WatchOptions & InNamespace & { readonly signal: AbortSignal },
  ): Promise<AsyncIterable<readonly WatchEvent[]>>
  /** The namespace is taken from the body. */
  create<O extends KObject>(ref: ResourceRef<O>, body: O, options?: WriteOptions): Promise<O>
  /** A resourceVersion in the body is a precondition. */
  update<O extends KObject>(ref: ResourceRef<O>, body: O, options?: WriteOptions & Sub): Promise<O>
  updateStatus<O extends KObject>(ref: ResourceRef<O>, body: O, options?: WriteOptions): Promise<O>
  patch<O extends KObject>(ref: ResourceRef<O>, key: string, how: Patch & Sub & WriteOptions): Promise<O>
  /** Server-side apply of `body`, which names itself. */
  apply<O extends KObject>(
    ref: ResourceRef<O>,
    body: KObject,
    options: WriteOptions & Sub & { readonly fieldManager: string; readonly force?: boolean },
  ): Promise<O>
  /** The object where its deletion is not complete, else a Status. */
  delete(ref: ResourceRef, key: string, options?: DeleteOptions): Promise<KObject>
  deleteCollection(ref: ResourceRef, options?: DeleteOptions & ListOptions & InNamespace): Promise<void>
  /** A create on an object: binding, eviction, token. */
  post(ref: ResourceRef, key: string, what: { readonly subresource: string; readonly body: KObject }): Promise<KObject>
}

/** Splits a key as objectKey (api/metadata.ts) joins it. */
export function splitKey(key: string): { readonly namespace?: string; readonly name: string } {
  const slash = key.indexOf('/')
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}

const target = (ref: ResourceRef, namespace?: string, subresource?: string) => ({
  group: ref.group,
  version: ref.version,
  resource: ref.resource,
  ...(ref.namespaced && namespace !== undefined && namespace !== '' ? { namespace } : {}),
  ...(subresource === undefined ? {} : { subresource }),
})

const named = (ref: ResourceRef, key: string, subresource?: string) => {
  const { namespace, name } = splitKey(key)
  return { ...target(ref, namespace, subresource), name }
}

const bodyTarget = (ref: ResourceRef, body: KObject, subresource?: string) => ({
  ...target(ref, body.metadata.namespace, subresource),
  name: body.metadata.name ?? '',
})

/** The ref is the evidence that objects of this resource have type O; the door answers nothing else for it. */
export const typed = <O extends KObject>(_: ResourceRef<O>, object: KObject): O => object as O

const unexpected = (answer: Answer, wanted: string) =>
  internalError(`the server answered ${answer.type}, not ${wanted}`)

async function listed<O extends KObject>(answer: Promise<Answer>, ref: ResourceRef<O>): Promise<Page<O>> {
  const page = await answer
  if (page.type !== 'list') throw unexpected(page, 'list')
  return { ...page, items: page.items.map(item => typed(ref, item)) }
}

async function object(answer: Promise<Answer>): Promise<KObject> {
  const result = await answer
  if (result.type !== 'object') throw unexpected(result, 'object')
  return result.object
}

export function makeClient(transport: Transport): Client {
  const one = async <O extends KObject>(ref: ResourceRef<O>, request: DoorRequest): Promise<O> =>
    typed(ref, await object(transport(request)))
  const client: Client = {
    get: (ref, key, options) =>
      one(ref, { verb: 'get', ...named(ref, key), ...(options === undefined ? {} : { options }) }),
    find: async (ref, key) => {
      try {
        return await client.get(ref, key)
      } catch (error) {
        if (isReason(error, 'NotFound')) return undefined
        throw error
      }
    },
    list: (ref, { namespace, ...options } = {}) =>
      listed(transport({ verb: 'list', ...target(ref, namespace), options }), ref),
    watch: async (ref, { namespace, signal, ...options }) => {
      const answer = await transport({ verb: 'watch', ...target(ref, namespace), options, signal })
      if (answer.type !== 'watch') throw unexpected(answer, 'watch')
      return answer.events
    },
    create: (ref, body, options = {}) =>
      one(ref, { verb: 'create', ...target(ref, body.metadata.namespace), body: thaw<KObject>(body), options }),
    update: (ref, body, { subresource, ...options } = {}) =>
      one(ref, { verb: 'update', ...bodyTarget(ref, body, subresource), body: thaw<KObject>(body), options }),
    updateStatus: (ref, body, options = {}) => client.update(ref, body, { ...options, subresource: 'status' }),
    patch: (ref, key, { subresource, type, content, ...options }) =>
      one(ref, { verb: 'patch', ...named(ref, key, subresource), patch: { type, content }, options }),
    apply: (ref, body, { subresource, ...options }) => {
      const patch: Patch = { type: 'apply', content: json(body) }
      return one(ref, { verb: 'patch', ...bodyTarget(ref, body, subresource), patch, options })
    },
    delete: (ref, key, options = {}) => object(transport({ verb: 'delete', ...named(ref, key), options })),
    deleteCollection: async (ref, { namespace, ...options } = {}) => {
      await transport({ verb: 'deletecollection', ...target(ref, namespace), options })
    },
    post: (ref, key, { subresource, body }) =>
      object(transport({ verb: 'create', ...named(ref, key, subresource), body: thaw(body), options: {} })),
  }
  return client
}

/** An object is JSON by construction; its interfaces only lack the index signature that says so. */
export const json = (body: KObject): Patch['content'] => thaw<unknown>(body) as Patch['content']
