import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JWTAuthenticator } from '#kinds/facts/generated/types/apiserver_v1.ts'
import { checkAuthentication } from './configuration.ts'
import { type Claims, identityOf } from './claims.ts'
import { jwt } from './issuer-fixture.ts'

function identity(more: Partial<JWTAuthenticator>, claims: Claims) {
  const [rules] = checkAuthentication({ jwt: [jwt('https://a', more)] }, []).issuers
  assert.ok(rules !== undefined)
  return identityOf(rules, claims)
}

const mappings = (fields: Partial<JWTAuthenticator['claimMappings']>): Partial<JWTAuthenticator> => ({
  claimMappings: { username: { claim: 'sub', prefix: '' }, uid: {}, ...fields },
})

test('claims become a user by name', () => {
  const more = mappings({ groups: { claim: 'teams', prefix: 'a:' }, uid: { claim: 'id' } })
  assert.deepEqual(identity(more, { sub: 'jane', teams: ['x', 'y', 'x'], id: '7', jti: 'j' }), {
    name: 'jane',
    groups: ['a:x', 'a:y'],
    uid: '7',
    extra: { 'authentication.kubernetes.io/credential-id': ['JTI=j'] },
    source: 'oidc',
  })
  assert.throws(() => identity(more, { sub: 'jane' }), /parse uid claim "id": claim not present/)
})

test('expressions over claims', () => {
  const more = mappings({
    username: { expression: 'claims.sub + ":" + claims.nested.part' },
    groups: { expression: 'claims.roles.split(",").filter(r, r != "")' },
    uid: { expression: 'string(claims.number)' },
    extra: [
      { key: 'acme.io/one', valueExpression: 'claims.?one.orValue("")' },
      { key: 'acme.io/two', valueExpression: '["a", "", "b"]' },
    ],
  })
  const claims = { sub: 'jane', nested: { part: 'x' }, roles: 'dev,,ops', number: 12 }
  assert.deepEqual(identity(more, claims), {
    name: 'jane:x',
    groups: ['dev', 'ops'],
    uid: '12',
    extra: { 'acme.io/two': ['a', 'b'] },
    source: 'oidc',
  })
  assert.throws(() => identity(more, { ...claims, nested: {} }), /no such key: part/)
  assert.throws(() => identity(more, { ...claims, roles: 7 }), /oidc: error evaluating group claim expression/)
  const notText = mappings({ username: { expression: 'claims.number' } })
  assert.throws(() => identity(notText, claims), /username claim expression must return a string/)
  assert.throws(() => identity(mappings({ groups: { expression: '[1]' } }), claims), /a string or a list of strings/)
})

test('an address that is not verified names nobody', () => {
  const more = mappings({ username: { claim: 'email', prefix: '' } })
  const email = 'jane@example.com'
  assert.equal(identity(more, { email }).name, email)
  assert.equal(identity(more, { email, email_verified: true }).name, email)
  for (const email_verified of [false, 'true', null, 1])
    assert.throws(() => identity(more, { email, email_verified }), /email not verified/)
})

test('rules about claims and about the user refuse', () => {
  const more: Partial<JWTAuthenticator> = {
    ...mappings({}),
    claimValidationRules: [
      { claim: 'hd', requiredValue: 'acme.io' },
      { expression: 'claims.level > 2', message: 'level is too low' },
    ],
    userValidationRules: [{ expression: "!user.username.startsWith('x')", message: 'no x' }],
  }
  const good = { sub: 'jane', hd: 'acme.io', level: 3 }
  assert.equal(identity(more, good).name, 'jane')
  assert.throws(() => identity(more, { ...good, hd: undefined }), /required claim hd value does not match$/)
  assert.throws(() => identity(more, { sub: 'jane', level: 3 }), /required claim hd not present/)
  assert.throws(() => identity(more, { ...good, hd: ['acme.io'] }), /does not match$/)
  assert.throws(() => identity(more, { ...good, level: 2 }), /level is too low$/)
  assert.throws(() => identity(more, { ...good, level: 'high' }), /error evaluating claim validation/)
  assert.throws(() => identity(more, { ...good, sub: 'xavier' }), /no x$/)
})

test('names of prototype members are claims like others', () => {
  const more = mappings({ username: { claim: 'constructor', prefix: '' } })
  assert.throws(() => identity(more, { sub: 'jane' }), /claim not present/)
})
