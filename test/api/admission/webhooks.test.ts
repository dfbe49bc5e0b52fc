/** What webhooks are asked, and what becomes of what they answer. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { undecided } from '../wire.ts'
import { patched } from './hook-server.ts'
import { type Setting, group, openSetting, rule } from './setting.ts'

let setting: Setting

before(async () => {
  setting = await openSetting()
})
after(() => setting.stop())

const b = (key: string, value: string): object => ({ op: 'add', path: `/data/${key}`, value })

test('a mutating webhook changes what is kept, one after the other by name', async () => {
  const { hooks } = setting
  const objectSelector = { matchLabels: { for: 'chain' } }
  hooks.on('/first', () => patched([b('first', 'yes')]))
  hooks.on('/second', ({ request }) => patched([b('second', `saw ${request.object.data.first}`)]))
  await setting.configure('Mutating', 'second', { objectSelector })
  await setting.configure('Mutating', 'first', { objectSelector })
  const { status, json } = await setting.create('chain', { data: { own: 'x' } })
  assert.equal(status, 201)
  assert.deepEqual(json.data, { own: 'x', first: 'yes', second: 'saw yes' })
  const [review] = hooks.asked('/first')
  assert.deepEqual(review.request.kind, { group: '', version: 'v1', kind: 'ConfigMap' })
  assert.deepEqual(review.request.resource, { group: '', version: 'v1', resource: 'configmaps' })
  assert.equal(review.request.operation, 'CREATE')
  assert.equal(review.request.namespace, 'default')
  assert.equal(review.request.userInfo.username, 'bulwark:test')
  assert.equal(review.request.oldObject, null)
  assert.equal(review.request.dryRun, false)
  assert.equal(review.request.options.kind, 'CreateOptions')
})

test('a refusal is told with its code, reason, details and warnings', async () => {
  setting.hooks.on('/no', () => ({
    allowed: false,
    status: { code: 409, reason: 'Odd', message: 'because', details: { causes: [{ field: 'data', message: 'bad' }] } },
    warnings: ['take care'],
  }))
  await setting.configure('Validating', 'no', {})
  const { status, json } = await setting.create('no')
  assert.equal(status, 409)
  assert.equal(json.message, 'admission webhook "no.example.com" denied the request: because')
  assert.equal(json.reason, 'Odd')
  assert.deepEqual(undecided({ causes: json.details.causes }), { causes: [{ message: 'bad', field: 'data' }] })
  setting.hooks.on('/no', () => ({ allowed: false }))
  const bare = await setting.create('no')
  assert.equal(bare.status, 400)
  assert.equal(bare.json.message, 'admission webhook "no.example.com" denied the request without explanation')
  setting.hooks.on('/no', () => ({ allowed: true, warnings: ['take care'] }))
  assert.equal((await setting.create('no')).headers.warning, '299 - "take care"')
})

test('reinvocation: a webhook that asks for it sees what those after it have made', async () => {
  const { hooks } = setting
  const objectSelector = { matchLabels: { for: 'again' } }
  hooks.on('/a-again', ({ request }) => patched([b('count', `${Object.keys(request.object.data).length}`)]))
  hooks.on('/b-never', ({ request }) =>
    request.object.data.b === undefined ? patched([b('b', '1')]) : { allowed: true },
  )
  await setting.configure('Mutating', 'a-again', { objectSelector, reinvocationPolicy: 'IfNeeded' })
  await setting.configure('Mutating', 'b-never', { objectSelector })
  const { json } = await setting.create('again', { data: { x: '' } })
  assert.deepEqual(json.data, { x: '', count: '3', b: '1' })
  assert.equal(hooks.asked('/a-again').length, 2)
  assert.equal(hooks.asked('/b-never').length, 1)
})

test('dry run: asked when it has no effects, refused when it may have', async () => {
  setting.hooks.on('/dry', () => ({ allowed: true }))
  await setting.configure('Validating', 'dry', { sideEffects: 'NoneOnDryRun' })
  assert.equal((await setting.create('dry', { query: '?dryRun=All' })).status, 201)
  assert.equal(setting.hooks.asked('/dry').at(-1).request.dryRun, true)
  assert.deepEqual(setting.hooks.asked('/dry').at(-1).request.options.dryRun, ['All'])
  await setting.remove('Validating', 'dry')
  // Only one that was stored long ago can still have effects.
  const body = { sideEffects: 'Some' }
  await assert.rejects(setting.configure('Validating', 'dry', body), /sideEffects: Unsupported value: \\"Some\\"/)
  const { store } = setting.wire.cluster.plane
  const webhook = {
    name: 'old.example.com',
    clientConfig: { url: setting.hooks.url('/dry'), caBundle: setting.hooks.caBundle },
    rules: [rule],
    objectSelector: { matchLabels: { for: 'dry' } },
    admissionReviewVersions: ['v1'],
    failurePolicy: 'Ignore',
    ...body,
  }
  const kind = 'ValidatingWebhookConfiguration'
  const object = { apiVersion: 'admissionregistration.k8s.io/v1', kind, metadata: { name: 'old' }, webhooks: [webhook] }
  const resource = 'validatingwebhookconfigurations.admissionregistration.k8s.io'
  assert.ok((await store.commit([{ type: 'put', resource, key: 'old', managed: '', object }])).ok)
  const refused = await setting.create('dry', { query: '?dryRun=All' })
  assert.equal(refused.status, 400)
  assert.equal(refused.json.message, 'admission webhook "old.example.com" does not support dry run')
  assert.equal((await setting.create('dry')).status, 201)
})

test('updates, deletions and status writes are asked about as the rules say', async () => {
  const { wire, hooks } = setting
  hooks.on('/life', () => ({ allowed: true }))
  await setting.configure('Validating', 'life', {})
  const { json } = await setting.create('life', { data: { a: '1' } })
  const path = `/api/v1/namespaces/default/configmaps/${json.metadata.name}`
  const headers = { 'content-type': 'application/merge-patch+json' }
  await wire.call('PATCH', path, { body: { data: { a: '2' } }, headers })
  await wire.call('DELETE', `${path}?gracePeriodSeconds=3`)
  const requests = hooks.asked('/life').map(({ request }) => request)
  assert.deepEqual(
    requests.map(one => [one.operation, one.object?.data.a, one.oldObject?.data.a]),
    [
      ['CREATE', '1', undefined],
      ['UPDATE', '2', '1'],
      ['DELETE', undefined, '2'],
    ],
  )
  assert.equal(requests[2].options.kind, 'DeleteOptions')
  assert.equal(requests[2].name, json.metadata.name)
})

test('a webhook cannot change what the server owns, nor the status of a main write', async () => {
  const { wire, hooks } = setting
  const objectSelector = { matchLabels: { app: 'owned' } }
  const rules = [
    { operations: ['CREATE', 'UPDATE'], apiGroups: ['apps'], apiVersions: ['*'], resources: ['deployments'] },
  ]
  hooks.on('/owned', () =>
    patched([
      { op: 'replace', path: '/metadata/uid', value: 'mine' },
      { op: 'add', path: '/metadata/creationTimestamp', value: '2001-01-01T00:00:00Z' },
      { op: 'add', path: '/metadata/annotations', value: { seen: 'yes' } },
      { op: 'add', path: '/status', value: { replicas: 7 } },
      { op: 'add', path: '/spec/paused', value: true },
      { op: 'add', path: '/spec/nonsense', value: true },
    ]),
  )
  await setting.configure('Mutating', 'owned', { objectSelector, rules })
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const at = '/apis/apps/v1/namespaces/default/deployments'
  const body = {
    metadata: { name: 'o', labels: { app: 'owned' } },
    spec: { selector: { matchLabels: { a: 'b' } }, template },
  }
  const made = await wire.call('POST', at, { body })
  assert.equal(made.status, 201, made.text)
  assert.notEqual(made.json.metadata.uid, 'mine')
  assert.notEqual(made.json.metadata.creationTimestamp, '2001-01-01T00:00:00Z')
  assert.deepEqual(made.json.metadata.annotations, { seen: 'yes' })
  assert.equal(made.json.spec.paused, true)
  assert.equal(made.json.spec.nonsense, undefined)
  assert.deepEqual(made.json.status, {})
  const updated = await wire.call('PUT', `${at}/o`, { body })
  assert.deepEqual([updated.status, updated.json.status], [200, {}])
  hooks.on('/owned', () => patched([{ op: 'replace', path: '/metadata/name', value: 'other' }]))
  assert.equal((await wire.call('PUT', `${at}/o`, { body })).status, 400)
  await setting.remove('Mutating', 'owned')
})

test('scale, binding and eviction are asked about as what they are', async () => {
  const { wire, hooks } = setting
  const operations = ['*']
  const rules = [
    { operations, apiGroups: ['*'], apiVersions: ['*'], resources: ['*/scale', 'pods/binding', 'pods/eviction'] },
  ]
  hooks.on('/subs', () => ({ allowed: true }))
  await setting.configure('Validating', 'subs', { rules, objectSelector: {} })
  const headers = { 'content-type': 'application/merge-patch+json' }
  const scaled = await wire.call('PATCH', '/apis/apps/v1/namespaces/default/deployments/o/scale', {
    body: { spec: { replicas: 3 } },
    headers,
  })
  assert.equal(scaled.json.spec.replicas, 3)
  await wire.call('POST', '/api/v1/namespaces/default/serviceaccounts', { body: { metadata: { name: 'default' } } })
  const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  assert.equal((await wire.call('POST', '/api/v1/namespaces/default/pods', { body: pod })).status, 201)
  const binding = { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n' } }
  await wire.call('POST', '/api/v1/namespaces/default/pods/p/binding', { body: binding })
  const eviction = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: 'p' } }
  await wire.call('POST', '/api/v1/namespaces/default/pods/p/eviction', { body: eviction })
  assert.deepEqual(
    hooks
      .asked('/subs')
      .map(({ request }) => [
        request.operation,
        request.kind.kind,
        `${request.resource.resource}/${request.subResource}`,
        request.object.kind,
        request.oldObject?.spec.replicas,
      ]),
    [
      ['UPDATE', 'Scale', 'deployments/scale', 'Scale', 1],
      ['CREATE', 'Binding', 'pods/binding', 'Binding', undefined],
      ['CREATE', 'Eviction', 'pods/eviction', 'Eviction', undefined],
    ],
  )
  await setting.remove('Validating', 'subs')
})

