import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventColumns } from './columns.ts'
import { EventV1, fromCore, toCore } from './event.ts'

const event = {
  apiVersion: 'events.k8s.io/v1',
  kind: 'Event',
  metadata: { name: 'e', namespace: 'd' },
  eventTime: '2026-01-01T00:00:00.000000Z',
  reportingController: 'c',
  reportingInstance: 'c-1',
  action: 'Pull',
  reason: 'Pulled',
  regarding: { kind: 'Pod', name: 'p' },
  note: 'hello ',
  type: 'Normal',
}

test('the same event under both names of its fields', () => {
  const core = toCore(structuredClone(event))
  assert.deepEqual(Object.keys(core).slice(0, 3), ['apiVersion', 'kind', 'metadata'])
  assert.deepEqual(fromCore(structuredClone(core)), event)
  assert.equal(EventV1.storedAs?.plural, 'events')
  assert.equal(EventV1.selectableFields?.['regarding.name']?.(core), 'p')
})

test('events as kubectl shows them', () => {
  const core = JSON.parse(JSON.stringify(toCore(structuredClone(event))))
  const cells = eventColumns.map(column => column.of(core, Date.parse('2026-01-01T00:00:07Z')))
  assert.deepEqual(cells, ['7s', 'Normal', 'Pulled', 'pod/p', '', 'c, c-1', 'hello', '7s', 1, 'e'])
})
