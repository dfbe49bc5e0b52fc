import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import type { KObject } from '#api/metadata.ts'
import type { Clock } from '#base/clock.ts'
import { openMemoryStore } from '#server/store/memory.ts'
import { bearerToken } from './authenticate.ts'
import { type Claims, type TokenKeys, makeTokenAuthenticator, openToken, signToken, tokenKeys } from './tokens.ts'

const newKeys = (): TokenKeys =>
  tokenKeys(
    generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  )
const keys = newKeys()
const issuer = 'https://issuer'
const start = 1_700_000_000

const claims = (with_: Partial<Claims> = {}, own: Partial<Claims['kubernetes.io']> = {}): Claims => ({
  iss: issuer,
  sub: 'system:serviceaccount:a:robot',
  aud: [issuer],
  exp: start + 3600,
  iat: start,
  nbf: start,
  jti: 'j',
  'kubernetes.io': { namespace: 'a', serviceaccount: { name: 'robot', uid: 'u1' }, ...own },
  ...with_,
})

async function opened() {
  let seconds = start
  const clock: Clock = { now: () => seconds * 1000, monotonic: () => seconds * 1000, after: () => () => undefined }
  const decode = (_: string, text: string): KObject => JSON.parse(text)
  const store = openMemoryStore({ decode, clock })
  const put = (resource: string, key: string, metadata: KObject['metadata']) =>
    store.commit([
      {
        type: 'put',
        resource,
        key,
        managed: '',
        object: { apiVersion: 'v1', kind: 'X', metadata: { ...metadata } } as never,
      },
    ])
  const drop = (resource: string, key: string) => store.commit([{ type: 'delete', resource, key }])
  await put('serviceaccounts', 'a/robot', { name: 'robot', uid: 'u1' })
  const tokens = makeTokenAuthenticator({ keys, store, clock, issuer, audiences: [issuer] })
  const who = (token: string, audiences?: readonly string[]): string | undefined =>
    tokens.authenticate(token, audiences)?.user.name
  return { put, drop, who, close: () => store.close(), pass: (by: number) => void (seconds += by) }
}

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const good = signToken(keys, claims())

test('a token of ours names its account, until it is over', async () => {
  const { who, pass, close } = await opened()
  assert.equal(who(good), 'system:serviceaccount:a:robot')
  pass(3599)
  assert.equal(who(good), 'system:serviceaccount:a:robot')
  pass(1)
  assert.equal(who(good), undefined)
  await close()
})

test('claims of another shape open nothing, whoever signed them', async () => {
  const { who, close } = await opened()
  const own = claims()['kubernetes.io']
  for (const wrong of [
    { ...own, serviceaccount: null },
    { ...own, serviceaccount: { name: 'robot' } },
    { ...own, pod: null },
    { ...own, secret: { name: 5, uid: 'x' } },
    { ...own, node: [] },
    null,
  ])
    assert.equal(
      who(signToken(keys, { ...claims(), 'kubernetes.io': wrong } as never)),
      undefined,
      JSON.stringify(wrong),
    )
  await close()
})

test('tokens that we did not sign open nothing', () => {
  const [head = '', body = '', signature = ''] = good.split('.')
  const header = { kid: keys.id, typ: 'JWT' }
  const publicKey = keys.publicKeys.get(keys.id)?.export({ type: 'spki', format: 'pem' }).toString() ?? ''
  const hmac = `${part({ ...header, alg: 'HS256' })}.${body}`
  const forged = [
    `${part({ ...header, alg: 'none' })}.${body}.`,
    `${part({ ...header, alg: 'none' })}.${body}.${signature}`,
    `${hmac}.${createHmac('sha256', publicKey).update(hmac).digest('base64url')}`,
    signToken({ ...newKeys(), id: keys.id }, claims()),
    signToken(newKeys(), claims()),
    `${head}.${part(claims({ sub: 'system:serviceaccount:kube-system:x' }))}.${signature}`,
    `${head}.${body}.`,
    `${head}.${body}`,
    `${head}.${body}.${signature}.${signature}`,
    `${part({ ...header, alg: 'ES256', kid: '__proto__' })}.${body}.${signature}`,
    `${part([])}.${body}.${signature}`,
    `..`,
    '',
    'x'.repeat(20_000),
  ]
  for (const token of forged) assert.equal(openToken(keys, token), undefined, token.slice(0, 80))
  assert.ok(openToken(keys, good))
})

