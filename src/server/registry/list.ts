/** List: newest, at least, exact, and pages that all show one revision. */
import type { ListOptions } from '#api/door.ts'
import type { Served } from '#api/kind.ts'
import type { Permit } from '#api/request.ts'
import { badRequest, expired, resourceVersionTooLarge } from '#api/status.ts'
import type { Kept, Snapshot, Store } from '#server/store/contract.ts'
import { decodeContinue, encodeContinue } from './continue.ts'
import { storageOf } from './create.ts'
import { type Filter, makeFilter } from './filter.ts'

export interface Listed {
  readonly items: readonly Kept[]
  readonly revision: number
  readonly continue?: string
  readonly remaining?: number
}

export interface ListInput {
  readonly permit: Permit
  readonly served: Served
  readonly options: ListOptions
}

/** How long a read waits for a revision that this server has not seen yet, in milliseconds. */
const patience = 3000

/** @throws StatusError BadRequest. */
export function parseRevision(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined
  if (!/^\d{1,19}$/.test(text))
    throw badRequest(`Invalid value: "${text}": strconv.ParseUint: parsing "${text}": invalid syntax`)
  return Math.min(Number(text), Number.MAX_SAFE_INTEGER)
}

/** Waits until reads show `revision`. @throws StatusError Timeout with cause ResourceVersionTooLarge. */
export async function reach(store: Store, revision: number): Promise<void> {
  if (store.revision() >= revision || (await store.reached(revision, patience))) return
  throw resourceVersionTooLarge(revision, store.revision())
}

/** @throws StatusError */
export async function list(store: Store, input: ListInput): Promise<Listed> {
  const { options, served } = input
  check(options)
  const filter = makeFilter({
    served,
    namespace: input.permit.namespace,
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    ...(input.permit.name === '' ? {} : { name: input.permit.name }),
  })
  const resource = storageOf(served.kind)
  if (options.continue !== undefined && options.continue !== '')
    return resumed(store, resource, { filter, options, token: options.continue })
  const snapshot = await started(store, resource, options)
  await ready(snapshot, filter)
  return page(snapshot, { filter, options, after: undefined })
}

function check(options: ListOptions): void {
  const { resourceVersion = '', resourceVersionMatch, limit } = options
  if (limit !== undefined && limit < 0) throw badRequest('limit must not be negative')
  if (resourceVersionMatch === undefined) {
    if ((options.continue ?? '') !== '' && resourceVersion !== '' && resourceVersion !== '0')
      throw badRequest('specifying resource version is not allowed when using continue')
    return
  }
  if ((options.continue ?? '') !== '') throw badRequest('resourceVersionMatch is forbidden for continue tokens')
  if (resourceVersion === '') throw badRequest('resourceVersionMatch is forbidden unless resourceVersion is provided')
  if (resourceVersionMatch === 'Exact' && resourceVersion === '0')
    throw badRequest('resourceVersionMatch "Exact" is forbidden for resourceVersion "0"')
}

async function started(store: Store, resource: string, options: ListOptions): Promise<Snapshot> {
  const revision = parseRevision(options.resourceVersion)
  if (revision === undefined) await store.fresh()
  else if (revision > 0) {
    const exact =
      options.resourceVersionMatch === 'Exact' ||
      ((options.limit ?? 0) > 0 && options.resourceVersionMatch === undefined)
    if (exact) return exactly(store, resource, revision)
    await reach(store, revision)
  }
  return store.snapshot(resource)
}

async function exactly(store: Store, resource: string, revision: number): Promise<Snapshot> {
  await reach(store, revision)
  const found = await store.snapshotAt(resource, revision)
  if (found === 'expired') throw expired(`The resourceVersion for the provided list is too old.`)
  if (found === 'future') throw resourceVersionTooLarge(revision, store.revision())
  return found
}

interface Resume {
  readonly filter: Filter
  readonly options: ListOptions
  readonly token: string
}

async function resumed(store: Store, resource: string, resume: Resume): Promise<Listed> {
  const { revision, after } = decodeContinue(resume.token)
  const { filter, options } = resume
  if (revision < 0) {
    const newest = store.snapshot(resource)
    await ready(newest, filter)
    return page(newest, { filter, options, after })
  }
  const found = await store.snapshotAt(resource, revision)
  if (found === 'expired' || found === 'future')
    throw expired(
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
      encodeContinue({ revision: -1, after }),
    )
  await ready(found, filter)
  return page(found, { filter, options, after })
}

/** Everything that the filter may be asked about. */
export function ready(snapshot: Snapshot, { prepare, prefix, only }: Filter): Promise<unknown> | undefined {
  if (prepare === undefined) return undefined
  const one = only === undefined ? undefined : snapshot.get(only)
  return prepare(
    only === undefined
      ? Array.from(snapshot.range({ prefix }), kept => kept.object)
      : one === undefined
        ? []
        : [one.object],
  )
}

interface Page {
  readonly filter: Filter
  readonly options: ListOptions
  /** Key after which the page starts, without the prefix. */
  readonly after: string | undefined
}

function page(snapshot: Snapshot, { filter, options, after }: Page): Listed {
  const limit = options.limit ?? 0
  const { prefix, only, accepts } = filter
  const { revision } = snapshot
  if (only !== undefined) {
    const one = snapshot.get(only)
    return { items: one !== undefined && accepts?.(one.object) !== false ? [one] : [], revision }
  }
  const items: Kept[] = []
  const range = { prefix, ...(after === undefined ? {} : { after: prefix + after }) }
  for (const kept of snapshot.range(range)) {
    if (accepts !== undefined && !accepts(kept.object)) continue
    if (limit > 0 && items.length === limit) return cut(snapshot, { items, filter, range })
    items.push(kept)
  }
  return { items, revision }
}

interface Cut {
  readonly items: readonly Kept[]
  readonly filter: Filter
  readonly range: { readonly prefix: string; readonly after?: string }
}

/** A page that ends before the list does. How much remains is said only where it is certain: without selectors. */
function cut(snapshot: Snapshot, { items, filter, range }: Cut): Listed {
  const last = items.at(-1)?.key ?? ''
  return {
    items,
    revision: snapshot.revision,
    continue: encodeContinue({ revision: snapshot.revision, after: last.slice(range.prefix.length) }),
    ...(filter.accepts === undefined ? { remaining: snapshot.count({ ...range, after: last }) } : {}),
  }
}
