/** Update, patch, apply and status writes: one loop on the current object, compare-and-swap at its end. */
import { equal } from '#base/equal.ts'
import { shareParts } from '#base/share.ts'
import { timestamp } from '#base/clock.ts'
import { type Draft, type KObject, type ObjectMeta, objectKey } from '#api/metadata.ts'
import type { Served, WriteContext } from '#api/kind.ts'
import type { WriteOptions } from '#api/door.ts'
import { hasStatus } from '#api/served.ts'
import type { Permit } from '#api/request.ts'
import { badRequest, conflict, invalid, modified, notFound } from '#api/status.ts'
import { invalidValue } from '#api/validation.ts'
import type { Kept, Operation } from '#server/store/contract.ts'
import { fieldOf, setField, withMetadata } from './build.ts'
import { apart, asOfNow, commitFailure, storageOf, subjectOf, unkept } from './create.ts'
import { admissionRequest } from './admitting.ts'
import { charged, commitCharged } from './charged.ts'
import type { AdmissionRequest, RegistryDeps, Taken } from './deps.ts'
import { released, updateErrors } from './metadata.ts'
import { hasMoved, isFromOutside } from './newest.ts'

export interface Rewritten {
  readonly draft: Draft<KObject>
  /** Set by apply, which tracks ownership itself; others are tracked by what changed. */
  readonly managed?: string
  /** managedFields as the client sent them, undefined: none. */
  readonly sent?: readonly unknown[] | undefined
  /** Without a resourceVersion it overwrites whatever the kind says: patches and applies. */
  readonly unconditional?: boolean
}

export interface UpdateInput {
  readonly permit: Permit
  readonly served: Served
  readonly manager: string
  readonly dryRun: boolean
  readonly options?: WriteOptions | undefined
  readonly warn: (text: string) => void
  /** Builds the wanted object (hub form, defaulted) from the current one, each time the loop runs. */
  readonly change: (current: Kept) => Rewritten | Promise<Rewritten>
  /** How often to try when the client gave no resourceVersion. */
  readonly tries: number
}

/** @throws StatusError NotFound when there is nothing to update. */
export async function update(deps: RegistryDeps, input: UpdateInput): Promise<Kept> {
  const { permit, served } = input
  const key = objectKey(served.kind.scope === 'Namespaced' ? permit.namespace : '', permit.name)
  const resource = storageOf(served.kind)
  for (let tries = 1; ; tries++) {
    const current = deps.store.snapshot(resource).get(key)
    const moved = (): Promise<boolean> => hasMoved(deps.store, { resource, key, current })
    let precondition = false
    try {
      if (current === undefined) throw notFound(subjectOf(permit, permit.name))
      const wanted = await input.change(current)
      precondition = checkedVersion(input, wanted, current)
      const done = await attempt(deps, input, { current, wanted })
      if (done !== undefined && (done !== current || !(await moved()))) return done
    } catch (error) {
      if (isFromOutside(error) || !(await moved())) throw error
      precondition = false
    }
    if (precondition || tries >= input.tries) throw modified(subjectOf(permit, permit.name))
  }
}

