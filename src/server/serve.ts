/** The verbs behind the door: authorize, then do. Over HTTPS and in process alike. */
import type { DoorRequest } from '#api/door.ts'
import type { Attributes, Permit, User } from '#api/request.ts'
import type { Served } from '#api/kind.ts'
import { hasStatus, scaleOf } from '#api/served.ts'
import { type Status, StatusError, methodNotAllowed, notFound } from '#api/status.ts'
import { checkAddress, checkPlace, noSuchResource, selectedName } from './addressed.ts'
import { encodable, toHub } from './converting.ts'
import { type Outcome, type Serving, type SpecialRequest, got, managerOf, mayCreate } from './outcome.ts'
import { applyOrPatch } from './patching.ts'
import { copy } from '#server/registry/build.ts'
import { create, storageOf, subjectOf } from '#server/registry/create.ts'
import { type Deleted, remove } from '#server/registry/delete.ts'
import type { RegistryDeps } from '#server/registry/deps.ts'
import { list, parseRevision, reach } from '#server/registry/list.ts'
import { update } from '#server/registry/update.ts'
import { watchWhileServed } from '#server/registry/watch.ts'
import { objectKey } from '#api/metadata.ts'
import type { Kept } from '#server/store/contract.ts'
import { discreetly, isSecretive } from './secrecy.ts'

export const attributesOf = (request: DoorRequest): Attributes => ({
  verb: request.verb,
  resourceRequest: true,
  group: request.group,
  version: request.version,
  resource: request.resource,
  subresource: request.subresource ?? '',
  namespace: request.namespace ?? '',
  name: 'name' in request ? (request.name ?? '') : 'options' in request ? nameIn(request) : '',
  ...(request.verb === 'list' || request.verb === 'watch' || request.verb === 'deletecollection'
    ? selectors(request.options)
    : {}),
})

const nameIn = (request: DoorRequest): string =>
  request.verb === 'list' || request.verb === 'watch' || request.verb === 'deletecollection'
    ? selectedName(request.options?.fieldSelector)
    : ''

function selectors(options: { readonly fieldSelector?: string; readonly labelSelector?: string } | undefined) {
  return {
    ...(options?.fieldSelector === undefined ? {} : { fieldSelector: options.fieldSelector }),
    ...(options?.labelSelector === undefined ? {} : { labelSelector: options.labelSelector }),
  }
}

/** @throws StatusError for every refusal. */
export async function serve(serving: Serving, who: User, request: DoorRequest): Promise<Outcome> {
  const asked = serving.authorize(who, attributesOf(request))
  return perform(serving, asked instanceof Promise ? await asked : asked, request)
}

/** Parts of an object with a way of their own to be written; the kind itself says what such a write may change. */
const parts: ReadonlySet<string> = new Set(['ephemeralcontainers', 'resize'])

const isPart = (served: Served, subresource: string): boolean =>
  subresource === 'status'
    ? hasStatus(served)
    : parts.has(subresource) && served.kind.subresources?.some(one => one.name === subresource) === true

/** What is done with a permit in hand. */
export function perform(serving: Serving, permit: Permit, request: DoorRequest): Promise<Outcome> {
  return isSecretive(permit)
    ? discreetly({ permit, request, store: serving.registry.store }, () => performed(serving, permit, request))
    : performed(serving, permit, request)
}

async function performed(serving: Serving, permit: Permit, request: DoorRequest): Promise<Outcome> {
  const served = serving.registry.scheme.byResource(permit.group, permit.version, permit.resource)
  if (served === undefined) throw noSuchResource()
  checkAddress(permit, served, request)
  const warnings: string[] = []
  const warn = (text: string): void => {
    if (!warnings.includes(text)) warnings.push(text)
  }
  if (served.version.deprecated !== undefined) warn(served.version.deprecated)
  const { group, resource, subresource } = permit
  const name = `${resource}${group === '' ? '' : `.${group}`}${subresource === '' ? '' : `/${subresource}`}`
  const special =
    serving.specials.get(name) ??
    (subresource === 'scale' && scaleOf(served) !== undefined ? serving.specials.get('*/scale') : undefined)
  if (special !== undefined) return special({ permit, request, served, serving, warn, warnings })
  if (subresource !== '' && !isPart(served, subresource)) throw noSuchResource()
  const outcome = encodable(await common({ permit, request, served, serving, warn, warnings }))
  return outcome instanceof Promise ? await outcome : outcome
}

