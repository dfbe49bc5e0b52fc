/**
 * OwnerReferencesPermissionEnforcement: who makes an object somebody's own lets it be deleted with its owner, and who lets it
 * block that owner's deletion stops others from deleting. Both take the right to do so directly.
 */
import type { OwnerReference } from '#api/metadata.ts'
import type { Attributes } from '#api/request.ts'
import type { Scheme } from '#api/kind.ts'
import { equal } from '#base/equal.ts'
import { type Authorizer, verdict } from '#server/authz/authorize.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { type Step, deny, isResource } from './step.ts'

interface Parts {
  readonly scheme: Scheme
  readonly authorizers: readonly Authorizer[]
}

export const ownerReferences = (parts: Parts): Step => ({
  name: 'OwnerReferencesPermissionEnforcement',
  handles: request =>
    (request.operation === 'CREATE' || request.operation === 'UPDATE') &&
    request.object?.metadata !== undefined &&
    !(isResource(request, '', 'pods') && request.subresource === 'status'),
  judge: request => judge(parts, request),
})

const owners = (object: AdmissionRequest['old']): readonly OwnerReference[] => object?.metadata.ownerReferences ?? []

async function may(parts: Parts, request: AdmissionRequest, asked: Partial<Attributes>): Promise<string | undefined> {
  const { user, ...own } = request.permit
  const { opinion, reason } = await verdict(parts.authorizers, user, { ...own, name: request.name, ...asked })
  return opinion === 'allow' ? undefined : (reason ?? '')
}

async function judge(parts: Parts, request: AdmissionRequest): Promise<void> {
  const [now, before] = [owners(request.object), owners(request.old)]
  if (equal(now, before)) return
  const refused = request.operation === 'CREATE' ? undefined : await may(parts, request, { verb: 'delete' })
  if (refused !== undefined) deny(request, `cannot set an ownerRef on a resource you can't delete: ${refused}, <nil>`)
  const had = new Map(before.map(owner => [owner.uid, owner.blockOwnerDeletion === true]))
  const blocking = now.filter(owner => owner.blockOwnerDeletion === true && had.get(owner.uid) !== true)
  if (blocking.length === 0) return
  const anything = { verb: 'update', group: '*', version: '*', resource: '*', subresource: 'finalizers' } as const
  if ((await may(parts, request, { ...anything, name: '*', namespace: '' })) === undefined) return
  for (const owner of blocking) await judgeOwner(parts, request, owner)
}

async function judgeOwner(parts: Parts, request: AdmissionRequest, owner: OwnerReference): Promise<void> {
  const [version = '', group = ''] = owner.apiVersion.split('/').toReversed()
  const kind = parts.scheme.byKind(group, version, owner.kind)?.kind
  if (kind === undefined)
    return deny(
      request,
      `cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion ${owner.apiVersion} Kind ${owner.kind}: no matches for kind ${JSON.stringify(owner.kind)} in version ${JSON.stringify(owner.apiVersion)}`,
    )
  const refused = await may(parts, request, {
    verb: 'update',
    group,
    version,
    resource: kind.plural,
    subresource: 'finalizers',
    namespace: kind.scope === 'Namespaced' ? request.namespace : '',
    name: owner.name,
  })
  if (refused !== undefined)
    deny(
      request,
      `cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: ${refused}, <nil>`,
    )
}
