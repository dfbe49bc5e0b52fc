/** MutatingAdmissionPolicy, as upstream's conformance tests ask and beyond. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { established, schemaOf, widget } from '../definitions.ts'
import { type PolicySetting, deployment, must, openPolicies, rule } from './policy-setting.ts'

let setting: PolicySetting
before(async () => {
  setting = await openPolicies()
})
after(() => setting.stop())

const deployments = { resourceRules: [rule('deployments', 'apps')] }
const create = (namespace: string, body: object) =>
  setting.wire.call('POST', `/apis/apps/v1/namespaces/${namespace}/deployments`, { body })
const patching = (expression: string): object => ({ patchType: 'JSONPatch', jsonPatch: { expression } })
const applying = (expression: string): object => ({
  patchType: 'ApplyConfiguration',
  applyConfiguration: { expression },
})
const made = async (reply: ReturnType<typeof create>) => (await must(reply, 201)).json

test('a deployment gets annotations by a JSON patch', async () => {
  const { namespace } = await setting.bound('Mutating', {
    matchConstraints: deployments,
    mutations: [
      patching(`[
        JSONPatch{op: "add", path: "/metadata/annotations", value: {"my-foo-annotation": "myAnnotationValue"}},
        JSONPatch{op: "add", path: "/metadata/annotations/" + jsonpatch.escapeKey("a/b"), value: string(object.spec.replicas)}
      ]`),
    ],
  })
  const { metadata } = await made(create(namespace, deployment('d', 3)))
  assert.deepEqual(metadata.annotations, { 'my-foo-annotation': 'myAnnotationValue', 'a/b': '3' })
})

test('a deployment gets what a configuration says', async () => {
  const { namespace } = await setting.bound('Mutating', {
    matchConstraints: deployments,
    mutations: [applying('Object{spec: Object.spec{replicas: 1337}}')],
  })
  const { spec } = await made(create(namespace, deployment('d', 1)))
  assert.equal(spec.replicas, 1337)
  assert.equal(spec.template.spec.containers.length, 1)
})

test('configurations are merged as applies are: lists by their keys, maps by theirs', async () => {
  const { namespace } = await setting.bound('Mutating', {
    matchConstraints: deployments,
    variables: [{ name: 'first', expression: 'object.spec.template.spec.containers[0]' }],
    mutations: [
      applying(`Object{
        metadata: Object.metadata{labels: {"added": "yes"}},
        spec: Object.spec{template: Object.spec.template{spec: Object.spec.template.spec{containers: [
          Object.spec.template.spec.containers{name: variables.first.name, env: [Object.spec.template.spec.containers.env{name: "A", value: "1"}]},
          Object.spec.template.spec.containers{name: "sidecar", image: "example.com/s"}
        ]}}}
      }`),
      patching('[JSONPatch{op: "add", path: "/metadata/labels/seen", value: object.metadata.labels.added}]'),
    ],
  })
  const body = { ...deployment('d', 1), metadata: { name: 'd', labels: { own: 'x' } } }
  const { metadata, spec } = await made(create(namespace, body))
  assert.deepEqual(metadata.labels, { own: 'x', added: 'yes', seen: 'yes' })
  const [first, second] = spec.template.spec.containers
  assert.deepEqual([first.name, first.image, first.env], ['c', 'example.com/i', [{ name: 'A', value: '1' }]])
  // What a policy adds is defaulted like what a client sends.
  assert.deepEqual([second.name, second.imagePullPolicy], ['sidecar', 'Always'])
})

test('custom resources are changed too, with parameters and conditions', async () => {
  const home = await setting.namespace()
  await must(setting.configMap(home, { metadata: { name: 'defaults' }, data: { color: 'red' } }), 201)
  const { namespace } = await setting.bound(
    'Mutating',
    {
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      matchConstraints: { resourceRules: [rule('widgets', 'example.com')] },
      matchConditions: [{ name: 'colorless', expression: '!has(object.spec.color)' }],
      mutations: [applying('Object{spec: Object.spec{color: params.data.color}}')],
    },
    { paramRef: { name: 'defaults', namespace: home, parameterNotFoundAction: 'Deny' } },
  )
  const schema = schemaOf({ type: 'object', properties: { color: { type: 'string' }, size: { type: 'integer' } } })
  const at = await established(setting.wire, { schema }, namespace)
  const widgets = (name: string, spec: object) => made(setting.wire.call('POST', at, { body: widget(name, { spec }) }))
  assert.deepEqual((await widgets('a', { size: 1 })).spec, { color: 'red', size: 1 })
  assert.deepEqual((await widgets('b', { color: 'blue' })).spec, { color: 'blue' })
})

test('a policy that asks for it sees what those after it have made', async () => {
  const count = (field: string): object =>
    patching(
      `has(object.data) && '${field}' in object.data
        ? [JSONPatch{op: "add", path: "/data/${field}", value: object.data['${field}'] + string(object.data.size())}]
        : [JSONPatch{op: "add", path: "/data", value: {"${field}": ""}}]`,
    )
  const once = await setting.bound('Mutating', { mutations: [count('a')] })
  const own = await made(setting.configMap(once.namespace, {}))
  assert.deepEqual(own.data, { a: '' })
  const again = await setting.bound('Mutating', { reinvocationPolicy: 'IfNeeded', mutations: [count('a')] })
  const matchResources = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': again.namespace } } }
  // By name after the first one.
  await setting.bound(
    'Mutating',
    { mutations: [patching('[JSONPatch{op: "add", path: "/data/z", value: "last"}]')] },
    { matchResources },
  )
  const { data } = await made(setting.configMap(again.namespace, {}))
  assert.deepEqual(data, { a: '2', z: 'last' })
})

test('what cannot be done is refused, or passed over, and a failed test changes nothing', async () => {
  const refusal = async (mutation: object, spec: object = {}): Promise<string> => {
    const bound = await setting.bound('Mutating', { mutations: [mutation], ...spec })
    const reply = await setting.configMap(bound.namespace, { data: { a: 'x' } })
    await bound.remove()
    return reply.status === 201 ? JSON.stringify(reply.json.data) : `${reply.json.reason}: ${reply.json.message}`
  }
  const absent = patching('[JSONPatch{op: "remove", path: "/data/none"}]')
  assert.match(await refusal(absent), /^Invalid: policy 'p-n\d+' with binding 'b-n\d+' denied request: JSON Patch: /)
  assert.equal(await refusal(absent, { failurePolicy: 'Ignore' }), '{"a":"x"}')
  assert.equal(
    await refusal(
      patching('[JSONPatch{op: "test", path: "/data/a", value: "y"}, JSONPatch{op: "remove", path: "/data/a"}]'),
    ),
    '{"a":"x"}',
  )
  assert.match(
    await refusal(applying('Object{data: Object.wrong{a: "b"}}')),
    /denied request: type mismatch: unexpected type name "Object\.wrong", expected "Object\.data", which matches field name path from root Object type/,
  )
  assert.match(
    await refusal(applying('Object{dota: Object.dota{a: "b"}}')),
    /denied request: error applying patch: failed to convert patch object to typed object: \.dota: field not declared in schema/,
  )
  assert.match(
    await refusal(applying('Object{metadata: Object.metadata{annotations: {object.data.b: "1"}}}')),
    /denied request: expression 'Object.*' resulted in error: no such key: b/,
  )
  assert.match(await refusal(patching('[JSONPatch{op: "add", path: "/metadata/uid", value: "1"}, JSONPatch{op: "add", path: "/data", value: {"b": "y"}}]')), /^\{"b":"y"\}$/) // prettier-ignore
  assert.match(await refusal(patching('[JSONPatch{op: "add", path: "/data", value: 1}]')), /^InternalError: /)
})

test('values without end, and values that share their parts many times over, are refused', async () => {
  const doubled = Array.from({ length: 40 }, (_, at) => ({
    name: `d${at}`,
    expression: at === 0 ? '["x"]' : `[variables.d${at - 1}, variables.d${at - 1}]`,
  }))
  const endless = { name: 'endless', expression: 'variables' }
  for (const value of ['variables.endless', 'variables.d39'])
    for (const mutation of [
      applying(`Object{data: Object.data{a: ${value}}}`),
      patching(`[JSONPatch{op: "add", path: "/data", value: ${value}}]`),
    ]) {
      const bound = await setting.bound('Mutating', { variables: [endless, ...doubled], mutations: [mutation] })
      const reply = await setting.configMap(bound.namespace, {})
      assert.equal(reply.status, 403, reply.text.slice(0, 500))
      await bound.remove()
    }
  const equal = { expression: 'variables.endless == variables.endless || size("%s".format([variables.d39])) > 1' }
  const judged = await setting.bound('Validating', { variables: [endless, ...doubled], validations: [equal] })
  assert.equal((await setting.configMap(judged.namespace, {})).status, 422)
})

test('lists that are replaced as a whole may not be made up', async () => {
  const { namespace } = await setting.bound('Mutating', {
    matchConstraints: { resourceRules: [rule('pods')] },
    mutations: [applying('Object{spec: Object.spec{containers: [Object.spec.containers{name: "c", args: ["--x"]}]}}')],
  })
  const account = { metadata: { name: 'default' } }
  await must(setting.wire.call('POST', `/api/v1/namespaces/${namespace}/serviceaccounts`, { body: account }), 201)
  const body = { metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i' }] } }
  const reply = await setting.wire.call('POST', `/api/v1/namespaces/${namespace}/pods`, { body })
  assert.match(
    reply.json.message,
    /error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: \.spec\.containers\[0\]\.args$/,
  )
})

test('wrong policies are refused, and say why', async () => {
  const mutating = (mutation: object, spec: object = {}) =>
    setting.refused('Mutating', { mutations: [mutation], ...spec })
  assert.match(await setting.refused('Mutating', {}), /spec\.mutations: Required value: mutations must contain at least one item/) // prettier-ignore
  assert.match(await mutating({ patchType: 'Merge' }), /patchType: Unsupported value: "Merge": supported values: "ApplyConfiguration", "JSONPatch"/) // prettier-ignore
  assert.match(await mutating({ patchType: 'JSONPatch' }), /jsonPatch: Required value: must be specified when patchType is JSONPatch/) // prettier-ignore
  assert.match(
    await mutating(applying('[JSONPatch{}]')),
    /applyConfiguration\.expression: Invalid value: "\[JSONPatch\{\}\]": must evaluate to Object but got list\(JSONPatch\)/,
  )
  assert.match(await mutating(patching('Object{}')), /must evaluate to list\(JSONPatch\) but got Object/)
  assert.match(await mutating(applying('Object{}'), { reinvocationPolicy: 'Always' }), /reinvocationPolicy: Unsupported value: "Always"/) // prettier-ignore
  assert.match(
    await mutating(applying('Object{}'), {
      matchConstraints: { resourceRules: [rule('pods', '', { operations: ['DELETE'] })] },
    }),
    /spec\.matchConstraints\.resourceRules\.operations: Unsupported value: "DELETE": supported values: "\*", "CONNECT", "CREATE", "UPDATE"/,
  )
})