async function common(input: SpecialRequest): Promise<Outcome> {
  const { permit, request, served, serving } = input
  if (!served.kind.verbs.includes(request.verb)) throw methodNotAllowed(subjectOf(permit, permit.name), request.verb)
  switch (request.verb) {
    case 'get':
      return got(
        input,
        await get(serving.registry, { permit, served, resourceVersion: request.options?.resourceVersion }),
      )
    case 'list':
      return {
        type: 'list',
        served,
        listed: await list(serving.registry.store, { permit, served, options: request.options ?? {} }),
      }
    case 'watch': {
      const options = { ...request.options, ...(permit.name === '' ? {} : { name: permit.name }) }
      return {
        type: 'watch',
        served,
        start: sink => watchWhileServed(serving.registry, { permit, served, options }, sink),
      }
    }
    case 'create':
      return created(input, request)
    case 'update':
      return updated(input, request)
    case 'patch':
      return applyOrPatch(input, request)
    case 'delete':
      return deleted(
        input,
        await remove(serving.registry, {
          permit,
          served,
          name: permit.name,
          namespace: permit.namespace,
          options: request.options ?? {},
          warn: input.warn,
        }),
      )
    case 'deletecollection':
      return collection(input, request)
  }
}

interface Get {
  readonly permit: Permit
  readonly served: Served
  readonly resourceVersion?: string | undefined
}

export async function get(deps: RegistryDeps, { permit, served, resourceVersion }: Get): Promise<Kept> {
  const revision = parseRevision(resourceVersion)
  if (revision === undefined) await deps.store.fresh()
  else if (revision > 0) await reach(deps.store, revision)
  const key = objectKey(served.kind.scope === 'Namespaced' ? permit.namespace : '', permit.name)
  const kept = deps.store.snapshot(storageOf(served.kind)).get(key)
  if (kept === undefined) throw notFound(subjectOf(permit, permit.name))
  return kept
}

async function created(input: SpecialRequest, request: DoorRequest & { verb: 'create' }): Promise<Outcome> {
  const { permit, served, serving, warn } = input
  const sent = request.body.metadata?.managedFields
  const hub = toHub(served, request.body)
  const kept = await create(serving.registry, {
    permit,
    served,
    warn,
    sent,
    draft: hub instanceof Promise ? await hub : hub,
    manager: managerOf(permit, request.options?.fieldManager),
    dryRun: request.options?.dryRun === true,
    options: request.options,
  })
  return got(input, kept, 201)
}

async function updated(input: SpecialRequest, request: DoorRequest & { verb: 'update' }): Promise<Outcome> {
  const { permit, served, serving, warn } = input
  checkPlace(permit, served, request.body)
  const hub = toHub(served, request.body)
  const draft = hub instanceof Promise ? await hub : hub
  const sent = request.body.metadata?.managedFields
  const common = {
    permit,
    served,
    warn,
    manager: managerOf(permit, request.options?.fieldManager),
    dryRun: request.options?.dryRun === true,
    options: request.options,
  }
  const { resourceVersion = '' } = draft.metadata
  // Who names a version has one try: the draft is not needed again.
  const once = resourceVersion !== '' && resourceVersion !== '0'
  try {
    const change = () => ({ draft: once ? draft : copy(draft), sent })
    return got(input, await update(serving.registry, { ...common, tries: 50, change }))
  } catch (error) {
    const creates =
      error instanceof StatusError &&
      error.reason === 'NotFound' &&
      served.kind.createOnUpdate &&
      permit.subresource === ''
    if (!creates) throw error
    await mayCreate(serving.authorize, permit)
    if ((draft.metadata.resourceVersion ?? '') !== '' || (draft.metadata.uid ?? '') !== '') throw error
    return got(input, await create(serving.registry, { ...common, draft, sent }), 201)
  }
}

/** A deletion that is done answers a Status, or the object where upstream answers that. */
function deleted(input: SpecialRequest, result: Deleted): Outcome {
  if (!result.gone || input.served.kind.returnsDeleted === true) return got(input, result.kept)
  const { kind } = input.served
  const status: Status = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    code: 200,
    details: {
      name: result.kept.object.metadata.name ?? '',
      ...(kind.group === '' ? {} : { group: kind.group }),
      kind: kind.plural,
      uid: result.kept.object.metadata.uid ?? '',
    },
  }
  const { code: _, ...shown } = status
  return { type: 'made', code: 200, object: shown, warnings: input.warnings }
}

/** How many deletions of a collection are under way at once. */
const parallel = 16

async function collection(
  input: SpecialRequest,
  request: DoorRequest & { verb: 'deletecollection' },
): Promise<Outcome> {
  const { permit, served, serving, warn } = input
  const { limit: _l, continue: _c, ...options } = request.options ?? {}
  const listed = await list(serving.registry.store, { permit, served, options })
  const pending = [...listed.items]
  const worker = async (): Promise<void> => {
    for (let kept = pending.pop(); kept !== undefined; kept = pending.pop()) {
      const { name = '', namespace = '' } = kept.object.metadata
      try {
        await remove(serving.registry, { permit, served, name, namespace, options, warn })
      } catch (error) {
        if (!(error instanceof StatusError && error.reason === 'NotFound')) throw error
      }
    }
  }
  await Promise.all(Array.from({ length: parallel }, worker))
  return { type: 'list', served, listed }
}
