import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { APIService } from '#kinds/facts/generated/types/apiregistration_v1.ts'
import type { Service } from '#kinds/facts/generated/types/core_v1.ts'
import type { EndpointSlice } from '#kinds/facts/generated/types/discovery_v1.ts'
import { failedDiscovery, obstacle, passed, withFinding } from './availability.ts'

const place = { namespace: 'a', name: 'b', port: 443 }
const service = (type = 'ClusterIP'): Service =>
  ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {},
    spec: { type, ports: [{ name: 'https', port: 443 }] },
  }) as Service
const slice = (ready?: boolean, name = 'https'): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {},
  addressType: 'IPv4',
  endpoints: [{ addresses: ['10.0.0.1'], ...(ready === undefined ? {} : { conditions: { ready } }) }],
  ports: [{ name, port: 8443 }],
})
const reason = (found: Service | undefined, ...slices: EndpointSlice[]): string =>
  obstacle(place, { service: found, slices })?.reason ?? 'none'

test('what stands in the way of asking', () => {
  assert.equal(reason(undefined), 'ServiceNotFound')
  assert.equal(reason(service()), 'EndpointsNotFound')
  assert.equal(reason(service(), slice(false)), 'MissingEndpoints')
  assert.equal(reason(service(), slice(true, 'other')), 'MissingEndpoints')
  assert.equal(reason(service(), { ...slice(), endpoints: null as never }), 'MissingEndpoints')
  assert.equal(reason(service(), slice(false), slice()), 'none')
  assert.equal(obstacle({ ...place, port: 1 }, { service: service(), slices: [slice()] })?.reason, 'ServicePortError')
  assert.equal(reason(service('ExternalName')), 'none')
})

const object = (conditions?: NonNullable<APIService['status']>['conditions']): APIService => ({
  apiVersion: 'apiregistration.k8s.io/v1',
  kind: 'APIService',
  metadata: {},
  spec: { groupPriorityMinimum: 1, versionPriority: 1 },
  ...(conditions === undefined ? {} : { status: { conditions } }),
})

test('a condition is written where it says something new, and keeps its time while its status stays', () => {
  const first = withFinding(object(), passed, 't1')
  assert.deepEqual(first?.status?.conditions, [{ type: 'Available', ...passed, lastTransitionTime: 't1' }])
  assert.equal(first === undefined ? first : withFinding(first, passed, 't2'), undefined)
  const failed = withFinding(first ?? object(), failedDiscovery('x'), 't3')
  assert.equal(failed?.status?.conditions?.[0]?.lastTransitionTime, 't3')
  const still = withFinding(failed ?? object(), failedDiscovery('y'), 't4')
  assert.deepEqual(
    [still?.status?.conditions?.[0]?.message, still?.status?.conditions?.[0]?.lastTransitionTime],
    ['y', 't3'],
  )
  const other = { type: 'Other', status: 'True' }
  assert.deepEqual(withFinding(object([other]), passed, 't')?.status?.conditions?.[0], other)
})
