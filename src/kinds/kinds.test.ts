/** What is wrong with the smaller kinds, as tables. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Kind } from '#api/kind.ts'
import { builtinKinds } from './index.ts'
import { type Changes, failures, right, type Row, update, wrong } from './table.ts'

const kindOf = (name: string): Kind => {
  const kind = builtinKinds.find(one => one.kind === name && one.storedAs === undefined)
  assert.ok(kind !== undefined, name)
  return kind
}
const rows = (kind: string, base: Changes, table: readonly Row[]): void =>
  assert.deepEqual(failures(kindOf(kind), base, table), [])

const noAddress = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'

test('nodes', () =>
  rows('Node', { spec: { podCIDR: '10.0.0.0/24', podCIDRs: ['10.0.0.0/24'], providerID: 'p' } }, [
    ...right({}, { 'spec.taints': [{ key: 'a', effect: 'NoSchedule' }] }),
    wrong({ 'spec.taints': [{ key: 'a' }] }, 'metadata.taints[0].effect: Required value'),
    wrong(
      { 'spec.taints': [{ key: 'a', effect: 'x' }] },
      'metadata.taints[0].effect: Unsupported value: "x": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
    ),
    wrong(
      {
        'spec.taints': [
          { key: 'a', effect: 'NoExecute' },
          { key: 'a', effect: 'NoExecute' },
        ],
      },
      'metadata.taints[1]: Duplicate value: {"key":"a","effect":"NoExecute"}: taints must be unique by key and effect pair',
    ),
    wrong(
      { 'spec.podCIDRs': ['10.0.0.1/24'] },
      'spec.podCIDRs[0]: Invalid value: "10.0.0.1/24": must not have bits set beyond the prefix length',
    ),
    update(
      { 'spec.podCIDRs': ['10.0.1.0/24'] },
      'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
    ),
    update(
      { 'spec.providerID': 'q' },
      'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
    ),
    {
      old: {},
      subresource: 'status',
      change: { 'status.capacity': { cpu: '-1' }, 'status.allocatable': {} },
      wrong: ['status.capacity.cpu: Invalid value: "-1": must be greater than or equal to 0'],
    },
  ]))

test('namespaces and endpoints', () => {
  rows('Namespace', {}, [
    ...right({}, { spec: { finalizers: ['a.io/b'] } }),
    wrong(
      { spec: { finalizers: ['x'] } },
      'spec.finalizers: Invalid value: "x": name is neither a standard finalizer name nor is it fully qualified',
    ),
    {
      old: {},
      subresource: 'status',
      change: { 'status.phase': 'Terminating' },
      wrong: ['status.Phase: Invalid value: "Terminating": may only be \'Active\' if `deletionTimestamp` is empty'],
    },
  ])
  rows('Endpoints', { subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }] }, [
    ...right({}),
    wrong({ 'subsets.0.addresses': [] }, 'subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`'),
    wrong(
      { 'subsets.0.addresses.0.ip': '127.0.0.1' },
      'subsets[0].addresses[0].ip: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
    ),
    wrong(
      { 'subsets.0.ports.1': { port: 81 } },
      'subsets[0].ports[0].name: Required value',
      'subsets[0].ports[1].name: Required value',
    ),
  ])
  rows('EndpointSlice', { addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1'] }], ports: [{ port: 80 }] }, [
    ...right({}, { addressType: 'FQDN', endpoints: [{ addresses: ['a.b'] }] }),
    wrong(
      { addressType: 'x' },
      'addressType: Unsupported value: "x": supported values: "FQDN", "IPv4", "IPv6"',
      'endpoints[0].addresses: Invalid value: "10.0.0.1": must be an x address',
    ),
    wrong(
      { endpoints: [{ addresses: [] }] },
      'endpoints[0].addresses: Required value: must contain at least 1 address',
    ),
    wrong(
      { endpoints: [{ addresses: ['::1'] }] },
      'endpoints[0].addresses: Invalid value: "::1": must be an IPv4 address',
      'endpoints[0].addresses[0]: Invalid value: "::1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
    ),
    wrong({ ports: [{ port: 1 }, { port: 2 }] }, 'ports[1].name: Duplicate value: ""'),
    update({ addressType: 'IPv6', endpoints: [] }, 'addressType: Invalid value: "IPv6": field is immutable'),
  ])
})

test('quotas and limits', () => {
  rows('ResourceQuota', { spec: { hard: { pods: '5' } } }, [
    ...right({}, { 'spec.hard': { 'requests.cpu': '1', 'count/pods': '3' } }),
    wrong(
      { 'spec.hard': { apples: '1' } },
      'spec.hard[apples]: Invalid value: "apples": must be a standard resource type or fully qualified',
      'spec.hard[apples]: Invalid value: "apples": must be a standard resource for quota',
    ),
    wrong({ 'spec.hard': { pods: '1500m' } }, 'spec.hard[pods]: Invalid value: "1500m": must be an integer'),
    wrong({ 'spec.scopes': ['x'] }, 'spec.scopes: Invalid value: ["x"]: unsupported scope'),
    wrong(
      { 'spec.hard': { services: '1' }, 'spec.scopes': ['Terminating'] },
      'spec.scopes: Invalid value: ["Terminating"]: unsupported scope applied to resource',
    ),
    wrong(
      { 'spec.scopes': ['BestEffort', 'NotBestEffort'] },
      'spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes',
    ),
    update({ 'spec.scopes': ['Terminating'] }, 'spec.scopes: Invalid value: ["Terminating"]: field is immutable'),
  ])
  const limit = (item: object): Changes => ({ spec: { limits: [{ type: 'Container', ...item }] } })
  rows('LimitRange', limit({ max: { cpu: '2' } }), [
    ...right({}),
    wrong(
      limit({ min: { cpu: '3' }, max: { cpu: '2' } }),
      'spec.limits[0].min[cpu]: Invalid value: "3": min value 3 is greater than max value 2',
      'spec.limits[0].defaultRequest[cpu]: Invalid value: "2": min value 3 is greater than default request value 2',
      'spec.limits[0].default[cpu]: Invalid value: "2": min value 3 is greater than default value 2',
    ),
    wrong(
      limit({ type: 'Pod', default: { cpu: '1' } }),
      "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'",
    ),
    wrong(
      limit({ type: 'x' }),
      'spec.limits[0].type: Invalid value: "x": must be a standard limit type or fully qualified',
    ),
    wrong(
      limit({ type: 'PersistentVolumeClaim' }),
      'spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided',
    ),
    wrong(
      limit({ maxLimitRequestRatio: { cpu: '500m' } }),
      'spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1',
    ),
  ])
})

test('volumes and claims', () => {
  const volume = { spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/d' } } }
  rows('PersistentVolume', volume, [
    ...right({}),
    wrong({ 'spec.accessModes': [] }, 'spec.accessModes: Required value'),
    wrong(
      { 'spec.accessModes': ['x'] },
      'spec.accessModes: Unsupported value: "x": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
    ),
    wrong({ 'spec.capacity.storage': '0' }, 'spec.capacity[storage]: Invalid value: "0": must be greater than zero'),
    wrong({ 'spec.hostPath': undefined }, 'spec: Required value: must specify a volume type'),
    wrong({ 'spec.nfs': { server: 's', path: '/' } }, 'spec.nfs: Forbidden: may not specify more than 1 volume type'),
    wrong(
      { 'spec.persistentVolumeReclaimPolicy': 'x' },
      'spec.persistentVolumeReclaimPolicy: Unsupported value: "x": supported values: "Delete", "Recycle", "Retain"',
    ),
    update({ 'spec.capacity.storage': '2Gi' }),
    update(
      { 'spec.hostPath.path': '/e' },
      'spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation\n',
    ),
  ])
  const claim = { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } }
  const fixed =
    'spec: Forbidden: spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims\n'
  rows('PersistentVolumeClaim', claim, [
    ...right({}, { 'spec.storageClassName': '' }),
    wrong({ 'spec.accessModes': undefined }, 'spec.accessModes: Required value: at least 1 access mode is required'),
    wrong({ 'spec.resources': {} }, 'spec.resources[storage]: Required value'),
    wrong(
      { 'spec.volumeMode': 'x' },
      'spec.volumeMode: Unsupported value: "x": supported values: "Block", "Filesystem"',
    ),
    wrong(
      { 'spec.dataSource': { kind: 'Pod', name: 'p' } },
      'spec.dataSource: Invalid value: "Pod": must be \'PersistentVolumeClaim\' when referencing the default apiGroup',
      'spec.dataSourceRef…',
    ),
    update({ 'spec.volumeName': 'v' }),
    update({ 'spec.accessModes': ['ReadWriteMany'] }, fixed),
    update({ 'spec.resources.requests.storage': '2Gi' }, fixed),
  ])
})

test('addresses', () => {
  for (const [ip, problem] of [
    ['10.0.0.256', noAddress],
    ['fe80::1%eth0', noAddress],
    ['::ffff:1.2.3.4', 'must not be an IPv4-mapped IPv6 address'],
    ['010.0.0.1', 'must not have leading 0s'],
    ['169.254.1.1', 'may not be in the link-local range (169.254.0.0/16, fe80::/10)'],
    ['::', 'may not be unspecified (::)'],
    ['224.0.0.1', 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)'],
  ] as const) {
    const found = failures(kindOf('Endpoints'), { subsets: [{ addresses: [{ ip }] }] }, [
      wrong({}, `subsets[0].addresses[0].ip: Invalid value: ${JSON.stringify(ip)}: ${problem}`),
    ])
    assert.deepEqual(found, [])
  }
})

test('names', () => {
  const bad: readonly (readonly [string, string])[] = [
    ['Service', 'a.b'],
    ['Namespace', 'a.b'],
    ['StatefulSet', 'a.b'],
    ['Role', 'a/b'],
    ['IPAddress', 'x'],
  ]
  for (const [kind, name] of bad) assert.notDeepEqual(kindOf(kind).validName?.(name), [], kind)
  const good: readonly (readonly [string, string])[] = [
    ['Service', '1a'],
    ['Role', 'system:x'],
    ['IPAddress', '10.0.0.1'],
  ]
  for (const [kind, name] of good) assert.deepEqual(kindOf(kind).validName?.(name), [], kind)
})