/** Whether the client insists on a version; a uid that differs means another object of that name. */
function checkedVersion(input: UpdateInput, wanted: Rewritten, current: Kept): boolean {
  const { draft } = wanted
  const { resourceVersion = '', uid } = draft.metadata
  const { kind } = input.served
  const subject = subjectOf(input.permit, input.permit.name)
  if (uid !== undefined && uid !== '' && uid !== current.object.metadata.uid)
    throw conflict(
      subject,
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${current.object.metadata.uid ?? ''}`,
    )
  if (resourceVersion === '' || resourceVersion === '0') {
    if (kind.unconditionalUpdate || wanted.unconditional === true) return false
    throw invalid({ group: kind.group, resource: kind.kind, name: input.permit.name }, [
      invalidValue('metadata.resourceVersion', 0, 'must be specified for an update'),
    ])
  }
  if (resourceVersion !== current.object.metadata.resourceVersion) throw modified(subject)
  return true
}

/** Metadata that the server owns comes from the current object; what is absent stays absent. */
function keptMetadata(meta: ObjectMeta, old: ObjectMeta): ObjectMeta {
  const { managedFields: _m, resourceVersion: _r, selfLink: _s, generation: _g, ...rest } = meta
  const merged: Record<string, unknown> = {
    ...rest,
    name: rest.name ?? old.name,
    ...(old.namespace === undefined ? {} : { namespace: rest.namespace ?? old.namespace }),
    uid: old.uid,
    ...(old.generation === undefined ? {} : { generation: old.generation }),
    creationTimestamp: old.creationTimestamp,
  }
  for (const key of ['deletionTimestamp', 'deletionGracePeriodSeconds', 'generateName'] as const)
    if (old[key] === undefined) delete merged[key]
    else merged[key] = old[key]
  return merged
}

/** A status write keeps everything but status and, for built-in kinds, labels and annotations. */
function statusOnly(served: Served, draft: Draft<KObject>, old: KObject): Draft<KObject> {
  const { kind } = served
  const result = withMetadata(
    old,
    kind.custom ? old.metadata : { ...draft.metadata, ownerReferences: old.metadata.ownerReferences ?? [] },
  )
  setField(result, 'status', fieldOf(draft, 'status'))
  return result
}

function prepared(deps: RegistryDeps, input: UpdateInput, step: { draft: Draft<KObject>; old: KObject }): WriteContext {
  const { kind } = input.served
  const context = {
    now: timestamp(deps.clock.now()),
    user: input.permit.user,
    subresource: input.permit.subresource,
    version: input.served.version.name,
    old: step.old,
  }
  kind.defaults?.(step.draft)
  kind.prepare?.(step.draft, context)
  return context
}

/** Writes of the system's own that are no new wish of anybody's. */
const uncounted = new Set(['status', 'binding', 'finalize', 'approval'])
const outside = new Set(['metadata', 'status', 'apiVersion', 'kind'])

/** Something but metadata and status changed; a custom kind's status without a write path of its own is like any field. */
const respecified = (served: Served, next: KObject, old: KObject): boolean =>
  [...new Set([...Object.keys(next), ...Object.keys(old)])].some(
    key =>
      (!outside.has(key) || (key === 'status' && served.kind.custom && !hasStatus(served))) &&
      !equal(fieldOf(next, key), fieldOf(old, key)),
  )

function built(input: UpdateInput, wanted: Draft<KObject>, old: KObject): Draft<KObject> {
  const base =
    input.permit.subresource === 'status'
      ? statusOnly(input.served, wanted, old)
      : withMetadata(wanted, wanted.metadata)
  const draft = withMetadata(base, keptMetadata(base.metadata, old.metadata))
  if (hasStatus(input.served) && input.permit.subresource === '') setField(draft, 'status', fieldOf(old, 'status'))
  if (input.permit.subresource === 'status' && (draft.metadata.ownerReferences?.length ?? 1) === 0)
    Reflect.deleteProperty(draft.metadata, 'ownerReferences')
  return draft
}

/**
 * Most of an object stays as it was. From here on nothing below its fields is changed any more, so that it may be shared:
 * whoever compares the two, validation, ownership, watchers, sees at once what did not change.
 */
function share(draft: Draft<KObject>, old: KObject): void {
  for (const key of Object.keys(draft))
    if (key !== 'metadata') setField(draft, key, shareParts(fieldOf(draft, key), fieldOf(old, key)))
  const { metadata } = draft
  for (const key of Object.keys(metadata))
    Reflect.set(metadata, key, shareParts(Reflect.get(metadata, key), Reflect.get(old.metadata, key)))
}

/** @returns undefined when somebody else wrote in between. */
async function attempt(
  deps: RegistryDeps,
  input: UpdateInput,
  step: { readonly current: Kept; readonly wanted: Rewritten },
): Promise<Kept | undefined> {
  const { permit, served } = input
  const { kind } = served
  const { current } = step
  const old = current.object
  let draft = apart(deps, kind, built(input, step.wanted.draft, old))
  if (draft.metadata.name !== old.metadata.name)
    throw badRequest(
      `the name of the object (${draft.metadata.name ?? ''}) does not match the name on the URL (${permit.name})`,
    )
  // Admission sees what nobody said as well; what it adds is completed below.
  kind.defaults?.(draft)
  const { name, namespace } = permit
  let request = admissionRequest(deps, input, { name, namespace, operation: 'UPDATE', object: draft, old })
  const changing = deps.admission.change(request)
  if (changing !== undefined) {
    await changing
    // What somebody outside made of it may change no more than the client may.
    draft = apart(deps, kind, built(input, draft, old))
    request = { ...request, object: draft }
  }
  const context = prepared(deps, input, { draft, old })
  const taken = deps.reservations.take(served, draft, old)
  share(draft, old)
  if (kind.counted && !uncounted.has(permit.subresource) && respecified(served, draft, old))
    draft.metadata.generation = (old.metadata.generation ?? 0) + 1
  const errors = [
    ...updateErrors(draft.metadata, old.metadata),
    ...(kind.judge === undefined ? (kind.validate?.(draft, context) ?? []) : await kind.judge(draft, context)),
  ]
  if (errors.length > 0) throw invalid({ group: kind.group, resource: kind.kind, name: permit.name }, errors)
  kind.warnings?.(draft, context).forEach(input.warn)
  const judging = deps.admission.judge(request)
  if (judging !== undefined) await judging
  const managed =
    step.wanted.managed ??
    deps.fields.update({
      served,
      managed: current.managed,
      manager: input.manager,
      subresource: permit.subresource,
      now: context.now,
      old,
      next: draft,
      sent: step.wanted.sent,
    })
  if (
    unchanged(draft, old) &&
    (step.wanted.managed === undefined
      ? managed === current.managed || step.wanted.sent === undefined
      : sameOwners(managed, current.managed))
  )
    return current
  return commit(deps, input, { current, draft, managed, taken, request })
}

/** Nothing to write: equal but for the version that the store stamps. */
const unchanged = (draft: Draft<KObject>, old: KObject): boolean => {
  const { resourceVersion: _, ...metadata } = old.metadata
  return (
    equal(draft.metadata, metadata) &&
    [...new Set([...Object.keys(draft), ...Object.keys(old)])].every(
      key => key === 'metadata' || equal(fieldOf(draft, key), fieldOf(old, key)),
    )
  )
}

/** The same managers own the same fields; times aside. */
const sameOwners = (left: string, right: string): boolean => timeless(left) === timeless(right)
const timeless = (managed: string): string => managed.replaceAll(/"time":"[^"]*"/g, '"time":""')

interface Commit {
  readonly current: Kept
  readonly draft: Draft<KObject>
  readonly managed: string
  readonly taken: Taken
  readonly request: AdmissionRequest
}

async function commit(deps: RegistryDeps, input: UpdateInput, step: Commit): Promise<Kept | undefined> {
  const { current, draft } = step
  const { resource, key, revision } = current
  if (input.dryRun) {
    await charged(deps, step.request)
    draft.metadata.resourceVersion = String(revision)
    return unkept({ resource, key, object: draft, managed: step.managed })
  }
  const object = asOfNow(deps, input.served.kind, draft)
  const gone = released(input.served.kind, object)
  const write: readonly Operation[] = gone
    ? [{ type: 'delete', resource, key, expect: revision }, ...deps.reservations.release(input.served, current.object)]
    : [{ type: 'put', resource, key, expect: revision, object, managed: step.managed }, ...step.taken.operations]
  const result = await (gone ? deps.store.commit(write) : commitCharged(deps, step.request, write))
  if (result.ok)
    return gone
      ? unkept({ resource, key, object: stamped(object, result.revision), managed: step.managed })
      : (result.kept[0] ?? current)
  if (result.reason !== 'conflict') throw commitFailure(result)
  step.taken.revert()
  return undefined
}

const stamped = (draft: Draft<KObject>, revision: number): Draft<KObject> => {
  draft.metadata.resourceVersion = String(revision)
  return draft
}
