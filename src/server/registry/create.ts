/** Create: the draft becomes a kept object, or says why not. */
import { timestamp } from '#base/clock.ts'
import { type Draft, type KObject, groupResource, objectKey } from '#api/metadata.ts'
import type { Kind, Served } from '#api/kind.ts'
import type { WriteOptions } from '#api/door.ts'
import { hasStatus } from '#api/served.ts'
import type { Permit } from '#api/request.ts'
import {
  StatusError,
  alreadyExists,
  badRequest,
  forbidden,
  insufficientStorage,
  internalError,
  invalid,
  notFound,
  serviceUnavailable,
} from '#api/status.ts'
import type { CommitResult, Kept } from '#server/store/contract.ts'
import { admissionRequest } from './admitting.ts'
import { charged, commitCharged } from './charged.ts'
import type { RegistryDeps } from './deps.ts'
import { createErrors } from './metadata.ts'
import { copy, setField, withMetadata } from './build.ts'
import { isBehind, isFromOutside } from './newest.ts'

export interface WriteInput {
  readonly permit: Permit
  readonly served: Served
  /** In the hub's form, defaulted; given away. */
  readonly draft: Draft<KObject>
  readonly manager: string
  readonly dryRun: boolean
  readonly options?: WriteOptions | undefined
  readonly warn: (text: string) => void
  /** managedFields as the client sent them. */
  readonly sent?: readonly unknown[] | undefined
  /** Given by an apply, which tracks ownership itself. */
  readonly managed?: string
}

/** Where objects of this kind are kept. */
export const storageOf = (kind: Kind): string =>
  groupResource(
    kind.storedAs === undefined
      ? { group: kind.group, resource: kind.plural }
      : { group: kind.storedAs.group, resource: kind.storedAs.plural },
  )

export const subjectOf = (permit: Permit, name: string): { group: string; resource: string; name: string } => ({
  group: permit.group,
  resource: permit.resource,
  name,
})

/** What a commit that was refused for another reason than a conflict answers. */
export function commitFailure(result: CommitResult & { ok: false }): StatusError {
  switch (result.reason) {
    case 'full':
      return insufficientStorage(`the store has no room left: ${result.message}`)
    case 'failed':
      return internalError(`the store did not accept the write: ${result.message}`)
    case 'closed':
      return serviceUnavailable('the server is stopping')
    case 'conflict':
      return internalError('the store reported a conflict that was not expected')
  }
}

const generatedTries = 8

/** @throws StatusError */
export async function create(deps: RegistryDeps, input: WriteInput): Promise<Kept> {
  const { generateName = '' } = input.draft.metadata
  if (input.served.kind.retiring?.() === true)
    throw forbidden(
      subjectOf(input.permit, input.draft.metadata.name ?? ''),
      'create not allowed while custom resource definition is terminating',
    )
  const generated = (input.draft.metadata.name ?? '') === '' && generateName !== ''
  for (let tries = 1; ; tries++) {
    const result = await attemptNewest(deps, generated ? named(deps, input, generateName) : input)
    if (result.done !== undefined) return result.done
    if (!generated) throw alreadyExists(subjectOf(input.permit, result.name))
    if (tries === generatedTries) throw noUniqueName(input.permit, result.name)
  }
}

/** Told apart from a name that was chosen: asking again helps. */
function noUniqueName(permit: Permit, name: string): StatusError {
  const { message, details } = alreadyExists(subjectOf(permit, name))
  return new StatusError({
    reason: 'AlreadyExists',
    message: `${message}, the server was not able to generate a unique name for the object`,
    details: { ...details, retryAfterSeconds: 1 },
  })
}

/** At most 63 characters, five of them random, as upstream generates. */
function named(deps: RegistryDeps, input: WriteInput, base: string): WriteInput {
  const name = base.slice(0, 58) + deps.suffix()
  return { ...input, draft: withMetadata(input.draft, { ...input.draft.metadata, name }) }
}

