/** Every way that a request about a Secret can fail, and the value of the Secret in none of the answers, logs and records. */
import assert from 'node:assert/strict'
import type { OutgoingHttpHeaders } from 'node:http'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { makeLog } from '#base/log.ts'
import type { Event } from '#kinds/facts/generated/types/audit_v1.ts'
import { type Reply, type Wire, openWire } from '../api/wire.ts'
import { assertAbsent, makeCanary } from './canary.ts'

const canary = makeCanary()
const secrets = '/api/v1/namespaces/default/secrets'
const json = 'application/json'
const yaml = 'application/yaml'
const merge = 'application/merge-patch+json'
const strategic = 'application/strategic-merge-patch+json'
const jsonPatch = 'application/json-patch+json'
const apply = 'application/apply-patch+yaml'
const protobuf = 'application/vnd.kubernetes.protobuf'

let wire: Wire
let written = ''
const events: Event[] = []
const data = { key: canary.base64 }
const secret = (name: string, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  data,
  ...more,
})

/** Method, path, body, type of the body, headers. */
type Case = readonly [
  method: string,
  path: string,
  body: object | string | Buffer,
  type?: string,
  headers?: OutgoingHttpHeaders,
]

async function send([method, path, body, type = json, headers = {}]: Case, token?: string): Promise<Reply> {
  const bytes = typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)
  return wire.call(method, path, {
    body: bytes,
    ...(token === undefined ? {} : { token }),
    headers: { 'content-type': type, 'content-length': Buffer.byteLength(bytes), ...headers },
  })
}

/** All of them fail, and say nothing of the value. */
async function fails(cases: readonly Case[], token?: string): Promise<void> {
  for (const one of cases) {
    const reply = await send(one, token)
    const name = `${one[0]} ${one[1]} ${one[3] ?? ''}: ${String(one[2]).slice(0, 60)}`
    assert.ok(
      reply.status >= 400 && reply.json?.message !== 'the server could not answer',
      `${name}: ${reply.status} ${reply.text.slice(0, 300)}`,
    )
    assertAbsent(canary, reply.text, `${name}: ${reply.text}`)
    assertAbsent(canary, JSON.stringify(reply.headers), `${name}: headers`)
  }
}

before(async () => {
  const log = makeLog(line => (written += line), 'debug')
  wire = await openWire({ log, audit: event => void events.push(event) })
  for (const name of ['held', 'other']) assert.equal((await send(['POST', secrets, secret(name)])).status, 201)
  assert.equal((await send(['POST', secrets, secret('frozen', { immutable: true })])).status, 201)
})
after(() => wire.stop())

test('bodies that cannot be read', async () => {
  const whole = JSON.stringify(secret('new'))
  const text = canary.text
  await fails([
    ['POST', secrets, whole.slice(0, -3)],
    ['POST', secrets, whole.replace(canary.base64, `${canary.base64}\\x`)],
    ['POST', secrets, `${whole}${whole}`],
    ['POST', secrets, `"${text}"`],
    ['POST', secrets, `[${whole}]`],
    ['POST', secrets, secret('new', { data: { key: text } })],
    ['POST', secrets, secret('new', { data: { key: `${canary.base64}=` } })],
    ['POST', secrets, secret('new', { data: { key: { inner: text } } })],
    ['POST', secrets, secret('new', { data: { key: [text] } })],
    ['POST', secrets, secret('new', { data: text })],
    ['POST', secrets, secret('new', { data: [text] })],
    ['POST', secrets, secret('new', { stringData: { key: { inner: text } } })],
    ['POST', secrets, secret('new', { stringData: text })],
    ['POST', secrets, secret('new', { immutable: text })],
    ['POST', secrets, secret('new', { type: { inner: text } })],
    ['POST', secrets, { ...secret('new'), apiVersion: 'v2' }],
    ['POST', secrets, { ...secret('new'), kind: 'ConfigMap' }],
    ['POST', secrets, { ...secret('new'), kind: 'Nothing' }],
    ['POST', `${secrets}?fieldValidation=Strict`, secret('new', { datum: text })],
    ['POST', `${secrets}?fieldValidation=Strict`, whole.replace('"data":{', `"data":{"key":"${canary.base64}",`)],
    ['POST', `${secrets}?dryRun=x`, secret('new')],
    ['POST', secrets, `data: {key: ${text}\n`, yaml],
    ['POST', secrets, `data:\n\tkey: ${text}\n`, yaml],
    ['POST', secrets, `data:\n  key: *${text}\n`, yaml],
    ['POST', secrets, `data:\n  key: !${text} x\n`, yaml],
    ['POST', secrets, `data:\n  key: !${text}!x y\n`, yaml],
    ['POST', secrets, `data:\n  key: "${text}\n`, yaml],
    ['POST', secrets, `data:\n  key: a\n ${text}: b\n  c\n`, yaml],
    ['POST', secrets, `data:\n  key: ${text}\n  key: ${text}\n`, yaml],
    ['POST', secrets, Buffer.from(`k8s\u0000${text}`), protobuf],
    [
      'POST',
      secrets,
      Buffer.concat([Buffer.from('6b38730012', 'hex'), Buffer.from([120]), Buffer.from(text)]),
      protobuf,
    ],
    ['POST', secrets, text, protobuf],
    ['POST', secrets, text, 'text/plain'],
    ['POST', secrets, gzipSync(whole).subarray(0, 60), json, { 'content-encoding': 'gzip' }],
    ['POST', secrets, secret('new', { data: { key: canary.base64, more: 'A'.repeat(2 * 1024 * 1024) } })],
    ['POST', secrets, secret('new', { data: { key: canary.base64, more: 'A'.repeat(4 * 1024 * 1024) } })],
  ])
})

