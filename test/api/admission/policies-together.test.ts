/** Policies beside webhooks, and on every way that a write can take. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { established, schemaOf, widget } from '../definitions.ts'
import { type PolicySetting, deployment, group, must, policiesOn, rule } from './policy-setting.ts'
import { type Setting, openSetting } from './setting.ts'

let hooks: Setting
let setting: PolicySetting
before(async () => {
  hooks = await openSetting()
  setting = policiesOn(hooks.wire)
})
after(() => hooks.stop())

const patching = (expression: string): object => ({ patchType: 'JSONPatch', jsonPatch: { expression } })
const applying = (expression: string): object => ({
  patchType: 'ApplyConfiguration',
  applyConfiguration: { expression },
})
const patched = (operations: readonly object[]): object => ({
  allowed: true,
  patchType: 'JSONPatch',
  patch: Buffer.from(JSON.stringify(operations)).toString('base64'),
})
const mergePatch = { 'content-type': 'application/merge-patch+json' }
const applyPatch = { 'content-type': 'application/apply-patch+yaml' }

test('policies that mutate come before webhooks, which see what those made; both are asked again', async () => {
  const add = (key: string, value: string): object => ({ op: 'add', path: `/data/${key}`, value })
  hooks.hooks.on('/after', ({ request }) =>
    patched([add('hook', Object.keys(request.object.data).toSorted().join(''))]),
  )
  await hooks.configure('Mutating', 'after', { objectSelector: { matchLabels: { for: 'after' } } })
  const again = await setting.bound('Mutating', {
    reinvocationPolicy: 'IfNeeded',
    mutations: [patching('[JSONPatch{op: "add", path: "/data/policy", value: string(object.data.size())}]')],
  })
  const { json } = await must(
    setting.configMap(again.namespace, { metadata: { labels: { for: 'after' } }, data: { x: '' } }),
    201,
  )
  // The policy first saw x, the webhook x and policy; then the policy saw all three, and the webhook does not want to.
  assert.deepEqual(json.data, { x: '', policy: '3', hook: 'policyx' })
  assert.equal(hooks.hooks.asked('/after').length, 1)
  await hooks.remove('Mutating', 'after')
})

test('a webhook that asks for it is called again when a policy has changed the object after it', async () => {
  hooks.hooks.on('/twice', ({ request }) =>
    patched([{ op: 'add', path: '/data/seen', value: Object.keys(request.object.data).toSorted().join('') }]),
  )
  const objectSelector = { matchLabels: { for: 'twice' } }
  await hooks.configure('Mutating', 'twice', { objectSelector, reinvocationPolicy: 'IfNeeded' })
  // Does nothing until the webhook has been there.
  const late = await setting.bound('Mutating', {
    reinvocationPolicy: 'IfNeeded',
    mutations: [patching("has(object.data.seen) ? [JSONPatch{op: 'add', path: '/data/late', value: 'y'}] : [JSONPatch{op: 'test', path: '/data/none', value: 'z'}]")], // prettier-ignore
  })
  const { json } = await must(setting.configMap(late.namespace, { metadata: { labels: { for: 'twice' } }, data: { x: '' } }), 201) // prettier-ignore
  assert.deepEqual(json.data, { x: '', late: 'y', seen: 'lateseenx' })
  assert.equal(hooks.hooks.asked('/twice').length, 2)
  await hooks.remove('Mutating', 'twice')
})

test('policies judge what policies and webhooks have made', async () => {
  const own = await setting.bound('Mutating', { mutations: [applying('Object{data: Object.data{made: "up"}}')] })
  const matchResources = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': own.namespace } } }
  await setting.bound('Validating', { validations: [{ expression: "object.data.made == 'up'" }] }, { matchResources })
  assert.equal((await setting.configMap(own.namespace, {})).status, 201)
})

test('creates, updates, patches, applies, deletions, dry runs: each is judged', async () => {
  const { wire } = setting
  const operations = ['CREATE', 'UPDATE', 'DELETE']
  const { namespace } = await setting.bound('Validating', {
    matchConstraints: { resourceRules: [rule('configmaps', '', { operations })] },
    validations: [
      {
        expression: "request.operation == 'DELETE' || !has(object.data) || object.data.size() < 2",
        message: 'too much',
      },
      {
        expression: "request.operation != 'DELETE' || !has(oldObject.data) || !has(oldObject.data.keep)",
        message: 'it is kept',
      },
      { expression: "object == null ? request.operation == 'DELETE' : object.kind == 'ConfigMap' && object.apiVersion == 'v1'" }, // prettier-ignore
    ],
  })
  const at = `/api/v1/namespaces/${namespace}/configmaps/a`
  await must(setting.configMap(namespace, { metadata: { name: 'a' }, data: { keep: '' } }), 201)
  const much = { data: { keep: '', more: '' } }
  const refused = [
    await setting.configMap(namespace, much, '?dryRun=All'),
    await wire.call('PATCH', at, { headers: mergePatch, body: much }),
    await wire.call('PUT', at, { body: { metadata: { name: 'a' }, ...much } }),
    await wire.call('PATCH', `${at}?fieldManager=t&force=true`, {
      headers: applyPatch,
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, ...much },
    }),
  ]
  for (const reply of refused) assert.match(reply.json.message, /denied request: too much$/)
  const kept = await wire.call('DELETE', at)
  assert.match(kept.json.message, /it is kept$/)
  assert.equal((await wire.call('DELETE', `/api/v1/namespaces/${namespace}/configmaps`)).status, 422)
  await must(wire.call('PATCH', at, { headers: mergePatch, body: { data: { keep: null } } }), 200)
  await must(wire.call('DELETE', at), 200)
})

test('what an update does not change stays the same object to a policy that changes nothing', async () => {
  const { namespace } = await setting.bound('Mutating', {
    matchConstraints: { resourceRules: [rule('deployments', 'apps')] },
    mutations: [applying('Object{metadata: Object.metadata{labels: {"a": "b"}}}')],
  })
  const at = `/apis/apps/v1/namespaces/${namespace}/deployments`
  const { json } = await must(setting.wire.call('POST', at, { body: deployment('d', 2) }), 201)
  const { resourceVersion, uid, generation } = json.metadata
  const same = await must(setting.wire.call('PUT', `${at}/d`, { body: json }), 200)
  assert.deepEqual([same.json.metadata.resourceVersion, same.json.metadata.uid], [resourceVersion, uid])
  assert.equal(same.json.metadata.generation, generation)
  // Set by nobody who would be asked for it at the next apply.
  const { json: next } = await must(setting.wire.call('PATCH', `${at}/d`, { headers: mergePatch, body: { metadata: { labels: null } } }), 200) // prettier-ignore
  assert.deepEqual(next.metadata.labels, { a: 'b' })
})

test('Equivalent: a rule that names another version is shown that version; Exact is not asked', async () => {
  const rules = (version: string) => rule('horizontalpodautoscalers', 'autoscaling', { apiVersions: [version] })
  const seen = (expression: string, matchPolicy: string) => ({
    matchConstraints: { resourceRules: [rules('v1')], matchPolicy },
    validations: [{ expression, message: `seen ${matchPolicy}` }],
  })
  const judged = await setting.bound('Validating', seen("object.apiVersion == 'autoscaling/v1' && object.spec.targetCPUUtilizationPercentage == 55 && request.kind.version == 'v1' && request.requestKind.version == 'v2'", 'Equivalent')) // prettier-ignore
  const matchResources = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': judged.namespace } } }
  await setting.bound('Validating', seen('false', 'Exact'), { matchResources })
  await setting.bound(
    'Mutating',
    {
      matchConstraints: { resourceRules: [rules('v1')] },
      mutations: [applying('Object{spec: Object.spec{targetCPUUtilizationPercentage: 55}}')],
    },
    { matchResources },
  )
  const body = {
    metadata: { name: 'h' },
    spec: { maxReplicas: 3, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'o' } },
  }
  const at = `/apis/autoscaling/v2/namespaces/${judged.namespace}/horizontalpodautoscalers`
  const { json } = await must(setting.wire.call('POST', at, { body }), 201)
  assert.equal(json.spec.metrics[0].resource.target.averageUtilization, 55)
})

test('subresources are judged as what they are', async () => {
  const scaled = await setting.bound('Validating', {
    matchConstraints: { resourceRules: [rule('deployments/scale', 'apps')] },
    validations: [{ expression: "object.kind == 'Scale' && object.spec.replicas <= 5 && request.subResource == 'scale'" }], // prettier-ignore
  })
  const at = `/apis/apps/v1/namespaces/${scaled.namespace}/deployments`
  await must(setting.wire.call('POST', at, { body: deployment('d', 9) }), 201)
  const scale = (replicas: number) =>
    setting.wire.call('PATCH', `${at}/d/scale`, { headers: mergePatch, body: { spec: { replicas } } })
  assert.match((await scale(6)).json.message, /failed expression: object\.kind == 'Scale'/)
  assert.equal((await scale(5)).json.spec.replicas, 5)
  const shells = await setting.bound('Validating', {
    matchConstraints: { resourceRules: [rule('pods/exec', '', { operations: ['CONNECT'] })] },
    validations: [{ expression: 'object.command != ["sh"]', message: 'no shells' }],
  })
  const account = { metadata: { name: 'default' } }
  const pod = { metadata: { name: 'p' }, spec: { nodeName: 'n', containers: [{ name: 'c', image: 'i' }] } }
  const within = `/api/v1/namespaces/${shells.namespace}`
  await must(setting.wire.call('POST', `${within}/serviceaccounts`, { body: account }), 201)
  await must(setting.wire.call('POST', `${within}/pods`, { body: pod }), 201)
  const headers = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-key': Buffer.alloc(16).toString('base64'), 'sec-websocket-version': '13', 'sec-websocket-protocol': 'v5.channel.k8s.io' } // prettier-ignore
  const exec = (command: string) =>
    setting.wire.call('GET', `${within}/pods/p/exec?stdout=1&container=c&command=${command}`, { headers })
  assert.match((await exec('sh')).json.message, /^pods "p" is forbidden: .*denied request: no shells$/)
  assert.equal((await exec('ls')).json.message, 'nodes "n" not found')
})

test('namespaces are matched by their own labels, and lie in no namespace', async () => {
  const name = 'labelled'
  const namespaceSelector = { matchLabels: { strict: 'yes' } }
  const spec = {
    matchConstraints: { resourceRules: [rule('namespaces')], namespaceSelector },
    validations: [{ expression: "namespaceObject == null && 'owner' in object.metadata.labels", message: 'no owner' }],
  }
  const policies = `${group}/validatingadmissionpolicies`
  await must(setting.wire.call('POST', policies, { body: { metadata: { name }, spec } }), 201)
  const binding = { metadata: { name }, spec: { policyName: name, validationActions: ['Deny'] } }
  await must(setting.wire.call('POST', `${group}/validatingadmissionpolicybindings`, { body: binding }), 201)
  const create = (labels: object, own: string) =>
    setting.wire.call('POST', '/api/v1/namespaces', { body: { metadata: { name: own, labels } } })
  assert.match((await create({ strict: 'yes' }, 'x1')).json.message, /no owner$/)
  assert.equal((await create({ strict: 'yes', owner: 'a' }, 'x2')).status, 201)
  assert.equal((await create({}, 'x3')).status, 201)
})

test('keys that mean something elsewhere are keys like others', async () => {
  const { namespace } = await setting.bound('Mutating', {
    variables: [{ name: 'constructor', expression: '"v"' }],
    mutations: [
      patching(`[
        JSONPatch{op: "add", path: "/metadata/annotations", value: {"constructor": variables.constructor, "toString": "x"}},
        JSONPatch{op: "add", path: "/data/__proto__", value: "polluted"}
      ]`),
    ],
  })
  const { json, text } = await must(setting.configMap(namespace, { data: { a: 'b' } }), 201)
  assert.deepEqual(json.metadata.annotations, { constructor: 'v', toString: 'x' })
  assert.match(text, /"__proto__":"polluted"/)
  assert.equal(Reflect.get({}, 'polluted'), undefined)
  const at = await established(setting.wire, { schema: schemaOf({ type: 'object', 'x-kubernetes-preserve-unknown-fields': true }) }, namespace) // prettier-ignore
  const custom = await setting.bound(
    'Mutating',
    {
      matchConstraints: { resourceRules: [rule('widgets', 'example.com')] },
      mutations: [applying('Object{spec: Object.spec{__proto__: Object.spec.__proto__{polluted: "yes"}}}')],
    },
    { matchResources: { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } } },
  )
  await setting.wire.call('POST', at, { body: widget('w', { spec: { a: 1 } }) })
  assert.equal(Reflect.get({}, 'polluted'), undefined)
  await custom.remove()
})

test('what a policy makes of an object is bounded like what anybody sends', async () => {
  const { namespace } = await setting.bound('Mutating', {
    variables: [
      { name: 'a', expression: 'object.data.seed + object.data.seed + object.data.seed + object.data.seed' },
      { name: 'b', expression: 'variables.a + variables.a + variables.a + variables.a' },
    ],
    mutations: [patching('[JSONPatch{op: "add", path: "/data/big", value: variables.b}]')],
  })
  const reply = await setting.configMap(namespace, { data: { seed: 'x'.repeat(200_000) } })
  assert.equal(reply.status, 422)
  assert.match(reply.json.message, /Too long: may not be more than 1048576 bytes/)
})