test('Equivalent: a rule that names another version is shown that version; Exact is not asked', async () => {
  const { wire, hooks } = setting
  const rules = [
    {
      operations: ['CREATE'],
      apiGroups: ['autoscaling'],
      apiVersions: ['v1'],
      resources: ['horizontalpodautoscalers'],
    },
  ]
  for (const matchPolicy of ['Equivalent', 'Exact']) {
    const name = matchPolicy.toLowerCase()
    hooks.on(`/${name}`, () => patched([{ op: 'add', path: '/spec/targetCPUUtilizationPercentage', value: 55 }]))
    await setting.configure('Mutating', name, { rules, matchPolicy, objectSelector: {} })
  }
  const body = {
    metadata: { name: 'h' },
    spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'o' } },
  }
  const { json, text, status } = await wire.call(
    'POST',
    '/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers',
    { body },
  )
  assert.equal(status, 201, text)
  assert.equal(json.apiVersion, 'autoscaling/v2')
  assert.equal(json.spec.metrics[0].resource.target.averageUtilization, 55)
  const [{ request }] = hooks.asked('/equivalent')
  assert.deepEqual(
    [request.kind.version, request.requestKind.version, request.object.apiVersion],
    ['v1', 'v2', 'autoscaling/v1'],
  )
  assert.equal(hooks.asked('/exact').length, 0)
})

