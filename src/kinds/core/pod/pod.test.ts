import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failures, right, wrong } from '../../table.ts'
import { Pod } from './index.ts'

const base = { spec: { containers: [{ name: 'a', image: 'web:1' }] } }
const c = 'spec.containers.0'
const C = 'spec.containers[0]'
const rows = (table: Parameters<typeof failures>[2], from: object = base): void =>
  assert.deepEqual(failures(Pod, { ...from }, table), [])
const label = `Invalid value: "A_b": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-'…`

test('containers', () =>
  rows([
    ...right(
      {},
      {
        [`${c}.ports`]: [
          { containerPort: 80, name: 'web' },
          { containerPort: 81, protocol: 'UDP' },
        ],
      },
    ),
    wrong({ 'spec.containers': [] }, 'spec.containers: Required value'),
    wrong({ [`${c}.name`]: '' }, `${C}.name: Required value`),
    wrong({ [`${c}.name`]: 'A_b' }, `${C}.name: ${label}`),
    wrong({ [`${c}.image`]: '' }, `${C}.image: Required value`),
    wrong(
      { [`${c}.image`]: ' web' },
      `${C}.image: Invalid value: " web": must not have leading or trailing whitespace`,
    ),
    wrong(
      { [`${c}.imagePullPolicy`]: 'Often' },
      `${C}.imagePullPolicy: Unsupported value: "Often": supported values: "Always", "IfNotPresent", "Never"`,
    ),
    wrong(
      { [`${c}.terminationMessagePolicy`]: 'x' },
      `${C}.terminationMessagePolicy: Unsupported value: "x": supported values: "File", "FallbackToLogsOnError"`,
    ),
    wrong({ 'spec.containers.1': { name: 'a', image: 'b' } }, 'spec.containers[1].name: Duplicate value: "a"'),
    wrong({ [`${c}.ports`]: [{ name: 'x' }] }, `${C}.ports[0].containerPort: Required value`),
    wrong(
      { [`${c}.ports`]: [{ containerPort: 70_000 }] },
      `${C}.ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive`,
    ),
    wrong(
      { [`${c}.ports`]: [{ containerPort: 1, hostPort: -1 }] },
      `${C}.ports[0].hostPort: Invalid value: -1: must be between 1 and 65535, inclusive`,
    ),
    wrong(
      { [`${c}.ports`]: [{ containerPort: 1, name: 'more-than-fifteen' }] },
      `${C}.ports[0].name: Invalid value: "more-than-fifteen": must be no more than 15 characters`,
    ),
    wrong(
      { [`${c}.ports`]: [{ containerPort: 1, name: '1-' }] },
      `${C}.ports[0].name: Invalid value: "1-": must contain at least one letter (a-z)`,
      `${C}.ports[0].name: Invalid value: "1-": must not begin or end with a hyphen`,
    ),
    wrong(
      {
        [`${c}.ports`]: [
          { containerPort: 1, name: 'a' },
          { containerPort: 2, name: 'a' },
        ],
      },
      `${C}.ports[1].name: Duplicate value: "a"`,
    ),
    wrong(
      { [`${c}.ports`]: [{ containerPort: 1, protocol: 'tcp' }] },
      `${C}.ports[0].protocol: Unsupported value: "tcp": supported values: "SCTP", "TCP", "UDP"`,
    ),
    wrong(
      {
        [`${c}.ports`]: [
          { containerPort: 1, hostPort: 5 },
          { containerPort: 2, hostPort: 5 },
        ],
      },
      `${C}.ports[1].hostPort: Duplicate value: "TCP//5"`,
    ),
    wrong(
      { 'spec.hostNetwork': true, [`${c}.ports`]: [{ containerPort: 80, hostPort: 81 }] },
      `${C}.ports[0].hostPort: Invalid value: 81: must match \`containerPort\` when \`hostNetwork\` is true`,
    ),
  ]))

