import assert from 'node:assert/strict'
import { after, afterEach, before, test } from 'node:test'
import {
  anything,
  conditionOf,
  definition,
  definitions,
  established,
  mergePatch,
  removed,
  removedAll,
  schemaOf,
  until,
  versionOf,
  widget,
  type Wanted,
} from './definitions.ts'
import { type Wire, openWire } from './wire.ts'

let wire: Wire
before(async () => {
  wire = await openWire()
})
after(() => wire.stop())
afterEach(() => removedAll(wire))

const refused = async (wanted: Wanted): Promise<string> => {
  const reply = await wire.call('POST', definitions, { body: definition(wanted) })
  assert.equal(reply.status, 422, `${JSON.stringify(wanted)}: ${reply.text.slice(0, 300)}`)
  return reply.json.message
}

test('a definition that is wrong is refused with the reasons', async () => {
  const table: readonly (readonly [Wanted, RegExp])[] = [
    [{ schema: {} }, /spec\.validation\.openAPIV3Schema\.type: Required value: must not be empty at the root/],
    [
      { schema: { type: 'array', items: { type: 'string' } } },
      /openAPIV3Schema\.type: Invalid value: "array": must be object at the root/,
    ],
    [
      { schema: schemaOf({}) },
      /openAPIV3Schema\.properties\[spec\]\.type: Required value: must not be empty for specified object fields/,
    ],
    [
      { schema: { type: 'object', anyOf: [{ properties: { spec: { minimum: 1 } } }] } },
      /openAPIV3Schema\.properties\[spec\]: Required value: because it is defined in spec\.validation\.openAPIV3Schema\.anyOf\[0\]\.properties\[spec\]/,
    ],
    [
      { schema: schemaOf({ type: 'object', oneOf: [{ type: 'object' }] }) },
      /oneOf\[0\]\.type: Forbidden: must be empty to be structural/,
    ],
    [
      { schema: schemaOf({ type: 'string', pattern: '(' }) },
      /properties\[spec\]\.pattern: Invalid value: "\(": must be a valid regular expression, but isn't: error parsing regexp: missing closing \)/,
    ],
    [
      { schema: schemaOf({ type: 'strange' }) },
      /Unsupported value: "strange": supported values: "array", "boolean", "integer", "number", "object", "string"/,
    ],
    [
      { schema: schemaOf({ type: 'array', items: { type: 'string' }, uniqueItems: true }) },
      /uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity becomes quadratic/,
    ],
    [
      {
        schema: schemaOf({
          type: 'object',
          additionalProperties: { type: 'string' },
          properties: { a: { type: 'string' } },
        }),
      },
      /additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive/,
    ],
    [
      { schema: schemaOf({ type: 'object', $ref: '#/x' }) },
      /properties\[spec\]\.\$ref: Forbidden: \$ref is not supported/,
    ],
    [
      { schema: schemaOf({ type: 'array', items: [{ type: 'string' }] }) },
      /items: Forbidden: items must be a schema object and not an array/,
    ],
    [
      { schema: schemaOf({ type: 'array', items: { type: 'object' }, 'x-kubernetes-list-type': 'map' }) },
      /x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map/,
    ],
    [
      {
        schema: schemaOf({
          type: 'array',
          'x-kubernetes-list-type': 'map',
          'x-kubernetes-list-map-keys': ['k'],
          items: { type: 'object', properties: { k: { type: 'string' } } },
        }),
      },
      /items\.properties\[k\]\.default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property/,
    ],
    [
      { schema: schemaOf({ type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'object' } }) },
      /items\.x-kubernetes-map-type: Invalid value: .*must be atomic as item of a list with x-kubernetes-list-type=set/,
    ],
    [
      { schema: schemaOf({ type: 'integer', default: 'x' }) },
      /properties\[spec\]\.default: Invalid value: "string": .*must be of type integer: "string"/,
    ],
    [
      { schema: schemaOf({ type: 'object', default: { x: 1 } }) },
      /properties\[spec\]\.default: Invalid value: \{"x":1\}: must not have unknown fields/,
    ],
    [
      { schema: schemaOf({ type: 'string', enum: ['a'], default: 'b' }) },
      /Unsupported value: "b": supported values: "a"/,
    ],
    [
      {
        schema: {
          type: 'object',
          properties: { metadata: { type: 'object', properties: { labels: { type: 'object' } } } },
        },
      },
      /properties\[metadata\]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified/,
    ],
    [
      { schema: { ...anything, nullable: true } },
      /openAPIV3Schema\.nullable: Forbidden: nullable cannot be true at the root/,
    ],
    [
      { schema: schemaOf({ type: 'string', 'x-kubernetes-embedded-resource': true }) },
      /type: Invalid value: "string": must be object if x-kubernetes-embedded-resource is true/,
    ],
    [
      { metadata: { name: 'wrong.example.com' } },
      /metadata\.name: Invalid value: "wrong\.example\.com": must be spec\.names\.plural\+"\."\+spec\.group/,
    ],
    [{ group: 'nodots' }, /spec\.group: Invalid value: "nodots": should be a domain with at least one dot/],
    [{ scope: 'Galaxy' }, /spec\.scope: Unsupported value: "Galaxy": supported values: "Cluster", "Namespaced"/],
    [
      { names: { kind: 'No_Kind' } },
      /spec\.names\.kind: Invalid value: "No_Kind": may have mixed case, but should otherwise match: a DNS-1035 label/,
    ],
    [{ names: { listKind: 'Widget' } }, /kind and listKind may not be the same/],
    [
      { group: 'things.k8s.io' },
      /metadata\.annotations\[api-approved\.kubernetes\.io\]: Required value: protected groups must have approval annotation/,
    ],
    [{ version: { storage: false } }, /must have exactly one version marked as storage version/],
    [
      { version: { deprecationWarning: 'x' } },
      /deprecationWarning: Invalid value: "x": can only be set for deprecated versions/,
    ],
    [
      { version: { subresources: { scale: { specReplicasPath: '.status.x', statusReplicasPath: '.status.x' } } } },
      /spec\.subresources\.scale\.specReplicasPath: Invalid value: "\.status\.x": should be a json path under \.spec/,
    ],
    [
      { version: { additionalPrinterColumns: [{ name: 'a', type: 'thing', jsonPath: 'x' }] } },
      /additionalPrinterColumns\[0\]\.type: Invalid value: "thing": must be one of boolean,date,integer,number,string.*JSONPath: Invalid value: "x": must be a simple json path starting with \./,
    ],
    [
      { version: { selectableFields: [{ jsonPath: '.spec.nothing' }] } },
      /selectableFields\[0\]\.jsonPath: Invalid value: "\.spec\.nothing": is an invalid path: does not refer to a valid field/,
    ],
    [{ spec: { preserveUnknownFields: true } }, /spec\.preserveUnknownFields: Invalid value: true: cannot set to true/],
    [
      { spec: { conversion: { strategy: 'Webhook' } } },
      /spec\.conversion\.webhookClientConfig: Required value: required when strategy is set to Webhook/,
    ],
    [
      {
        spec: {
          conversion: {
            strategy: 'Webhook',
            webhook: { conversionReviewVersions: ['v9'], clientConfig: { url: 'http://x/?a#b' } },
          },
        },
      },
      /'https' is the only allowed URL scheme.*fragments are not permitted.*query parameters are not permitted.*must include at least one of v1, v1beta1/,
    ],
    [
      { versions: [versionOf('v1', anything), versionOf('v1', anything, { storage: false })] },
      /must contain unique version names/,
    ],
  ]
  for (const [wanted, expected] of table) assert.match(await refused(wanted), expected, JSON.stringify(wanted))
})