test('events are the same in both of their groups', async () => {
  const { wire, hooks } = setting
  const rules = [{ operations: ['CREATE'], apiGroups: ['events.k8s.io'], apiVersions: ['v1'], resources: ['events'] }]
  hooks.on('/events', () => patched([{ op: 'replace', path: '/note', value: 'changed' }]))
  await setting.configure('Mutating', 'events', { rules, objectSelector: {} })
  const body = {
    metadata: { name: 'e' },
    involvedObject: { kind: 'Pod', name: 'p', namespace: 'default' },
    message: 'said',
    type: 'Normal',
    reason: 'R',
    source: { component: 'c' },
  }
  const { json, text, status } = await wire.call('POST', '/api/v1/namespaces/default/events', { body })
  assert.equal(status, 201, text)
  assert.equal(json.message, 'changed')
  const [{ request }] = hooks.asked('/events')
  assert.deepEqual(
    [request.object.apiVersion, request.object.regarding.name, request.requestKind.group],
    ['events.k8s.io/v1', 'p', ''],
  )
  await setting.remove('Mutating', 'events')
})

test('namespaces are selected by their labels, a namespace itself by its own', async () => {
  const { wire, hooks } = setting
  hooks.on('/where', () => ({ allowed: true }))
  const rules = [
    { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps', 'namespaces'] },
  ]
  const namespaceSelector = {
    matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['watched'] }],
  }
  await setting.configure('Validating', 'where', { rules, namespaceSelector, objectSelector: {} })
  for (const name of ['watched', 'other']) {
    await wire.call('POST', '/api/v1/namespaces', { body: { metadata: { name } } })
    await wire.call('POST', `/api/v1/namespaces/${name}/configmaps`, { body: { metadata: { name: 'c' } } })
  }
  assert.deepEqual(
    hooks.asked('/where').map(({ request }) => `${request.kind.kind} ${request.namespace ?? ''}`),
    ['Namespace watched', 'ConfigMap watched'],
  )
  await setting.remove('Validating', 'where')
})

