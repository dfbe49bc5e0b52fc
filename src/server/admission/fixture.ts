/** For tests: one step of admission on one request, with what it may look up. */
import type { Kind } from '#api/kind.ts'
import type { Draft, GroupResource, KObject } from '#api/metadata.ts'
import { keyOf } from '#api/metadata.ts'
import type { Permit, User } from '#api/request.ts'
import { StatusError } from '#api/status.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { type Lookup, type Step, makeAdmission } from './step.ts'

export type Objects = Readonly<Record<GroupResource, readonly object[]>>

export function lookupOf(objects: Objects): Lookup {
  const all = (resource: GroupResource): readonly KObject[] => (objects[resource] ?? []) as readonly KObject[]
  return {
    get: (resource, key) => all(resource).find(one => keyOf(one) === key),
    list: (resource, namespace) =>
      all(resource).filter(one => namespace === undefined || one.metadata.namespace === namespace),
    content: resource => all(resource),
  }
}

export interface Asked {
  /** `pods`, `deployments.apps`. */
  readonly resource?: GroupResource
  readonly subresource?: string
  readonly operation?: AdmissionRequest['operation']
  readonly object?: object
  readonly old?: object
  readonly user?: string
  readonly groups?: readonly string[]
  readonly dryRun?: boolean
}

const namespace = 'n'

export function requestOf(asked: Asked): AdmissionRequest {
  const { resource = 'pods', subresource = '', operation = asked.old === undefined ? 'CREATE' : 'UPDATE' } = asked
  const [plural = '', ...group] = resource.split('.')
  const object = asked.object === undefined ? undefined : (structuredClone(asked.object) as Draft<KObject>)
  const user = { name: asked.user ?? 'somebody', groups: asked.groups ?? [], source: 'test' } as unknown as User
  const name = object?.metadata?.name ?? 'x'
  const place = { group: group.join('.'), version: 'v1', resource: plural, subresource, namespace, name }
  return {
    permit: { verb: 'create', resourceRequest: true, user, ...place } as unknown as Permit,
    served: { kind: { kind: object?.kind ?? '' } as Kind, version: { name: 'v1', schema: () => ({}) as never } },
    operation,
    subresource,
    name,
    namespace,
    object,
    old: asked.old as KObject | undefined,
    dryRun: asked.dryRun === true,
    warn: () => undefined,
    options: {},
    deadline: Infinity,
    annotations: new Map(),
  }
}

/** @returns the object as the step leaves it, or the message of its refusal. */
export async function run(step: Step, asked: Asked): Promise<unknown> {
  const request = requestOf(asked)
  const admission = makeAdmission([step])
  try {
    await admission.change(request)
    await admission.judge(request)
    return request.object
  } catch (error) {
    if (error instanceof StatusError) return error.message
    throw error
  }
}
