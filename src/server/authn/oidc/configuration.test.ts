import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JWTAuthenticator } from '#kinds/facts/generated/types/apiserver_v1.ts'
import { ConfigurationError } from '#codec/configuration.ts'
import { checkAuthentication, readAuthentication } from './configuration.ts'
import { fromFlags } from './flags.ts'

type Draft = Record<string, unknown>

/** What is wrong with a good authenticator after a change. */
function problems(change: (jwt: Draft, issuer: Draft, mappings: Draft) => void): string {
  const issuer: Draft = { url: 'https://a.example', audiences: ['me'] }
  const mappings: Draft = { username: { claim: 'sub', prefix: '' } }
  const jwt: Draft = { issuer, claimMappings: mappings }
  change(jwt, issuer, mappings)
  try {
    checkAuthentication({ jwt: [jwt as unknown as JWTAuthenticator] }, ['https://own'])
    return ''
  } catch (error) {
    assert.ok(error instanceof ConfigurationError, String(error))
    return error.message
  }
}

test('issuers are checked as upstream checks them', () => {
  const issuer = (fields: Draft): string => problems((_, one) => void Object.assign(one, fields))
  assert.equal(issuer({}), '')
  assert.equal(issuer({ url: undefined }), 'jwt[0].issuer.url: Required value')
  const url = (value: string, detail: string): void =>
    assert.equal(issuer({ url: value }), `jwt[0].issuer.url: Invalid value: ${JSON.stringify(value)}: ${detail}`)
  url('http://a.example', 'URL scheme must be https')
  url('https://a:b@c.example', 'URL must not contain a username or password')
  url('https://a.example?b', 'URL must not contain a query')
  url('https://a.example#b', 'URL must not contain a fragment')
  url('https://own', 'URL must not overlap with disallowed issuers: [https://own]')
  assert.match(issuer({ discoveryURL: 'https://a.example/' }), /discoveryURL must be different from URL$/)
  assert.equal(issuer({ discoveryURL: 'https://b.example/.well-known/openid-configuration' }), '')
  assert.equal(
    issuer({ audiences: [] }),
    'jwt[0].issuer.audiences: Required value: at least one jwt[0].issuer.audiences is required',
  )
  assert.match(issuer({ audiences: ['a', 'b'] }), /audienceMatchPolicy must be MatchAny for multiple audiences$/)
  assert.equal(issuer({ audiences: ['a', 'b'], audienceMatchPolicy: 'MatchAny' }), '')
  assert.match(issuer({ audienceMatchPolicy: 'MatchAll' }), /must be empty or MatchAny for single audience$/)
  assert.match(
    issuer({ audiences: ['a', 'a', ''], audienceMatchPolicy: 'MatchAny' }),
    /^\[jwt\[0\]\.issuer\.audiences\[1\]: Duplicate value: "a", jwt\[0\]\.issuer\.audiences\[2\]: Required value\]$/,
  )
  const bundle = issuer({ certificateAuthority: 'secret' })
  assert.match(bundle, /data does not contain any valid RSA or ECDSA certificates$/)
  assert.ok(!bundle.includes('secret'))
})

