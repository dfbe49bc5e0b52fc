/** Every way that a request about a Secret can fail, and the value of the Secret in none of the answers, logs and records. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { assertAbsent } from './canary.ts'
import { type Leaking, secrets, startLeaking } from './leaking.ts'

const json = 'application/json'
const yaml = 'application/yaml'
const merge = 'application/merge-patch+json'
const strategic = 'application/strategic-merge-patch+json'
const jsonPatch = 'application/json-patch+json'
const apply = 'application/apply-patch+yaml'
const protobuf = 'application/vnd.kubernetes.protobuf'

let leaking: Leaking
before(async () => {
  leaking = await startLeaking()
})
after(() => leaking.wire.stop())

test('a value is found in whatever form', () => {
  const { canary } = leaking
  for (const form of ['hex', 'base64', 'base64url'] as const)
    for (const before of ['', 'a', 'ab', 'abc'])
      assert.notEqual(canary.find(Buffer.from(`${before}${canary.text}`).toString(form)), undefined, form)
  assert.equal(canary.find('nothing'), undefined)
})

test('bodies that cannot be read', async () => {
  const { canary, secret, fails } = leaking
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
  const { canary, secret, fails, data } = leaking
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
  const { canary, secret, fails, data } = leaking
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
  const { wire, canary, secret, send, fails, data } = leaking
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

test('tables, events, metrics, discovery, decisions and what is said of Secrets', async () => {
  const { wire, canary, secret, send } = leaking
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

test('nothing of it is in the log or on record', () => leaking.finish())
