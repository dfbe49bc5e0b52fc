/** Reviews: who somebody is and what they may do. Answered, not kept. */
import type {
  SelfSubjectAccessReview,
  SelfSubjectRulesReview,
  SubjectAccessReview,
} from '#kinds/facts/generated/types/authorization_v1.ts'
import type { TokenReview } from '#kinds/facts/generated/types/authentication_v1.ts'
import type { Attributes, User, Verb } from '#api/request.ts'
import { badRequest } from '#api/status.ts'
import { timestamp } from '#base/clock.ts'
import { identifiedForReview } from '#server/authn/review.ts'
import type { TokenAuthenticator } from '#server/authn/chain.ts'
import { type People, certificateExtra, plainSerial } from '#server/authn/people.ts'
import { type Authorizer, verdict } from '#server/authz/authorize.ts'
import type { Rbac } from '#server/authz/rbac.ts'
import type { PolicyRule } from '#server/authz/rbac-types.ts'
import type { Special, SpecialRequest } from '../outcome.ts'
import { made, posted } from './reading.ts'

export interface ReviewDeps {
  readonly authorizers: readonly Authorizer[]
  readonly tokens: TokenAuthenticator
  readonly rbac: Rbac
  readonly people: Pick<People, 'admits' | 'revokes'>
  /** Some rights are known to a webhook alone. */
  readonly isIncomplete: () => boolean
}

type Spec = SubjectAccessReview['spec']

/** One operator and its values as the selector text that authorizers read. */
const fieldSelector = (attributes: NonNullable<Spec['resourceAttributes']>): string | undefined => {
  const { rawSelector, requirements } = attributes.fieldSelector ?? {}
  if (rawSelector !== undefined && rawSelector !== '') return rawSelector
  const terms = (requirements ?? []).flatMap(one =>
    one.operator === 'In' && one.values?.length === 1 ? [`${one.key}=${one.values[0] ?? ''}`] : [],
  )
  return terms.length === 0 ? undefined : terms.join(',')
}

/** @throws StatusError BadRequest */
export function attributesOf(spec: Pick<Spec, 'resourceAttributes' | 'nonResourceAttributes'>): Attributes {
  const { resourceAttributes: resource, nonResourceAttributes: path } = spec
  if ((resource === undefined) === (path === undefined))
    throw badRequest('exactly one of nonResourceAttributes or resourceAttributes must be specified')
  const fields = resource === undefined ? undefined : fieldSelector(resource)
  return {
    verb: (resource?.verb ?? path?.verb ?? '') as Verb,
    resourceRequest: resource !== undefined,
    path: path?.path ?? '',
    group: resource?.group ?? '',
    version: resource?.version ?? '',
    resource: resource?.resource ?? '',
    subresource: resource?.subresource ?? '',
    namespace: resource?.namespace ?? '',
    name: resource?.name ?? '',
    ...(fields === undefined ? {} : { fieldSelector: fields }),
  }
}

async function decided(deps: ReviewDeps, user: User, asked: Attributes): Promise<object> {
  const { opinion, reason } = await verdict(deps.authorizers, user, asked)
  return {
    allowed: opinion === 'allow',
    ...(opinion === 'deny' ? { denied: true } : {}),
    ...(reason === undefined || reason === '' ? {} : { reason }),
  }
}

const header = (special: SpecialRequest, kind: string) => ({
  kind,
  apiVersion: `${special.permit.group}/${special.permit.version}`,
  metadata: { creationTimestamp: timestamp(special.serving.registry.clock.now()) },
})

/** Who is let in nowhere may do nothing: agents ask this of those who come to them directly. */
function shutOut({ people }: ReviewDeps, user: User, { extra }: Spec): string | undefined {
  if (!people.admits(user)) return 'the user is disabled'
  const shown = extra !== undefined && Object.hasOwn(extra, certificateExtra) ? extra[certificateExtra] : undefined
  const [serial = '', issuer = ''] = shown ?? []
  return serial !== '' && people.revokes({ serial: plainSerial(serial), issuer })
    ? 'the certificate was taken back'
    : undefined
}