test('mappings and rules are checked as upstream checks them', () => {
  const mapped = (fields: Draft): string => problems((_, _issuer, one) => void Object.assign(one, fields))
  const at = (path: string, rest: string): string => `jwt[0].${path}: ${rest}`
  assert.equal(
    mapped({ username: {} }),
    at('claimMappings.username', 'Required value: claim or expression is required'),
  )
  assert.equal(
    mapped({ username: { claim: 'sub' } }),
    at(
      'claimMappings.username.prefix',
      'Required value: prefix is required when claim is set. It can be set to an empty string to disable prefixing',
    ),
  )
  assert.match(mapped({ username: { claim: 'a', expression: 'claims.a' } }), /claim and expression can't both be set$/)
  assert.match(mapped({ username: { expression: 'claims.' } }), /compilation failed: /)
  assert.match(mapped({ username: { expression: 'claims.a', prefix: 'x' } }), /may not be specified when expression is/)
  assert.match(mapped({ username: { expression: 'claims.email' } }), /claims\.email_verified must be used in/)
  assert.equal(mapped({ username: { expression: 'claims.email_verified == true ? claims.email : claims.sub' } }), '')
  assert.match(mapped({ username: { expression: 'claims.?email.orValue("")' } }), /email_verified must be used/)
  assert.match(mapped({ uid: { claim: 'a', expression: 'claims.a' } }), /claimMappings\.uid: .*can't both be set$/)
  const extra = (key: string): string => mapped({ extra: [{ key, valueExpression: 'claims.a' }] })
  assert.equal(extra('acme.io/foo'), '')
  assert.match(extra('acme.io/Foo'), /must be lowercase$/)
  assert.match(extra('foo'), /must be a domain-prefixed path/)
  assert.match(extra('authentication.kubernetes.io/pod-name'), /are reserved for Kubernetes use$/)
  assert.match(extra('k8s.io/x'), /are reserved for Kubernetes use$/)
  const rules = (...claimValidationRules: readonly Draft[]): string =>
    problems(jwt => void Object.assign(jwt, { claimValidationRules }))
  assert.equal(rules({ claim: 'hd', requiredValue: 'x' }, { expression: 'claims.a == "b"' }), '')
  assert.match(rules({}), /claimValidationRules\[0\]: Required value: claim or expression is required$/)
  assert.match(rules({ expression: 'claims.a' }), /must evaluate to bool$/)
  assert.match(rules({ claim: 'a', message: 'm' }), /message: .*may not be specified when claim is set$/)
  assert.match(rules({ expression: 'true' }, { expression: 'true' }), /Duplicate value: "true"$/)
  const user = problems(jwt => void Object.assign(jwt, { userValidationRules: [{ expression: 'user.name == ""' }] }))
  assert.match(user, /userValidationRules\[0\]\.expression: .*compilation failed/)
})

const file = (...lines: readonly string[]): string =>
  ['apiVersion: apiserver.config.k8s.io/v1', 'kind: AuthenticationConfiguration', ...lines].join('\n')

test('a file is read strictly', () => {
  const read = (text: string) => readAuthentication(text, [])
  assert.deepEqual(read(file()), { issuers: [], anonymous: undefined })
  assert.throws(() => read(file('jwts: []')), /strict decoding error: unknown field "jwts"/)
  assert.throws(() => read(file('jwt: {}')), ConfigurationError)
  assert.throws(() => read('kind: AuthenticationConfiguration'), /must hold a AuthenticationConfiguration of/)
  assert.throws(() => read('[]'), /holds no AuthenticationConfiguration/)
  assert.throws(() => read(file('a: 1', 'a: 2')), /already set in map/)
  const { anonymous } = read(file('anonymous: {enabled: true, conditions: [{path: /livez}]}'))
  assert.deepEqual(anonymous, { enabled: true, conditions: [{ path: '/livez' }] })
  assert.throws(
    () => read(file('anonymous: {enabled: false, conditions: [{path: /livez}]}')),
    /enabled should be set to true when conditions are defined/,
  )
  const issuer = 'issuer: {url: "https://a", audiences: [a]}, claimMappings: {username: {claim: a, prefix: ""}}'
  assert.throws(() => read(file(`jwt: [{${issuer}}, {${issuer}}]`)), /jwt\[1\]\.issuer\.url: Duplicate value/)
  const many = Array.from({ length: 65 }, () => `{${issuer}}`).join(',')
  assert.throws(() => read(file(`jwt: [${many}]`)), /jwt: Too many: 65: must have at most 64 items/)
})

test('flags mean what upstream makes of them', () => {
  assert.equal(fromFlags({}), undefined)
  assert.throws(() => fromFlags({ clientId: 'me' }), /oidc-issuer-url and oidc-client-id must be specified together/)
  const base = { issuerUrl: 'https://a', clientId: 'me' }
  const username = (flags: object) => fromFlags({ ...base, ...flags })?.jwt.claimMappings.username
  assert.deepEqual(username({}), { claim: 'sub', prefix: 'https://a#' })
  assert.deepEqual(username({ usernameClaim: 'email' }), { claim: 'email', prefix: '' })
  assert.deepEqual(username({ usernamePrefix: '-' }), { claim: 'sub', prefix: '' })
  assert.deepEqual(username({ usernamePrefix: 'x:' }), { claim: 'sub', prefix: 'x:' })
  assert.deepEqual(fromFlags(base)?.algorithms, ['RS256'])
  assert.throws(() => fromFlags({ ...base, signingAlgs: ['HS256'] }), /unsupported signing alg: "HS256"/)
  assert.throws(() => fromFlags({ ...base, requiredClaim: ['hd'] }), /takes claim=value/)
  const more = fromFlags({ ...base, requiredClaim: ['hd=a=b'], groupsClaim: 'g', groupsPrefix: 'p:' })
  assert.deepEqual(more?.jwt.claimValidationRules, [{ claim: 'hd', requiredValue: 'a=b' }])
  assert.deepEqual(more?.jwt.claimMappings.groups, { claim: 'g', prefix: 'p:' })
})
