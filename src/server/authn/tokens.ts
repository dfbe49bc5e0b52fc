/** Service-account tokens: signed by us, bound to an audience and, if asked, to a pod, secret or node that must still exist. */
import { type KeyObject, createHash, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import type { Clock } from '#base/clock.ts'
import type { KObject } from '#api/metadata.ts'
import type { User } from '#api/request.ts'
import type { Store } from '#server/store/contract.ts'
import type { Authenticated, TokenAuthenticator } from './chain.ts'
import { authenticatedUser } from './user.ts'

type Algorithm = 'ES256' | 'RS256'

export interface TokenKeys {
  readonly id: string
  readonly privateKey: KeyObject
  /** All keys whose tokens are accepted, by id; the signing key's is among them. */
  readonly publicKeys: ReadonlyMap<string, KeyObject>
}

/** What a key signs with: never what a token says. @throws Error for a key of another kind */
function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): Algorithm {
  if (asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'ES256'
  if (asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= 2048) return 'RS256'
  throw new Error('a key of service-account tokens must be of the curve P-256, or RSA with 2048 bits or more')
}

/** Without an effect on RSA. */
const dsaEncoding = 'ieee-p1363'

/** @param pem a private key of P-256 or RSA. @throws Error for another one */
export function tokenKeys(pem: string): TokenKeys {
  const privateKey = createPrivateKey(pem)
  algorithmOf(privateKey)
  const publicKey = createPublicKey(privateKey)
  const id = createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64url')
  return { id, privateKey, publicKeys: new Map([[id, publicKey]]) }
}

interface Bound {
  readonly name: string
  readonly uid: string
}

export interface Claims {
  readonly iss: string
  readonly sub: string
  readonly aud: readonly string[]
  /** Seconds since the epoch, like iat and nbf. */
  readonly exp: number
  readonly iat: number
  readonly nbf: number
  readonly jti: string
  readonly 'kubernetes.io': {
    readonly namespace: string
    readonly serviceaccount: Bound
    readonly pod?: Bound
    readonly secret?: Bound
    readonly node?: Bound
  }
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

export function signToken(keys: TokenKeys, claims: Claims): string {
  const body = `${encode({ alg: algorithmOf(keys.privateKey), kid: keys.id, typ: 'JWT' })}.${encode(claims)}`
  const signature = sign('sha256', Buffer.from(body), { key: keys.privateKey, dsaEncoding })
  return `${body}.${signature.toString('base64url')}`
}

const longest = 16 * 1024

function parsePart(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString())
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

const isBound = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  ['name', 'uid'].every(key => Object.hasOwn(value, key) && typeof Reflect.get(value, key) === 'string')

const isClaims = (value: Record<string, unknown>): boolean => {
  const own: unknown = value['kubernetes.io']
  return (
    ['iss', 'sub', 'jti'].every(key => typeof value[key] === 'string') &&
    ['exp', 'iat', 'nbf'].every(key => typeof value[key] === 'number') &&
    Array.isArray(value['aud']) &&
    value['aud'].every(one => typeof one === 'string') &&
    typeof own === 'object' &&
    own !== null &&
    typeof Reflect.get(own, 'namespace') === 'string' &&
    isBound(Reflect.get(own, 'serviceaccount')) &&
    ['pod', 'secret', 'node'].every(key => !Object.hasOwn(own, key) || isBound(Reflect.get(own, key)))
  )
}

/** Claims of a token with a valid signature of ours, whatever they say; undefined otherwise. The algorithm is ours, not the token's. */
export function openToken(keys: TokenKeys, token: string): Claims | undefined {
  if (token.length > longest) return undefined
  const [head, body, signature, ...rest] = token.split('.')
  if (head === undefined || body === undefined || signature === undefined || rest.length > 0) return undefined
  const header = parsePart(head)
  if (typeof header?.['kid'] !== 'string') return undefined
  const key = keys.publicKeys.get(header['kid'])
  if (key === undefined || header['alg'] !== algorithmOf(key)) return undefined
  const genuine = verify(
    'sha256',
    Buffer.from(`${head}.${body}`),
    { key, dsaEncoding },
    Buffer.from(signature, 'base64url'),
  )
  const claims = genuine ? parsePart(body) : undefined
  return claims !== undefined && isClaims(claims) ? (claims as unknown as Claims) : undefined
}

/** It never has to wait: what it needs to know is here. */
export interface ServiceAccountTokens extends TokenAuthenticator {
  authenticate(token: string, audiences?: readonly string[]): Authenticated | undefined
}

export interface TokenOptions {
  readonly keys: TokenKeys
  readonly store: Store
  readonly clock: Clock
  readonly issuer: string
  /** What tokens for this API server itself name. */
  readonly audiences: readonly string[]
}

/** Milliseconds that the tokens of what is being deleted go on being taken: its last words. */
const leeway = 60_000

/** It is still there, and was not deleted some time ago and only held by a finalizer. */
function live(object: KObject | undefined, uid: string, now: number): boolean {
  if (object === undefined || object.metadata.uid !== uid) return false
  const { deletionTimestamp } = object.metadata
  return deletionTimestamp === undefined || Date.parse(deletionTimestamp) >= now - leeway
}

/** Signatures that were verified, by digest, so that the store is all that a further request asks. Bounded. */
const remembered = 10_000

export function makeTokenAuthenticator(options: TokenOptions): ServiceAccountTokens {
  const opened = new Map<string, Claims>()
  const open = (token: string): Claims | undefined => {
    const digest = createHash('sha256').update(token).digest('base64')
    const had = opened.get(digest)
    if (had !== undefined) return had
    const claims = openToken(options.keys, token)
    if (claims === undefined) return undefined
    if (opened.size >= remembered) opened.clear()
    opened.set(digest, claims)
    return claims
  }
  return {
    authenticate(token, audiences = options.audiences) {
      const claims = open(token)
      if (claims === undefined || claims.iss !== options.issuer) return undefined
      const now = options.clock.now() / 1000
      if (claims.exp <= now || claims.nbf > now + 60) return undefined
      const accepted = claims.aud.filter(audience => audiences.includes(audience))
      if (accepted.length === 0 || !stillBound(options.store, claims, now * 1000)) return undefined
      return { user: userOf(claims), audiences: accepted }
    },
  }
}

function stillBound(store: Store, claims: Claims, now: number): boolean {
  const { namespace, serviceaccount, pod, secret, node } = claims['kubernetes.io']
  const get = (resource: string, key: string): KObject | undefined => store.snapshot(resource).get(key)?.object
  if (claims.sub !== `system:serviceaccount:${namespace}:${serviceaccount.name}`) return false
  return (
    live(get('serviceaccounts', `${namespace}/${serviceaccount.name}`), serviceaccount.uid, now) &&
    (pod === undefined || live(get('pods', `${namespace}/${pod.name}`), pod.uid, now)) &&
    (secret === undefined || live(get('secrets', `${namespace}/${secret.name}`), secret.uid, now)) &&
    (node === undefined || pod !== undefined || live(get('nodes', node.name), node.uid, now))
  )
}

function userOf(claims: Claims): User {
  const { namespace, serviceaccount, pod, node } = claims['kubernetes.io']
  const key = (name: string): string => `authentication.kubernetes.io/${name}`
  return authenticatedUser({
    name: claims.sub,
    uid: serviceaccount.uid,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`],
    extra: {
      [key('credential-id')]: [`JTI=${claims.jti}`],
      ...(pod === undefined ? {} : { [key('pod-name')]: [pod.name], [key('pod-uid')]: [pod.uid] }),
      ...(node === undefined ? {} : { [key('node-name')]: [node.name], [key('node-uid')]: [node.uid] }),
    },
    source: 'service account token',
  })
}
