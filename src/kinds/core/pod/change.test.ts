import assert from 'node:assert/strict'
import { test } from 'node:test'
import { failures, right, update, write, wrong } from '../../table.ts'
import { Pod } from './index.ts'

const base = { spec: { containers: [{ name: 'a', image: 'web:1' }] } }
const c = 'spec.containers.0'
const C = 'spec.containers[0]'
const rows = (table: Parameters<typeof failures>[2], from: object = base): void =>
  assert.deepEqual(failures(Pod, { ...from }, table), [])
const label = `Invalid value: "A_b": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-'…`

test('where it goes and what it is called', () => {
  const required = 'requiredDuringSchedulingIgnoredDuringExecution'
  const term = (given: object): object => ({ 'spec.affinity': { podAntiAffinity: { [required]: [given] } } })
  const A = `spec.affinity.podAntiAffinity.${required}[0]`
  rows([
    ...right(
      { ...term({ topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { a: 'b' } } }) },
      { 'spec.tolerations': [{ operator: 'Exists' }] },
      { 'spec.dnsPolicy': 'None', 'spec.dnsConfig': { nameservers: ['10.0.0.1', '::1'] } },
    ),
    wrong(
      { ...term({}) },
      `${A}.topologyKey: Required value: can not be empty`,
      `${A}.topologyKey: Invalid value: "": name part must be non-empty`,
      `${A}.topologyKey: Invalid value: "": name part must consist of…`,
    ),
    wrong(
      { ...term({ topologyKey: 'a', labelSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } }) },
      `${A}.labelSelector.matchExpressions[0].values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`,
    ),
    wrong(
      { 'spec.affinity': { nodeAffinity: { [required]: { nodeSelectorTerms: [] } } } },
      `spec.affinity.nodeAffinity.${required}.nodeSelectorTerms: Required value: must have at least one node selector term`,
    ),
    wrong(
      { 'spec.tolerations': [{ operator: 'Equal' }] },
      'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
    ),
    wrong(
      { 'spec.tolerations': [{ key: 'a', tolerationSeconds: 1 }] },
      `spec.tolerations[0].effect: Invalid value: "": effect must be 'NoExecute' when \`tolerationSeconds\` is set`,
    ),
    wrong(
      { 'spec.topologySpreadConstraints': [{ maxSkew: 0, topologyKey: 'a', whenUnsatisfiable: 'DoNotSchedule' }] },
      'spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero',
    ),
    wrong(
      { 'spec.nodeSelector': { 'a b': 'c' } },
      'spec.nodeSelector: Invalid value: "a b": name part must consist of…',
    ),
    wrong(
      { 'spec.hostAliases': [{ ip: '300.1.1.1' }] },
      'spec.hostAliases[0].ip: Invalid value: "300.1.1.1": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ),
    wrong(
      { 'spec.dnsPolicy': 'None' },
      'spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None',
    ),
    wrong(
      { 'spec.restartPolicy': 'x' },
      'spec.restartPolicy: Unsupported value: "x": supported values: "Always", "OnFailure", "Never"',
    ),
    wrong({ 'spec.hostname': 'A_b' }, `spec.hostname: ${label}`),
    wrong(
      { 'spec.activeDeadlineSeconds': 0 },
      'spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive',
    ),
    wrong(
      { 'spec.nodeName': 'n', 'spec.schedulingGates': [{ name: 'g' }] },
      'spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared',
    ),
    wrong({ 'spec.schedulingGates': [{ name: 'g' }, { name: 'g' }] }, 'spec.schedulingGates[1]: Duplicate value: "g"'),
    wrong(
      { metadata: { annotations: { 'controller.kubernetes.io/pod-deletion-cost': 'x' } } },
      'metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "x": must be a 32bit integer',
    ),
  ])
})

const fixed =
  'spec: Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)\n'

test('what may change', () =>
  rows([
    update({}),
    update({ [`${c}.image`]: 'web:2' }),
    update({ 'spec.tolerations': [{ operator: 'Exists' }] }),
    update({ metadata: { labels: { a: 'b' } } }),
    update({ 'spec.hostname': 'x' }, `${fixed}changed: hostname`),
    update({ [`${c}.resources`]: { requests: { cpu: '1' } } }, `${fixed}changed: containers`),
    update(
      { 'spec.containers.1': { name: 'b', image: 'c' } },
      'spec.containers: Forbidden: pod updates may not add or remove containers',
    ),
    update({ [`${c}.image`]: '' }, `${C}.image: Required value`, `${C}.image: Required value`),
    {
      old: { 'spec.tolerations': [{ key: 'a', operator: 'Exists' }] },
      change: {},
      wrong: ['spec.tolerations: Forbidden: existing toleration can not be modified except its tolerationSeconds'],
    },
    {
      old: { 'spec.schedulingGates': [{ name: 'g' }] },
      change: { 'spec.nodeSelector': { a: 'b' } },
      wrong: [],
    },
    update(
      { 'spec.schedulingGates': [{ name: 'g' }] },
      "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new scheduling gate 'g'",
    ),
    {
      old: { 'spec.activeDeadlineSeconds': 5 },
      change: { 'spec.activeDeadlineSeconds': 6 },
      wrong: ['spec.activeDeadlineSeconds: Invalid value: 6: must be less than or equal to previous value'],
    },
    { old: {}, subresource: 'status', change: { 'status.qosClass': '' }, wrong: [] },
    {
      old: {},
      subresource: 'status',
      change: { 'status.qosClass': 'Guaranteed' },
      wrong: ['status.qosClass: Invalid value: "Guaranteed": field is immutable'],
    },
    {
      old: {},
      subresource: 'status',
      change: { 'status.podIPs': [{ ip: '01.2.3.4' }] },
      wrong: ['status.podIPs[0]: Invalid value: "01.2.3.4": must not have leading 0s'],
    },
    {
      old: { [`${c}.resources`]: { requests: { cpu: '1' } } },
      subresource: 'resize',
      change: { [`${c}.resources`]: { requests: { cpu: '2' } } },
      wrong: [],
    },
    {
      old: {},
      subresource: 'resize',
      change: { [`${c}.resources`]: { requests: { cpu: '2' } } },
      wrong: ['spec: Invalid value: "BestEffort": Pod QOS Class may not change as a result of resizing'],
    },
  ]))

test('warnings', () => {
  const { warnings } = write(
    Pod,
    base,
    wrong({
      metadata: { name: 'a.b' },
      'spec.nodeSelector': { 'beta~kubernetes~io/os': 'linux' },
      'spec.volumes': [{ name: 'v', gitRepo: { repository: 'r' } }],
      [`${c}.env`]: [{ name: 'A' }, { name: 'A', value: 'x' }],
      [`${c}.ports`]: [
        { containerPort: 1, name: 'p' },
        { containerPort: 1, name: 'q' },
      ],
    }),
  )
  assert.deepEqual(warnings, [
    "metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [must not contain dots]",
    'spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+',
    'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
    'spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]',
  ])
})