test('webhooks that refuse everything do not keep anybody from removing them', async () => {
  setting.hooks.on('/all', () => ({ allowed: false }))
  const rules = [{ operations: ['*'], apiGroups: ['*'], apiVersions: ['*'], resources: ['*/*'] }]
  await setting.configure('Validating', 'all', { rules, objectSelector: {} })
  const { wire } = setting
  assert.equal((await wire.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'no' } } })).status, 400)
  assert.equal((await wire.call('DELETE', `${group}/validatingwebhookconfigurations/all`)).status, 200)
  assert.equal((await wire.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'yes' } } })).status, 201)
})

test('v1beta1 is spoken where it comes first, and asks less of the answer', async () => {
  setting.hooks.on('/beta', ({ apiVersion }, response) => {
    const patch = Buffer.from(JSON.stringify([b('spoken', apiVersion)])).toString('base64')
    return void response.end(JSON.stringify({ response: { allowed: true, patch } })) as undefined
  })
  await setting.configure('Mutating', 'beta', { admissionReviewVersions: ['v1beta1', 'v1'] })
  assert.equal((await setting.create('beta', { data: { x: '' } })).json.data.spoken, 'admission.k8s.io/v1beta1')
})

test('reviews are asked about like everything else that is created', async () => {
  const { wire, hooks } = setting
  hooks.on('/reviews', () => ({ allowed: false, status: { message: 'no questions' } }))
  const rules = [{ operations: ['CREATE'], apiGroups: ['authorization.k8s.io'], apiVersions: ['v1'], resources: ['*'] }]
  await setting.configure('Validating', 'reviews', { rules, objectSelector: {} })
  const body = { spec: { resourceAttributes: { verb: 'get', resource: 'pods' } } }
  const { json } = await wire.call('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { body })
  assert.equal(json.message, 'admission webhook "reviews.example.com" denied the request: no questions')
  await setting.remove('Validating', 'reviews')
  const { status } = await wire.call('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { body })
  assert.equal(status, 201)
})

test('what a webhook adds is defaulted and validated like what a client sends', async () => {
  const { wire, hooks } = setting
  const container = { name: 'added', image: 'i:1' }
  const rules = [{ operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }]
  hooks.on('/adds', () => patched([{ op: 'add', path: '/spec/initContainers', value: [container] }]))
  await setting.configure('Mutating', 'adds', { rules })
  const pod = (name: string) => ({
    metadata: { name, labels: { for: 'adds' } },
    spec: { containers: [{ name: 'c', image: 'i' }] },
  })
  const { json } = await wire.call('POST', '/api/v1/namespaces/default/pods', { body: pod('added-1') })
  const [added] = json.spec.initContainers
  assert.equal(added.terminationMessagePolicy, 'File')
  assert.equal(added.imagePullPolicy, 'IfNotPresent')
  // Steps that are built in have had their second turn: the token is mounted there too.
  assert.equal(added.volumeMounts[0].mountPath, '/var/run/secrets/kubernetes.io/serviceaccount')
  hooks.on('/adds', () => patched([{ op: 'add', path: '/spec/initContainers', value: [{ name: 'X' }] }]))
  const wrong = await wire.call('POST', '/api/v1/namespaces/default/pods', { body: pod('added-2') })
  assert.equal(wrong.status, 422)
  assert.match(wrong.json.message, /spec.initContainers\[0\].name: Invalid value: "X"/)
  hooks.on('/adds', () => patched([{ op: 'add', path: '/spec/initContainers', value: 7 }]))
  const nonsense = await wire.call('POST', '/api/v1/namespaces/default/pods', { body: pod('added-3') })
  assert.equal(nonsense.status, 500)
  hooks.on('/adds', () => patched([{ op: 'remove', path: '/spec/nothing/there' }]))
  assert.equal((await wire.call('POST', '/api/v1/namespaces/default/pods', { body: pod('added-4') })).status, 500)
})

test('server-side apply and deletions of collections go the same way', async () => {
  const { wire, hooks } = setting
  hooks.on('/applied', ({ request }) =>
    request.operation === 'DELETE' ? { allowed: true } : patched([b('by', request.operation)]),
  )
  await setting.configure('Mutating', 'applied', {})
  const body = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'ssa', labels: { for: 'applied' } },
    data: { a: 'b' },
  }
  const apply = (value: string) =>
    wire.call('PATCH', '/api/v1/namespaces/default/configmaps/ssa?fieldManager=me', {
      body: { ...body, data: { a: value } },
      headers: { 'content-type': 'application/apply-patch+yaml' },
    })
  assert.deepEqual((await apply('b')).json.data, { a: 'b', by: 'CREATE' })
  assert.deepEqual((await apply('c')).json.data, { a: 'c', by: 'UPDATE' })
  hooks.on('/gone', () => ({ allowed: false, status: { message: 'stays' } }))
  const rules = [{ ...rule, operations: ['DELETE'] }]
  await setting.configure('Validating', 'gone', { rules, objectSelector: { matchLabels: { for: 'applied' } } })
  const all = await wire.call('DELETE', '/api/v1/namespaces/default/configmaps?labelSelector=for%3Dapplied')
  assert.equal(all.json.message, 'admission webhook "gone.example.com" denied the request: stays')
})

