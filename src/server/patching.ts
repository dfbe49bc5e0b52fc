/** Patches of all four types, on the object in the version that the client speaks. */
import { parseOwnJson, stringifyJson } from '#codec/json.ts'
import type { DoorRequest } from '#api/door.ts'
import type { Draft, KObject } from '#api/metadata.ts'
import type { Served } from '#api/kind.ts'
import type { Permit } from '#api/request.ts'
import { StatusError, badRequest, unsupportedMediaType } from '#api/status.ts'
import { copy, withMetadata } from '#server/registry/build.ts'
import { create } from '#server/registry/create.ts'
import { update } from '#server/registry/update.ts'
import type { Kept } from '#server/store/contract.ts'
import { alone, inVersion, prepared, toHub } from './converting.ts'
import { type Outcome, type SpecialRequest, got, managerOf, mayCreate } from './outcome.ts'

type PatchRequest = DoorRequest & { verb: 'patch' }

/** As often as upstream retries a patch. */
const tries = 5

/** The object as the client sees it: its version, with managedFields. The caller's own. See `prepared`. */
export function shown(kept: Kept, served: Served): KObject {
  const draft = copy(inVersion(kept.object, served))
  const managedFields: unknown = kept.managed === '' ? undefined : parseOwnJson(kept.managed)
  return managedFields === undefined
    ? draft
    : withMetadata(draft, { ...draft.metadata, managedFields: managedFields as never })
}

export async function applyOrPatch(input: SpecialRequest, request: PatchRequest): Promise<Outcome> {
  return request.patch.type === 'apply' ? apply(input, request) : patch(input, request)
}

async function patch(input: SpecialRequest, request: PatchRequest): Promise<Outcome> {
  const { permit, served, serving, warn } = input
  if (request.patch.type === 'strategic' && served.kind.custom)
    throw unsupportedMediaType(
      'the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml',
    )
  const level = request.options?.fieldValidation ?? 'Warn'
  const kept = await update(serving.registry, {
    permit,
    served,
    warn,
    tries,
    manager: managerOf(permit, request.options?.fieldManager),
    dryRun: request.options?.dryRun === true,
    options: request.options,
    change: async current => {
      await prepared(served, [current.object])
      const before = shown(current, served)
      const document = serving.patching.patched(request.patch, before, served)
      const sent = managedFieldsIn(document, current.managed)
      const draft = serving.patching.decoded(document, served, { level, warn })
      // A patch that does not speak of the version means whatever is there.
      return { draft: await toHub(served, unversioned(draft, before)), sent, unconditional: true }
    },
  })
  return got(input, kept)
}

/** What the patch made of managedFields: undefined where it did not touch them, an empty list resets them. */
function managedFieldsIn(document: unknown, managed: string): readonly unknown[] | undefined {
  const fields: unknown = Object(Object(document).metadata).managedFields
  return Array.isArray(fields) && stringifyJson(fields) !== managed ? fields : undefined
}

function unversioned(draft: Draft<KObject>, before: KObject): Draft<KObject> {
  if (draft.metadata.resourceVersion === before.metadata.resourceVersion)
    return withMetadata(draft, { ...draft.metadata, resourceVersion: '' })
  return draft
}

async function apply(input: SpecialRequest, request: PatchRequest): Promise<Outcome> {
  const { permit, served, serving, warn } = input
  const { options = {} } = request
  if ((options.fieldManager ?? '') === '')
    throw new StatusError({
      reason: 'Invalid',
      message: 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
      details: {
        group: 'meta.k8s.io',
        kind: 'PatchOptions',
        causes: [
          {
            reason: 'FieldValueRequired',
            message: 'Required value: is required for apply patch',
            field: 'fieldManager',
          },
        ],
      },
    })
  const config = serving.patching.configured(request.patch.content, served)
  if ((config.metadata.managedFields?.length ?? 0) > 0) throw badRequest('metadata.managedFields must be nil')
  checkName(permit, config)
  const common = {
    permit,
    served,
    warn,
    options,
    manager: options.fieldManager ?? '',
    dryRun: options.dryRun === true,
  }
  const owned = async (live: Kept | undefined) => {
    if (live !== undefined) await prepared(served, [live.object])
    const { object, managed } = serving.registry.fields.apply({
      served: alone(served),
      live: live === undefined || served.kind.convert === undefined ? live?.object : inVersion(live.object, served),
      managed: live?.managed ?? '',
      manager: common.manager,
      subresource: permit.subresource,
      now: new Date(serving.registry.clock.now()).toISOString().replace(/\.\d+Z/, 'Z'),
      config: copy(config),
      force: options.force === true,
    })
    return { managed, object: served.kind.convert === undefined ? object : await toHub(served, object) }
  }
  try {
    return got(
      input,
      await update(serving.registry, {
        ...common,
        tries,
        change: async current => {
          const { object, managed } = await owned(current)
          return {
            draft: withMetadata(object, { ...object.metadata, resourceVersion: config.metadata.resourceVersion ?? '' }),
            managed,
            unconditional: true,
          }
        },
      }),
    )
  } catch (error) {
    if (!(error instanceof StatusError && error.reason === 'NotFound') || permit.subresource !== '') throw error
    await mayCreate(serving.authorize, permit)
    if ((config.metadata.uid ?? '') !== '' || (config.metadata.resourceVersion ?? '') !== '') throw error
    const { object, managed } = await owned(undefined)
    return got(input, await create(serving.registry, { ...common, draft: object, managed }), 201)
  }
}

function checkName(permit: Permit, config: KObject): void {
  const { name, namespace } = config.metadata
  if (name !== undefined && name !== permit.name)
    throw badRequest(`the name of the object (${name}) does not match the name on the URL (${permit.name})`)
  if (namespace !== undefined && namespace !== '' && namespace !== permit.namespace)
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request')
}
