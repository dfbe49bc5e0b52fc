/** What is wrong with claims of devices, their templates, classes and slices, as tables. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Kind } from '#api/kind.ts'
import { type Changes, failures, right, type Row, update, write, wrong } from '../table.ts'
import { DeviceClass } from './deviceClass.ts'
import { ResourceClaim } from './resourceClaim.ts'
import { ResourceClaimTemplate } from './resourceClaimTemplate.ts'

const rows = (kind: Kind, base: Changes, table: readonly Row[]): void =>
  assert.deepEqual(failures(kind, base, table), [])

const claim = {
  spec: { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu.io' } }] } },
}
const exactly = 'spec.devices.requests.0.exactly'
const noLabel = 'a lowercase RFC 1123 label must consist of…'
const noRequest =
  "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"

test('one device is what a request asks for that does not say', () => {
  const { object } = write(ResourceClaim, claim, { change: {} })
  assert.deepEqual(Reflect.get(object, 'spec'), {
    devices: {
      requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu.io', allocationMode: 'ExactCount', count: 1 } }],
    },
  })
})

test('requests of claims', () =>
  rows(ResourceClaim, claim, [
    ...right(
      {},
      { [`${exactly}.allocationMode`]: 'All' },
      { [`${exactly}.selectors`]: [{ cel: { expression: 'device.driver == "a.io"' } }] },
      { [`${exactly}.selectors`]: [{ cel: { expression: 'device.attributes["a.io"].size > 3' } }] },
      {
        [`${exactly}.selectors`]: [
          { cel: { expression: 'device.capacity["a.io"].mem.isGreaterThan(quantity("1Gi"))' } },
        ],
      },
      {
        [`${exactly}.tolerations`]: [
          { key: 'a', operator: 'Exists' },
          { operator: 'Equal', value: 'x' },
        ],
      },
      { 'spec.devices.requests': [{ name: 'a', firstAvailable: [{ name: 'b', deviceClassName: 'c' }] }] },
    ),
    wrong({ 'spec.devices.requests.0.name': 'A' }, `spec.devices.requests[0].name: Invalid value: "A": ${noLabel}`),
    wrong(
      { 'spec.devices.requests.1': { name: 'gpu', exactly: { deviceClassName: 'x' } } },
      'spec.devices.requests[1]: Duplicate value: "gpu"',
    ),
    wrong(
      { [exactly]: undefined },
      'spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required',
    ),
    wrong(
      { 'spec.devices.requests.0.firstAvailable': [{ name: 'b', deviceClassName: 'c' }] },
      'spec.devices.requests[0]: Invalid value: null: exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set',
    ),
    wrong({ [`${exactly}.deviceClassName`]: '' }, 'spec.devices.requests[0].exactly.deviceClassName: Required value'),
    wrong(
      { [`${exactly}.deviceClassName`]: 'a_b' },
      'spec.devices.requests[0].exactly.deviceClassName: Invalid value: "a_b": a lowercase RFC 1123 subdomain…',
    ),
    wrong(
      { [`${exactly}.allocationMode`]: 'Some' },
      'spec.devices.requests[0].exactly.allocationMode: Unsupported value: "Some": supported values: "All", "ExactCount"',
    ),
    wrong(
      { [`${exactly}.allocationMode`]: 'All', [`${exactly}.count`]: 2 },
      "spec.devices.requests[0].exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'",
    ),
    wrong(
      { [`${exactly}.count`]: -1 },
      'spec.devices.requests[0].exactly.count: Invalid value: -1: must be greater than zero',
    ),
    wrong({ [`${exactly}.selectors`]: [{}] }, 'spec.devices.requests[0].exactly.selectors[0].cel: Required value'),
    wrong(
      { [`${exactly}.selectors`]: [{ cel: { expression: 'device.spam' } }] },
      'spec.devices.requests[0].exactly.selectors[0].cel.expression: Invalid value: "device.spam": compilation failed: ERROR: …',
    ),
    wrong(
      { [`${exactly}.selectors`]: [{ cel: { expression: '"a"' } }] },
      'spec.devices.requests[0].exactly.selectors[0].cel.expression: Invalid value: "\\"a\\"": must evaluate to bool or the unknown type, not string',
    ),
    wrong(
      { [`${exactly}.selectors`]: [{ cel: { expression: `true${' '.repeat(10 * 1024)}` } }] },
      'spec.devices.requests[0].exactly.selectors[0].cel.expression: Too long: may not be more than 10240 bytes',
    ),
    wrong(
      { [`${exactly}.tolerations`]: [{ key: 'a', operator: 'Exists', value: 'x' }] },
      'spec.devices.requests[0].exactly.tolerations[0].value: Invalid value: "x": must be empty for operator `Exists`',
    ),
    wrong(
      { [`${exactly}.tolerations`]: [{ key: 'a', effect: 'Never' }] },
      'spec.devices.requests[0].exactly.tolerations[0].operator: Required value',
      'spec.devices.requests[0].exactly.tolerations[0].effect: Unsupported value: "Never": supported values: "NoExecute", "NoSchedule", "None"',
    ),
    wrong(
      { [`${exactly}.tolerations`]: [{ key: 'a', operator: 'Like' }] },
      'spec.devices.requests[0].exactly.tolerations[0].operator: Unsupported value: "Like": supported values: "Equal", "Exists"',
    ),
    wrong(
      {
        'spec.devices.requests': Array.from({ length: 33 }, (_, at) => ({
          name: `r${at}`,
          exactly: { deviceClassName: 'x' },
        })),
      },
      'spec.devices.requests: Too many: 33: must have at most 32 items',
    ),
    wrong(
      {
        'spec.devices.requests': [
          {
            name: 'a',
            firstAvailable: [
              { name: 'b', deviceClassName: '' },
              { name: 'b', deviceClassName: 'x' },
            ],
          },
        ],
      },
      'spec.devices.requests[0].firstAvailable[0].deviceClassName: Required value',
      'spec.devices.requests[0].firstAvailable[1]: Duplicate value: "b"',
    ),
  ]))

test('constraints and configuration of claims', () => {
  const constraints = (...list: readonly object[]): Changes => ({ 'spec.devices.constraints': list })
  const config = (...list: readonly object[]): Changes => ({ 'spec.devices.config': list })
  rows(ResourceClaim, claim, [
    ...right(
      constraints({ requests: ['gpu'], matchAttribute: 'a.io/numa' }),
      constraints({ distinctAttribute: 'a.io/numa' }),
      config({ requests: ['gpu'], opaque: { driver: 'a.io', parameters: { a: 1 } } }),
    ),
    wrong(
      constraints({ matchAttribute: 'numa' }),
      'spec.devices.constraints[0].matchAttribute: Invalid value: "numa": a fully qualified name must be a domain and a name separated by a slash',
    ),
    wrong(
      constraints({ matchAttribute: 'a.io/1x' }),
      'spec.devices.constraints[0].matchAttribute: Invalid value: "1x": a valid C identifier…',
    ),
    wrong(
      constraints({ matchAttribute: '/x' }),
      'spec.devices.constraints[0].matchAttribute: Invalid value: "": the domain must not be empty',
    ),
    wrong(
      constraints({ matchAttribute: 'a.io/' }),
      'spec.devices.constraints[0].matchAttribute: Invalid value: "": the name must not be empty',
    ),
    wrong(
      constraints({}),
      'spec.devices.constraints[0]: Required value: exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set',
    ),
    wrong(
      constraints({ requests: ['cpu'], matchAttribute: 'a.io/x' }),
      `spec.devices.constraints[0].requests[0]: Invalid value: "cpu": ${noRequest}`,
    ),
    wrong(
      constraints({ requests: ['gpu', 'gpu'], matchAttribute: 'a.io/x' }),
      'spec.devices.constraints[0].requests[1]: Duplicate value: "gpu"',
    ),
    wrong(
      constraints({ requests: ['a/b/c'], matchAttribute: 'a.io/x' }),
      `spec.devices.constraints[0].requests[0]: Invalid value: "a/b/c": ${noRequest}`,
    ),
    wrong(config({}), 'spec.devices.config[0].opaque: Required value'),
    wrong(config({ opaque: { driver: '', parameters: {} } }), 'spec.devices.config[0].opaque.driver: Required value'),
    wrong(
      config({ opaque: { driver: 'a.io', parameters: null } }),
      'spec.devices.config[0].opaque.parameters: Required value',
    ),
    wrong(
      config({ opaque: { driver: 'a.io', parameters: [1] } }),
      'spec.devices.config[0].opaque.parameters: Invalid value: "<value omitted>": must be a valid JSON object',
    ),
    wrong(
      config({ opaque: { driver: 'a.io', parameters: { a: 'x'.repeat(10_240) } } }),
      'spec.devices.config[0].opaque.parameters: Too long: may not be more than 10240 bytes',
    ),
    update({ [`${exactly}.deviceClassName`]: 'other' }, 'spec: Invalid value: …'),
  ])
})

const result = { request: 'gpu', driver: 'a.io', pool: 'p', device: 'd' }
const status = (change: Changes, ...texts: readonly string[]): Row => ({
  old: {},
  subresource: 'status',
  change,
  wrong: texts,
})
const allocated = (...results: readonly object[]): Changes => ({ 'status.allocation': { devices: { results } } })
const said = (device: object): Changes => ({
  ...allocated(result),
  'status.devices': [{ driver: 'a.io', pool: 'p', device: 'd', ...device }],
})
const condition = {
  type: 'Ready',
  status: 'True',
  reason: 'Fine',
  message: '',
  lastTransitionTime: '2026-01-01T00:00:00Z',
}

test('the status of claims', () =>
  rows(ResourceClaim, claim, [
    status(allocated(result)),
    status({ ...allocated(result), 'status.reservedFor': [{ resource: 'pods', name: 'p', uid: 'u' }] }),
    status(said({ conditions: [condition], data: { a: 1 }, networkData: { ips: ['10.0.0.1/24', '::1/64'] } })),
    status(
      { 'status.reservedFor': [{ resource: 'pods', name: 'p', uid: 'u' }] },
      'status.reservedFor: Forbidden: may not be specified when `allocated` is not set',
    ),
    status(
      { ...allocated(result), 'status.reservedFor': [{}] },
      'status.reservedFor[0].resource: Required value',
      'status.reservedFor[0].name: Required value',
      'status.reservedFor[0].uid: Required value',
    ),
    status(
      allocated({ ...result, request: 'cpu' }),
      `status.allocation.devices.results[0].request: Invalid value: "cpu": ${noRequest}`,
    ),
    status(
      allocated({ ...result, driver: '', pool: '' }),
      'status.allocation.devices.results[0].driver: Required value',
      'status.allocation.devices.results[0].pool: Required value',
    ),
    status(
      allocated({ ...result, pool: 'a//b' }),
      'status.allocation.devices.results[0].pool: Invalid value: "": a lowercase RFC 1123 subdomain…',
    ),
    status(
      allocated({ ...result, device: 'D' }),
      `status.allocation.devices.results[0].device: Invalid value: "D": ${noLabel}`,
    ),
    status(
      allocated({ ...result, shareID: 'x' }),
      'status.allocation.devices.results[0].shareID: Invalid value: "x": uid must be in RFC 4122 normalized form…',
    ),
    status(
      allocated({ ...result, bindingConditions: ['a'] }),
      'status.allocation.devices.results[0].bindingFailureConditions: Invalid value: null: bindingFailureConditions are required to use bindingConditions',
    ),
    status(
      { 'status.allocation': { devices: { config: [{ source: 'Else', opaque: { driver: 'a', parameters: {} } }] } } },
      'status.allocation.devices.config[0].source: Unsupported value: "Else": supported values: "FromClaim", "FromClass"',
    ),
    status(
      { 'status.allocation': { nodeSelector: { nodeSelectorTerms: [] } } },
      'status.allocation.nodeSelector.nodeSelectorTerms: Required value: must have at least one node selector term',
    ),
    status(
      said({ device: 'e' }),
      'status.devices[0]: Invalid value: "a.io/p/e": must be an allocated device in the claim',
    ),
    status(
      said({ conditions: [condition, condition] }),
      'status.devices[0].conditions[1].type: Duplicate value: "Ready"',
    ),
    status(
      said({ conditions: [{ ...condition, status: 'Yes', reason: '' }] }),
      'status.devices[0].conditions[0].status: Unsupported value: "Yes": supported values: "False", "True", "Unknown"',
      'status.devices[0].conditions[0].reason: Required value',
    ),
    status(
      said({ networkData: { ips: ['10.0.0.1'] } }),
      'status.devices[0].networkData.ips[0]: Invalid value: "10.0.0.1": must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)',
    ),
    {
      old: allocated(result),
      subresource: 'status',
      change: allocated({ ...result, device: 'e' }),
      wrong: ['status.allocation: Invalid value: …'],
    },
  ]))

test('templates of claims', () =>
  rows(ResourceClaimTemplate, { spec: claim }, [
    ...right({}, { 'spec.metadata': { labels: { a: 'b' } } }),
    wrong({ 'spec.metadata': { labels: { a: '-' } } }, 'spec.metadata.labels: Invalid value: "-": …'),
    wrong(
      { 'spec.spec.devices.requests.0.name': '' },
      `spec.spec.devices.requests[0].name: Invalid value: "": ${noLabel}`,
    ),
    update({ 'spec.metadata': { labels: { a: 'c' } } }, 'spec: Invalid value: …'),
  ]))

test('classes of devices', () =>
  rows(DeviceClass, { spec: {} }, [
    ...right(
      {},
      { 'spec.selectors': [{ cel: { expression: 'device.driver.startsWith("a")' } }] },
      { 'spec.extendedResourceName': 'a.io/gpu' },
      { 'spec.config': [{ opaque: { driver: 'a.io', parameters: {} } }] },
    ),
    wrong(
      { 'spec.extendedResourceName': 'cpu' },
      'spec.extendedResourceName: Invalid value: "cpu": must be a valid extended resource name',
    ),
    wrong(
      { 'spec.extendedResourceName': 'kubernetes.io/x' },
      'spec.extendedResourceName: Invalid value: "kubernetes.io/x": must be a valid extended resource name',
    ),
    wrong({ 'spec.config': [{}] }, 'spec.config[0].opaque: Required value'),
    wrong(
      { 'spec.selectors': Array.from({ length: 33 }, () => ({ cel: { expression: 'true' } })) },
      'spec.selectors: Too many: 33: must have at most 32 items',
    ),
    update(
      { 'spec.selectors': [{ cel: { expression: '1' } }] },
      'spec.selectors[0].cel.expression: Invalid value: "1": must evaluate to bool or the unknown type, not int',
    ),
  ]))