test('issuer, audience, subject and time are all looked at', async () => {
  const { who, close } = await opened()
  const refused = [
    claims({ iss: 'https://other' }),
    claims({ aud: ['other'] }),
    claims({ aud: [] }),
    claims({ sub: 'system:serviceaccount:a:other' }),
    claims({ sub: 'system:admin' }),
    claims({ exp: start }),
    claims({ nbf: start + 120 }),
    claims({ exp: 'never' as never }),
    claims({}, { namespace: 'b' }),
    claims({}, { serviceaccount: { name: 'robot', uid: 'u2' } }),
  ]
  for (const one of refused) assert.equal(who(signToken(keys, one)), undefined, JSON.stringify(one))
  const other = signToken(keys, claims({ aud: ['other'] }))
  assert.equal(who(other, ['other']), 'system:serviceaccount:a:robot')
  assert.equal(who(good, ['other']), undefined)
  await close()
})

test('a token dies with its account, also when another of the name comes', async () => {
  const { who, put, drop, close } = await opened()
  assert.ok(who(good))
  await drop('serviceaccounts', 'a/robot')
  assert.equal(who(good), undefined)
  await put('serviceaccounts', 'a/robot', { name: 'robot', uid: 'u9' })
  assert.equal(who(good), undefined)
  await close()
})

test('a bound token dies with what it is bound to', async () => {
  const { who, put, drop, pass, close } = await opened()
  for (const [field, resource, key] of [
    ['pod', 'pods', 'a/x'],
    ['secret', 'secrets', 'a/x'],
    ['node', 'nodes', 'x'],
  ] as const) {
    const token = signToken(keys, claims({}, { [field]: { name: 'x', uid: '1' } }))
    assert.equal(who(token), undefined, field)
    await put(resource, key, { name: 'x', uid: '1' })
    assert.ok(who(token), field)
    await put(resource, key, { name: 'x', uid: '2' })
    assert.equal(who(token), undefined, field)
    await drop(resource, key)
  }
  const token = signToken(keys, claims({}, { pod: { name: 'x', uid: '1' } }))
  await put('pods', 'a/x', { name: 'x', uid: '1', deletionTimestamp: '2023-11-14T22:13:50Z' })
  assert.ok(who(token), 'its grace is not over')
  pass(100)
  assert.equal(who(token), undefined, 'only a finalizer holds it')
  await close()
})

test('the bearer of a header, or of the subprotocol of a WebSocket', () => {
  assert.equal(bearerToken({ authorization: 'Bearer abc' }), 'abc')
  assert.equal(bearerToken({ authorization: 'bearer   abc' }), 'abc')
  for (const authorization of ['Basic abc', 'Bearer', 'Bearer a b', ''])
    assert.equal(bearerToken({ authorization }), '', authorization)
  assert.equal(bearerToken({}), undefined)
  const protocol = `v4.channel.k8s.io, base64url.bearer.authorization.k8s.io.${Buffer.from('abc').toString('base64url')}`
  assert.equal(bearerToken({ 'sec-websocket-protocol': protocol }), 'abc')
})

test('keys of RSA sign as RS256; what a token says of itself decides nothing', () => {
  const pem = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' })
  const own = tokenKeys(pem.toString())
  const token = signToken(own, claims())
  const [head = '', body = '', signature = ''] = token.split('.')
  assert.match(Buffer.from(head, 'base64url').toString(), /"RS256"/)
  assert.equal(openToken(own, token)?.sub, claims().sub)
  for (const alg of ['ES256', 'HS256', 'none', 'PS256'])
    assert.equal(openToken(own, `${part({ alg, kid: own.id, typ: 'JWT' })}.${body}.${signature}`), undefined, alg)
  assert.equal(openToken(keys, token), undefined)
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ type: 'pkcs8', format: 'pem' })
  assert.throws(() => tokenKeys(weak.toString()), /2048 bits/)
})
