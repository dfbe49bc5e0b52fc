/** Nobody reads through a policy what they may not read themselves: its parameters. */
import { equal } from '#base/equal.ts'
import type { Scheme } from '#api/kind.ts'
import type { KObject } from '#api/metadata.ts'
import type { Attributes } from '#api/request.ts'
import { invalid } from '#api/status.ts'
import { forbiddenField } from '#api/validation.ts'
import type { ParamKind } from '#kinds/facts/generated/types/admissionregistration_v1.ts'
import { type Authorizer, verdict } from '#server/authz/authorize.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import type { Lookup, Step } from '../step.ts'
import type { BindingObject, PolicyObject } from './active.ts'
import { groupVersion, paramsServed } from './params.ts'

export interface PermissionParts {
  readonly lookup: Lookup
  readonly scheme: Scheme
  readonly authorizers: readonly Authorizer[]
}

const group = 'admissionregistration.k8s.io'
const policies = new Set(['validatingadmissionpolicies', 'mutatingadmissionpolicies'])
/** With the policies that they bind. */
const bindings = new Map([
  ['validatingadmissionpolicybindings', 'validatingadmissionpolicies'],
  ['mutatingadmissionpolicybindings', 'mutatingadmissionpolicies'],
])

export const policyPermissions = (parts: PermissionParts): Step => ({
  name: 'PolicyParameters',
  handles: ({ permit, operation }) =>
    permit.group === group &&
    (operation === 'CREATE' || operation === 'UPDATE') &&
    permit.subresource === '' &&
    (policies.has(permit.resource) || bindings.has(permit.resource)) &&
    !permit.user.groups.includes('system:masters'),
  judge: request =>
    policies.has(request.permit.resource) ? judgePolicy(parts, request) : judgeBinding(parts, request),
})

/** What the objects of a kind are called; everything where that is not known. */
function resourceOf(parts: PermissionParts, paramKind: ParamKind | undefined): { group: string; resource: string } {
  if (paramKind === undefined) return { group: '*', resource: '*' }
  const served = paramsServed(parts, paramKind)
  return { group: groupVersion(paramKind.apiVersion ?? '').group, resource: served?.kind.plural ?? '*' }
}

async function may(
  { authorizers }: PermissionParts,
  { permit }: AdmissionRequest,
  asked: Pick<Attributes, 'verb' | 'group' | 'resource' | 'namespace' | 'name'>,
): Promise<boolean> {
  const whole = { ...asked, resourceRequest: true, version: '*', subresource: '' }
  return (await verdict(authorizers, permit.user, whole)).opinion === 'allow'
}

function refuse({ served, name }: AdmissionRequest, field: string, why: string): never {
  throw invalid({ group: served.kind.group, resource: served.kind.kind, name }, [forbiddenField(field, why)])
}

async function judgePolicy(parts: PermissionParts, request: AdmissionRequest): Promise<void> {
  const paramKind = specOf<PolicyObject>(request.object)?.paramKind
  if (paramKind === undefined || equal(paramKind, specOf<PolicyObject>(request.old)?.paramKind)) return
  const asked = { verb: 'get', namespace: '*', name: '*', ...resourceOf(parts, paramKind) } as const
  if (await may(parts, request, asked)) return
  const { kind = '', apiVersion = '' } = paramKind
  refuse(
    request,
    'spec.paramKind',
    `user ${request.permit.user.name} must have "get" permission on all objects of the referenced paramKind (kind=${kind}, apiVersion=${apiVersion})`,
  )
}

async function judgeBinding(parts: PermissionParts, request: AdmissionRequest): Promise<void> {
  const spec = specOf<BindingObject>(request.object)
  const old = specOf<BindingObject>(request.old)
  const { paramRef, policyName = '' } = spec ?? {}
  if (paramRef === undefined || (equal(paramRef, old?.paramRef) && policyName === old?.policyName)) return
  const { name = '', namespace = '' } = paramRef
  const verb = name === '' ? 'list' : 'get'
  const resource = bindings.get(request.permit.resource) ?? ''
  const policy = parts.lookup.get(`${resource}.${group}`, policyName)
  const asked = { verb, name, namespace, ...resourceOf(parts, specOf<PolicyObject>(policy)?.paramKind) } as const
  if (await may(parts, request, asked)) return
  const { name: user } = request.permit.user
  refuse(
    request,
    'spec.paramRef',
    policy === undefined
      ? `unable to get policy ${policyName} to determine minimum required permissions and user ${user} does not have "${verb}" permission for all groups, versions and resources`
      : `user ${user} does not have "${verb}" permission on the object referenced by paramRef`,
  )
}

/** Decoded as the kind that it is. */
const specOf = <O extends PolicyObject | BindingObject>(object: KObject | undefined): O['spec'] | undefined =>
  (object as O | undefined)?.spec
