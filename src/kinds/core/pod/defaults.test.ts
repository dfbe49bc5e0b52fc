import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Draft, KObject } from '#api/metadata.ts'
import { builtinKinds } from '../../index.ts'
import { pullPolicyOf } from './image.ts'
import { Pod } from './index.ts'
import { qosClass } from './qos.ts'
import { templateDefaults } from './defaults.ts'

const freeze = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(freeze)
  return value
}

const pod = (spec: object): { spec: Record<string, unknown> } => {
  const draft: Draft<KObject> & { spec: Record<string, unknown> } = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'x', namespace: 'd' },
    spec: freeze({ ...spec }),
  }
  Pod.defaults?.(draft)
  return draft
}

const full = {
  name: 'a',
  image: 'web:1',
  ports: [{ containerPort: 80 }],
  env: [{ name: 'N', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
  resources: { limits: { cpu: '1', memory: '100n' } },
  livenessProbe: { httpGet: { port: 80 } },
  readinessProbe: { grpc: { port: 1 }, periodSeconds: 3 },
  lifecycle: { preStop: { httpGet: { port: 1, scheme: 'HTTPS' } } },
}

const container = {
  name: 'a',
  image: 'web:1',
  ports: [{ containerPort: 80, protocol: 'TCP' }],
  env: [{ name: 'N', valueFrom: { fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.name' } } }],
  resources: { limits: { cpu: '1', memory: '1m' } },
  livenessProbe: {
    httpGet: { port: 80, path: '/', scheme: 'HTTP' },
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  },
  readinessProbe: {
    grpc: { port: 1, service: '' },
    periodSeconds: 3,
    timeoutSeconds: 1,
    successThreshold: 1,
    failureThreshold: 3,
  },
  lifecycle: { preStop: { httpGet: { port: 1, path: '/', scheme: 'HTTPS' } } },
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
  imagePullPolicy: 'IfNotPresent',
}

const spec = {
  restartPolicy: 'Always',
  terminationGracePeriodSeconds: 30,
  dnsPolicy: 'ClusterFirst',
  securityContext: {},
  schedulerName: 'default-scheduler',
}

test('a pod gets everything that upstream gives it, and shared parts are not touched', () => {
  const { spec: made } = pod({ containers: [full], hostNetwork: true })
  assert.deepEqual(made, {
    ...spec,
    hostNetwork: true,
    enableServiceLinks: true,
    containers: [
      {
        ...container,
        ports: [{ containerPort: 80, protocol: 'TCP', hostPort: 80 }],
        resources: { ...container.resources, requests: container.resources.limits },
      },
    ],
  })
})

test('a template gets less than a pod', () => {
  assert.deepEqual(templateDefaults(freeze({ spec: { containers: [full] } }) as never), {
    metadata: {},
    spec: { ...spec, containers: [container] },
  })
})

test('volumes', () => {
  const defaultMode = 420
  const rows: readonly (readonly [object, object])[] = [
    [{}, { emptyDir: {} }],
    [{ secret: { secretName: 's' } }, { secret: { secretName: 's', defaultMode } }],
    [{ configMap: { name: 's', defaultMode: 0 } }, { configMap: { name: 's', defaultMode: 0 } }],
    [{ hostPath: { path: '/' } }, { hostPath: { path: '/', type: '' } }],
    [{ image: { reference: 'a' } }, { image: { reference: 'a', pullPolicy: 'Always' } }],
    [
      { projected: { sources: [{ serviceAccountToken: { path: 't' } }] } },
      { projected: { sources: [{ serviceAccountToken: { path: 't', expirationSeconds: 3600 } }], defaultMode } },
    ],
    [
      { downwardAPI: { items: [{ path: 'l', fieldRef: { fieldPath: 'metadata.labels' } }] } },
      {
        downwardAPI: {
          items: [{ path: 'l', fieldRef: { fieldPath: 'metadata.labels', apiVersion: 'v1' } }],
          defaultMode,
        },
      },
    ],
    [
      { ephemeral: { volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'] } } } },
      {
        ephemeral: {
          volumeClaimTemplate: { spec: { accessModes: ['ReadWriteOnce'], resources: {}, volumeMode: 'Filesystem' } },
        },
      },
    ],
  ]
  for (const [given, wanted] of rows)
    assert.deepEqual(pod({ containers: [], volumes: [{ name: 'v', ...given }] }).spec['volumes'], [
      { name: 'v', ...wanted },
    ])
})

test('what is under latest is always pulled', () => {
  for (const image of ['a', 'a:latest', 'x.io/a/b', 'localhost:5000/a', 'library/a:latest'])
    assert.equal(pullPolicyOf(image), 'Always', image)
  for (const image of ['a:1', 'a@sha256:0', '', 'Not/Valid', 'x.io:5000/a:v1', 'a:latest@', 'a//b'])
    assert.equal(pullPolicyOf(image), image === 'a:latest@' ? 'Always' : 'IfNotPresent', image)
})

test('classes of service', () => {
  const of = (...resources: object[]): string =>
    qosClass({ containers: resources.map(one => ({ resources: one })) } as never)
  const both = { cpu: '1', memory: '1Gi' }
  assert.equal(of({}), 'BestEffort')
  assert.equal(of({ limits: { 'nvidia.com/gpu': '1' }, requests: { cpu: '0' } }), 'BestEffort')
  assert.equal(of({ requests: { cpu: '1' } }), 'Burstable')
  assert.equal(of({ limits: both, requests: both }), 'Guaranteed')
  assert.equal(of({ limits: both, requests: { cpu: '1000m', memory: '1024Mi' } }), 'Guaranteed')
  assert.equal(of({ limits: both, requests: { ...both, cpu: '500m' } }), 'Burstable')
  assert.equal(of({ limits: both, requests: both }, {}), 'Burstable')
  assert.equal(
    qosClass({ containers: [{ resources: {} }], resources: { limits: both, requests: both } } as never),
    'Guaranteed',
  )
})

test('resources of the pod as a whole come from its containers, or from its own limits', () => {
  const resources = pod({
    containers: [{ name: 'a', resources: { requests: { cpu: '1' } } }],
    initContainers: [{ name: 'i', restartPolicy: 'Always', resources: { requests: { cpu: '500m' } } }],
    resources: { limits: { cpu: '4', memory: '1Gi' } },
  }).spec['resources']
  assert.deepEqual(resources, {
    limits: { cpu: '4', memory: '1Gi' },
    requests: { cpu: '1500m', memory: '1Gi' },
  })
})

test('the defaults of no kind change a part that is shared, and a second time they change nothing', () => {
  const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [full] } }
  const specs: readonly object[] = [
    {},
    { template, selector: { matchLabels: { a: 'b' } }, schedule: '* * * * *', jobTemplate: { spec: { template } } },
    { ports: [{ port: 1 }], type: 'LoadBalancer', limits: [{ type: 'Container', max: { cpu: '1' } }] },
    { ingress: [{ ports: [{ port: 1 }] }], metrics: [], behavior: {}, volumeClaimTemplates: [{ metadata: {} }] },
  ]
  for (const kind of builtinKinds.filter(one => one.storedAs === undefined))
    for (const given of specs) {
      if (kind.kind.endsWith('Limit') && !('limits' in given)) continue
      const draft: Draft<KObject> = Object.assign(
        { apiVersion: 'v1', kind: kind.kind, metadata: { name: 'x' } },
        freeze(structuredClone({ spec: given })),
      )
      if (kind.kind === 'LimitRange' || kind.kind === 'Ingress') Reflect.deleteProperty(draft, 'spec')
      kind.defaults?.(draft)
      const once = structuredClone(draft)
      freeze(draft)
      const again = { ...draft, metadata: { ...draft.metadata } }
      kind.defaults?.(again)
      assert.deepEqual(again, once, kind.kind)
    }
})
