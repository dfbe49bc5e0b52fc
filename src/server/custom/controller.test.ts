/** Decisions on definitions, as values. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KObject, ResourceRef } from '#api/metadata.ts'
import type { Reader } from '#api/reader.ts'
import type { Decision, Input, Write } from '#client/controller.ts'
import type { CustomResourceDefinition as Definition } from '#kinds/facts/generated/types/apiextensions_v1.ts'
import { type Instances, definitionController } from './controller.ts'

const cleanup = 'customresourcecleanup.apiextensions.k8s.io'
const widgets: ResourceRef = {
  group: 'example.com',
  version: 'v1',
  resource: 'widgets',
  kind: 'Widget',
  namespaced: true,
}

const definition = (rest: { metadata?: object; spec?: object; status?: object } = {}): Definition => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.com', generation: 1, ...rest.metadata },
  spec: {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
    ...rest.spec,
  },
  ...(rest.status === undefined
    ? {}
    : { status: { conditions: [], storedVersions: ['v1'], acceptedNames: { plural: '', kind: '' }, ...rest.status } }),
})

const reader = (all: readonly Definition[]): Reader =>
  ({
    get: (_: ResourceRef, key: string) => all.find(one => one.metadata.name === key),
    list: () => all,
  }) as unknown as Reader

function decide(
  one: Definition,
  rest: Partial<Instances> & { readonly refused?: Input<unknown>['refused'] } = {},
): Decision<unknown> {
  const { refused = [], ...instances } = rest
  const all: Instances = { list: () => [], ref: () => widgets, overlaps: () => false, ...instances }
  const input = {
    now: 0,
    read: reader([one]),
    memory: undefined,
    asked: { has: () => false, get: () => undefined, list: () => undefined },
    refused,
  }
  return definitionController(all).decide('widgets.example.com', input)
}

const bodyOf = (write: Write | undefined): Definition => {
  assert.ok(write?.op === 'update' && write.subresource === 'status')
  return write.body as Definition
}
const said = (one: Definition): readonly string[] =>
  (one.status?.conditions ?? []).map(({ type, status, reason }) => `${type} ${status} ${reason}`)

test('a new definition gets its names and is established in one write, and then left alone', () => {
  const { writes } = decide(definition())
  const next = bodyOf(writes[0]?.[0])
  assert.deepEqual(said(next), ['NamesAccepted True NoConflicts', 'Established True InitialNamesAccepted'])
  assert.equal(next.status?.acceptedNames.kind, 'Widget')
  assert.equal(next.status?.conditions[0]?.lastTransitionTime, '1970-01-01T00:00:00Z')
  assert.deepEqual(decide(next).writes, [])
})

test('what is established stays so, whatever becomes of its names', () => {
  const conditions = [{ type: 'Established', status: 'True', reason: 'InitialNamesAccepted', message: 'x' }]
  const { writes } = decide(definition({ status: { conditions } }))
  assert.deepEqual(said(bodyOf(writes[0]?.[0])), [
    'Established True InitialNamesAccepted',
    'NamesAccepted True NoConflicts',
  ])
})

test('a schema from before schemas were structural is told of', () => {
  const spec = { preserveUnknownFields: true }
  const { writes } = decide(definition({ spec }))
  const next = bodyOf(writes[0]?.[0])
  assert.ok(said(next).includes('NonStructuralSchema True Violations'))
  const { writes: later } = decide({ ...next, spec: definition().spec, metadata: { ...next.metadata, generation: 2 } })
  assert.ok(!said(bodyOf(later[0]?.[0])).join(' ').includes('NonStructuralSchema'))
})

const dying = { deletionTimestamp: '1970-01-01T00:00:00Z', finalizers: [cleanup, 'other/one'] }
const established = { conditions: [{ type: 'Established', status: 'True' }] }
const instance = (name: string, more: object = {}): KObject => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name, namespace: 'default', ...more },
})

test('a deletion goes on until no object is left', () => {
  const one = definition({ metadata: dying, status: established })
  const left = [instance('a'), instance('b', { deletionTimestamp: 'x' })]
  const first = decide(one, { list: () => left })
  assert.ok(said(bodyOf(first.writes[0]?.[0])).includes('Terminating True InstanceDeletionInProgress'))
  assert.deepEqual(
    first.writes[1]?.map(write => (write.op === 'delete' ? write.key : write.op)),
    ['default/a'],
  )
  assert.ok((first.again ?? Infinity) < 1000)
  const { writes } = decide(one)
  const last = bodyOf(writes[0]?.[0])
  assert.ok(said(last).includes('Terminating False InstanceDeletionCompleted'))
  assert.deepEqual(last.metadata.finalizers, ['other/one'])
})

test('what cannot be deleted is told of, and what is not its own is left alone', () => {
  const one = definition({ metadata: dying, status: established })
  const write: Write = { op: 'delete', ref: widgets, key: 'default/a' }
  const error = { message: 'a webhook says no' } as Input<unknown>['refused'][number]['error']
  const again = decide(one, { list: () => [instance('a')], refused: [{ write, error }] })
  const next = bodyOf(again.writes[0]?.[0])
  assert.equal(next.status?.conditions.at(-1)?.message, 'could not issue all deletes: a webhook says no')
  const builtin = decide(one, { overlaps: () => true, list: () => [instance('a')] })
  assert.deepEqual(builtin.writes.length, 1)
  assert.ok(said(bodyOf(builtin.writes[0]?.[0])).includes('Terminating False OverlappingBuiltInResource'))
  const never = decide(definition({ metadata: dying, status: {} }))
  assert.ok(said(bodyOf(never.writes[0]?.[0])).includes('Terminating False NeverEstablished'))
})