test('environment', () => {
  const from = (source: object): object => ({ [`${c}.env`]: [{ name: 'A', valueFrom: source }] })
  const E = `${C}.env[0].valueFrom`
  const sources =
    'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`'
  rows([
    ...right(
      { [`${c}.env`]: [{ name: 'any thing', value: '' }] },
      { ...from({ fieldRef: { fieldPath: "metadata.labels['a']" } }) },
      { ...from({ secretKeyRef: { name: 's', key: 'k' } }) },
      { ...from({ resourceFieldRef: { resource: 'limits.cpu', divisor: '1m' } }) },
      { [`${c}.envFrom`]: [{ configMapRef: { name: 'a' } }, { secretRef: { name: 'b' }, prefix: 'P_' }] },
    ),
    wrong({ [`${c}.env`]: [{ name: '' }] }, `${C}.env[0].name: Required value`),
    wrong(
      { [`${c}.env`]: [{ name: 'a=b' }] },
      `${C}.env[0].name: Invalid value: "a=b": a valid environment variable name must consist only of printable ASCII characters other than '='`,
    ),
    wrong({ ...from({}) }, `${E}: Invalid value: "": ${sources}`),
    wrong(
      { [`${c}.env`]: [{ name: 'A', value: 'x', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }] },
      `${E}: Invalid value: "": may not be specified when \`value\` is not empty`,
    ),
    wrong(
      { ...from({ secretKeyRef: { name: 's', key: 'k' }, configMapKeyRef: { name: 's', key: 'k' } }) },
      `${E}: Invalid value: "": may not have more than one field specified at a time`,
    ),
    wrong({ ...from({ secretKeyRef: { name: 's' } }) }, `${E}.secretKeyRef.key: Required value`),
    wrong(
      { ...from({ configMapKeyRef: { name: 's', key: 'a/b' } }) },
      `${E}.configMapKeyRef.key: Invalid value: "a/b": a valid config key must consist of…`,
    ),
    wrong(
      { ...from({ fieldRef: { fieldPath: 'spec.nope' } }) },
      `${E}.fieldRef.fieldPath: Invalid value: "spec.nope": error converting fieldPath: field label not supported: spec.nope`,
    ),
    wrong(
      { ...from({ fieldRef: { fieldPath: 'metadata.labels' } }) },
      `${E}.fieldRef.fieldPath: Unsupported value: "metadata.labels": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"`,
    ),
    wrong(
      { ...from({ resourceFieldRef: { resource: 'limits.cpu', divisor: '1k' } }) },
      `${E}.resourceFieldRef.divisor: Invalid value: "limits.cpu": only divisor's values 1m and 1 are supported with the cpu resource`,
    ),
    wrong(
      { [`${c}.envFrom`]: [{}] },
      `${C}.envFrom: Invalid value: "": must specify one of: \`configMapRef\` or \`secretRef\``,
    ),
    wrong({ [`${c}.envFrom`]: [{ secretRef: {} }] }, `${C}.envFrom[0].secretRef.name: Required value`),
  ])
})

test('resources', () => {
  const R = `${C}.resources`
  const of = (resources: object): object => ({ [`${c}.resources`]: resources })
  rows([
    ...right(
      { ...of({ limits: { cpu: '1', 'example.com/gpu': '2' } }) },
      { ...of({ limits: { memory: '1Gi', 'hugepages-2Mi': '4Mi' } }) },
    ),
    wrong(
      { ...of({ requests: { cpu: '2' }, limits: { cpu: '1' } }) },
      `${R}.requests: Invalid value: "2": must be less than or equal to cpu limit of 1`,
    ),
    wrong(
      { ...of({ requests: { cpu: '-1' } }) },
      `${R}.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0`,
    ),
    wrong(
      { ...of({ requests: { apples: '1' } }) },
      `${R}.requests[apples]: Invalid value: "apples": must be a standard resource type or fully qualified`,
      `${R}.requests[apples]: Invalid value: "apples": must be a standard resource for containers`,
    ),
    wrong(
      { ...of({ limits: { 'example.com/gpu': '1500m' } }) },
      `${R}.limits[example.com/gpu]: Invalid value: "1500m": must be an integer`,
      `${R}.requests[example.com/gpu]: Invalid value: "1500m": must be an integer`,
    ),
    wrong(
      { ...of({ requests: { 'example.com/gpu': '1' } }) },
      `${R}.limits: Required value: Limit must be set for non overcommitable resources`,
    ),
    wrong({ ...of({ limits: { 'hugepages-2Mi': '2Mi' } }) }, `${R}: Forbidden: HugePages require cpu or memory`),
    wrong(
      { ...of({ claims: [{ name: 'gpu' }] }) },
      `${R}.claims[0]: Not found: "gpu": must be one of the names in pod.spec.resourceClaims which is empty`,
    ),
  ])
})