test('a mutating webhook has a say in deletions, and nothing to change', async () => {
  const { wire, hooks } = setting
  await setting.configure('Mutating', 'del', { rules: [{ ...rule, operations: ['DELETE'] }] })
  const { json } = await setting.create('del')
  const path = `/api/v1/namespaces/default/configmaps/${json.metadata.name}`
  hooks.on('/del', () => ({ allowed: false, status: { message: 'kept' } }))
  assert.equal(
    (await wire.call('DELETE', path)).json.message,
    'admission webhook "del.example.com" denied the request: kept',
  )
  hooks.on('/del', () => patched([{ op: 'add', path: '/data', value: {} }]))
  assert.match((await wire.call('DELETE', path)).json.message, /attempted to modify the object, which is not supported/)
  hooks.on('/del', () => ({ allowed: true }))
  assert.equal((await wire.call('DELETE', path)).status, 200)
})

test('what webhooks did is measured', async () => {
  const { text } = await setting.wire.call('GET', '/metrics')
  assert.match(
    text,
    /apiserver_admission_webhook_admission_duration_seconds_count\{name="first.example.com",operation="CREATE",rejected="false",type="admit"\} 1/,
  )
  assert.match(
    text,
    /apiserver_admission_webhook_rejection_count\{error_type="no_error",name="no.example.com",operation="CREATE",rejection_code="409",type="validating"\} 1/,
  )
  assert.match(text, /apiserver_request_total\{/)
})
