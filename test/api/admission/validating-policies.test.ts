/** ValidatingAdmissionPolicy, as upstream's conformance tests ask and beyond. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { established, schemaOf, widget } from '../definitions.ts'
import { undecided } from '../wire.ts'
import { type PolicySetting, configMaps, deployment, group, must, openPolicies, rule } from './policy-setting.ts'

let setting: PolicySetting
before(async () => {
  setting = await openPolicies()
})
after(() => setting.stop())

const deployments = { resourceRules: [rule('deployments', 'apps')] }
const create = (namespace: string, body: object) =>
  setting.wire.call('POST', `/apis/apps/v1/namespaces/${namespace}/deployments`, { body })

test('a deployment is judged, and what is not named is not', async () => {
  const { namespace, name } = await setting.bound('Validating', {
    matchConstraints: deployments,
    validations: [
      {
        expression: 'object.spec.replicas > 1',
        messageExpression: "'wants replicas > 1, got ' + object.spec.replicas",
      },
      { expression: "namespaceObject.metadata.name.startsWith('n')", message: 'Internal error!' },
    ],
  })
  const denied = await create(namespace, deployment('marker', 1))
  assert.equal(denied.status, 422)
  assert.equal(denied.json.reason, 'Invalid')
  const text = `ValidatingAdmissionPolicy '${name}' with binding 'b-${namespace}' denied request: failed expression: object.spec.replicas > 1`
  assert.equal(denied.json.message, `deployments.apps "marker" is forbidden: ${text}`)
  assert.deepEqual(undecided(denied.json.details), { name: 'marker', group: 'apps', kind: 'deployments', causes: [{ message: text }] }) // prettier-ignore
  assert.equal((await create(namespace, deployment('replicated', 2))).status, 201)
  const elsewhere = await setting.namespace()
  assert.equal((await create(elsewhere, deployment('marker', 1))).status, 201)
  const set = { ...deployment('set', 1) }
  assert.equal(
    (await setting.wire.call('POST', `/apis/apps/v1/namespaces/${namespace}/replicasets`, { body: set })).status,
    201,
  )
})

test('variables are worked out from those before them', async () => {
  const { namespace } = await setting.bound('Validating', {
    matchConstraints: deployments,
    variables: [
      { name: 'replicas', expression: 'object.spec.replicas' },
      { name: 'oddReplicas', expression: 'variables.replicas % 2 == 1' },
      { name: 'never', expression: '1 / 0' },
    ],
    validations: [
      { expression: 'variables.replicas > 1' },
      { expression: 'variables.oddReplicas', messageExpression: '"odd, not " + string(variables.replicas)' },
      { expression: 'variables.replicas < 9 || variables.never == 1', reason: 'Forbidden' },
    ],
  })
  assert.match(
    (await create(namespace, deployment('a', 1))).json.message,
    /failed expression: variables\.replicas > 1$/,
  )
  assert.match((await create(namespace, deployment('a', 4))).json.message, /denied request: odd, not 4$/)
  assert.equal((await create(namespace, deployment('a', 3))).status, 201)
  assert.match(
    (await create(namespace, deployment('b', 11))).json.message,
    /expression 'variables\.replicas < 9 \|\| variables\.never == 1' resulted in error: composited variable "never" fails to evaluate: division by zero/,
  )
})

test('reasons, warnings, and what the request was', async () => {
  const validations = [
    { expression: "!has(object.data) || !('bad' in object.data)", message: ' it is bad ', reason: 'Forbidden' },
    { expression: "!has(object.data) || !('big' in object.data)", reason: 'RequestEntityTooLarge' },
    {
      expression:
        "request.operation == 'CREATE' ? oldObject == null : oldObject.metadata.name == object.metadata.name && request.userInfo.groups.exists(g, g == 'system:masters')",
    },
    { expression: "request.resource.resource == 'configmaps' && request.kind.kind == 'ConfigMap' && request.dryRun in [true, false]" }, // prettier-ignore
  ]
  const denying = await setting.bound('Validating', { validations })
  const bad = await setting.configMap(denying.namespace, { data: { bad: '' } })
  assert.deepEqual([bad.status, bad.json.reason], [403, 'Forbidden'])
  assert.match(bad.json.message, /denied request: it is bad$/)
  const big = await setting.configMap(denying.namespace, { data: { big: '' } })
  assert.deepEqual([big.status, big.json.reason], [413, 'RequestEntityTooLarge'])
  const fine = await setting.configMap(denying.namespace, { metadata: { name: 'fine' } })
  assert.equal(fine.status, 201, fine.text)
  fine.json.data = { a: 'b' }
  const at = `/api/v1/namespaces/${denying.namespace}/configmaps/fine`
  assert.equal((await setting.wire.call('PUT', at, { body: fine.json })).status, 200)
  const warning = await setting.bound('Validating', { validations }, { validationActions: ['Warn', 'Audit'] })
  const warned = await setting.configMap(warning.namespace, { data: { bad: '' } })
  assert.equal(warned.status, 201)
  assert.match(
    String(warned.headers['warning']),
    new RegExp(
      `Validation failed for ValidatingAdmissionPolicy '${warning.name}' with binding 'b-${warning.namespace}': it is bad`,
    ),
  )
})

test('conditions, exclusions, names and selectors say what is judged', async () => {
  const never = { validations: [{ expression: 'false', message: 'no' }] }
  const conditional = await setting.bound('Validating', {
    ...never,
    matchConditions: [
      { name: 'not-mine', expression: "!request.name.startsWith('mine')" },
      { name: 'data', expression: 'object.data.size() > 0' },
    ],
  })
  const named = (name: string, more: object = {}) => ({ metadata: { name }, ...more })
  assert.equal((await setting.configMap(conditional.namespace, named('mine', { data: { a: '' } }))).status, 201)
  assert.equal((await setting.configMap(conditional.namespace, named('x', { data: { a: '' } }))).status, 422)
  const failing = await setting.configMap(conditional.namespace, named('y'))
  assert.match(failing.json.message, /denied request: expression 'object\.data\.size\(\) > 0' resulted in error: no such key: data/) // prettier-ignore

  const selective = await setting.bound('Validating', {
    ...never,
    matchConstraints: {
      resourceRules: [rule('*')],
      excludeResourceRules: [rule('secrets'), rule('configmaps', '', { resourceNames: ['free'] })],
      objectSelector: { matchLabels: { judged: 'yes' } },
    },
  })
  const labels = { judged: 'yes' }
  const { namespace } = selective
  assert.equal((await setting.configMap(namespace, { metadata: { name: 'free', labels } })).status, 201)
  assert.equal((await setting.configMap(namespace, { metadata: { name: 'other', labels } })).status, 422)
  assert.equal((await setting.configMap(namespace, { metadata: { name: 'unlabelled' } })).status, 201)
  const secret = { metadata: { name: 'free', labels } }
  assert.equal(
    (await setting.wire.call('POST', `/api/v1/namespaces/${namespace}/secrets`, { body: secret })).status,
    201,
  )
})

const params = { apiVersion: 'v1', kind: 'ConfigMap' }
const secrets = { resourceRules: [rule('secrets')] }
const limited = {
  matchConstraints: secrets,
  paramKind: params,
  validations: [{ expression: "params != null && params.data.allowed == object.type", message: 'not allowed' }], // prettier-ignore
}
const secret = (namespace: string, type: string) =>
  setting.wire.call('POST', `/api/v1/namespaces/${namespace}/secrets`, {
    body: { metadata: { generateName: 's-' }, type },
  })

test('parameters come by name, and may vanish', async () => {
  const { namespace } = await setting.bound('Validating', limited, {
    paramRef: { name: 'limits', parameterNotFoundAction: 'Deny' },
  })
  assert.match(
    (await secret(namespace, 'a')).json.message,
    /denied request: failed to configure binding: no params found for policy binding with `Deny` parameterNotFoundAction$/,
  )
  await must(setting.configMap(namespace, { metadata: { name: 'limits' }, data: { allowed: 'a' } }), 201)
  assert.equal((await secret(namespace, 'a')).status, 201)
  assert.match((await secret(namespace, 'b')).json.message, /not allowed/)
  await must(setting.wire.call('DELETE', `/api/v1/namespaces/${namespace}/configmaps/limits`), 200)
  assert.equal((await secret(namespace, 'a')).status, 422)
  const allowing = await setting.bound('Validating', limited, {
    paramRef: { name: 'limits', parameterNotFoundAction: 'Allow' },
  })
  assert.equal((await secret(allowing.namespace, 'b')).status, 201)
})

test('parameters come by selector from one namespace: all of them have to agree', async () => {
  const home = await setting.namespace()
  const at = (name: string, allowed: string) =>
    must(setting.configMap(home, { metadata: { name, labels: { role: 'limits' } }, data: { allowed } }), 201)
  await at('one', 'a')
  const { namespace } = await setting.bound('Validating', limited, {
    paramRef: { namespace: home, selector: { matchLabels: { role: 'limits' } }, parameterNotFoundAction: 'Deny' },
  })
  assert.equal((await secret(namespace, 'a')).status, 201)
  await at('two', 'b')
  assert.match((await secret(namespace, 'a')).json.message, /not allowed/)
})

test('parameters may be custom resources, whose kind may be missing', async () => {
  const own = {
    matchConstraints: secrets,
    paramKind: { apiVersion: 'example.com/v1', kind: 'Widget' },
    validations: [{ expression: 'object.type in params.spec.types', message: 'not among them' }],
  }
  const ref = { paramRef: { name: 'w', parameterNotFoundAction: 'Deny' } }
  const lenient = await setting.bound('Validating', { ...own, failurePolicy: 'Ignore' }, ref)
  await must(secret(lenient.namespace, 'a'), 201)
  await lenient.remove()
  const { namespace } = await setting.bound('Validating', own, ref)
  assert.match(
    (await secret(namespace, 'a')).json.message,
    /' denied request: failed to configure policy: failed to find resource referenced by paramKind: 'example\.com\/v1, Kind=Widget'$/,
  )
  const types = { type: 'array', items: { type: 'string' } }
  const path = await established(
    setting.wire,
    { schema: schemaOf({ type: 'object', properties: { types } }) },
    namespace,
  )
  await must(setting.wire.call('POST', path, { body: widget('w', { spec: { types: ['a'] } }) }), 201)
  await must(secret(namespace, 'a'), 201)
  assert.match((await secret(namespace, 'b')).json.message, /not among them/)
})

test('the authorizer is asked for the one who asks', async () => {
  const { namespace } = await setting.bound('Validating', {
    validations: [
      { expression: "authorizer.group('').resource('secrets').namespace('default').check('delete').allowed()" },
      { expression: "authorizer.requestResource.check('create').allowed() && !authorizer.serviceAccount('default', 'nobody').path('/metrics').check('get').allowed()" }, // prettier-ignore
    ],
  })
  assert.equal((await setting.configMap(namespace, {})).status, 201)
  const token = await setting.wire.account('writer', [{ apiGroups: [''], resources: ['configmaps'], verbs: ['create'] }], true) // prettier-ignore
  const reply = await setting.wire.call('POST', `/api/v1/namespaces/${namespace}/configmaps`, {
    token,
    body: { metadata: { name: 'x' } },
  })
  assert.match(reply.json.message, /failed expression: authorizer\.group\(''\)/)
})

test('a policy that is not in its place refuses nothing, and takes effect at once when it is', async () => {
  const namespace = await setting.namespace()
  const name = 'late'
  const matchResources = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } }
  const binding = { metadata: { name }, spec: { policyName: name, validationActions: ['Deny'], matchResources } }
  await must(setting.wire.call('POST', `${group}/validatingadmissionpolicybindings`, { body: binding }), 201)
  assert.equal((await setting.configMap(namespace, {})).status, 201)
  const spec = { matchConstraints: configMaps, validations: [{ expression: 'false' }] }
  await must(
    setting.wire.call('POST', `${group}/validatingadmissionpolicies`, { body: { metadata: { name }, spec } }),
    201,
  )
  assert.equal((await setting.configMap(namespace, {})).status, 422)
  const patched = { spec: { validations: [{ expression: 'true' }] } }
  await must(
    setting.wire.call('PATCH', `${group}/validatingadmissionpolicies/${name}`, {
      headers: { 'content-type': 'application/merge-patch+json' },
      body: patched,
    }),
    200,
  )
  assert.equal((await setting.configMap(namespace, {})).status, 201)
})

test('no policy keeps anybody from taking policies back, or from asking who they are', async () => {
  const everything = { resourceRules: [rule('*/*', '*', { apiVersions: ['*'], operations: ['*'] })] }
  const name = 'everything'
  const spec = { matchConstraints: everything, validations: [{ expression: 'false' }] }
  const { wire } = setting
  await must(wire.call('POST', `${group}/validatingadmissionpolicies`, { body: { metadata: { name }, spec } }), 201)
  const binding = { metadata: { name }, spec: { policyName: name, validationActions: ['Deny'] } }
  await must(wire.call('POST', `${group}/validatingadmissionpolicybindings`, { body: binding }), 201)
  assert.equal((await wire.call('DELETE', '/api/v1/namespaces/default/configmaps/none')).status, 404)
  assert.equal((await wire.call('POST', '/api/v1/namespaces', { body: { metadata: { name: 'no' } } })).status, 422)
  const self = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
  await must(wire.call('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', { body: self }), 201)
  await must(wire.call('DELETE', `${group}/validatingadmissionpolicybindings/${name}`), 200)
  await must(wire.call('DELETE', `${group}/validatingadmissionpolicies/${name}`), 200)
})

