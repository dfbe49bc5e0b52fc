/** What is wrong with slices, as tables. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Changes, failures, right, type Row, update, write, wrong } from '../table.ts'
import { ResourceSlice } from './resourceSlice.ts'

const base = {
  spec: {
    driver: 'a.io',
    nodeName: 'n',
    pool: { name: 'p/q', generation: 1, resourceSliceCount: 1 },
    devices: [{ name: 'd' }],
  },
}
const rows = (table: readonly Row[]): void => assert.deepEqual(failures(ResourceSlice, base, table), [])
const device = (parts: object): Changes => ({ 'spec.devices': [{ name: 'd', ...parts }] })
const oneOf = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required'

test('taints say since when they are there', () => {
  const { object } = write(ResourceSlice, base, { change: device({ taints: [{ key: 'a', effect: 'None' }] }) })
  assert.deepEqual(Reflect.get(Object(object), 'spec').devices[0].taints, [
    { key: 'a', effect: 'None', timeAdded: '2026-01-01T00:00:00Z' },
  ])
})

test('where slices are', () =>
  rows([
    ...right({}, { 'spec.nodeName': undefined, 'spec.allNodes': true }, { 'spec.devices': undefined }),
    wrong({ 'spec.driver': '' }, 'spec.driver: Required value'),
    wrong({ 'spec.driver': 'a_b' }, 'spec.driver: Invalid value: "a_b": a lowercase RFC 1123 subdomain…'),
    wrong({ 'spec.pool.name': '' }, 'spec.pool.name: Required value'),
    wrong(
      { 'spec.pool.resourceSliceCount': 0 },
      'spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero',
    ),
    wrong(
      { 'spec.pool.generation': -1 },
      'spec.pool.generation: Invalid value: -1: must be greater than or equal to zero',
    ),
    wrong(
      { 'spec.nodeName': '' },
      'spec.nodeName: Invalid value: "": must be either unset or set to a non-empty string',
      `spec: Required value: ${oneOf}`,
    ),
    wrong({ 'spec.nodeName': undefined }, `spec: Required value: ${oneOf}`),
    wrong(
      { 'spec.allNodes': true },
      `spec: Invalid value: "{\`nodeName\`, \`allNodes\`}": ${oneOf}, but multiple fields are set`,
    ),
    wrong({ 'spec.allNodes': false }, 'spec.allNodes: Invalid value: false: must be either unset or set to true'),
    wrong(
      { 'spec.perDeviceNodeSelection': false },
      'spec.perDeviceNodeSelection: Invalid value: false: must be either unset or set to true',
    ),
    wrong(
      { 'spec.nodeName': undefined, 'spec.nodeSelector': { nodeSelectorTerms: [{}, {}] } },
      'spec.nodeSelector.nodeSelectorTerms: Invalid value: [{},{}]: must have exactly one node selector term',
    ),
    wrong(
      { 'spec.sharedCounters': [{ name: 'c', counters: { x: { value: '1' } } }] },
      'spec: Invalid value: "": only one of `sharedCounters` or `devices` is allowed',
    ),
    wrong(
      { 'spec.devices': undefined, 'spec.sharedCounters': [{ name: '', counters: {} }] },
      'spec.sharedCounters[0].name: Required value',
      'spec.sharedCounters[0].counters: Required value',
    ),
    wrong({ 'spec.devices': [{ name: 'd' }, { name: 'd' }] }, 'spec.devices[1]: Duplicate value: "d"'),
    wrong(
      { 'spec.devices': Array.from({ length: 129 }, (_, at) => ({ name: `d${at}` })) },
      'spec.devices: Too many: 129: must have at most 128 items',
    ),
    update({ 'spec.driver': 'b.io' }, 'spec.driver: Invalid value: "b.io": field is immutable'),
    update({ 'spec.pool.name': 'r' }, 'spec.pool.name: Invalid value: "r": field is immutable'),
    update({ 'spec.nodeName': 'm' }, 'spec.nodeName: Invalid value: "m": field is immutable'),
  ]))

test('devices', () =>
  rows([
    ...right(
      device({
        attributes: { a: { string: 'x' }, 'b.io/c': { version: '1.2.3-rc.1+b' } },
        capacity: { m: { value: '1Gi' } },
      }),
      device({ taints: [{ key: 'a', effect: 'NoSchedule' }] }),
      device({ bindingConditions: ['a'], bindingFailureConditions: ['b'] }),
      device({ consumesCounters: [{ counterSet: 's', counters: { c: { value: '1' } } }] }),
      device({ capacity: { m: { value: '1Gi' } }, nodeAllocatableResourceMappings: { memory: { capacityKey: 'm' } } }),
      { 'spec.nodeName': undefined, 'spec.perDeviceNodeSelection': true, ...device({ nodeName: 'n' }) },
    ),
    wrong(device({ name: 'D' }), 'spec.devices[0].name: Invalid value: "D": a lowercase RFC 1123 label…'),
    wrong(
      device({ attributes: { '1': { int: 1 } } }),
      'spec.devices[0].attributes: Invalid value: "1": a valid C identifier…',
    ),
    wrong(
      device({ attributes: { ['x'.repeat(33)]: { int: 1 } } }),
      'spec.devices[0].attributes: Too long: may not be more than 32 bytes',
    ),
    wrong(
      device({ attributes: { a: {} } }),
      'spec.devices[0].attributes[a]: Invalid value: "": exactly one value must be specified',
    ),
    wrong(
      device({ attributes: { a: { int: 1, bool: true } } }),
      'spec.devices[0].attributes[a]: Invalid value: {"int":1,"bool":true}: exactly one value must be specified',
    ),
    wrong(
      device({ attributes: { a: { version: '1.2' } } }),
      'spec.devices[0].attributes[a].version: Invalid value: "1.2": must be a string compatible with semver.org spec 2.0.0',
    ),
    wrong(
      device({ attributes: { a: { string: 'x'.repeat(65) } } }),
      'spec.devices[0].attributes[a].string: Too long: may not be more than 64 bytes',
    ),
    wrong(
      device({ attributes: { a: { strings: [] } } }),
      'spec.devices[0].attributes[a].strings: Invalid value: []: must not be empty if specified',
    ),
    wrong(
      device({ attributes: Object.fromEntries(Array.from({ length: 33 }, (_, at) => [`a${at}`, { int: 1 }])) }),
      'spec.devices[0]: Invalid value: 33: the total number of attributes and capacities must not exceed 32',
    ),
    wrong(
      device({ taints: [{ key: '', effect: '' }] }),
      'spec.devices[0].taints[0].key: Invalid value: "": name part must be non-empty',
      'spec.devices[0].taints[0].key: Invalid value: "": name part must consist of…',
      'spec.devices[0].taints[0].effect: Required value',
    ),
    wrong(
      device({ taints: [{ key: 'a', effect: 'Some' }] }),
      'spec.devices[0].taints[0].effect: Unsupported value: "Some": supported values: "NoExecute", "NoSchedule", "None"',
    ),
    wrong(
      device({ allNodes: true }),
      'spec.devices[0]: Invalid value: null: `nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec',
    ),
    wrong(
      { 'spec.nodeName': undefined, 'spec.perDeviceNodeSelection': true },
      'spec.devices[0]: Required value: exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec',
    ),
    wrong(
      device({ bindingConditions: ['a', 'a'], bindingFailureConditions: ['a'] }),
      'spec.devices[0].bindingConditions[1]: Duplicate value: "a"',
      'spec.devices[0].bindingFailureConditions[0]: Invalid value: "a": bindingFailureConditions must not overlap with bindingConditions',
    ),
    wrong(
      device({ consumesCounters: [{ counterSet: '', counters: {} }] }),
      'spec.devices[0].consumesCounters[0].counterSet: Required value',
      'spec.devices[0].consumesCounters[0].counters: Required value',
    ),
    wrong(
      device({ nodeAllocatableResourceMappings: { 'a.io/x': { capacityKey: 'm' } } }),
      'spec.devices[0].nodeAllocatableResourceMappings[a.io/x]: Invalid value: "a.io/x": must be a node allocatable resource name',
      'spec.devices[0].nodeAllocatableResourceMappings[a.io/x].capacityKey: Not found: "m"',
    ),
    wrong(
      device({ nodeAllocatableResourceMappings: { cpu: { allocationMultiplier: '-1' } } }),
      'spec.devices[0].nodeAllocatableResourceMappings[cpu].allocationMultiplier: Invalid value: "-1": must be positive',
    ),
  ]))

test('how much of a capacity one request may take', () => {
  const policy = (requestPolicy: object, shared = true): Changes =>
    device({ ...(shared ? { allowMultipleAllocations: true } : {}), capacity: { m: { value: '10Gi', requestPolicy } } })
  const at = 'spec.devices[0].capacity[m].requestPolicy'
  rows([
    ...right(
      policy({ default: '1Gi', validValues: ['1Gi', '2Gi'] }),
      policy({ default: '2Gi', validRange: { min: '1Gi', max: '4Gi', step: '1Gi' } }),
      policy({ default: '1Gi' }),
    ),
    wrong(policy({ default: '1Gi' }, false), `${at}: Forbidden: allowMultipleAllocations must be true`),
    wrong(
      policy({ default: '1Gi', validValues: ['1Gi'], validRange: { min: '1Gi' } }),
      `${at}: Forbidden: exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time`,
    ),
    wrong(policy({ validValues: ['1Gi'] }), `${at}.default: Required value: required when validValues is defined`),
    wrong(policy({ validRange: { min: '1' } }), `${at}.default: Required value: required when validRange is defined`),
    wrong(
      policy({ default: '3Gi', validValues: ['2Gi', '1Gi'] }),
      `${at}.validValues[1]: Invalid value: "1Gi": values must be sorted in ascending order`,
      `${at}.validValues: Invalid value: "3Gi": default value is not valid according to the requestPolicy`,
    ),
    wrong(
      policy({ default: '1Gi', validValues: ['1Gi', '20Gi'] }),
      `${at}.validValues[1]: Invalid value: "20Gi": option is larger than capacity value: 10Gi`,
    ),
    wrong(
      policy({ default: '1Gi', validRange: { min: '2Gi' } }),
      `${at}.validRange.min: Invalid value: "1Gi": default is less than min: 2Gi`,
    ),
    wrong(
      policy({ default: '5Gi', validRange: { min: '1Gi', max: '4Gi' } }),
      `${at}.validRange.max: Invalid value: "5Gi": default is more than max: 4Gi`,
    ),
    wrong(
      policy({ default: '2Gi', validRange: { min: '1Gi', step: '3Gi' } }),
      `${at}.validRange.step: Invalid value: "2Gi": value is not a multiple of a given step (3Gi) from (1Gi)`,
    ),
    wrong(
      policy({ default: '1Gi', validRange: { min: '1Gi', max: '20Gi' } }),
      `${at}.validRange.max: Invalid value: "20Gi": max is larger than capacity value: 10Gi`,
    ),
  ])
})
