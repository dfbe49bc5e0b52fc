/** Who writes down what somebody is called and belongs to must be allowed to act as such a user: credentials follow from it. */
import type { BulwarkUser } from '#kinds/facts/bulwark.ts'
import { forbidden } from '#api/status.ts'
import { rightsToBe } from '#server/authn/impersonate.ts'
import { type Authorizer, verdict } from '#server/authz/authorize.ts'
import type { AdmissionRequest } from '#server/registry/deps.ts'
import { type Step, isResource, subjectOf } from './step.ts'

const groupsOf = (object: unknown): readonly string[] => (object as BulwarkUser | undefined)?.spec?.groups ?? []

/** What the write adds: what was there is somebody else's doing. */
function added({ object, old }: AdmissionRequest) {
  const user = object as BulwarkUser | undefined
  const had = new Set(groupsOf(old))
  const groups = groupsOf(user).filter(group => !had.has(group))
  const name = old === undefined ? (user?.spec?.username ?? user?.metadata.name ?? '') : undefined
  return { name, groups }
}

export const peopleRights = (authorizers: readonly Authorizer[]): Step => ({
  name: 'PeopleRights',
  handles: request =>
    (request.operation === 'CREATE' || request.operation === 'UPDATE') &&
    request.subresource === '' &&
    isResource(request, 'bulwark.dev', 'users') &&
    !request.permit.user.groups.includes('system:masters'),
  judge: async request => {
    const { name, groups } = added(request)
    const { user } = request.permit
    const asked = rightsToBe(name ?? '', groups).filter(one => one.name !== '')
    for (const one of asked)
      if ((await verdict(authorizers, user, one)).opinion !== 'allow')
        throw forbidden(
          subjectOf(request),
          `user ${JSON.stringify(user.name)} may not impersonate ${one.resource.slice(0, -1)} ${JSON.stringify(one.name)}, and so may not give others that name`,
        )
  },
})