/** Namespace and name come from the permit, never from the body alone. */
function placed(input: WriteInput): { namespace: string; name: string } {
  const { permit, served, draft } = input
  const namespace = served.kind.scope === 'Namespaced' ? permit.namespace : ''
  if (
    (draft.metadata.namespace ?? '') !== '' &&
    draft.metadata.namespace !== namespace &&
    served.kind.scope === 'Namespaced'
  )
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
  const name = draft.metadata.name ?? ''
  if (permit.name !== '' && name !== permit.name)
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${permit.name})`)
  return { namespace, name }
}

function systemFields(
  deps: RegistryDeps,
  input: WriteInput,
  place: { namespace: string; name: string },
): Draft<KObject> {
  const { draft, served } = input
  const { name: _n, namespace: _s, managedFields: _m, resourceVersion, ...rest } = draft.metadata
  if (resourceVersion !== undefined && resourceVersion !== '')
    throw badRequest('resourceVersion should not be set on objects to be created')
  delete rest.deletionTimestamp
  delete rest.deletionGracePeriodSeconds
  delete rest.selfLink
  delete rest.generation
  return withMetadata(draft, {
    ...(place.name === '' ? {} : { name: place.name }),
    ...rest,
    ...(place.namespace === '' ? {} : { namespace: place.namespace }),
    uid: deps.uid(),
    ...(served.kind.counted ? { generation: 1 } : {}),
    creationTimestamp: timestamp(deps.clock.now()),
  })
}

type Attempted = { readonly done: Kept; readonly name: string } | { readonly done?: undefined; readonly name: string }

/** A namespace that another server has just made, say, is no reason to refuse. */
async function attemptNewest(deps: RegistryDeps, input: WriteInput): Promise<Attempted> {
  const revision = deps.store.revision()
  try {
    return await attempt(deps, input)
  } catch (error) {
    if (isFromOutside(error) || !(await isBehind(deps.store, revision))) throw error
    return attempt(deps, input)
  }
}

async function attempt(deps: RegistryDeps, input: WriteInput): Promise<Attempted> {
  const { permit, served } = input
  const { kind } = served
  const place = placed(input)
  const draft = systemFields(deps, input, place)
  if (hasStatus(served) && kind.registersStatus !== true) setField(draft, 'status', undefined)
  // Admission sees what nobody said as well; what it adds is completed below.
  kind.defaults?.(draft)
  const request = admissionRequest(deps, input, { ...place, operation: 'CREATE', object: draft, old: undefined })
  const changing = deps.admission.change(request)
  if (changing !== undefined) {
    await changing
    // What somebody outside made of it has no more status than what the client sent.
    if (hasStatus(served) && kind.registersStatus !== true) setField(draft, 'status', undefined)
  }
  const context = {
    now: timestamp(deps.clock.now()),
    user: permit.user,
    subresource: '',
    version: served.version.name,
    old: undefined,
  }
  kind.defaults?.(draft)
  kind.prepare?.(draft, context)
  const taken = deps.reservations.take(served, draft, undefined)
  const errors = [
    ...createErrors(kind, draft.metadata),
    ...(kind.judge === undefined ? (kind.validate?.(draft, context) ?? []) : await kind.judge(draft, context)),
  ]
  if (errors.length > 0) throw invalid({ group: kind.group, resource: kind.kind, name: place.name }, errors)
  kind.warnings?.(draft, context).forEach(input.warn)
  const judging = deps.admission.judge(request)
  if (judging !== undefined) await judging
  const managed =
    input.managed ??
    deps.fields.update({
      served,
      managed: '',
      manager: input.manager,
      subresource: '',
      now: context.now,
      old: undefined,
      next: draft,
      sent: input.sent,
    })
  const key = objectKey(place.namespace, place.name)
  const resource = storageOf(kind)
  if (input.dryRun) {
    await charged(deps, request)
    if (deps.store.snapshot(resource).get(key) !== undefined) throw alreadyExists(subjectOf(permit, place.name))
    return { done: unkept({ resource, key, object: draft, managed }), name: place.name }
  }
  const object = asOfNow(deps, kind, draft)
  const result = await commitCharged(deps, request, [
    { type: 'put', resource, key, expect: 0, object, managed },
    ...taken.operations,
  ])
  if (result.ok) return { done: first(result.kept), name: place.name }
  if (result.reason !== 'conflict') throw commitFailure(result)
  taken.revert()
  if (result.at > 0) {
    return attempt(deps, { ...input, draft: forgotten(draft) })
  }
  return { name: place.name }
}

/**
 * A definition may change while an object of its kind is on the way; what is kept is as the kind has it now.
 * @returns where it did a draft of its own: parts of the given one may be shared. @throws StatusError NotFound
 */
export function asOfNow({ scheme }: RegistryDeps, kind: Kind, draft: Draft<KObject>): Draft<KObject> {
  if (!kind.custom) return draft
  const now = scheme.stored(kind.group, kind.plural)
  if (now === undefined) throw notFound({ group: kind.group, resource: kind.plural, name: draft.metadata.name ?? '' })
  if (now === kind) return draft
  const own = copy(draft)
  now.defaults?.(own)
  return own
}

/**
 * What is kept has gone through the newest definition already: an older one would change parts that a draft shares with it.
 * @returns where there is a newer one a draft of its own
 */
export const apart = ({ scheme }: RegistryDeps, kind: Kind, draft: Draft<KObject>): Draft<KObject> =>
  kind.custom && scheme.stored(kind.group, kind.plural) !== kind ? copy(draft) : draft

/** The draft as it was before the store may have stamped it. */
function forgotten(draft: Draft<KObject>): Draft<KObject> {
  const { resourceVersion: _, ...rest } = draft.metadata
  return withMetadata(draft, rest)
}

const first = (kept: readonly Kept[]): Kept => {
  const [one] = kept
  if (one === undefined) throw internalError('the store answered nothing')
  return one
}

/** What a dry run answers: shaped like a kept object, in no store. */
export const unkept = (kept: Omit<Kept, 'revision' | 'encodings'>): Kept => ({
  ...kept,
  revision: 0,
  encodings: new Map(),
})
