/** One object of each kind of workload whose operations are asked for; the controllers are elsewhere. */
import type { Sample } from './operations.ts'

const apps = { at: 'apis/apps/v1', namespaced: true }
const labels = { app: 'test' }
const template = { metadata: { labels }, spec: { containers: [{ name: 'nginx', image: 'nginx' }] } }
const selector = { matchLabels: labels }
const condition = (type: string): object => ({ type, status: 'True', reason: 'E2E', message: 'Set from e2e test' })
const conditions: readonly [object, object] = [
  { replicas: 0, conditions: [condition('StatusPatched')] },
  { replicas: 0, conditions: [condition('StatusPatched'), condition('StatusUpdate')] },
]

export const workloadSamples: readonly Sample[] = [
  {
    ...apps,
    tests: ['[sig-apps] Deployment should validate Deployment Status endpoints'],
    resource: 'deployments',
    kind: 'Deployment',
    object: () => ({ spec: { replicas: 1, selector, template } }),
    patch: { spec: { replicas: 2 } },
    status: [{ conditions: [condition('StatusPatched')] }, { conditions: [condition('StatusUpdate')] }],
  },
  {
    ...apps,
    tests: [
      '[sig-apps] ReplicaSet should list and delete a collection of ReplicaSets',
      '[sig-apps] ReplicaSet should validate Replicaset Status endpoints',
    ],
    resource: 'replicasets',
    kind: 'ReplicaSet',
    object: () => ({ spec: { replicas: 1, selector, template } }),
    status: conditions,
  },
  {
    ...apps,
    tests: [
      '[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should list, patch and delete a collection of StatefulSets',
      '[sig-apps] StatefulSet Basic StatefulSet functionality [StatefulSetBasic] should validate Statefulset Status endpoints',
    ],
    resource: 'statefulsets',
    kind: 'StatefulSet',
    object: () => ({ spec: { replicas: 1, serviceName: 'test', selector, template } }),
    patch: { spec: { replicas: 2 } },
    status: conditions,
  },
  {
    ...apps,
    tests: [
      '[sig-apps] Daemon set [Serial] should list and delete a collection of DaemonSets',
      '[sig-apps] Daemon set [Serial] should verify changes to a daemon set status',
    ],
    resource: 'daemonsets',
    kind: 'DaemonSet',
    object: () => ({ spec: { selector, template } }),
    status: [
      { numberAvailable: 1, conditions: [condition('StatusPatched')] },
      { conditions: [condition('StatusPatched'), condition('StatusUpdate')] },
    ],
  },
  {
    ...apps,
    tests: ['[sig-apps] ControllerRevision [Serial] should manage the lifecycle of a ControllerRevision'],
    resource: 'controllerrevisions',
    kind: 'ControllerRevision',
    object: () => ({ revision: 1, data: { spec: { template } } }),
  },
  {
    tests: ['[sig-apps] Job should apply changes to a job status'],
    at: 'apis/batch/v1',
    namespaced: true,
    resource: 'jobs',
    kind: 'Job',
    orphans: true,
    object: () => ({ spec: { template: { spec: { ...template.spec, restartPolicy: 'Never' } } } }),
    status: [
      { startTime: '2024-01-01T00:00:00Z' },
      { conditions: [{ type: 'CustomConditionType', status: 'True', reason: 'E2E', message: 'Set from e2e test' }] },
    ],
  },
  {
    tests: ['[sig-apps] DisruptionController should update/patch PodDisruptionBudget status'],
    at: 'apis/policy/v1',
    namespaced: true,
    resource: 'poddisruptionbudgets',
    kind: 'PodDisruptionBudget',
    object: () => ({ spec: { minAvailable: 1, selector } }),
    status: [
      { disruptedPods: { foobar: '2024-01-01T00:00:00Z' } },
      { disruptedPods: { 'pod-0': '2024-01-01T00:00:00Z' } },
    ],
  },
  {
    tests: [
      '[sig-storage] VolumeAttachment Conformance should apply changes to a volumeattachment status',
      '[sig-storage] VolumeAttachment Conformance should run through the lifecycle of a VolumeAttachment',
    ],
    at: 'apis/storage.k8s.io/v1',
    namespaced: false,
    resource: 'volumeattachments',
    kind: 'VolumeAttachment',
    object: () => ({
      spec: { attacher: 'e2e-test.storage.k8s.io', source: { persistentVolumeName: 'e2e-pv' }, nodeName: 'node-0' },
    }),
    status: [{ attached: true }, { attached: false }],
  },
]
