import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromV1, toV1 } from './convert.ts'

const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } }
const memory = { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } } }
const pods = { type: 'Pods', pods: { metric: { name: 'rps' }, target: { type: 'AverageValue', averageValue: '5' } } }
const outside = { type: 'External', external: { metric: { name: 'q' }, target: { type: 'Value', value: '7' } } }
const other = {
  type: 'Object',
  object: {
    describedObject: { kind: 'Ingress', name: 'i', apiVersion: 'networking.k8s.io/v1' },
    target: { type: 'AverageValue', averageValue: '3' },
    metric: { name: 'hits' },
  },
}
const hub = (spec: object, status: object = { desiredReplicas: 0 }) => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'x', namespace: 'd', annotations: { mine: 'stays' } },
  spec: { scaleTargetRef: { kind: 'Deployment', name: 'web' }, maxReplicas: 5, ...spec },
  status,
})

test('v2 through v1 and back is the same', () => {
  const object = hub(
    {
      minReplicas: 1,
      metrics: [memory, pods, outside, other, cpu],
      behavior: { scaleDown: { stabilizationWindowSeconds: 5 } },
    },
    {
      currentReplicas: 2,
      desiredReplicas: 3,
      currentMetrics: [
        { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 50, averageValue: '1' } } },
      ],
      conditions: [{ type: 'AbleToScale', status: 'True' }],
    },
  )
  const one = toV1(structuredClone(object))
  assert.equal(one.apiVersion, 'autoscaling/v1')
  assert.equal(JSON.parse(JSON.stringify(one)).spec.targetCPUUtilizationPercentage, 70)
  assert.equal(JSON.parse(JSON.stringify(one)).status.currentCPUUtilizationPercentage, 50)
  assert.deepEqual(fromV1(one), object)
})

test('v1 without a target gets the usual one', () => {
  const plain = toV1(hub({}))
  assert.deepEqual(
    fromV1(plain),
    hub(
      { metrics: [{ ...cpu, resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }] },
      { currentReplicas: 0, desiredReplicas: 0 },
    ),
  )
})

test('annotations that somebody else wrote do no harm', () => {
  const object = toV1(hub({ metrics: [cpu] }))
  for (const text of ['{', '7', 'null', '[1]', '{"type":1}']) {
    object.metadata.annotations = {
      'autoscaling.alpha.kubernetes.io/metrics': text,
      'autoscaling.alpha.kubernetes.io/behavior': '[]',
    }
    assert.deepEqual(JSON.parse(JSON.stringify(fromV1(object))).spec.metrics, [cpu], text)
  }
})