test('volumes and mounts', () => {
  const V = 'spec.volumes[0]'
  const volume = (source: object): object => ({ 'spec.volumes': [{ name: 'v', ...source }] })
  const mounted = (mount: object): object => ({
    'spec.volumes': [{ name: 'v' }],
    [`${c}.volumeMounts`]: [{ name: 'v', mountPath: '/v', ...mount }],
  })
  const M = `${C}.volumeMounts`
  rows([
    ...right(
      { ...volume({}) },
      { ...volume({ hostPath: { path: '/var' } }) },
      { ...volume({ nfs: { server: 's', path: '/p' } }) },
      { ...mounted({ subPath: 'a/b' }) },
      { ...volume({ image: { reference: 'a' } }) },
    ),
    wrong({ 'spec.volumes': [{ emptyDir: {} }] }, `${V}.name: Required value`),
    wrong({ 'spec.volumes': [{ name: 'A_b', emptyDir: {} }] }, `${V}.name: ${label}`),
    wrong({ 'spec.volumes': [{ name: 'v' }, { name: 'v' }] }, 'spec.volumes[1].name: Duplicate value: "v"'),
    wrong(
      { ...volume({ emptyDir: {}, hostPath: { path: '/' } }) },
      `${V}.hostPath: Forbidden: may not specify more than 1 volume type`,
    ),
    wrong({ ...volume({ hostPath: {} }) }, `${V}.hostPath.path: Required value`),
    wrong(
      { ...volume({ hostPath: { path: '/a/../b' } }) },
      `${V}.hostPath.path: Invalid value: "/a/../b": must not contain '..'`,
    ),
    wrong({ ...volume({ secret: {} }) }, `${V}.secret.secretName: Required value`),
    wrong(
      { ...volume({ secret: { secretName: 's', defaultMode: 4096 } }) },
      `${V}.secret.defaultMode: Invalid value: 4096: must be a number between 0 and 0777 (octal), both inclusive`,
    ),
    wrong({ ...volume({ configMap: {} }) }, `${V}.configMap.name: Required value`),
    wrong(
      { ...volume({ configMap: { name: 'c', items: [{ key: 'k', path: '/abs' }] } }) },
      `${V}.configMap.items[0].path: Invalid value: "/abs": must be a relative path`,
    ),
    wrong({ ...volume({ persistentVolumeClaim: {} }) }, `${V}.persistentVolumeClaim.claimName: Required value`),
    wrong({ ...volume({ csi: {} }) }, `${V}.csi.driver: Required value`),
    wrong({ ...volume({ image: {} }) }, `${V}.image.reference: Required value`),
    wrong(
      { ...volume({ emptyDir: { sizeLimit: '-1' } }) },
      `${V}.emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource quantity`,
    ),
    wrong(
      { ...volume({ projected: { sources: [{ serviceAccountToken: { path: 't', expirationSeconds: 1 } }] } }) },
      `${V}.projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes`,
      `${V}.projected.sources[0].serviceAccountToken: Forbidden: must not be specified when serviceAccountName is not set`,
    ),
    wrong({ [`${c}.volumeMounts`]: [{ name: 'nope', mountPath: '/v' }] }, `${M}[0].name: Not found: "nope"`),
    wrong({ ...mounted({ mountPath: '' }) }, `${M}[0].mountPath: Required value`),
    wrong(
      {
        'spec.volumes': [{ name: 'v' }],
        [`${c}.volumeMounts`]: [
          { name: 'v', mountPath: '/v' },
          { name: 'v', mountPath: '/v' },
        ],
      },
      `${M}[1].mountPath: Invalid value: "/v": must be unique`,
    ),
    wrong({ ...mounted({ subPath: '../x' }) }, `${M}.subPath: Invalid value: "../x": must not contain '..'`),
    wrong(
      { ...mounted({ mountPropagation: 'Bidirectional' }) },
      `${M}.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers`,
    ),
  ])
})

