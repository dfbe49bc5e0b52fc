/** Tokens that are not what they say. Each makes nobody. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claims, ecKey, encode, hmacToken, jwt, start, tokenOf, trusting } from './issuer-fixture.ts'

const url = 'https://issuer.example'
const key = ecKey('k1')

function ready() {
  const world = trusting([jwt(url)])
  world.publish(url, key)
  return world
}

const nobody = async (world: ReturnType<typeof ready>, token: string, why: string): Promise<void> =>
  assert.equal(typeof (await world.who(token)), 'string', why)

test('no signature, and signatures that anybody can make', async () => {
  const world = ready()
  const body = claims(url)
  const good = tokenOf(key, body)
  const [, , signature = ''] = good.split('.')
  for (const alg of ['none', 'None', 'NONE', 'nOnE', ''])
    for (const last of ['', signature])
      await nobody(world, `${encode({ alg, kid: 'k1' })}.${encode(body)}.${last}`, `alg ${alg}`)
  for (const alg of ['HS256', 'HS384', 'HS512'])
    for (const secret of [key.publicPem, JSON.stringify(key.jwk), '', 'k1'])
      await nobody(world, hmacToken(secret, { alg, kid: 'k1' }, body), `${alg} with what is public`)
  for (const alg of ['RS256', 'PS256', 'ES384', 'ES512', 'EdDSA', 'ES256K', '__proto__'])
    await nobody(world, tokenOf(key, body, { alg }), `said to be ${alg}`)
  await nobody(world, `${good.slice(0, -4)}AAAA`, 'another signature')
  await nobody(world, good.replace(/\.[^.]+$/, `.${Buffer.alloc(64).toString('base64url')}`), 'a signature of zeros')
  assert.equal(typeof (await world.who(good)), 'object', 'and yet the good one is taken')
})

test('a key that the token brings, or tells where to find, is no key', async () => {
  const world = ready()
  const mine = ecKey('k1')
  const body = claims(url)
  for (const header of [
    { jwk: mine.jwk },
    { jku: 'https://evil.example/keys' },
    { x5u: 'https://evil.example/cert' },
    { x5c: ['MIIB'] },
    { crit: ['exp'], exp: 1 },
    { crit: ['b64'], b64: false },
    { kid: 'k2', jwk: mine.jwk },
    { kid: undefined, jwk: mine.jwk },
    { kid: '../../k1' },
    { kid: '__proto__' },
    { kid: ["k1' or 1=1"] },
    { kid: 7 },
    { kid: null },
  ])
    await nobody(world, tokenOf(mine, body, header), JSON.stringify(header))
  assert.ok(
    world.asked.every(one => one.startsWith(url)),
    'nobody else was asked for anything',
  )
})

test('shared secrets and private parts in the set of keys make no keys', async () => {
  const world = ready()
  world.answers.set(`${url}/keys`, {
    keys: [
      { kty: 'oct', k: encode('secret'), kid: 'k1', alg: 'HS256' },
      { kty: 'oct', k: encode('secret'), kid: 'k1', alg: 'ES256' },
      { ...key.jwk, use: 'enc' },
      { ...key.jwk, alg: 'ES384' },
      { kty: 'EC', kid: 'k1' },
      { kty: '__proto__', kid: 'k1' },
      null,
      'k1',
    ],
  })
  await nobody(world, hmacToken('secret', { alg: 'HS256', kid: 'k1' }, claims(url)), 'HS256')
  await nobody(world, hmacToken('secret', { alg: 'ES256', kid: 'k1' }, claims(url)), 'a secret as ES256')
  await nobody(world, tokenOf(key, claims(url)), 'a key for other purposes')
})

test('whom it is for, from whom, and when', async () => {
  const world = ready()
  for (const wrong of [
    { aud: 'you' },
    { aud: ['you'] },
    { aud: [] },
    { aud: undefined },
    { aud: { me: true } },
    { aud: 'me,you' },
    { iss: `${url}/` },
    { iss: `${url} ` },
    { iss: 'https://own' },
    { iss: [url] },
    { exp: start },
    { exp: start - 1 },
    { exp: undefined },
    { exp: `${start + 600}` },
    { exp: Number.POSITIVE_INFINITY },
    { nbf: start + 301 },
    { nbf: 'now' },
    { sub: undefined },
    { sub: 7 },
    { sub: '' },
    { sub: { $ne: '' } },
  ])
    await nobody(world, tokenOf(key, claims(url, wrong)), JSON.stringify(wrong))
  const late = tokenOf(key, claims(url, { nbf: start + 299, aud: ['you', 'me'] }))
  assert.equal(typeof (await world.who(late)), 'object')
  assert.equal(await world.who(late, ['other']), 'none of mine', 'a token for us is none for others')
  world.pass(601_000)
  await nobody(world, late, 'what was verified is not taken beyond its end')
})

test('sizes and shapes', async () => {
  const world = ready()
  const huge = tokenOf(key, claims(url, { padding: 'x'.repeat(70_000) }))
  const before = world.asked.length
  for (const token of [
    huge,
    '',
    '.',
    '..',
    '...',
    'a.b.c',
    `${encode([])}.${encode(claims(url))}.x`,
    'x'.repeat(1 << 20),
  ])
    await nobody(world, token, token.slice(0, 20))
  const deep = `${encode({ alg: 'ES256' })}.${encode(`{"iss":${'['.repeat(5000)}`)}.x`
  await nobody(world, deep, 'deep')
  assert.equal(world.asked.length, before, 'no such token is worth a question')
})

test('an issuer vouches for nobody of another one', async () => {
  const [a, b] = ['https://a.example', 'https://b.example']
  const [ofA, ofB] = [ecKey('same'), ecKey('same')]
  const world = trusting([jwt(a), jwt(b)])
  world.publish(a, ofA)
  world.publish(b, ofB)
  assert.equal(typeof (await world.who(tokenOf(ofA, claims(a)))), 'object')
  await nobody(world, tokenOf(ofA, claims(b)), 'the key of a, in the name of b')
  await nobody(world, tokenOf(ofB, claims(a)), 'the key of b, in the name of a')
  const lying = trusting([jwt(a), jwt(b)])
  lying.publish(b, ofB)
  lying.answers.set(`${a}/.well-known/openid-configuration`, { issuer: b, jwks_uri: `${b}/keys` })
  await nobody(lying, tokenOf(ofB, claims(a)), 'a document that is of another issuer')
})

test('nobody becomes one of ours', async () => {
  const plain = { username: { claim: 'sub', prefix: '' }, groups: { claim: 'groups', prefix: '' }, uid: {} }
  const world = trusting([jwt(url, { claimMappings: plain })])
  world.publish(url, key)
  for (const wrong of [
    { sub: 'system:admin' },
    { sub: 'system:serviceaccount:kube-system:root' },
    { groups: ['system:masters'] },
    { groups: ['dev', 'system:nodes'] },
    { groups: 'system:masters' },
    { groups: [['system:masters']] },
    { groups: { 0: 'system:masters' } },
    { groups: [7] },
  ])
    await nobody(world, tokenOf(key, claims(url, wrong)), JSON.stringify(wrong))
  const jane = await world.who(tokenOf(key, claims(url, { groups: 'dev' })))
  assert.deepEqual(typeof jane === 'object' && jane.groups, ['dev', 'system:authenticated'])
})

test('claims that are somewhere else are not fetched', async () => {
  const world = ready()
  const elsewhere = {
    _claim_names: { groups: 'src1' },
    _claim_sources: { src1: { endpoint: 'https://169.254.169.254/latest', access_token: 'x' } },
  }
  const found = await world.who(tokenOf(key, claims(url, elsewhere)))
  assert.deepEqual(typeof found === 'object' && found.groups, ['system:authenticated'])
  assert.deepEqual(world.asked, [`${url}/.well-known/openid-configuration`, `${url}/keys`])
})

test('an issuer leads nobody to where only this machine gets', async () => {
  for (const place of [
    'https://169.254.169.254/keys',
    'https://127.0.0.1:6443/keys',
    'https://[::1]/keys',
    'https://[fd00:ec2::254]/keys',
    'https://[::ffff:169.254.169.254]/keys',
    'https://localhost/keys',
    'https://0x7f000001/keys',
    'http://issuer.example/keys',
    'file:///etc/passwd',
    'nonsense',
  ]) {
    const world = ready()
    world.answers.set(`${url}/.well-known/openid-configuration`, { issuer: url, jwks_uri: place })
    await nobody(world, tokenOf(key, claims(url)), place)
    assert.equal(world.asked.length, 1, place)
  }
})

test('a flood of tokens with unknown keys asks the issuer once in a while', async () => {
  const world = ready()
  assert.equal(typeof (await world.who(tokenOf(key, claims(url)))), 'object')
  const flood = async (): Promise<void> => {
    await Promise.all(
      Array.from({ length: 200 }, (_, at) => nobody(world, tokenOf(key, claims(url), { kid: `x${at}` }), 'unknown')),
    )
  }
  await flood()
  assert.equal(world.asked.length, 2, 'it was asked just now')
  world.pass(11_000)
  await flood()
  assert.equal(world.asked.length, 3)
})

test('keys that the issuer changes are known soon, and what it withdrew is one day not taken', async () => {
  const world = ready()
  const next = ecKey('k2')
  assert.equal(typeof (await world.who(tokenOf(key, claims(url)))), 'object')
  world.pass(20_000)
  world.publish(url, next)
  assert.equal(typeof (await world.who(tokenOf(next, claims(url)))), 'object')
  await nobody(world, tokenOf(key, claims(url, { jti: 'x' })), 'withdrawn')
  world.answers.set(`${url}/keys`, 500)
  world.pass(60 * 60 * 1000)
  const later = claims(url, { exp: start + 86_400 })
  assert.equal(typeof (await world.who(tokenOf(next, later))), 'object', 'an hour of trouble is lived through')
  world.pass(12 * 60 * 60 * 1000)
  await nobody(world, tokenOf(next, { ...later, jti: 'y' }), 'half a day is not')
})

test('a signature of an algorithm that was not named for the issuer', async () => {
  const world = trusting([jwt(url)], ['RS256'])
  world.publish(url, key)
  await nobody(world, tokenOf(key, claims(url)), 'ES256')
})
