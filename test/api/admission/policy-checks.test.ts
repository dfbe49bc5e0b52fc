/** What is said of policies when they are written: types, rights. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { established, schemaOf, until } from '../definitions.ts'
import type { Reply } from '../wire.ts'
import { type PolicySetting, configMaps, group, must, openPolicies, rule } from './policy-setting.ts'

let setting: PolicySetting
before(async () => {
  setting = await openPolicies()
})
after(() => setting.stop())

const deployments = { resourceRules: [rule('deployments', 'apps')] }

const checked = async (name: string): Promise<Reply['json']> => {
  const reply = await until(
    () => setting.wire.call('GET', `${group}/validatingadmissionpolicies/${name}`),
    ({ json }) => json.status.typeChecking !== undefined && json.status.observedGeneration === json.metadata.generation,
  )
  return reply.json.status
}

test('expressions are checked against the types that are matched, which changes nothing', async () => {
  const right = await setting.bound('Validating', {
    matchConstraints: deployments,
    variables: [{ name: 'labels', expression: 'object.metadata.labels' }],
    validations: [
      { expression: 'object.spec.replicas > 1 && object.spec.template.spec.containers.all(c, c.name != "")' },
      { expression: 'variables.labels.all(k, k != "") && string(object.spec.strategy.rollingUpdate.maxSurge) != ""' },
    ],
  })
  assert.deepEqual((await checked(right.name)).typeChecking, {})
  const wrong = await setting.bound('Validating', {
    matchConstraints: { resourceRules: [rule('deployments', 'apps'), rule('replicasets', 'apps')] },
    validations: [
      {
        expression: "object.spec.replicas > '1'",
        messageExpression: "'wants replicas > 1, got ' + object.spec.replicas",
      },
      { expression: 'has(object.spec.strategy)' },
    ],
  })
  const { typeChecking } = await checked(wrong.name)
  const [first, second, third, ...rest] = typeChecking.expressionWarnings
  assert.equal(first.fieldRef, 'spec.validations[0].expression')
  assert.match(
    first.warning,
    /^apps\/v1, Kind=Deployment: ERROR: <input>:1:22: found no matching overload for '_>_' applied to '\(int, string\)'\n.*apps\/v1, Kind=ReplicaSet: /s,
  )
  assert.equal(second.fieldRef, 'spec.validations[0].messageExpression')
  assert.match(second.warning, /found no matching overload for '_\+_' applied to '\(string, int\)'/)
  assert.equal(third.fieldRef, 'spec.validations[1].expression')
  assert.match(third.warning, /^apps\/v1, Kind=ReplicaSet: ERROR: .*undefined field 'strategy'/)
  assert.deepEqual(rest, [])
})

test('custom resources have types too', async () => {
  const spec = { type: 'object', properties: { replicas: { type: 'integer' } } }
  const names = { group: 'crew.example.com', plural: 'crews', kind: 'Crew' }
  await established(setting.wire, { schema: schemaOf(spec), ...names })
  const { name } = await setting.bound('Validating', {
    matchConstraints: { resourceRules: [rule('crews', 'crew.example.com')] },
    validations: [
      { expression: "object.spec.replicas > '1'" },
      { expression: 'object.spec.maxRetries < 10' },
      { expression: 'object.metadata.labels.size() == 0 && object.kind == "Crew"' },
    ],
  })
  const { typeChecking } = await checked(name)
  assert.equal(typeChecking.expressionWarnings.length, 2)
  assert.match(typeChecking.expressionWarnings[0].warning, /applied to '\(int, string\)'/)
  assert.match(typeChecking.expressionWarnings[1].warning, /undefined field 'maxRetries'/)
})

test('who may not read the parameters may not have a policy read them', async () => {
  const may = [{ apiGroups: ['admissionregistration.k8s.io'], resources: ['*'], verbs: ['create'] }]
  const token = await setting.wire.account('author', may, true)
  const spec = {
    matchConstraints: configMaps,
    paramKind: { apiVersion: 'v1', kind: 'Secret' },
    validations: [{ expression: 'params == null' }],
  }
  const policy = { metadata: { name: 'reader' }, spec }
  const post = (plural: string, body: object, as?: string) =>
    setting.wire.call('POST', `${group}/${plural}`, { body, ...(as === undefined ? {} : { token: as }) })
  const refused = await post('validatingadmissionpolicies', policy, token)
  assert.equal(refused.status, 422)
  assert.match(
    refused.json.message,
    /spec\.paramKind: Forbidden: user system:serviceaccount:default:author must have "get" permission on all objects of the referenced paramKind \(kind=Secret, apiVersion=v1\)/,
  )
  await must(post('validatingadmissionpolicies', policy), 201)
  const paramRef = { name: 'x', namespace: 'default', parameterNotFoundAction: 'Allow' }
  const binding = {
    metadata: { name: 'reader' },
    spec: { policyName: 'reader', validationActions: ['Deny'], paramRef },
  }
  assert.match(
    (await post('validatingadmissionpolicybindings', binding, token)).json.message,
    /spec\.paramRef: Forbidden: user system:serviceaccount:default:author does not have "get" permission on the object referenced by paramRef/,
  )
})

test('what policies came to is measured', async () => {
  const bad = { expression: "!has(object.data) || object.data.a != 'bad'" }
  const denying = await setting.bound('Validating', { validations: [bad, { expression: 'object.data.b == ""' }] })
  await setting.configMap(denying.namespace, { data: { a: 'bad', b: '' } })
  await setting.configMap(denying.namespace, { data: { a: 'fine' } })
  const mutation = { patchType: 'JSONPatch', jsonPatch: { expression: '[JSONPatch{op: "test", path: "/kind"}]' } }
  const changing = await setting.bound('Mutating', { mutations: [mutation], failurePolicy: 'Ignore' })
  await setting.configMap(changing.namespace, {})
  const { text } = await must(setting.wire.call('GET', '/metrics'), 200)
  const line = (type: string, labels: string, { name, namespace }: { name: string; namespace: string }): string =>
    `apiserver_${type}_admission_policy_check_total{${labels},policy="${name}",policy_binding="b-${namespace}"} 1`
  for (const wanted of [
    line('validating', 'enforcement_action="deny",error_type="no_error"', denying),
    line('validating', 'enforcement_action="deny",error_type="invalid_error"', denying),
    line('mutating', 'error_type="invalid_error"', changing),
  ])
    assert.ok(text.includes(wanted), wanted)
})
