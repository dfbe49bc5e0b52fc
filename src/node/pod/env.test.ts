import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Container, Pod, Service } from '#kinds/facts/generated/types/core_v1.ts'
import { environment, EnvError, expand, type References } from './env.ts'
import { fieldValue, type Place, resourceValue } from './fields.ts'

const container: Container = { name: 'c' }
const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'default', uid: 'u', labels: { b: '2', a: 'x"y' } },
  spec: { containers: [container] },
}
const place: Place = {
  nodeName: 'n',
  hostIPs: ['192.0.2.1'],
  podIPs: ['10.0.0.1'],
  allocatable: { cpu: '4', memory: '1Gi' },
}
const base64 = (text: string): string => Buffer.from(text).toString('base64')
const meta = (name: string) => ({ name, namespace: 'default' })
const references: References = {
  configMap: name =>
    name === 'cm'
      ? { apiVersion: 'v1', kind: 'ConfigMap', metadata: meta(name), data: { k: 'v', __proto__x: 'p' } }
      : undefined,
  secret: name =>
    name === 'se'
      ? { apiVersion: 'v1', kind: 'Secret', metadata: meta(name), data: { k: base64('hidden') } }
      : undefined,
}
const service: Service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: meta('my-db'),
  spec: { clusterIP: '10.96.0.7', ports: [{ name: 'sql', port: 5432, targetPort: 5432 }] },
}
const env = (more: Partial<Container>, services: readonly Service[] = []): Record<string, string> =>
  Object.fromEntries(environment({ pod, container: { ...container, ...more }, references, place, services }))

test('references expand, unknown ones stay, $$ escapes', () => {
  const known = new Map([['A', '1']])
  assert.equal(expand('$(A) $(B) $$(A) $A $', known), '1 $(B) $(A) $A $')
})

test('later variables see earlier ones; keys come from config maps and secrets', () => {
  const from = (ref: object) => ({ valueFrom: ref })
  assert.deepEqual(
    env({
      envFrom: [{ prefix: 'P_', configMapRef: { name: 'cm' } }],
      env: [
        { name: 'A', value: '$(P_k)!' },
        { name: 'S', ...from({ secretKeyRef: { name: 'se', key: 'k' } }) },
        { name: 'O', ...from({ configMapKeyRef: { name: 'none', key: 'k', optional: true } }) },
        { name: 'B', value: '$(A)$(S)' },
      ],
    }),
    { P_k: 'v', P___proto__x: 'p', A: 'v!', S: 'hidden', B: 'v!hidden' },
  )
})

test('what is missing is named as the kubelet names it', () => {
  const key = (ref: object) => () => env({ env: [{ name: 'A', valueFrom: ref }] })
  assert.throws(key({ configMapKeyRef: { name: 'x', key: 'k' } }), new EnvError('configmap "x" not found'))
  assert.throws(
    key({ secretKeyRef: { name: 'se', key: 'toString' } }),
    new EnvError("couldn't find key toString in Secret default/se"),
  )
  assert.throws(() => env({ envFrom: [{ secretRef: { name: 'x' } }] }), new EnvError('secret "x" not found'))
})

test('services are told in variables, unless links are off', () => {
  const found = env({ env: [{ name: 'URL', value: 'db://$(MY_DB_SERVICE_HOST)' }] }, [service])
  assert.equal(found['URL'], 'db://10.96.0.7')
  assert.equal(found['MY_DB_PORT_5432_TCP'], 'tcp://10.96.0.7:5432')
  assert.equal(found['MY_DB_SERVICE_PORT_SQL'], '5432')
  const off: Pod = { ...pod, spec: { ...pod.spec, enableServiceLinks: false } }
  assert.equal(environment({ pod: off, container, references, place, services: [service] }).size, 0)
})

test('the downward API shows fields and resources', () => {
  assert.equal(fieldValue(pod, "metadata.labels['b']", place), '2')
  assert.equal(fieldValue(pod, "metadata.labels['constructor']", place), '')
  assert.equal(fieldValue(pod, 'metadata.labels', place), 'a="x\\"y"\nb="2"')
  assert.equal(fieldValue(pod, 'status.podIP', place), '10.0.0.1')
  const limited: Container = { ...container, resources: { limits: { cpu: '1500m', memory: '64Mi' } } }
  const value = (resource: string, divisor?: string, one = limited): string =>
    resourceValue(pod, { resource, container: one, ...(divisor === undefined ? {} : { divisor }) }, place)
  assert.equal(value('limits.cpu'), '2')
  assert.equal(value('limits.cpu', '1m'), '1500')
  assert.equal(value('requests.memory', '1Mi'), '64')
  assert.equal(value('limits.cpu', '1', container), '4')
})
