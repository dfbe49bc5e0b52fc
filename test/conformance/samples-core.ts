/** One object of each kind of the core group whose operations are asked for. */
import type { Sample } from './operations.ts'

const core = { at: 'api/v1', namespaced: true }
const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'nginx', image: 'nginx' }] } }
const testEvent = (namespace: string): object => ({
  message: 'This is a test event',
  reason: 'Test',
  type: 'Normal',
  count: 1,
  involvedObject: { namespace },
})

export const coreSamples: readonly Sample[] = [
  {
    ...core,
    tests: ['[sig-node] ConfigMap should run through a ConfigMap lifecycle'],
    resource: 'configmaps',
    kind: 'ConfigMap',
    object: () => ({ data: { valueName: 'value' } }),
    patch: { data: { valueName: 'value1' } },
  },
  {
    ...core,
    tests: ['[sig-node] Secrets should patch a secret'],
    resource: 'secrets',
    kind: 'Secret',
    object: () => ({ type: 'Opaque', data: { key: 'dmFsdWU=' } }),
    patch: { data: { key: 'dmFsdWUx' } },
  },
  {
    ...core,
    tests: [
      '[sig-node] PodTemplates should delete a collection of pod templates',
      '[sig-node] PodTemplates should replace a pod template',
      '[sig-node] PodTemplates should run the lifecycle of PodTemplates',
    ],
    resource: 'podtemplates',
    kind: 'PodTemplate',
    object: () => ({ template }),
  },
  {
    ...core,
    tests: [
      '[sig-auth] ServiceAccounts should run through the lifecycle of a ServiceAccount',
      '[sig-auth] ServiceAccounts should update a ServiceAccount',
    ],
    resource: 'serviceaccounts',
    kind: 'ServiceAccount',
    object: () => ({}),
    patch: { automountServiceAccountToken: false },
  },
  {
    ...core,
    tests: ['[sig-instrumentation] Events should delete a collection of events'],
    resource: 'events',
    kind: 'Event',
    object: testEvent,
    patch: { message: 'This is a test event - patched' },
  },
  {
    ...core,
    tests: ['[sig-network] Endpoints should test the lifecycle of an Endpoint'],
    resource: 'endpoints',
    kind: 'Endpoints',
    object: () => ({
      subsets: [{ addresses: [{ ip: '10.0.0.24' }], ports: [{ name: 'http', port: 80, protocol: 'TCP' }] }],
    }),
    patch: {
      subsets: [{ addresses: [{ ip: '10.0.0.25' }], ports: [{ name: 'http-test', port: 8080, protocol: 'TCP' }] }],
    },
  },
  {
    ...core,
    tests: [
      '[sig-network] Services should complete a service status lifecycle',
      '[sig-network] Services should delete a collection of services',
    ],
    resource: 'services',
    kind: 'Service',
    object: () => ({
      spec: {
        type: 'LoadBalancer',
        loadBalancerClass: 'example.com/internal-vip',
        ports: [{ name: 'http', port: 80, targetPort: 80 }],
      },
    }),
    status: [
      { loadBalancer: { ingress: [{ ip: '203.0.113.1' }] } },
      // Without a time, as Go's clients send it.
      {
        conditions: [
          {
            type: 'StatusUpdate',
            status: 'True',
            reason: 'E2E',
            message: 'Set from e2e test',
            lastTransitionTime: null,
          },
        ],
      },
    ],
  },
  {
    ...core,
    tests: ['[sig-api-machinery] ResourceQuota should manage the lifecycle of a ResourceQuota'],
    resource: 'resourcequotas',
    kind: 'ResourceQuota',
    object: () => ({ spec: { hard: { cpu: '1', memory: '500Mi' } } }),
    patch: { spec: { hard: { cpu: '2', memory: '1Gi' } } },
    status: [{ hard: { cpu: '1' } }, { used: { cpu: '0' } }],
  },
  {
    ...core,
    tests: ['[sig-scheduling] LimitRange should list, patch and delete a LimitRange by collection'],
    resource: 'limitranges',
    kind: 'LimitRange',
    object: () => ({
      spec: {
        limits: [
          {
            type: 'Container',
            min: { cpu: '50m' },
            max: { cpu: '500m' },
            default: { cpu: '300m' },
            defaultRequest: { cpu: '100m' },
          },
        ],
      },
    }),
    patch: {
      spec: {
        limits: [
          {
            type: 'Container',
            min: { cpu: '60m' },
            max: { cpu: '500m' },
            default: { cpu: '300m' },
            defaultRequest: { cpu: '100m' },
          },
        ],
      },
    },
  },
  {
    ...core,
    namespaced: false,
    tests: ['[sig-node] Node Lifecycle should run through the lifecycle of a node'],
    resource: 'nodes',
    kind: 'Node',
    object: () => ({
      spec: { unschedulable: true },
      status: {
        phase: 'Running',
        conditions: [{ type: 'Ready', status: 'True', reason: 'E2E', message: 'Set from e2e test' }],
      },
    }),
    status: [{ conditions: [{ type: 'Ready', status: 'False' }] }, { phase: 'Pending' }],
  },
]
