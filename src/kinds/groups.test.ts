/** What is wrong with the kinds of the other groups, as tables. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Kind } from '#api/kind.ts'
import { builtinKinds } from './index.ts'
import { type Changes, failures, right, type Row, update, wrong } from './table.ts'

const kindOf = (name: string): Kind => {
  const kind = builtinKinds.find(one => one.kind === name && one.storedAs === undefined)
  assert.ok(kind !== undefined, name)
  return kind
}
const rows = (kind: string, base: Changes, table: readonly Row[]): void =>
  assert.deepEqual(failures(kindOf(kind), base, table), [])

const noRange = 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'

test('ingresses and policies', () => {
  const path = { path: '/', pathType: 'Prefix', backend: { service: { name: 's', port: { number: 80 } } } }
  const P = 'spec.rules[0].http.paths[0]'
  rows('Ingress', { spec: { rules: [{ host: 'a.b', http: { paths: [path] } }] } }, [
    ...right({}, { 'spec.rules.0.host': '*.a.b' }),
    wrong({ spec: {} }, 'spec: Invalid value: null: either `defaultBackend` or `rules` must be specified'),
    wrong(
      { 'spec.rules.0.host': '10.0.0.1' },
      'spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address',
    ),
    wrong(
      { 'spec.rules.0.host': '*x' },
      `spec.rules[0].host: Invalid value: "*x": a wildcard DNS-1123 subdomain must start with '*.'…`,
    ),
    wrong({ 'spec.rules.0.http.paths': [] }, 'spec.rules[0].http.paths: Required value'),
    wrong(
      { 'spec.rules.0.http.paths.0.pathType': undefined },
      `${P}.pathType: Required value: pathType must be specified`,
    ),
    wrong({ 'spec.rules.0.http.paths.0.path': 'x' }, `${P}.path: Invalid value: "x": must be an absolute path`),
    wrong({ 'spec.rules.0.http.paths.0.path': '/a//b' }, `${P}.path: Invalid value: "/a//b": must not contain '//'`),
    wrong(
      { 'spec.rules.0.http.paths.0.backend': {} },
      `${P}.backend: Invalid value: "": resource or service backend is required`,
    ),
    wrong(
      { 'spec.rules.0.http.paths.0.backend.service.port': {} },
      `${P}.backend: Required value: port name or number is required`,
    ),
    wrong(
      { 'spec.tls': [{ hosts: ['A'] }] },
      'spec.tls[0].hosts[0]: Invalid value: "A": a lowercase RFC 1123 subdomain must consist of…',
    ),
  ])
  rows('IngressClass', { spec: { controller: 'a.io/b' } }, [
    ...right({}),
    wrong(
      { 'spec.controller': 'x' },
      'spec.controller: Invalid value: "x": must be a domain-prefixed path (such as "acme.io/foo")',
    ),
    update({ 'spec.controller': 'a.io/c' }, 'spec.controller: Invalid value: "a.io/c": field is immutable'),
  ])
  rows('NetworkPolicy', { spec: { podSelector: {} } }, [
    ...right({}, { 'spec.ingress': [{ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }] }] }),
    wrong({ 'spec.ingress': [{ from: [{}] }] }, 'spec.ingress[0].from[0]: Required value: must specify a peer'),
    wrong(
      { 'spec.ingress': [{ from: [{ ipBlock: { cidr: 'x' } }] }] },
      `spec.ingress[0].from[0].ipBlock.cidr: Invalid value: "x": ${noRange}`,
    ),
    wrong(
      { 'spec.egress': [{ to: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['11.0.0.0/16'] } }] }] },
      'spec.egress[0].to[0].ipBlock.except[0]: Invalid value: "11.0.0.0/16": must be a strict subset of `cidr`',
    ),
    wrong(
      { 'spec.ingress': [{ from: [{ podSelector: {}, ipBlock: { cidr: '10.0.0.0/8' } }] }] },
      'spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer',
    ),
    wrong(
      { 'spec.ingress': [{ ports: [{ port: 80, endPort: 79 }] }] },
      'spec.ingress[0].ports[0].endPort: Invalid value: 80: must be greater than or equal to `port`',
    ),
    wrong(
      { 'spec.policyTypes': ['x'] },
      'spec.policyTypes[0]: Unsupported value: "x": supported values: "Ingress", "Egress"',
    ),
  ])
})

test('budgets and autoscalers', () => {
  rows('PodDisruptionBudget', { spec: { minAvailable: 1, selector: {} } }, [
    ...right({}, { 'spec.minAvailable': '50%' }),
    wrong(
      { 'spec.maxUnavailable': 1 },
      'spec: Invalid value: {"minAvailable":1,"selector":{},"maxUnavailable":1}: minAvailable and maxUnavailable cannot be both set',
    ),
    wrong({ 'spec.minAvailable': '101%' }, 'spec.minAvailable: Invalid value: "101%": must not be greater than 100%'),
    wrong(
      { 'spec.unhealthyPodEvictionPolicy': 'x' },
      'spec.unhealthyPodEvictionPolicy: Unsupported value: "x": supported values: "AlwaysAllow", "IfHealthyBudget"',
    ),
  ])
  const base = { spec: { maxReplicas: 5, scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'd' } } }
  rows('HorizontalPodAutoscaler', base, [
    ...right({}),
    wrong(
      { 'spec.maxReplicas': 0 },
      'spec.maxReplicas: Required value: must be set and greater than 0',
      'spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`',
    ),
    wrong({ 'spec.minReplicas': 0 }, 'spec.minReplicas: Invalid value: 0: must be greater than or equal to 1'),
    wrong({ 'spec.scaleTargetRef.name': '' }, 'spec.scaleTargetRef.name: Required value'),
    wrong(
      { 'spec.scaleTargetRef.apiVersion': 'v1' },
      'spec.scaleTargetRef.apiVersion: Invalid value: "v1": apiVersion must specify API group',
    ),
    wrong(
      { 'spec.metrics': [{ type: 'Resource' }] },
      'spec.metrics[0].resource: Required value: must populate information for the given metric source',
    ),
    wrong(
      { 'spec.metrics': [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization' } } }] },
      'spec.metrics[0].resource.target.averageUtilization: Required value: must set either a target raw value or a target utilization',
    ),
    wrong(
      { 'spec.behavior': { scaleUp: { stabilizationWindowSeconds: 4000 } } },
      'spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: 4000: must be less than or equal to 3600',
    ),
  ])
})

test('roles and bindings', () => {
  rows('Role', { rules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'] }] }, [
    ...right({}, { rules: [] }),
    wrong({ 'rules.0.verbs': [] }, 'rules[0].verbs: Required value: verbs must contain at least one value'),
    wrong(
      { 'rules.0.resources': undefined },
      'rules[0].resources: Required value: resource rules must supply at least one resource',
    ),
    wrong(
      { rules: [{ verbs: ['get'], nonResourceURLs: ['/'] }] },
      'rules[0].nonResourceURLs: Invalid value: ["/"]: namespaced rules cannot apply to non-resource URLs',
    ),
  ])
  rows('ClusterRole', {}, [
    ...right({ rules: [{ verbs: ['get'], nonResourceURLs: ['/'] }] }),
    wrong(
      { aggregationRule: {} },
      'aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil',
    ),
  ])
  const binding = { roleRef: { kind: 'Role', name: 'r' }, subjects: [{ kind: 'User', name: 'u' }] }
  rows('RoleBinding', binding, [
    ...right({}),
    wrong({ 'roleRef.kind': 'x' }, 'roleRef.kind: Unsupported value: "x": supported values: "Role", "ClusterRole"'),
    wrong({ 'roleRef.name': '' }, 'roleRef.name: Required value'),
    wrong(
      { 'subjects.0.kind': 'Robot' },
      'subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"',
    ),
    wrong({ 'subjects.0.name': '' }, 'subjects[0].name: Required value'),
    update({ subjects: [] }),
    update(
      { 'roleRef.name': 's' },
      'roleRef: Invalid value: {"kind":"Role","name":"s","apiGroup":"rbac.authorization.k8s.io"}: cannot change roleRef',
    ),
  ])
  rows('ClusterRoleBinding', { ...binding, roleRef: { kind: 'ClusterRole', name: 'r' } }, [
    ...right({}),
    wrong({ subjects: [{ kind: 'ServiceAccount', name: 'a' }] }, 'subjects[0].namespace: Required value'),
  ])
})

test('classes, leases and the rest', () => {
  rows('PriorityClass', { value: 5 }, [
    ...right({}, { metadata: { name: 'system-node-critical' }, value: 2_000_001_000 }),
    wrong({ value: 2_000_000_000 }, 'value: Forbidden: maximum allowed value of a user defined priority is 1000000000'),
    wrong(
      { metadata: { name: 'system-x' } },
      "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-x is not a known system priority class",
    ),
    update({ value: 6 }, 'value: Forbidden: may not be changed in an update.'),
  ])
  rows('StorageClass', { provisioner: 'a.io/b' }, [
    ...right({}),
    wrong({ provisioner: '' }, 'provisioner: Required value'),
    wrong(
      { volumeBindingMode: 'x' },
      'volumeBindingMode: Unsupported value: "x": supported values: "Immediate", "WaitForFirstConsumer"',
    ),
    update({ parameters: { a: 'b' } }, 'parameters: Invalid value: {"a":"b"}: field is immutable'),
  ])
  rows('Lease', { spec: {} }, [
    ...right({}, { spec: { leaseDurationSeconds: 15 } }),
    wrong({ spec: { leaseDurationSeconds: 0 } }, 'spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0'),
    wrong(
      { spec: { leaseTransitions: -1 } },
      'spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0',
    ),
  ])
  rows('Event', { involvedObject: { namespace: 'default' } }, [
    ...right({}),
    wrong(
      { 'involvedObject.namespace': 'other' },
      'involvedObject.namespace: Invalid value: "other": does not match event.namespace',
    ),
    wrong(
      { eventTime: '2026-01-01T00:00:00.000000Z', reason: 'r', action: 'a', reportingComponent: 'c' },
      'reportingInstance: Required value',
    ),
  ])
  const schema = { openAPIV3Schema: { type: 'object' } }
  const definition = {
    metadata: { name: 'ws.x.io' },
    spec: {
      group: 'x.io',
      scope: 'Namespaced',
      names: { plural: 'ws', kind: 'W' },
      versions: [{ name: 'v1', served: true, storage: true, schema }],
    },
  }
  rows('CustomResourceDefinition', definition, [
    ...right({}),
    wrong(
      { metadata: { name: 'a.x.io' } },
      'metadata.name: Invalid value: "a.x.io": must be spec.names.plural+"."+spec.group',
    ),
    wrong({ 'spec.scope': 'x' }, 'spec.scope: Unsupported value: "x": supported values: "Cluster", "Namespaced"'),
    wrong({ 'spec.versions.0.schema': undefined }, 'spec.versions[0].schema.openAPIV3Schema: Required value'),
    wrong(
      { 'spec.versions.0.storage': false },
      'spec.versions: Invalid value:…',
      'status.storedVersions: Invalid value: null: must have at least one stored version',
    ),
  ])
})