test('what costs too much, and texts that are hard to match, end', async () => {
  const hard = await setting.bound('Validating', {
    validations: [{ expression: "object.data.all(k, !object.data[k].matches('^(a+)+$'))", message: 'matched' }],
  })
  const slow = await setting.configMap(hard.namespace, { data: { a: `${'a'.repeat(100_000)}!` } })
  assert.equal(slow.status, 201, slow.text)
  const dear = await setting.bound('Validating', {
    variables: [{ name: 'big', expression: 'object.data.all(a, object.data.all(b, object.data.all(c, a + b + c != "")))' }], // prettier-ignore
    validations: [{ expression: 'variables.big' }],
  })
  const data = Object.fromEntries(Array.from({ length: 3000 }, (_, at) => [`k${at}`, '']))
  const stopped = await setting.configMap(dear.namespace, { data })
  assert.equal(stopped.status, 422)
  assert.match(stopped.json.message, /operation cancelled: actual cost limit exceeded/)
  const many = await setting.bound('Validating', {
    validations: Array.from({ length: 20 }, (_, at) => ({
      expression: `object.data.all(a, object.data.all(b, a != "${at}" || b != ""))`,
    })),
  })
  const some = Object.fromEntries(Array.from({ length: 330 }, (_, at) => [`k${at}`, '']))
  assert.match(
    (await setting.configMap(many.namespace, { data: some })).json.message,
    /denied request: validation failed due to running out of cost budget, no further validation rules will be run$/,
  )
})

