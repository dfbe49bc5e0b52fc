/** Small steps that the subresources share. */
import type { DoorRequest, WriteOptions } from '#api/door.ts'
import type { Draft, KObject } from '#api/metadata.ts'
import { type Status, StatusError, badRequest, methodNotAllowed } from '#api/status.ts'
import { type Outcome, type SpecialRequest, managerOf } from '../outcome.ts'
import { admissionRequest, admit, admitted } from '#server/registry/admitting.ts'
import { copy } from '#server/registry/build.ts'
import { update } from '#server/registry/update.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import type { Kept } from '#server/store/contract.ts'
import { takes } from './takes.ts'

/** The body of a create as the kind that the subresource takes. @throws StatusError MethodNotAllowed, BadRequest */
export function posted<O extends KObject>(special: SpecialRequest, kind: string): Draft<O> {
  const { request, permit } = special
  if (request.verb !== 'create')
    throw methodNotAllowed({ group: permit.group, resource: `${permit.resource}/${permit.subresource}` }, request.verb)
  if (request.body.kind !== kind) throw badRequest(`the object provided is not a ${kind}`)
  return request.body as Draft<KObject> as Draft<O>
}

export const dryRunOf = (request: DoorRequest): boolean =>
  'options' in request &&
  request.options !== undefined &&
  'dryRun' in request.options &&
  request.options.dryRun === true

const optionsOf = (request: DoorRequest): WriteOptions =>
  request.verb === 'create' || request.verb === 'update' || request.verb === 'patch' ? (request.options ?? {}) : {}

export const success: Status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }

export const made = (object: object, code = 201): Outcome => ({ type: 'made', code, object, warnings: [] })

/** What is written to a subresource goes through admission as the kind that it is. @throws StatusError */
function admitAs(
  special: SpecialRequest,
  wanted: Pick<AdmissionRequest, 'operation' | 'object' | 'old'>,
): Promise<void> {
  const { registry } = special.serving
  const { name, namespace, subresource } = special.permit
  const asking = { ...special, options: optionsOf(special.request), dryRun: dryRunOf(special.request) }
  const body = takes(registry.scheme)(special.served, subresource)
  return admit(registry, admissionRequest(registry, asking, { ...wanted, name, namespace, body }))
}

export function admitPosted(special: SpecialRequest, object: Draft<KObject>): Promise<void> {
  object.metadata ??= {}
  return admitAs(special, { operation: 'CREATE', object, old: undefined })
}

export const admitPart = (special: SpecialRequest, object: Draft<KObject>, old: KObject): Promise<void> =>
  admitAs(special, { operation: 'UPDATE', object, old })

/** The same, for a write that has been admitted as what was posted. */
export const inner = (special: SpecialRequest): SpecialRequest => ({
  ...special,
  serving: { ...special.serving, registry: { ...special.serving.registry, admission: admitted } },
})

/** Changes the object that the subresource belongs to, through the same loop as every update. */
export const amend = (
  special: SpecialRequest,
  /** Changes the draft, or gives another one, both in the hub's form. */
  change: (draft: Draft<KObject>, current: Kept) => void | Promise<Draft<KObject> | undefined>,
): Promise<Kept> =>
  update(special.serving.registry, {
    permit: special.permit,
    served: special.served,
    warn: special.warn,
    tries: 50,
    dryRun: dryRunOf(special.request),
    options: optionsOf(special.request),
    manager: managerOf(special.permit, optionsOf(special.request).fieldManager),
    change: async current => {
      const own = copy(current.object)
      const draft = (await change(own, current)) ?? own
      draft.metadata.resourceVersion = ''
      return { draft, unconditional: true }
    },
  })

/** A refusal with upstream's reason and a cause. */
export const refusal = (
  reason: 'TooManyRequests' | 'Conflict',
  message: string,
  cause: { readonly reason: string; readonly message: string },
): StatusError => new StatusError({ reason, message, details: { causes: [cause] } })
