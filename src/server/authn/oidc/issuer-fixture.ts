/** For tests: issuers that answer from memory, and tokens of theirs. */
import { createHmac, generateKeyPairSync, sign } from 'node:crypto'
import type { JWTAuthenticator } from '#kinds/facts/generated/types/apiserver_v1.ts'
import { makeFakeTime } from './time-fixture.ts'
import type { Authenticated, TokenAuthenticator } from '../chain.ts'
import type { SigningAlgorithm } from './algorithms.ts'
import { makeOidc } from './authenticator.ts'
import { checkAuthentication } from './configuration.ts'
import { issuerKeys } from './keys.ts'

/** Seconds since the epoch. */
export const start = 1_800_000_000

export interface Key {
  readonly id: string
  readonly jwk: Readonly<Record<string, unknown>>
  readonly sign: (body: string) => Buffer
  /** PEM, as an attacker finds it. */
  readonly publicPem: string
}

export function ecKey(id: string): Key {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return {
    id,
    jwk: { ...publicKey.export({ format: 'jwk' }), kid: id, use: 'sig', alg: 'ES256' },
    sign: body => sign('sha256', Buffer.from(body), { key: privateKey, dsaEncoding: 'ieee-p1363' }),
    publicPem: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
  }
}

export const encode = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

export type Fields = Readonly<Record<string, unknown>>

export const claims = (url: string, more: Fields = {}): Fields => ({
  iss: url,
  sub: 'jane',
  aud: 'me',
  exp: start + 600,
  iat: start,
  ...more,
})

export function tokenOf(key: Key, body: Fields, header: Fields = {}): string {
  const signed = `${encode({ alg: 'ES256', kid: key.id, ...header })}.${encode(body)}`
  return `${signed}.${key.sign(signed).toString('base64url')}`
}

export function hmacToken(secret: string, header: Fields, body: Fields): string {
  const signed = `${encode(header)}.${encode(body)}`
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`
}

/** What is answered under a URL; a number is a status. */
export type Answers = Map<string, object | string | number>

export const jwt = (url: string, more: Partial<JWTAuthenticator> = {}): JWTAuthenticator => ({
  issuer: { url, audiences: ['me'] },
  claimMappings: { username: { claim: 'sub', prefix: 'oidc:' }, groups: { claim: 'groups', prefix: 'oidc:' }, uid: {} },
  ...more,
})

export interface Trusting {
  readonly authenticator: TokenAuthenticator
  readonly answers: Answers
  /** URLs in the order in which they were asked for. */
  readonly asked: string[]
  readonly pass: (milliseconds: number) => void
  /** Publishes these keys. */
  publish(url: string, ...keys: readonly Key[]): void
  /** Who a token is, or why it is nobody. */
  who(token: string, audiences?: readonly string[]): Promise<Authenticated['user'] | string>
}

export function trusting(
  authenticators: readonly JWTAuthenticator[],
  algorithms?: readonly SigningAlgorithm[],
): Trusting {
  const answers: Answers = new Map()
  const asked: string[] = []
  const { clock, pass } = makeFakeTime(start * 1000)
  const caller = {
    get: ({ url }: { readonly url: URL }) => {
      asked.push(url.href)
      const answer = answers.get(url.href) ?? 404
      const body = typeof answer === 'string' ? answer : JSON.stringify(answer)
      return Promise.resolve({
        status: typeof answer === 'number' ? answer : 200,
        headers: {},
        body: Buffer.from(body),
      })
    },
  }
  const { issuers } = checkAuthentication({ jwt: authenticators }, ['https://own'])
  const authenticator = makeOidc({
    issuers: issuers.map(rules => ({ rules, keys: issuerKeys({ issuer: rules.jwt.issuer, caller, clock }) })),
    audiences: ['api'],
    clock,
    ...(algorithms === undefined ? {} : { algorithms }),
  })
  return {
    authenticator,
    answers,
    asked,
    pass,
    publish: (url, ...keys) => {
      answers.set(`${url}/.well-known/openid-configuration`, { issuer: url, jwks_uri: `${url}/keys` })
      answers.set(`${url}/keys`, { keys: keys.map(key => key.jwk) })
    },
    who: async (token, audiences) => {
      try {
        return (await authenticator.authenticate(token, audiences))?.user ?? 'none of mine'
      } catch (error) {
        return error instanceof Error ? error.message : 'unknown'
      }
    },
  }
}