test('a group of the project needs an approval, or the word that there is none', async () => {
  const annotations = { 'api-approved.kubernetes.io': 'unapproved, experimental' }
  await established(wire, { group: 'things.k8s.io', metadata: { annotations } })
  const reply = await wire.call('GET', `${definitions}/widgets.things.k8s.io`)
  const found = conditionOf(reply, 'KubernetesAPIApprovalPolicyConformant')
  assert.equal(`${found?.status} ${found?.reason}`, 'False UnapprovedAnnotation')
})

test('a definition of what is built in is established, and changes nothing', async () => {
  const annotations = { 'api-approved.kubernetes.io': 'https://example.com/pull/1' }
  const names = { plural: 'leases', kind: 'Lease', group: 'coordination.k8s.io' }
  await established(wire, { ...names, metadata: { annotations } })
  const leases = '/apis/coordination.k8s.io/v1/namespaces/default/leases'
  const lease = { metadata: { name: 'x' }, spec: { leaseDurationSeconds: 'no number' } }
  assert.equal((await wire.call('POST', leases, { body: lease })).status, 400)
  const right = { metadata: { name: 'x' }, spec: { leaseDurationSeconds: 5 } }
  assert.equal((await wire.call('POST', leases, { body: right })).status, 201)
  await removed(wire, 'leases.coordination.k8s.io')
  assert.equal((await wire.call('GET', `${leases}/x`)).status, 200)
})