test('Secrets that may not be as they are', async () => {
  const version = { metadata: { name: 'held', resourceVersion: '1' }, data }
  await fails([
    ['POST', secrets, secret('held')],
    ['POST', secrets, secret('UPPER')],
    ['POST', secrets, secret('')],
    ['POST', secrets, { ...secret('x'), metadata: { name: 'x', namespace: 'other' } }],
    ['POST', secrets, { ...secret('x'), metadata: { name: 'x', labels: { a: '-' } } }],
    ['POST', secrets, { ...secret('x'), metadata: { name: 'x', annotations: { '/': canary.text } } }],
    ['POST', secrets, secret('x', { data: { 'bad key': canary.base64 } })],
    ['POST', secrets, secret('x', { data: { '..': canary.base64 } })],
    ['POST', secrets, secret('x', { stringData: { 'bad key': canary.text } })],
    ['POST', secrets, secret('x', { type: 'kubernetes.io/tls' })],
    ['POST', secrets, secret('x', { type: 'kubernetes.io/ssh-auth' })],
    ['POST', secrets, secret('x', { type: 'kubernetes.io/basic-auth' })],
    ['POST', secrets, secret('x', { type: 'kubernetes.io/service-account-token' })],
    [
      'POST',
      secrets,
      secret('x', { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': canary.base64 } }),
    ],
    [
      'POST',
      secrets,
      secret('x', {
        type: 'kubernetes.io/dockerconfigjson',
        stringData: { '.dockerconfigjson': `{"auths":"${canary.text}"` },
      }),
    ],
    ['POST', secrets, secret('x', { type: 'kubernetes.io/dockercfg', data: { '.dockercfg': canary.base64 } })],
    ['PUT', `${secrets}/held`, version],
    ['PUT', `${secrets}/held`, { metadata: { name: 'held', uid: 'x' }, data }],
    ['PUT', `${secrets}/held`, secret('another')],
    ['PUT', `${secrets}/absent`, secret('absent')],
    ['PUT', `${secrets}/held`, secret('held', { type: 'x/y' })],
    [
      'PUT',
      `${secrets}/frozen`,
      secret('frozen', { immutable: true, data: { key: Buffer.from(`${canary.text}!`).toString('base64') } }),
    ],
    ['PUT', `${secrets}/frozen`, secret('frozen', { data: {} })],
    ['DELETE', `${secrets}/held`, { kind: 'DeleteOptions', apiVersion: 'v1', preconditions: { uid: 'x' } }],
  ])
})

test('patches that fail', async () => {
  const at = `${secrets}/held`
  const text = canary.text
  const value = canary.base64
  await fails([
    ['PATCH', at, [{ op: 'test', path: '/data/key', value: `${value}x` }], jsonPatch],
    ['PATCH', at, [{ op: 'test', path: '/data/key', value: text }], jsonPatch],
    ['PATCH', at, [{ op: 'test', path: '/data', value: { key: text } }], jsonPatch],
    ['PATCH', at, [{ op: 'add', path: '/no/such/place', value: text }], jsonPatch],
    ['PATCH', at, [{ op: 'replace', path: '/data/absent', value: text }], jsonPatch],
    ['PATCH', at, [{ op: 'remove', path: '/data/absent' }], jsonPatch],
    ['PATCH', at, [{ op: 'copy', from: '/data/key', path: '/metadata/labels' }], jsonPatch],
    [
      'PATCH',
      at,
      [
        { op: 'copy', from: '/data', path: '/metadata/labels' },
        { op: 'test', path: '/metadata/labels/key', value: 'x' },
      ],
      jsonPatch,
    ],
    ['PATCH', at, [{ op: 'move', from: '/data/key', path: '/type' }], jsonPatch],
    ['PATCH', at, [{ op: 'copy', from: '/data/key', path: '/metadata/resourceVersion' }], jsonPatch],
    ['PATCH', at, [{ op: 'copy', from: '/data/key', path: '/metadata/uid' }], jsonPatch],
    ['PATCH', at, [{ op: 'copy', from: '/data/key', path: '/metadata/name' }], jsonPatch],
    ['PATCH', at, [{ op: 'copy', from: '/data/key', path: '/metadata/namespace' }], jsonPatch],
    ['PATCH', at, [{ op: 'copy', from: '/data/key', path: '/kind' }], jsonPatch],
    ['PATCH', at, [{ op: 'copy', from: '/data/key', path: '/apiVersion' }], jsonPatch],
    ['PATCH', at, [{ op: 'copy', from: '/data/key', path: '/metadata/creationTimestamp' }], jsonPatch],
    ['PATCH', at, [{ op: 'copy', from: '/data/key', path: '/immutable' }], jsonPatch],
    [
      'PATCH',
      at,
      [
        { op: 'add', path: '/metadata/finalizers', value: [] },
        { op: 'copy', from: '/data/key', path: '/metadata/finalizers/0' },
      ],
      jsonPatch,
    ],
    [
      'PATCH',
      at,
      [
        { op: 'add', path: '/metadata/labels', value: {} },
        { op: 'copy', from: '/data/key', path: '/metadata/labels/a' },
      ],
      jsonPatch,
    ],
    ['PATCH', at, [{ op: text, path: '/data/key' }], jsonPatch],
    ['PATCH', at, { op: 'add', value: text }, jsonPatch],
    ['PATCH', at, `[{"op":"add","path":"/data/key","value":"${text}"`, jsonPatch],
    ['PATCH', at, `"${text}"`, jsonPatch],
    ['PATCH', at, { data: text }, merge],
    ['PATCH', at, { data: { key: text } }, merge],
    ['PATCH', at, { data: { key: [text] } }, merge],
    ['PATCH', at, `"${text}"`, merge],
    ['PATCH', at, `{"data":{"key":"${text}"`, merge],
    ['PATCH', at, [text], merge],
    ['PATCH', at, { metadata: { name: 'x' }, data }, merge],
    ['PATCH', at, { type: 'x/y', data }, merge],
    ['PATCH', at, { metadata: { resourceVersion: '1' }, data }, merge],
    ['PATCH', at, { data: [text] }, strategic],
    ['PATCH', at, { data: { $patch: text } }, strategic],
    ['PATCH', at, { metadata: { finalizers: text, '$setElementOrder/finalizers': [text] } }, strategic],
    ['PATCH', at, `{"data":"${text}`, strategic],
    ['PATCH', at, secret('held', { data: text }), apply],
    ['PATCH', `${at}?fieldManager=a`, secret('held', { data: text }), apply],
    ['PATCH', `${at}?fieldManager=a`, secret('held', { data: { key: text } }), apply],
    [
      'PATCH',
      `${at}?fieldManager=a`,
      secret('held', { data: { key: Buffer.from(`${text}!`).toString('base64') } }),
      apply,
    ],
    ['PATCH', `${at}?fieldManager=a`, `data: {key: ${text}`, apply],
    ['PATCH', `${at}?fieldManager=a`, `data:\n  key: *${text}`, apply],
    ['PATCH', `${at}?fieldManager=a`, secret('another'), apply],
    ['PATCH', `${at}?fieldManager=a&fieldValidation=Strict`, secret('held', { datum: text }), apply],
    ['PATCH', `${at}?fieldManager=${'a'.repeat(200)}`, { data }, merge],
    ['PATCH', `${secrets}/frozen`, { data: { key: Buffer.from(`${text}!`).toString('base64') } }, merge],
    ['PATCH', `${secrets}/frozen`, { data: { key: null } }, strategic],
    ['PATCH', `${secrets}/absent`, { data }, merge],
    ['PATCH', `${at}/status`, { data }, merge],
    ['PATCH', at, { data }, 'application/x'],
  ])
})

test('somebody without rights, over quota, or with bad credentials', async () => {
  const token = await wire.account('nobody', [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }])
  await fails(
    [
      ['POST', secrets, secret('new')],
      ['PUT', `${secrets}/held`, secret('held')],
      ['PATCH', `${secrets}/held`, { data }, merge],
      ['DELETE', `${secrets}/held`, { kind: 'DeleteOptions' }],
    ],
    token,
  )
  for (const method of ['GET', 'HEAD']) {
    const reply = await wire.call(method, `${secrets}/held`, { token })
    assert.equal(reply.status, 403)
    assertAbsent(canary, reply.text, method)
  }
  await wire.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'small' } } })
  const quota = { metadata: { name: 'q' }, spec: { hard: { 'count/secrets': '0' } } }
  await wire.call('POST', '/api/v1/namespaces/small/resourcequotas', { body: quota })
  await fails([['POST', '/api/v1/namespaces/small/secrets', secret('new')]])
  const review = (of: object) => ({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: of })
  const reviews = '/apis/authentication.k8s.io/v1/tokenreviews'
  await fails([
    ['POST', reviews, review({ token: [canary.text] })],
    ['POST', reviews, `{"spec":{"token":"${canary.text}"`],
    ['POST', reviews, review({ token: '', audiences: canary.text })],
  ])
  const unknown = await send(['POST', reviews, review({ token: canary.text })])
  assert.equal(unknown.status, 201)
  assertAbsent(canary, JSON.stringify(unknown.json.status), 'the answer of a TokenReview')
  const jwt = [`{"alg":"none","kid":"${canary.text}"}`, `{"iss":"${canary.text}"}`]
    .map(part => Buffer.from(part).toString('base64url'))
    .concat('x')
    .join('.')
  for (const bad of [canary.text.replaceAll(/[^\w-]/g, 'x'), jwt, `abcdef.${canary.text.slice(7, 23)}`]) {
    const reply = await wire.call('GET', '/api', { token: bad })
    assert.equal(reply.status, 401)
    assertAbsent(canary, reply.text, 'a 401')
  }
  const basic = await wire.call('GET', '/api', {
    token: '',
    headers: { authorization: `Basic ${Buffer.from(`a:${canary.text}`).toString('base64')}` },
  })
  assert.equal(basic.status, 401)
  await wire.call('GET', `/api?access_token=${encodeURIComponent(canary.text)}`, { token: '' })
})

