/** One object of each kind of the other groups whose operations are asked for. */
import type { Sample } from './operations.ts'

/** Of the name e2e.example.com. */
const certificateRequest =
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIVk1Id0NBUUF3R2pFWU1CWUdBMVVFQXd3UFpUSmxMbVY0WVcxd2JHVXVZMjl0TUZrd0V3WUhLb1pJemowQwpBUVlJS29aSXpqMERBUWNEUWdBRUw1VXRNdWw0YWJaTVMxbDFqWThBK2RmSkU3bmxJUEVVZmNoVXlxUE9keWRQClRsMGp0WWh6WnR2MnFpWTY2Y3ViWnlmaklta2hBNFJHZlFxU3llY2JQcUFBTUFvR0NDcUdTTTQ5QkFNQ0Ewa0EKTUVZQ0lRQ1hqVldocytQOWNRQ0diWEhZQnFueWNldHBrS2ltenpETjVmd21qKy9ESHdJaEFPek9vY3dvam1acQpEQXV1VGRBb3FOZXF6K2NjNmdLWGlsd1o0V0tRQVB6RwotLS0tLUVORCBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0K'
const certificate =
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJpekNDQVRHZ0F3SUJBZ0lVY29MNDVMRFNZejBpUUx5alF2R1pDb1c0UmNjd0NnWUlLb1pJemowRUF3SXcKR2pFWU1CWUdBMVVFQXd3UFpUSmxMbVY0WVcxd2JHVXVZMjl0TUNBWERUSTJNVEV5TnpFek1EUXdPVm9ZRHpJeApNall4TVRBek1UTXdOREE1V2pBYU1SZ3dGZ1lEVlFRRERBOWxNbVV1WlhoaGJYQnNaUzVqYjIwd1dUQVRCZ2NxCmhrak9QUUlCQmdncWhrak9QUU1CQndOQ0FBUlE1WXdPbVpwV2NHOUFTbVRIRVM4ODgrOHdycWxER2tMaEtCVnoKVmdzaUxBL0NXdW5IdDRJRjFTVGRBRk4xdU9CRFZpRGExNEFHTWpWOTRMU2pwMThlbzFNd1VUQWRCZ05WSFE0RQpGZ1FVSFptb1JEYkFnd01BZjJ0WWhtRGJhOEwvTmlVd0h3WURWUjBqQkJnd0ZvQVVIWm1vUkRiQWd3TUFmMnRZCmhtRGJhOEwvTmlVd0R3WURWUjBUQVFIL0JBVXdBd0VCL3pBS0JnZ3Foa2pPUFFRREFnTklBREJGQWlFQW5vNHMKTmVoalp6cWJjZTNKMmhSaGRSdlk1U0dWQ1FPK0FFRU44Sy82L044Q0lBeW56UW5BYlE2QjhMT1ZuMWR0ZGo1eAorRktxVERsOGVtRmFZb0VBakcwNwotLS0tLUVORCBDRVJUSUZJQ0FURS0tLS0tCg=='

