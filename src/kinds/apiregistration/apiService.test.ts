import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { APIService, APIServiceSpec } from '#kinds/facts/generated/types/apiregistration_v1.ts'
import { validateAPIService, validateStatus } from './validate.ts'

const service = { namespace: 'a', name: 'b', port: 443 }
const good: APIServiceSpec = { group: 'x.io', version: 'v1', groupPriorityMinimum: 1000, versionPriority: 15, service }

const wrong = (change: Partial<APIServiceSpec>, name = 'v1.x.io'): readonly string[] => {
  const object: APIService = {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: { name },
    spec: { ...good, ...change },
  }
  return validateAPIService(object).map(one => one.message())
}

test('what upstream accepts', () => {
  assert.deepEqual(wrong({}), [])
  assert.deepEqual(wrong({ insecureSkipTLSVerify: true }), [])
  assert.deepEqual(wrong({ caBundle: 'eA==' }), [])
  assert.deepEqual(wrong({ groupPriorityMinimum: 20_000, versionPriority: 1000 }), [])
  const { service: _, ...local } = good
  assert.deepEqual(validateAPIService({ ...object(), spec: local }), [])
  const { group: __, ...core } = local
  assert.deepEqual(validateAPIService({ ...object('v1.'), spec: core }), [])
})

const object = (name = 'v1.x.io'): APIService => ({
  apiVersion: 'apiregistration.k8s.io/v1',
  kind: 'APIService',
  metadata: { name },
  spec: good,
})

test('what upstream refuses, in its words', () => {
  for (const [change, name, message] of [
    [{}, 'v2.x.io', 'metadata.name: Invalid value: "v2.x.io": must be `spec.version+"."+spec.group`: "v1.x.io"'],
    [
      { groupPriorityMinimum: 0 },
      'v1.x.io',
      'spec.groupPriorityMinimum: Invalid value: 0: must be positive and less than 20000',
    ],
    [
      { versionPriority: 1001 },
      'v1.x.io',
      'spec.versionPriority: Invalid value: 1001: must be positive and less than 1000',
    ],
    [{ service: { name: 'b', port: 443 } }, 'v1.x.io', 'spec.service.namespace: Required value'],
    [{ service: { namespace: 'a', port: 443 } }, 'v1.x.io', 'spec.service.name: Required value'],
    [
      { service: { ...service, port: 70_000 } },
      'v1.x.io',
      'spec.service.port: Invalid value: 70000: port is not valid: must be between 1 and 65535, inclusive',
    ],
    [
      { insecureSkipTLSVerify: true, caBundle: 'eA==' },
      'v1.x.io',
      'spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present',
    ],
    [
      { group: '', version: 'v2' },
      'v2.',
      'spec.group: Required value: only v1 may have an empty group and it better be legacy kube',
    ],
  ] as const)
    assert.deepEqual(wrong(change, name), [message])
  assert.equal(wrong({ group: 'X_' }, 'v1.X_').length, 1)
  assert.equal(wrong({ version: '1.0' }, '1.0.x.io').length, 1)
})

test('a local one has nothing to trust, and a condition is one of three', () => {
  const { service: _, ...local } = good
  const messages = validateAPIService({
    ...object(),
    spec: { ...local, caBundle: 'eHk=', insecureSkipTLSVerify: true },
  }).map(one => one.message())
  assert.deepEqual(messages, [
    'spec.caBundle: Invalid value: "2 bytes": local APIServices may not have a caBundle',
    'spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have insecureSkipTLSVerify',
  ])
  const status = { conditions: [{ type: 'Available', status: 'Maybe' }] }
  assert.equal(validateStatus({ ...object(), status }).length, 1)
})
