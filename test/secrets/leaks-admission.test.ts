/** Admission that stumbles over a value: policies, webhooks, bugs. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { assertAbsent } from './canary.ts'
import { type Leaking, secrets, startLeaking } from './leaking.ts'

let leaking: Leaking
before(async () => {
  leaking = await startLeaking()
})
after(() => leaking.wire.stop())

const policies = '/apis/admissionregistration.k8s.io/v1'
const rules = { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['secrets'] }] }
const selector = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'judged' } } }

/** A webhook on loopback that nobody answers. */
const closed = { url: 'https://127.0.0.1:9/x', caBundle: '' }

test('policies and webhooks that stumble over a value', async () => {
  const { wire, canary, secret, send } = leaking
  await wire.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'judged' } } })
  const there = '/api/v1/namespaces/judged/secrets'
  const key = "string(object.data['key'])"
  const expressions = [
    `int(${key}) > 0`,
    `duration(${key}) > duration('1s')`,
    `timestamp(${key}) > timestamp('2026-01-01T00:00:00Z')`,
    `quantity(${key}).isGreaterThan(quantity('1'))`,
    `url(${key}).getHost() == 'x'`,
    `ip(${key}).family() == 4`,
    `cidr(${key}).prefixLength() == 4`,
    `semver(${key}).major() == 4`,
    `'x'.matches('(' + ${key})`,
    `object.data[${key}] == 'x'`,
    `double(${key}) > 0.0`,
    `bool(${key})`,
    `${key}.charAt(10000) == 'x'`,
    `format.named(${key}).hasValue() && format.named(${key}).value().validate('x').hasValue()`,
    `dyn(object.data).key > 1`,
    `false`,
  ]
  const created = expressions.map(async (expression, at) => {
    const name = `p${at}.x.dev`
    const spec = { failurePolicy: 'Fail', matchConstraints: { ...rules, ...selector }, validations: [{ expression }] }
    const policy = await send(['POST', `${policies}/validatingadmissionpolicies`, { metadata: { name }, spec }])
    assert.equal(policy.status, 201, `${expression}: ${policy.text}`)
    return name
  })
  const names = await Promise.all(created)
  for (const [at, name] of names.entries()) {
    const binding = { metadata: { name }, spec: { policyName: name, validationActions: ['Deny', 'Audit'] } }
    await send(['POST', `${policies}/validatingadmissionpolicybindings`, binding])
    await wire.cluster.plane.store.fresh()
    await new Promise(resolve => void setTimeout(resolve, 10))
    const reply = await send(['POST', there, secret(`s${at}`)])
    assert.ok(reply.status >= 400, `${expressions[at]}: ${reply.status}`)
    assertAbsent(canary, reply.text, `${expressions[at]}: ${reply.text}`)
    await wire.call('DELETE', `${policies}/validatingadmissionpolicybindings/${name}`)
  }
  for (const kind of ['mutating', 'validating']) {
    const webhook = {
      name: 'x.x.dev',
      clientConfig: closed,
      rules: [{ ...rules.resourceRules[0], scope: '*' }],
      ...selector,
      sideEffects: 'None',
      admissionReviewVersions: ['v1'],
      failurePolicy: 'Fail',
      timeoutSeconds: 2,
    }
    const made = await send([
      'POST',
      `${policies}/${kind}webhookconfigurations`,
      { metadata: { name: 'x' }, webhooks: [webhook] },
    ])
    assert.equal(made.status, 201, made.text)
    const reply = await send(['POST', there, secret('hooked')])
    assert.equal(reply.status, 500, kind)
    assertAbsent(canary, reply.text, kind)
    await wire.call('DELETE', `${policies}/${kind}webhookconfigurations/x`)
  }
})

test('a bug in admission says where it is, and not what it was about', async () => {
  const { wire, canary, secret, send, written } = leaking
  const { serving } = wire.cluster.plane.server
  const { admission } = serving.registry
  const bugs: readonly ((object: unknown) => unknown)[] = [
    object => assert.equal(JSON.stringify(object), ''),
    object => JSON.parse(`${String(JSON.stringify(object))}}`) as unknown,
    object => BigInt(String(Reflect.get(Object(Reflect.get(Object(object), 'data')), 'key'))),
    object => Promise.reject(Object.assign(new Error(String(JSON.stringify(object))), { object })),
  ]
  for (const [at, bug] of bugs.entries()) {
    Reflect.set(serving.registry, 'admission', {
      ...admission,
      judge: ({ object }: { object: unknown }) => bug(object),
    })
    const reply = await send(['POST', secrets, secret(`bug${at}`)])
    assert.equal(reply.status, 500)
    assertAbsent(canary, reply.text, `bug ${at}`)
  }
  Reflect.set(serving.registry, 'admission', admission)
  assert.match(written(), /request failed/)
  assert.match(written(), /leaks-admission\.test\.ts/, 'where it happened is said')
})

test('nothing of it is in the log or on record', () => leaking.finish())