const condition = (type: string): object => ({
  type,
  status: 'False',
  reason: 'E2E',
  message: 'Set from an e2e test',
  lastTransitionTime: '2024-01-01T00:00:00Z',
})
const conditions: readonly [object, object] = [
  { conditions: [condition('PatchStatusFailed')] },
  { conditions: [condition('PatchStatusFailed'), condition('StatusUpdateFailed')] },
]
const deployments = {
  resourceRules: [{ operations: ['CREATE'], apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'] }],
}

const admission: readonly Sample[] = [
  {
    tests: [
      '[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should support ValidatingAdmissionPolicy API operations',
    ],
    at: 'apis/admissionregistration.k8s.io/v1',
    resource: 'validatingadmissionpolicies',
    kind: 'ValidatingAdmissionPolicy',
    namespaced: false,
    object: () => ({
      spec: { validations: [{ expression: 'object.spec.replicas <= 100' }], matchConstraints: deployments },
    }),
    patch: { spec: { failurePolicy: 'Ignore' } },
    status: conditions,
    answered: true,
  },
  {
    tests: [
      '[sig-api-machinery] ValidatingAdmissionPolicy [Privileged:ClusterAdmin] should support ValidatingAdmissionPolicyBinding API operations',
    ],
    at: 'apis/admissionregistration.k8s.io/v1',
    resource: 'validatingadmissionpolicybindings',
    kind: 'ValidatingAdmissionPolicyBinding',
    namespaced: false,
    object: () => ({ spec: { policyName: 'replicalimit-policy.example.com', validationActions: ['Deny'] } }),
    patch: { spec: { validationActions: ['Warn'] } },
  },
  {
    tests: [
      '[sig-api-machinery] MutatingAdmissionPolicy [Privileged:ClusterAdmin] should support MutatingAdmissionPolicy API operations',
    ],
    at: 'apis/admissionregistration.k8s.io/v1',
    resource: 'mutatingadmissionpolicies',
    kind: 'MutatingAdmissionPolicy',
    namespaced: false,
    object: () => ({
      spec: {
        reinvocationPolicy: 'Never',
        mutations: [
          {
            patchType: 'ApplyConfiguration',
            applyConfiguration: { expression: 'Object{spec: Object.spec{replicas: 100}}' },
          },
        ],
        matchConstraints: deployments,
      },
    }),
    patch: { spec: { failurePolicy: 'Ignore' } },
  },
  {
    tests: [
      '[sig-api-machinery] MutatingAdmissionPolicy [Privileged:ClusterAdmin] should support MutatingAdmissionPolicyBinding API operations',
    ],
    at: 'apis/admissionregistration.k8s.io/v1',
    resource: 'mutatingadmissionpolicybindings',
    kind: 'MutatingAdmissionPolicyBinding',
    namespaced: false,
    object: () => ({ spec: { policyName: 'replicalimit-policy.example.com' } }),
    patch: { spec: { policyName: 'another-policy.example.com' } },
  },
  {
    tests: ['[sig-api-machinery] API priority and fairness should support FlowSchema API operations'],
    at: 'apis/flowcontrol.apiserver.k8s.io/v1',
    resource: 'flowschemas',
    kind: 'FlowSchema',
    namespaced: false,
    object: () => ({
      spec: {
        matchingPrecedence: 10000,
        priorityLevelConfiguration: { name: 'global-default' },
        distinguisherMethod: { type: 'ByUser' },
        rules: [
          {
            subjects: [{ kind: 'User', user: { name: 'example-e2e-non-existent-user' } }],
            nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
          },
        ],
      },
    }),
    patch: { spec: { matchingPrecedence: 9999 } },
    status: conditions,
  },
  {
    tests: ['[sig-api-machinery] API priority and fairness should support PriorityLevelConfiguration API operations'],
    at: 'apis/flowcontrol.apiserver.k8s.io/v1',
    resource: 'prioritylevelconfigurations',
    kind: 'PriorityLevelConfiguration',
    namespaced: false,
    object: () => ({
      spec: { type: 'Limited', limited: { nominalConcurrencyShares: 2, limitResponse: { type: 'Reject' } } },
    }),
    patch: { spec: { limited: { nominalConcurrencyShares: 4 } } },
    status: conditions,
  },
]

const workloads: readonly Sample[] = [
  {
    tests: ['[sig-apps] CronJob should support CronJob API operations'],
    at: 'apis/batch/v1',
    resource: 'cronjobs',
    kind: 'CronJob',
    namespaced: true,
    object: () => ({
      spec: {
        schedule: '* */1 * * ?',
        concurrencyPolicy: 'Allow',
        successfulJobsHistoryLimit: 1,
        failedJobsHistoryLimit: 0,
        jobTemplate: {
          spec: {
            template: {
              spec: { restartPolicy: 'OnFailure', containers: [{ name: 'c', image: 'busybox', command: ['true'] }] },
            },
          },
        },
      },
    }),
    status: [{ lastScheduleTime: '2024-01-01T00:00:00Z' }, { lastScheduleTime: '2024-01-01T00:00:01Z' }],
  },
  {
    tests: [
      '[sig-apps] DisruptionController Listing PodDisruptionBudgets for all namespaces should list and delete a collection of PodDisruptionBudgets',
    ],
    at: 'apis/policy/v1',
    resource: 'poddisruptionbudgets',
    kind: 'PodDisruptionBudget',
    namespaced: true,
    object: () => ({ spec: { minAvailable: '1%', selector: { matchLabels: { foo: 'bar' } } } }),
    patch: { spec: { minAvailable: '3%' } },
    status: [
      { disruptionsAllowed: 0, currentHealthy: 0, desiredHealthy: 0, expectedPods: 0 },
      { disruptionsAllowed: 1, currentHealthy: 1, desiredHealthy: 0, expectedPods: 1 },
    ],
  },
  {
    tests: ['[sig-node] Lease lease API should be available'],
    at: 'apis/coordination.k8s.io/v1',
    resource: 'leases',
    kind: 'Lease',
    namespaced: true,
    object: () => ({
      spec: {
        holderIdentity: 'holder',
        leaseDurationSeconds: 30,
        // The times of upstream's test: its language's zero time and some seconds.
        acquireTime: '0001-01-01T00:00:02.000000Z',
        renewTime: '0001-01-01T00:00:05.000000Z',
        leaseTransitions: 0,
      },
    }),
    patch: {
      spec: {
        holderIdentity: 'holder2',
        leaseDurationSeconds: 60,
        acquireTime: '0001-01-01T00:00:20.000000Z',
        renewTime: '0001-01-01T00:00:50.000000Z',
        leaseTransitions: 1,
      },
    },
  },
  {
    tests: ['[sig-node] RuntimeClass should support RuntimeClasses API operations'],
    at: 'apis/node.k8s.io/v1',
    resource: 'runtimeclasses',
    kind: 'RuntimeClass',
    namespaced: false,
    object: () => ({ handler: 'e2e-handler' }),
  },
  {
    tests: ['[sig-auth] Certificates API [Privileged:ClusterAdmin] should support CSR API operations'],
    at: 'apis/certificates.k8s.io/v1',
    resource: 'certificatesigningrequests',
    kind: 'CertificateSigningRequest',
    namespaced: false,
    object: () => ({
      spec: {
        request: certificateRequest,
        signerName: 'example.com/e2e-test',
        expirationSeconds: 3600,
        usages: ['digital signature', 'key encipherment', 'server auth'],
      },
    }),
    status: [
      { certificate },
      { conditions: [{ type: 'StatusUpdate', status: 'True', reason: 'E2E', message: 'Set from an e2e test' }] },
    ],
  },
]

const network: readonly Sample[] = [
  {
    tests: ['[sig-instrumentation] Events API should delete a collection of events'],
    at: 'apis/events.k8s.io/v1',
    resource: 'events',
    kind: 'Event',
    namespaced: true,
    object: namespace => ({
      regarding: { namespace },
      eventTime: '2017-09-19T13:49:16.000000Z',
      note: 'This is a test event',
      reason: 'Test',
      type: 'Normal',
      action: 'Do',
      reportingController: 'test-controller',
      reportingInstance: 'test-node',
    }),
    patch: { series: { count: 2, lastObservedTime: '2017-09-19T13:49:11.000000Z' } },
  },
  {
    tests: ['[sig-network] EndpointSlice should support creating EndpointSlice API operations'],
    at: 'apis/discovery.k8s.io/v1',
    resource: 'endpointslices',
    kind: 'EndpointSlice',
    namespaced: true,
    object: () => ({
      addressType: 'IPv4',
      endpoints: [{ addresses: ['1.2.3.4', '5.6.7.8'] }, { addresses: ['2.2.3.4', '6.6.7.8'] }],
    }),
  },
  {
    tests: ['[sig-network] Ingress API should support creating Ingress API operations'],
    at: 'apis/networking.k8s.io/v1',
    resource: 'ingresses',
    kind: 'Ingress',
    namespaced: true,
    object: () => ({
      spec: {
        defaultBackend: { service: { name: 'default-backend', port: { number: 8080 } } },
        rules: [
          {
            host: 'host1.bar.com',
            http: {
              paths: [
                {
                  path: '/',
                  pathType: 'Prefix',
                  backend: { service: { name: 'test-backend', port: { number: 8080 } } },
                },
              ],
            },
          },
        ],
      },
    }),
    status: [
      { loadBalancer: { ingress: [{ ip: '169.1.1.1' }] } },
      { loadBalancer: { ingress: [{ hostname: 'test.com', ip: '169.1.1.2' }] } },
    ],
  },
  {
    tests: ['[sig-network] IngressClass API should support creating IngressClass API operations'],
    at: 'apis/networking.k8s.io/v1',
    resource: 'ingressclasses',
    kind: 'IngressClass',
    namespaced: false,
    object: () => ({ spec: { controller: 'example.com/controller' } }),
  },
  {
    tests: ['[sig-network] ServiceCIDR and IPAddress API should support IPAddress API operations'],
    at: 'apis/networking.k8s.io/v1',
    resource: 'ipaddresses',
    kind: 'IPAddress',
    namespaced: false,
    names: ['255.255.255.255', 'fe80::42:1dff:fe84:f9e2', '255.255.255.254', '255.255.255.253'],
    object: () => ({
      spec: { parentRef: { group: 'mygroup', resource: 'myresources', namespace: 'foo', name: 'bar' } },
    }),
  },
]

const storage: readonly Sample[] = [
  {
    tests: ['[sig-storage] CSIInlineVolumes should run through the lifecycle of a CSIDriver'],
    at: 'apis/storage.k8s.io/v1',
    resource: 'csidrivers',
    kind: 'CSIDriver',
    namespaced: false,
    object: () => ({
      spec: { volumeLifecycleModes: ['Persistent', 'Ephemeral'], fsGroupPolicy: 'ReadWriteOnceWithFSType' },
    }),
  },
  {
    tests: ['[sig-storage] CSINodes CSI Conformance should run through the lifecycle of a csinode'],
    at: 'apis/storage.k8s.io/v1',
    resource: 'csinodes',
    kind: 'CSINode',
    namespaced: false,
    // Go's clients send the list that it does not omit.
    object: () => ({ spec: { drivers: null } }),
  },
  {
    tests: ['[sig-storage] CSIStorageCapacity should support CSIStorageCapacities API operations'],
    at: 'apis/storage.k8s.io/v1',
    resource: 'csistoragecapacities',
    kind: 'CSIStorageCapacity',
    namespaced: true,
    object: () => ({ storageClassName: 'e2e.example.com' }),
  },
  {
    tests: ['[sig-storage] StorageClasses CSI Conformance should run through the lifecycle of a StorageClass'],
    at: 'apis/storage.k8s.io/v1',
    resource: 'storageclasses',
    kind: 'StorageClass',
    namespaced: false,
    object: () => ({ provisioner: 'e2e-fake-provisioner' }),
  },
]

const claim = { devices: { requests: [{ name: 'req-0', exactly: { deviceClassName: 'dra.example.com' } }] } }
const resources: readonly Sample[] = [
  {
    tests: ['[sig-node] [DRA] CRUD Tests resource.k8s.io/v1 DeviceClass'],
    at: 'apis/resource.k8s.io/v1',
    resource: 'deviceclasses',
    kind: 'DeviceClass',
    namespaced: false,
    object: () => ({ spec: { selectors: [{ cel: { expression: 'false' } }] } }),
    patch: { spec: { selectors: [{ cel: { expression: '1 == 0' } }] } },
  },
  {
    tests: ['[sig-node] [DRA] CRUD Tests resource.k8s.io/v1 ResourceClaim'],
    at: 'apis/resource.k8s.io/v1',
    resource: 'resourceclaims',
    kind: 'ResourceClaim',
    namespaced: true,
    object: () => ({ spec: claim }),
    status: [{ allocation: {} }, { allocation: {} }],
  },
  {
    tests: ['[sig-node] [DRA] CRUD Tests resource.k8s.io/v1 ResourceClaimTemplate'],
    at: 'apis/resource.k8s.io/v1',
    resource: 'resourceclaimtemplates',
    kind: 'ResourceClaimTemplate',
    namespaced: true,
    object: () => ({ spec: { spec: claim } }),
  },
  {
    tests: ['[sig-node] [DRA] CRUD Tests resource.k8s.io/v1 ResourceSlice'],
    at: 'apis/resource.k8s.io/v1',
    resource: 'resourceslices',
    kind: 'ResourceSlice',
    namespaced: false,
    object: () => ({
      spec: {
        driver: 'dra.example.com',
        pool: { name: 'cluster', generation: 1, resourceSliceCount: 1 },
        nodeName: 'no-such-node',
      },
    }),
    patch: { spec: { devices: [{ name: 'device-0' }] } },
  },
]

/** Its protection is a controller's to take away. */
export const heldSample: Sample = {
  tests: [
    '[sig-storage] VolumeAttributesClass [FeatureGate:VolumeAttributesClass] should run through the lifecycle of a VolumeAttributesClass',
  ],
  at: 'apis/storage.k8s.io/v1',
  resource: 'volumeattributesclasses',
  kind: 'VolumeAttributesClass',
  held: true,
  namespaced: false,
  object: () => ({ driverName: 'e2e-fake-csi-driver', parameters: { foo: 'bar' } }),
}

export const groupSamples: readonly Sample[] = [...admission, ...workloads, ...network, ...storage, ...resources]
