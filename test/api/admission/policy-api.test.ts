/** The life of policies and bindings as objects, as upstream's conformance tests ask for each of the four kinds. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { until } from '../definitions.ts'
import { type Wire, openWire } from '../wire.ts'
import { configMaps, group, must } from './policy-setting.ts'

let wire: Wire
before(async () => {
  wire = await openWire()
})
after(() => wire.stop())

const mergePatch = { 'content-type': 'application/merge-patch+json' }

interface Kind {
  readonly plural: string
  readonly kind: string
  readonly spec: object
  /** A change of the spec and how it shows. */
  readonly change: readonly [field: string, value: unknown, other: unknown]
}

const kinds: readonly Kind[] = [
  {
    plural: 'validatingadmissionpolicies',
    kind: 'ValidatingAdmissionPolicy',
    spec: { matchConstraints: configMaps, validations: [{ expression: 'object.data.size() <= 100' }] },
    change: ['failurePolicy', 'Ignore', 'Fail'],
  },
  {
    plural: 'validatingadmissionpolicybindings',
    kind: 'ValidatingAdmissionPolicyBinding',
    spec: { policyName: 'limit.example.com', validationActions: ['Deny'] },
    change: ['validationActions', ['Warn'], ['Deny']],
  },
  {
    plural: 'mutatingadmissionpolicies',
    kind: 'MutatingAdmissionPolicy',
    spec: {
      matchConstraints: configMaps,
      reinvocationPolicy: 'Never',
      mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{}' } }],
    },
    change: ['reinvocationPolicy', 'IfNeeded', 'Never'],
  },
  {
    plural: 'mutatingadmissionpolicybindings',
    kind: 'MutatingAdmissionPolicyBinding',
    spec: { policyName: 'limit.example.com' },
    change: ['policyName', 'new-policy.example.com', 'limit.example.com'],
  },
]

for (const { plural, kind, spec, change } of kinds)
  test(`${kind}: create, read, watch, patch, update, delete`, async () => {
    const { json: found } = await must(wire.call('GET', group), 200)
    const listed = found.resources.find((one: { name: string }) => one.name === plural)
    assert.deepEqual([listed.kind, listed.namespaced], [kind, false])
    const at = `${group}/${plural}`
    const labels = { special: 'label' }
    const body = (name: string): object => ({ apiVersion: 'admissionregistration.k8s.io/v1', kind, metadata: { name, labels }, spec }) // prettier-ignore
    const { json: made } = await must(wire.call('POST', at, { body: body('one') }), 201)
    await must(wire.call('POST', at, { body: body('two') }), 201)
    assert.equal(made.metadata.generation, 1)
    const { json: read } = await must(wire.call('GET', `${at}/one`), 200)
    assert.equal(read.metadata.uid, made.metadata.uid)
    const { json: list } = await must(wire.call('GET', `${at}?labelSelector=special%3Dlabel`), 200)
    assert.equal(list.items.length, 2)

    const [field, value, other] = change
    const annotations = { patched: 'true' }
    const patch = { metadata: { annotations }, spec: { [field]: value } }
    const { json: patched } = await must(wire.call('PATCH', `${at}/one`, { headers: mergePatch, body: patch }), 200)
    assert.deepEqual([patched.metadata.annotations, patched.spec[field]], [annotations, value])
    assert.equal(patched.metadata.generation, 2)
    const { json: now } = await must(wire.call('GET', `${at}/one`), 200)
    const next = { ...now, metadata: { ...now.metadata, annotations: { updated: 'true' } }, spec: { ...now.spec, [field]: other } } // prettier-ignore
    const { json: updated } = await must(wire.call('PUT', `${at}/one`, { body: next }), 200)
    assert.deepEqual([updated.metadata.annotations, updated.spec[field]], [{ updated: 'true' }, other])

    const since = list.metadata.resourceVersion
    const events = await must(
      wire.call('GET', `${at}?watch=1&timeoutSeconds=1&resourceVersion=${since}&fieldSelector=metadata.name%3Done`),
      200,
    )
    const types = events.text
      .trim()
      .split('\n')
      .map(line => JSON.parse(line).type)
    assert.ok(types.length >= 2 && types.every(type => type === 'MODIFIED'), types.join())

    await must(wire.call('DELETE', `${at}/one`), 200)
    assert.equal((await wire.call('GET', `${at}/one`)).status, 404)
    await must(wire.call('DELETE', `${at}?labelSelector=special%3Dlabel`), 200)
    assert.deepEqual((await wire.call('GET', at)).json.items, [])
  })

test('the status of a policy that validates has a path of its own', async () => {
  const at = `${group}/validatingadmissionpolicies/status-test`
  const body = { metadata: { name: 'status-test' }, spec: kinds[0]?.spec }
  const { json: made } = await must(
    wire.call('POST', `${group}/validatingadmissionpolicies`, {
      body: { ...body, status: { conditions: [{ type: 'Sent' }] } },
    }),
    201,
  )
  assert.equal(made.status.conditions, undefined)
  const { json: read } = await must(wire.call('GET', `${at}/status`), 200)
  assert.deepEqual([read.kind, read.metadata.uid], ['ValidatingAdmissionPolicy', made.metadata.uid])
  const condition = (type: string): object => ({
    type,
    status: 'True',
    reason: 'E2E',
    message: 'Set by a test',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  })
  const patch = { status: { conditions: [condition('PatchStatusFailed')] }, spec: { failurePolicy: 'Ignore' } }
  const { json: patched } = await must(wire.call('PATCH', `${at}/status`, { headers: mergePatch, body: patch }), 200)
  assert.equal(patched.status.conditions[0].type, 'PatchStatusFailed')
  assert.equal(patched.spec.failurePolicy, 'Fail')
  // Whoever checks the types writes there too.
  const { json: now } = await until(
    () => wire.call('GET', at),
    ({ json }) => json.status.observedGeneration === 1,
  )
  const next = { ...now, status: { ...now.status, conditions: [...now.status.conditions, condition('StatusUpdate')] } }
  const { json: updated } = await must(wire.call('PUT', `${at}/status`, { body: next }), 200)
  assert.equal(updated.status.conditions[1].type, 'StatusUpdate')
  assert.match(
    (await wire.call('PATCH', `${at}/status`, { headers: mergePatch, body: { status: { conditions: [{ type: 'a b', status: 'Maybe' }, { ...condition('X'), reason: '1' }, condition('X')] } } })).json.message, // prettier-ignore
    /conditions\[0\]\.type: Invalid value.*\[0\]\.status: Unsupported value: "Maybe".*\[0\]\.lastTransitionTime: Required.*\[0\]\.reason: Required.*\[1\]\.reason: Invalid value: "1".*\[2\]\.type: Duplicate value: "X"/,
  )
  const wrong = { status: { typeChecking: { expressionWarnings: [{ fieldRef: '', warning: '' }] } } }
  assert.match(
    (await wire.call('PATCH', `${at}/status`, { headers: mergePatch, body: wrong })).json.message,
    /status\.typeChecking\.expressionWarnings\[0\]\.warning: Required value.*fieldRef: Required value/,
  )
})