test('names that others of the group have are not given, until they are free', async () => {
  await established(wire, { names: { shortNames: ['w'] } })
  const second = definition({ plural: 'wheels', kind: 'Widget', names: { shortNames: ['w'] } })
  assert.equal((await wire.call('POST', definitions, { body: second })).status, 201)
  const ask = () => wire.call('GET', `${definitions}/wheels.example.com`)
  const waits = await until(ask, reply => conditionOf(reply, 'NamesAccepted') !== undefined)
  assert.equal(conditionOf(waits, 'NamesAccepted')?.reason, 'ListKindConflict')
  assert.equal(conditionOf(waits, 'NamesAccepted')?.message, '"WidgetList" is already in use')
  assert.equal(conditionOf(waits, 'Established')?.status, 'False')
  assert.deepEqual(waits.json.status.acceptedNames, { plural: 'wheels', kind: '' })
  const list = '/apis/example.com/v1/namespaces/default/wheels'
  assert.equal((await wire.call('GET', list)).status, 404)
  await removed(wire, 'widgets.example.com')
  await until(ask, reply => conditionOf(reply, 'Established')?.status === 'True')
  assert.equal((await wire.call('GET', list)).status, 200)
})

test('what settled once stays: scope, kind, group; versions that objects may be in', async () => {
  await established(wire)
  const path = `${definitions}/widgets.example.com`
  const patch = (spec: object) => wire.call('PATCH', path, { body: { spec }, headers: mergePatch })
  assert.match(
    (await patch({ scope: 'Cluster' })).json.message,
    /spec\.scope: Invalid value: "Cluster": field is immutable/,
  )
  assert.match((await patch({ names: { kind: 'Gadget' } })).json.message, /spec\.names\.kind: .*field is immutable/)
  const v2 = versionOf('v2', anything)
  assert.match(
    (await patch({ versions: [v2] })).json.message,
    /status\.storedVersions\[0\]: Invalid value: "v1": missing from spec\.versions/,
  )
  const both = await patch({ versions: [v2, versionOf('v1', anything, { storage: false })] })
  assert.equal(both.status, 200, both.text)
  assert.deepEqual(both.json.status.storedVersions, ['v1', 'v2'])
  const stored = { status: { storedVersions: ['v2'] } }
  const status = await wire.call('PATCH', `${path}/status`, { body: stored, headers: mergePatch })
  assert.deepEqual(status.json.status.storedVersions, ['v2'])
  assert.equal((await patch({ versions: [v2] })).status, 200)
})

test('a deletion deletes all objects first, and lets none be made meanwhile', async () => {
  const at = await established(wire)
  const held = { metadata: { name: 'held', finalizers: ['example.com/hold'] } }
  for (const name of ['a', 'b', 'c']) await wire.call('POST', at, { body: widget(name) })
  assert.equal((await wire.call('POST', at, { body: widget('held', held) })).status, 201)
  await wire.call('DELETE', `${definitions}/widgets.example.com`)
  const left = await until(
    () => wire.call('GET', at),
    reply => reply.json.items.length === 1,
  )
  assert.ok(left.json.items[0].metadata.deletionTimestamp)
  const reply = await wire.call('GET', `${definitions}/widgets.example.com`)
  assert.equal(conditionOf(reply, 'Terminating')?.reason, 'InstanceDeletionInProgress')
  assert.deepEqual(reply.json.metadata.finalizers, ['customresourcecleanup.apiextensions.k8s.io'])
  const more = await wire.call('POST', at, { body: widget('d') })
  assert.equal(more.status, 403)
  assert.match(more.json.message, /create not allowed while custom resource definition is terminating/)
  await wire.call('PATCH', `${at}/held`, { body: { metadata: { finalizers: null } }, headers: mergePatch })
  await until(
    () => wire.call('GET', at),
    answer => answer.status === 404,
  )
  const again = await established(wire)
  assert.deepEqual((await wire.call('GET', again)).json.items, [])
  assert.equal((await wire.call('POST', again, { body: widget('d') })).status, 201)
})

test('formats that nothing checks are warned of', async () => {
  const body = definition({ schema: schemaOf({ type: 'string', format: 'colour' }) })
  const reply = await wire.call('POST', definitions, { body })
  assert.equal(reply.headers['warning'], '299 - "unrecognized format \\"colour\\""')
})