const subjectReview =
  (deps: ReviewDeps, kind: string): Special =>
  async special => {
    const { spec } = posted<SubjectAccessReview>(special, kind)
    if ((spec.user ?? '') === '' && (spec.groups?.length ?? 0) === 0)
      throw badRequest('at least one of user or group must be specified')
    if (kind === 'LocalSubjectAccessReview' && spec.resourceAttributes?.namespace !== special.permit.namespace)
      throw badRequest('spec.resourceAttributes.namespace must match the namespace of the request')
    const user = identifiedForReview({ name: spec.user ?? '', groups: spec.groups ?? [], source: 'review' })
    const asked = attributesOf(spec)
    const reason = shutOut(deps, user, spec)
    const status = reason === undefined ? await decided(deps, user, asked) : { allowed: false, denied: true, reason }
    return made({ ...header(special, kind), spec, status })
  }

const selfReview =
  (deps: ReviewDeps): Special =>
  async special => {
    const { spec } = posted<SelfSubjectAccessReview>(special, 'SelfSubjectAccessReview')
    return made({
      ...header(special, 'SelfSubjectAccessReview'),
      spec,
      status: await decided(deps, special.permit.user, attributesOf(spec)),
    })
  }

const isPathRule = (rule: PolicyRule): boolean => (rule.nonResourceURLs?.length ?? 0) > 0

const rulesReview =
  (deps: ReviewDeps): Special =>
  async special => {
    const { spec } = posted<SelfSubjectRulesReview>(special, 'SelfSubjectRulesReview')
    if ((spec.namespace ?? '') === '') throw badRequest('no namespace on request')
    const { user } = special.permit
    const all: readonly PolicyRule[] = user.groups.includes('system:masters')
      ? [
          { verbs: ['*'], apiGroups: ['*'], resources: ['*'] },
          { verbs: ['*'], nonResourceURLs: ['*'] },
        ]
      : deps.rbac.rulesFor(user, spec.namespace ?? '')
    const status = {
      resourceRules: all.filter(rule => !isPathRule(rule)),
      nonResourceRules: all.filter(isPathRule),
      ...(deps.isIncomplete()
        ? { incomplete: true, evaluationError: 'webhook authorizer does not support user rule resolution' }
        : { incomplete: false }),
    }
    return made({ ...header(special, 'SelfSubjectRulesReview'), spec, status })
  }

const info = (user: User): object => ({
  username: user.name,
  ...(user.uid === undefined ? {} : { uid: user.uid }),
  groups: user.groups,
  ...(user.extra === undefined ? {} : { extra: user.extra }),
})

const tokenReview =
  (deps: ReviewDeps): Special =>
  async special => {
    const { spec } = posted<TokenReview>(special, 'TokenReview')
    const token = spec.token ?? ''
    if (token === '') throw badRequest('token is required for TokenReview in authentication')
    const found = await deps.tokens.authenticate(
      token,
      (spec.audiences?.length ?? 0) === 0 ? undefined : spec.audiences,
    )
    const status =
      found === undefined
        ? { user: {}, error: 'the token could not be authenticated' }
        : { authenticated: true, user: info(found.user), audiences: found.audiences }
    const { token: _, ...shown } = spec
    return made({ ...header(special, 'TokenReview'), spec: shown, status })
  }

const selfSubject: Special = async special => {
  posted(special, 'SelfSubjectReview')
  return made({ ...header(special, 'SelfSubjectReview'), status: { userInfo: info(special.permit.user) } })
}

export const reviews = (deps: ReviewDeps): ReadonlyMap<string, Special> =>
  new Map<string, Special>([
    ['subjectaccessreviews.authorization.k8s.io', subjectReview(deps, 'SubjectAccessReview')],
    ['localsubjectaccessreviews.authorization.k8s.io', subjectReview(deps, 'LocalSubjectAccessReview')],
    ['selfsubjectaccessreviews.authorization.k8s.io', selfReview(deps)],
    ['selfsubjectrulesreviews.authorization.k8s.io', rulesReview(deps)],
    ['tokenreviews.authentication.k8s.io', tokenReview(deps)],
    ['selfsubjectreviews.authentication.k8s.io', selfSubject],
  ])
