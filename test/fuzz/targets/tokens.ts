/** Inputs: a token, or the claims of one that we then sign ourselves, as a lost key would. */
import assert from 'node:assert/strict'
import { createPrivateKey } from 'node:crypto'
import type { KObject } from '#api/metadata.ts'
import { bearerToken } from '#server/authn/authenticate.ts'
import { type Claims, makeTokenAuthenticator, openToken, signToken, tokenKeys } from '#server/authn/tokens.ts'
import { openMemoryStore } from '#server/store/memory.ts'
import { isRecord, refusable, type Target } from '../target.ts'

/** Of this test alone, so that tokens of the corpus stay valid. */
const secret = { kty: 'EC', crv: 'P-256', d: 'MR9M9QEBtXkWG0R8DpzNPRRTbLzcAA0ojjVq9T3xNmU' }

function keyOf() {
  const { d } = secret
  // The public half is made from the private one: SEC 1 leaves it out.
  const head = Buffer.from('30310201010420', 'hex')
  const curve = Buffer.from('a00a06082a8648ce3d030107', 'hex')
  const der = Buffer.concat([head, Buffer.from(d, 'base64url'), curve])
  return createPrivateKey({ key: der, format: 'der', type: 'sec1' })
}
const keys = tokenKeys(keyOf().export({ format: 'pem', type: 'pkcs8' }).toString())
const issuer = 'https://issuer'
const start = 1_700_000_000
const clock = { now: () => start * 1000, monotonic: () => 0, after: () => () => undefined }
const store = openMemoryStore({ clock, decode: (_, text): KObject => JSON.parse(text) })
const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'robot', namespace: 'a', uid: 'u1' } }
const ready = store.commit([{ type: 'put', resource: 'serviceaccounts', key: 'a/robot', managed: '', object: account }])
const authenticator = makeTokenAuthenticator({ keys, store, clock, issuer, audiences: [issuer] })

const sound = (claims: Claims): boolean =>
  claims.iss === issuer &&
  claims.exp > start &&
  claims.aud.includes(issuer) &&
  claims.sub === 'system:serviceaccount:a:robot' &&
  claims['kubernetes.io'].serviceaccount.uid === 'u1'

async function run(input: Buffer): Promise<void> {
  await ready
  // Claims are ours to write: they hold no integers beyond 2^53.
  const value = refusable((): unknown => JSON.parse(input.toString()), SyntaxError)
  const text = input.toString('latin1')
  bearerToken({ authorization: `Bearer ${text}` })
  const token = isRecord(value) ? signToken(keys, value as never) : text
  const claims = openToken(keys, token)
  const found = authenticator.authenticate(token)
  if (found === undefined) return
  assert.ok(claims !== undefined && sound(claims), 'a user for claims that say nobody')
  assert.equal(found.user.name, 'system:serviceaccount:a:robot')
}

export const tokens: Target = {
  name: 'tokens',
  json: true,
  words: [
    '.',
    '..',
    'eyJ',
    '=',
    'Bearer ',
    'iss',
    'aud',
    'exp',
    'nbf',
    'kubernetes.io',
    'serviceaccount',
    'pod',
    'secret',
    'node',
    'namespace',
    'uid',
    issuer,
  ],
  rounds: 1500,
  run,
}
