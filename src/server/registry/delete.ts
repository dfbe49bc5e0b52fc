/** Delete and deletecollection: grace, preconditions, propagation, finalizers. */
import { timestamp } from '#base/clock.ts'
import type { DeleteOptions, Propagation } from '#api/door.ts'
import { type Draft, type KObject, objectKey } from '#api/metadata.ts'
import type { Kind, Served } from '#api/kind.ts'
import type { Permit } from '#api/request.ts'
import { conflict, modified, notFound } from '#api/status.ts'
import type { Kept, Operation } from '#server/store/contract.ts'
import { withMetadata } from './build.ts'
import { commitFailure, storageOf, subjectOf, unkept } from './create.ts'
import { admissionRequest } from './admitting.ts'
import type { RegistryDeps } from './deps.ts'
import { released } from './metadata.ts'
import { hasMoved, isFromOutside } from './newest.ts'

export interface DeleteInput {
  readonly permit: Permit
  readonly served: Served
  readonly name: string
  readonly namespace: string
  readonly options: DeleteOptions
  readonly warn: (text: string) => void
}

export interface Deleted {
  readonly kept: Kept
  /** It is gone; otherwise it is terminating. */
  readonly gone: boolean
}

const tries = 50

/** @throws StatusError NotFound, Conflict (preconditions). */
export async function remove(deps: RegistryDeps, input: DeleteInput): Promise<Deleted> {
  const key = objectKey(input.served.kind.scope === 'Namespaced' ? input.namespace : '', input.name)
  const resource = storageOf(input.served.kind)
  for (let tried = 0; tried < tries; tried++) {
    const current = deps.store.snapshot(resource).get(key)
    const moved = (): Promise<boolean> => hasMoved(deps.store, { resource, key, current })
    try {
      const deleted = await attempt(deps, input, current)
      if (deleted !== undefined && (deleted.kept !== current || deleted.gone || !(await moved()))) return deleted
    } catch (error) {
      if (isFromOutside(error) || !(await moved())) throw error
    }
  }
  throw modified(subjectOf(input.permit, input.name))
}

/** @returns undefined when somebody else wrote in between. */
async function attempt(
  deps: RegistryDeps,
  input: DeleteInput,
  current: Kept | undefined,
): Promise<Deleted | undefined> {
  if (current === undefined) throw notFound(subjectOf(input.permit, input.name))
  checkPreconditions(input, current)
  const { name, namespace } = input
  const particular = { name, namespace, operation: 'DELETE', object: undefined, old: current.object } as const
  const request = admissionRequest(deps, input, particular)
  const changing = deps.admission.change(request)
  if (changing !== undefined) await changing
  const judging = deps.admission.judge(request)
  if (judging !== undefined) await judging
  return removeCurrent(deps, input, current)
}

function checkPreconditions(input: DeleteInput, current: Kept): void {
  const { uid, resourceVersion } = input.options.preconditions ?? {}
  const { metadata } = current.object
  const subject = { group: input.served.kind.group, resource: input.permit.resource, name: input.name }
  if (uid !== undefined && uid !== metadata.uid)
    throw conflict(
      subject,
      `the UID in the precondition (${uid}) does not match the UID in record (${metadata.uid ?? ''}). The object might have been deleted and then recreated`,
    )
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion)
    throw conflict(
      subject,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${metadata.resourceVersion ?? ''}). The object might have been modified`,
    )
}

const propagationFinalizers: ReadonlySet<string> = new Set(['orphan', 'foregroundDeletion'])

/** What the deletion leaves to the garbage collector first. Without a wish, what the object already says stays. */
function finalizers(kind: Kind, object: KObject, wish: Propagation | undefined): readonly string[] {
  const had = object.metadata.finalizers ?? []
  const others = had.filter(name => !propagationFinalizers.has(name))
  if (wish === 'Orphan' || (wish === undefined && had.length === others.length && kind.defaultPropagation === 'Orphan'))
    return [...others, 'orphan']
  if (wish === 'Foreground') return [...others, 'foregroundDeletion']
  return wish === 'Background' ? others : had
}

/** A lifetime: what is asked for beyond it has no date that could be written. */
const longestGrace = 2 ** 31 - 1

/** Seconds until it may go; a second deletion may only shorten them. */
function graceOf(kind: Kind, object: KObject, asked: number | undefined): number {
  // 64-bit fields may hold a bigint.
  const wanted = Math.min(Number(kind.grace?.(object, asked) ?? 0), longestGrace)
  const running =
    object.metadata.deletionTimestamp === undefined ? undefined : (object.metadata.deletionGracePeriodSeconds ?? 0)
  if (running === undefined) return wanted
  return asked === undefined ? running : Math.min(running, wanted)
}

function terminating(now: number, { served: { kind }, options }: DeleteInput, object: KObject): Draft<KObject> {
  const seconds = graceOf(kind, object, options.gracePeriodSeconds)
  const held = finalizers(kind, object, options.propagationPolicy)
  const old = object.metadata
  const first = old.deletionTimestamp === undefined
  const start = first ? now : Date.parse(old.deletionTimestamp) - (old.deletionGracePeriodSeconds ?? 0) * 1000
  const { finalizers: _, resourceVersion: _r, ...rest } = old
  const changed = first || seconds !== old.deletionGracePeriodSeconds
  const draft = withMetadata(object, {
    ...rest,
    deletionTimestamp: changed ? timestamp(start + seconds * 1000) : old.deletionTimestamp,
    deletionGracePeriodSeconds: seconds,
    ...(first && old.generation !== undefined && old.generation > 0 ? { generation: old.generation + 1 } : {}),
    ...(held.length === 0 ? {} : { finalizers: held }),
  })
  if (first) kind.terminating?.(draft)
  return draft
}

const same = (draft: KObject, object: KObject): boolean =>
  draft.metadata.deletionTimestamp === object.metadata.deletionTimestamp &&
  draft.metadata.deletionGracePeriodSeconds === object.metadata.deletionGracePeriodSeconds &&
  String(draft.metadata.finalizers) === String(object.metadata.finalizers)

async function removeCurrent(deps: RegistryDeps, input: DeleteInput, current: Kept): Promise<Deleted | undefined> {
  const { kind } = input.served
  const { resource, key, revision, managed } = current
  const draft = terminating(deps.clock.now(), input, current.object)
  const gone = released(kind, draft)
  if (input.options.dryRun === true)
    return { kept: gone ? current : unkept({ resource, key, object: draft, managed }), gone }
  if (!gone && same(draft, current.object)) return { kept: current, gone }
  const write: readonly Operation[] = gone
    ? [{ type: 'delete', resource, key, expect: revision }, ...deps.reservations.release(input.served, current.object)]
    : [{ type: 'put', resource, key, expect: revision, object: draft, managed }]
  const result = await deps.store.commit(write)
  if (result.ok) return { kept: result.kept[0] ?? current, gone }
  if (result.reason !== 'conflict') throw commitFailure(result)
  return undefined
}
