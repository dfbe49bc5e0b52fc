/** serviceaccounts/token: short-lived tokens, bound to what asked for them. */
import type { TokenRequest } from '#kinds/facts/generated/types/authentication_v1.ts'
import type { ServiceAccount } from '#kinds/facts/generated/types/core_v1.ts'
import { timestamp } from '#base/clock.ts'
import type { KObject } from '#api/metadata.ts'
import { badRequest, conflict, invalid, notFound } from '#api/status.ts'
import { invalidValue } from '#api/validation.ts'
import type { Special, SpecialRequest } from '../outcome.ts'
import { get } from '../serve.ts'
import { type Claims, type TokenKeys, signToken } from '#server/authn/tokens.ts'
import { admitPosted, made, posted } from './reading.ts'

export interface TokenIssuer {
  readonly keys: TokenKeys
  readonly issuer: string
  readonly audiences: readonly string[]
}

const shortest = 600
const usual = 3600
/** A year and no more: upstream's own cap is as long as its flag says, ours is not configurable. */
export const longestToken = 365 * 24 * 3600

type Spec = TokenRequest['spec']

export const token =
  (issuer: TokenIssuer): Special =>
  async special => {
    const body = posted<TokenRequest>(special, 'TokenRequest')
    const account = (await get(special.serving.registry, special)).object as ServiceAccount
    // Who may ask is the authorizer's question, for what is admission's: an agent asks for its own pods' tokens alone.
    await admitPosted(special, body)
    const spec: Spec = body.spec ?? { audiences: [] }
    const seconds = lifetimeOf(spec)
    const now = Math.floor(special.serving.registry.clock.now() / 1000)
    const audiences = (spec.audiences?.length ?? 0) === 0 ? issuer.audiences : spec.audiences
    const claims: Claims = {
      aud: audiences,
      exp: now + seconds,
      iat: now,
      iss: issuer.issuer,
      jti: special.serving.registry.uid(),
      'kubernetes.io': {
        namespace: special.permit.namespace,
        ...bound(special, spec),
        serviceaccount: { name: special.permit.name, uid: account.metadata.uid ?? '' },
      },
      nbf: now,
      sub: `system:serviceaccount:${special.permit.namespace}:${special.permit.name}`,
    }
    return made({
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      metadata: {
        name: special.permit.name,
        namespace: special.permit.namespace,
        creationTimestamp: timestamp(now * 1000),
      },
      spec: { ...spec, audiences, expirationSeconds: seconds },
      status: { token: signToken(issuer.keys, claims), expirationTimestamp: timestamp((now + seconds) * 1000) },
    })
  }

/** Seconds. As asked: upstream makes the tokens that admission asks for good for a year, until clients are weaned. @throws StatusError */
export const lifetimeOf = ({ expirationSeconds = usual }: Pick<Spec, 'expirationSeconds'>): number =>
  Math.min(checked(expirationSeconds), longestToken)

function checked(seconds: number): number {
  const refuse = (detail: string): never => {
    throw invalid({ group: 'authentication.k8s.io', resource: 'TokenRequest' }, [
      invalidValue('spec.expirationSeconds', seconds, detail),
    ])
  }
  if (seconds < shortest) refuse('may not specify a duration less than 10 minutes')
  if (seconds > 2 ** 32) refuse('may not specify a duration larger than 2^32 seconds')
  return seconds
}

const resources: Readonly<Record<string, string>> = { Pod: 'pods', Secret: 'secrets', Node: 'nodes' }

/** What the token dies with. A pod's token also names its node. */
function bound(special: SpecialRequest, spec: Spec): Partial<Claims['kubernetes.io']> {
  const reference = spec.boundObjectRef
  if (reference === undefined) return {}
  const kind = reference.kind ?? ''
  const resource = Object.hasOwn(resources, kind) ? resources[kind] : undefined
  if (resource === undefined)
    throw badRequest(`cannot bind token for serviceaccount to object of type v1, Kind=${kind}`)
  const { store } = special.serving.registry
  const name = reference.name ?? ''
  const object = store.snapshot(resource).get(kind === 'Node' ? name : `${special.permit.namespace}/${name}`)?.object
  if (object === undefined) throw notFound({ group: '', resource, name })
  if (reference.uid !== undefined && reference.uid !== '' && reference.uid !== object.metadata.uid)
    throw conflict(
      { group: '', resource, name },
      `the UID in the bound object reference (${reference.uid}) does not match the UID in record. The object might have been deleted and then recreated`,
    )
  const one = { name, uid: object.metadata.uid ?? '' }
  if (kind === 'Pod') return { pod: one, ...nodeClaim(special, object) }
  return kind === 'Secret' ? { secret: one } : { node: one }
}

function nodeClaim(
  special: SpecialRequest,
  pod: KObject & { spec?: { serviceAccountName?: string; nodeName?: string } },
): Partial<Claims['kubernetes.io']> {
  if (pod.spec?.serviceAccountName !== special.permit.name)
    throw badRequest(
      `cannot bind token for serviceaccount ${JSON.stringify(special.permit.name)} to pod running with different serviceaccount name.`,
    )
  const name = pod.spec.nodeName ?? ''
  const node = name === '' ? undefined : special.serving.registry.store.snapshot('nodes').get(name)?.object
  return node === undefined ? {} : { node: { name, uid: node.metadata.uid ?? '' } }
}