test('probes and lifecycle', () => {
  const P = `${C}.livenessProbe`
  const probe = (given: object): object => ({ [`${c}.livenessProbe`]: given })
  rows([
    ...right({ ...probe({ tcpSocket: { port: 'web' } }) }, { ...probe({ grpc: { port: 1 } }) }),
    wrong({ ...probe({}) }, `${P}: Required value: must specify a handler type`),
    wrong(
      { ...probe({ exec: { command: ['a'] }, tcpSocket: { port: 1 } }) },
      `${P}.tcpSocket: Forbidden: may not specify more than 1 handler type`,
    ),
    wrong({ ...probe({ exec: {} }) }, `${P}.exec.command: Required value`),
    wrong(
      { ...probe({ httpGet: { port: 0 } }) },
      `${P}.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive`,
    ),
    wrong(
      { ...probe({ httpGet: { port: 1, scheme: 'ftp' } }) },
      `${P}.httpGet.scheme: Unsupported value: "ftp": supported values: "HTTP", "HTTPS"`,
    ),
    wrong(
      { ...probe({ tcpSocket: { port: 1 }, successThreshold: 2 }) },
      `${P}.successThreshold: Invalid value: 2: must be 1`,
    ),
    wrong(
      { ...probe({ tcpSocket: { port: 1 }, periodSeconds: -1 }) },
      `${P}.periodSeconds: Invalid value: -1: must be greater than or equal to 0`,
    ),
    wrong(
      { [`${c}.readinessProbe`]: { tcpSocket: { port: 1 }, terminationGracePeriodSeconds: 1 } },
      `${C}.readinessProbe.terminationGracePeriodSeconds: Invalid value: 1: must not be set for readinessProbes`,
    ),
    wrong(
      { [`${c}.lifecycle`]: { preStop: {} } },
      `${C}.lifecycle.preStop: Required value: must specify a handler type`,
    ),
    wrong(
      { [`${c}.lifecycle`]: { preStop: { sleep: { seconds: 40 } } } },
      `${C}.lifecycle.preStop.sleep: Invalid value: 40: must be non-negative and less than terminationGracePeriodSeconds (30)`,
    ),
  ])
})

test('security, init and ephemeral containers', () => {
  const init = (given: object): object => ({ 'spec.initContainers': [{ name: 'i', image: 'b', ...given }] })
  rows([
    ...right(
      { ...init({ restartPolicy: 'Always', readinessProbe: { tcpSocket: { port: 1 } } }) },
      { [`${c}.securityContext`]: { runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } } },
      { 'spec.securityContext': { sysctls: [{ name: 'kernel.shm_rmid_forced', value: '1' }] } },
    ),
    wrong({ ...init({ name: 'a' }) }, 'spec.initContainers[0].name: Duplicate value: "a"'),
    wrong(
      { ...init({ livenessProbe: { tcpSocket: { port: 1 } } }) },
      'spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
    ),
    wrong(
      { ...init({ restartPolicy: 'Sometimes' }) },
      'spec.initContainers[0].restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "Never", "OnFailure"',
    ),
    wrong(
      { 'spec.ephemeralContainers': [{ name: 'e', image: 'b' }] },
      'spec.ephemeralContainers: Forbidden: cannot be set on create',
    ),
    wrong(
      { [`${c}.securityContext`]: { runAsUser: -1 } },
      `${C}.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive`,
    ),
    wrong(
      { [`${c}.securityContext`]: { privileged: true, allowPrivilegeEscalation: false } },
      `${C}.securityContext: Invalid value: {"privileged":true,"allowPrivilegeEscalation":false}: cannot set \`allowPrivilegeEscalation\` to false and \`privileged\` to true`,
    ),
    wrong(
      { [`${c}.securityContext`]: { seccompProfile: { type: 'Localhost' } } },
      `${C}.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost`,
    ),
    wrong(
      { 'spec.securityContext': { sysctls: [{ name: 'net.x', value: '1' }] }, 'spec.hostNetwork': true },
      `spec.securityContext.sysctls[0].name: Invalid value: "net.x": may not be specified when 'hostNetwork' is true`,
    ),
    wrong(
      { 'spec.securityContext': { fsGroupChangePolicy: 'x' } },
      'spec.securityContext.fsGroupChangePolicy: Unsupported value: "x": supported values: "Always", "OnRootMismatch"',
    ),
    wrong({ 'spec.hostUsers': false, 'spec.hostPID': true }, 'spec.HostPID: Forbidden: when `hostUsers` is false'),
    wrong(
      { 'spec.os': { name: 'windows' }, 'spec.hostPID': true },
      'spec.hostPID: Forbidden: cannot be set for a windows pod',
    ),
  ])
})