test('wrong policies are refused, and say why', async () => {
  const validating = (spec: object) => setting.refused('Validating', spec)
  const saying = (expression: string, more: object = {}) => validating({ validations: [{ expression, ...more }] })
  assert.match(
    await saying('object.x > '),
    /spec\.validations\[0\]\.expression: Invalid value: "object\.x > ": compilation failed: ERROR: <input>:1:12: Syntax error/,
  )
  assert.match(await saying('1'), /Invalid value: "1": must evaluate to bool but got int/)
  assert.match(await saying('params.x'), /undeclared reference to 'params'/)
  assert.match(await saying('variables.x'), /undeclared reference to 'variables'/)
  assert.match(await saying('request.foo == ""'), /undefined field 'foo'/)
  assert.match(await saying('true', { messageExpression: '1' }), /messageExpression: Invalid value: "1": must evaluate to string but got int/) // prettier-ignore
  assert.match(await saying('true', { messageExpression: 'authorizer.path("/").check("get").reason()' }), /undeclared reference to 'authorizer'/) // prettier-ignore
  assert.match(await saying('true', { reason: 'NotFound' }), /reason: Unsupported value: "NotFound": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge"/) // prettier-ignore
  assert.match(await validating({}), /spec\.validations: Required value: validations or auditAnnotations must contain at least one item/) // prettier-ignore
  assert.match(await validating({ validations: [{}] }), /spec\.validations\[0\]\.expression: Required value: expression is not specified/) // prettier-ignore
  assert.match(
    await validating({ matchConstraints: {}, validations: [{ expression: 'true' }] }),
    /spec\.matchConstraints\.resourceRules: Required value/,
  )
  assert.match(
    await validating({
      variables: [{ name: 'in', expression: 'true' }],
      validations: [{ expression: 'variables.other' }],
    }),
    /spec\.variables\[0\]\.name: Invalid value: "in": must be a valid CEL identifier.*undefined field 'other'/s,
  )
  assert.match(
    await validating({ auditAnnotations: [{ key: 'k', valueExpression: 'true' }] }),
    /spec\.auditAnnotations\[0\]\.valueExpression: Invalid value: "true": must evaluate to one of \[string null_type\] but got bool/,
  )
  assert.match(
    await validating({ paramKind: { apiVersion: 'a/b/c', kind: 'K' }, validations: [{ expression: 'params.x' }] }),
    /spec\.paramKind\.apiVersion: Invalid value: "a\/b\/c": unexpected GroupVersion string: a\/b\/c/,
  )
  const binding = (spec: object) =>
    setting.wire.call('POST', `${group}/validatingadmissionpolicybindings`, { body: { metadata: { name: 'b' }, spec } })
  assert.match((await binding({ validationActions: ['Deny', 'Warn'] })).json.message, /policyName: Required value.*must not contain both Deny and Warn/) // prettier-ignore
  assert.match((await binding({ policyName: 'p' })).json.message, /validationActions: Required value: at least one validation action is required/) // prettier-ignore
  assert.match(
    (await binding({ policyName: 'p', validationActions: ['Audit'], paramRef: { name: 'a', selector: {} } })).json
      .message,
    /paramRef\.name: Forbidden: name and selector are mutually exclusive.*parameterNotFoundAction: Required value/,
  )
})
