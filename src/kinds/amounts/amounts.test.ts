/** What objects count for, and which of them a quota looks at. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod, ResourceQuota, ScopedResourceSelectorRequirement } from '#kinds/facts/generated/types/core_v1.ts'
import type { KObject } from '#api/metadata.ts'
import { formatQuantity } from '#base/quantity.ts'
import { podAmounts, podTotals } from './pod.ts'
import { covers } from './scopes.ts'
import { concerns, usageOf } from './usage.ts'

const pod = (spec: object): Pod =>
  ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers: [], ...spec } }) as unknown as Pod
const claim = (spec: object, status: object = {}, annotations: object = {}): KObject =>
  ({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name: 'c', annotations }, spec, status }) as KObject
const asks = (cpu: string, restartPolicy?: string) => ({ name: 'c', restartPolicy, resources: { requests: { cpu } } })
const shown = (usage: ReadonlyMap<string, Parameters<typeof formatQuantity>[0]>) =>
  Object.fromEntries([...usage].map(([name, quantity]) => [name, formatQuantity(quantity)]))

test('a pod takes the most that it takes at any time', () => {
  const cpu = (spec: object) => shown(podTotals(pod(spec).spec, 'requests'))['cpu']
  assert.equal(cpu({ containers: [asks('1'), asks('2')] }), '3')
  assert.equal(cpu({ containers: [asks('1')], initContainers: [asks('5')] }), '5')
  assert.equal(cpu({ containers: [asks('1')], initContainers: [asks('1', 'Always'), asks('3')] }), '4')
  assert.equal(cpu({ containers: [asks('3')], initContainers: [asks('3'), asks('1', 'Always')] }), '4')
  assert.equal(cpu({ containers: [asks('1')], resources: { requests: { cpu: '7' } } }), '7')
})

test('overhead counts where something is asked for, and for limits only where there is one', () => {
  const { spec } = pod({ containers: [asks('1')], overhead: { cpu: '250m', memory: '1Mi' } })
  assert.deepEqual(shown(podAmounts(spec, 'requests')), { cpu: '1250m', memory: '1Mi' })
  assert.deepEqual(shown(podAmounts(spec, 'limits')), {})
})

const scoped = (...matchExpressions: readonly ScopedResourceSelectorRequirement[]): ResourceQuota =>
  ({ metadata: {}, spec: { scopeSelector: { matchExpressions } } }) as unknown as ResourceQuota
const is = (scopeName: string, operator = 'Exists', values?: readonly string[]): ScopedResourceSelectorRequirement =>
  ({ scopeName, operator, values }) as ScopedResourceSelectorRequirement

const far = { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'k', namespaceSelector: {} }] }
const near = { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'k' }] }
const gold = { spec: { volumeAttributesClassName: 'gold' }, status: { currentVolumeAttributesClassName: 'silver' } }

const rows: readonly (readonly [scope: ScopedResourceSelectorRequirement, object: KObject, covered: boolean])[] = [
  [is('Terminating'), pod({ activeDeadlineSeconds: 0 }), true],
  [is('Terminating'), pod({}), false],
  [is('NotTerminating'), pod({}), true],
  [is('BestEffort'), pod({ containers: [{ name: 'c' }] }), true],
  [is('BestEffort'), pod({ containers: [asks('1')] }), false],
  [is('BestEffort'), pod({ resources: { limits: { memory: '1' } } }), false],
  [is('NotBestEffort'), pod({ initContainers: [asks('1')] }), true],
  [is('PriorityClass'), pod({ priorityClassName: 'a' }), true],
  [is('PriorityClass'), pod({}), false],
  [is('PriorityClass', 'In', ['a']), pod({ priorityClassName: 'a' }), true],
  [is('PriorityClass', 'In', ['']), pod({}), false],
  [is('PriorityClass', 'NotIn', ['a']), pod({ priorityClassName: 'a' }), false],
  [is('PriorityClass', 'NotIn', ['a']), pod({}), true],
  [is('PriorityClass', 'DoesNotExist'), pod({}), true],
  [is('CrossNamespacePodAffinity'), pod({ affinity: { podAntiAffinity: far } }), true],
  [is('CrossNamespacePodAffinity'), pod({ affinity: { podAffinity: near } }), false],
  [is('VolumeAttributesClass'), claim(gold.spec), true],
  [is('VolumeAttributesClass'), claim({}), false],
  [is('VolumeAttributesClass', 'In', ['silver']), claim(gold.spec, gold.status), true],
  [is('VolumeAttributesClass', 'In', ['gold']), claim({}, gold.status), false],
  [is('VolumeAttributesClass'), pod({}), false],
  [is('Terminating'), claim({}), false],
]

for (const [at, [scope, object, covered]] of rows.entries())
  test(`${at}: ${scope.scopeName} ${scope.operator} ${String(scope.values)} is ${covered} of a ${object.kind}`, () =>
    assert.equal(covers(scoped(scope), object), covered))

test('all scopes have to hold', () => {
  const both = scoped(is('Terminating'), is('BestEffort'))
  assert.equal(covers(both, pod({ activeDeadlineSeconds: 1 })), true)
  assert.equal(covers(both, pod({ activeDeadlineSeconds: 1, containers: [asks('1')] })), false)
})

test('claims count by their class, in whole bytes, by what they have already got', () => {
  const spec = { storageClassName: 'fast', resources: { requests: { storage: '1.5' } } }
  assert.deepEqual(shown(usageOf('persistentvolumeclaims', claim(spec))), {
    persistentvolumeclaims: '1',
    'count/persistentvolumeclaims': '1',
    'requests.storage': '2',
    'fast.storageclass.storage.k8s.io/persistentvolumeclaims': '1',
    'fast.storageclass.storage.k8s.io/requests.storage': '2',
  })
  const grown = claim(
    spec,
    { allocatedResources: { storage: '5' } },
    { 'volume.beta.kubernetes.io/storage-class': 'old' },
  )
  assert.equal(shown(usageOf('persistentvolumeclaims', grown))['old.storageclass.storage.k8s.io/requests.storage'], '5')
})

test('devices count by their class, alternatives by the largest', () => {
  const devices = (requests: readonly object[]) =>
    ({ kind: 'ResourceClaim', metadata: {}, spec: { devices: { requests } } }) as unknown as KObject
  const used = usageOf(
    'resourceclaims.resource.k8s.io',
    devices([
      { exactly: { deviceClassName: 'gpu', count: 2 } },
      { exactly: { deviceClassName: 'nic', allocationMode: 'All' } },
      {
        firstAvailable: [
          { deviceClassName: 'gpu', count: 1 },
          { deviceClassName: 'gpu', count: 4 },
        ],
      },
    ]),
  )
  assert.deepEqual(shown(used), {
    'count/resourceclaims.resource.k8s.io': '1',
    'gpu.deviceclass.resource.k8s.io/devices': '6',
    'nic.deviceclass.resource.k8s.io/devices': '32',
  })
})

test('names of quotas are about their resource alone', () => {
  assert.ok(concerns('requests.cpu', 'pods') && concerns('hugepages-2Mi', 'pods') && concerns('count/pods', 'pods'))
  assert.ok(!concerns('requests.storage', 'pods') && !concerns('count/configmaps', 'pods'))
  assert.ok(concerns('services.nodeports', 'services') && !concerns('services.nodeports', 'pods'))
  assert.ok(concerns('requests.storage', 'persistentvolumeclaims'))
  assert.ok(
    concerns('count/deployments.apps', 'deployments.apps') && !concerns('count/deployments.apps', 'deployments'),
  )
})