const policies = '/apis/admissionregistration.k8s.io/v1'
const rules = { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['*'], resources: ['secrets'] }] }
const selector = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'judged' } } }

/** A webhook on loopback that nobody answers. */
const closed = { url: 'https://127.0.0.1:9/x', caBundle: '' }

test('policies and webhooks that stumble over a value', async () => {
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
  assert.match(written, /request failed/)
  assert.match(written, /leaks\.test\.ts/, 'where it happened is said')
})

test('tables, events, metrics, discovery, decisions and what is said of Secrets', async () => {
  await send([
    'PATCH',
    `${secrets}/held`,
    { metadata: { annotations: { 'bulwark.dev/expires-at': '2020-01-01' } } },
    merge,
  ])
  await send(['PATCH', `${secrets}/other`, { type: null, data: { 'tls.crt': canary.base64 } }, merge])
  await send([
    'POST',
    secrets,
    secret('site', { type: 'kubernetes.io/tls', data: { 'tls.crt': canary.base64, 'tls.key': canary.base64 } }),
  ])
  const pod = {
    metadata: { name: 'p' },
    spec: {
      containers: [
        {
          name: 'c',
          image: 'i',
          env: [{ name: 'A', valueFrom: { secretKeyRef: { name: 'held', key: 'absent' } } }],
          envFrom: [{ secretRef: { name: 'held' } }],
        },
      ],
    },
  }
  await send(['POST', '/api/v1/namespaces/default/pods', pod])
  await new Promise(resolve => void setTimeout(resolve, 500))
  const table = 'application/json;as=Table;v=v1;g=meta.k8s.io'
  for (const [path, accept] of [
    [`${secrets}?includeObject=None`, table],
    [`${secrets}?includeObject=Metadata`, table],
    [`${secrets}/held?includeObject=None`, table],
    ['/apis/bulwark.dev/v1alpha1/secretversions?includeObject=None', table],
    [secrets, 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io'],
    ['/apis/bulwark.dev/v1alpha1/secretstatuses', json],
    ['/apis/bulwark.dev/v1alpha1/decisions', json],
    ['/api/v1/events', json],
    ['/api/v1/pods', json],
    ['/metrics', '*/*'],
    ['/readyz?verbose', '*/*'],
    ['/openapi/v2', json],
  ] as const) {
    const reply = await wire.call('GET', path, { headers: { accept } })
    assert.equal(reply.status, 200, `${path}: ${reply.text.slice(0, 200)}`)
    assertAbsent(canary, reply.text, path)
  }
  const found = await wire.call('GET', '/apis/bulwark.dev/v1alpha1/namespaces/default/secretstatuses/site')
  assert.equal(found.json.status.conditions.at(-1).reason, 'Unreadable')
})

test('nothing of it is in the log or on record, and the test can see', async () => {
  const whole = await wire.call('GET', `${secrets}/held`)
  assert.notEqual(canary.find(whole.text), undefined, 'the canary is found where it is')
  assert.notEqual(canary.find(Buffer.from(canary.text).toString('hex')), undefined)
  assert.notEqual(canary.find(Buffer.from(`ab${canary.text}`).toString('base64url')), undefined)
  assertAbsent(canary, written, 'the log')
  assert.ok(events.length > 100)
  for (const event of events) assertAbsent(canary, JSON.stringify(event), `${event.verb} ${event.requestURI}`)
})
