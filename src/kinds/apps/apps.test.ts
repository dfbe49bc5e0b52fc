import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Kind } from '#api/kind.ts'
import { CronJob } from '../batch/cronJob.ts'
import { Job } from '../batch/job.ts'
import { scheduleProblem } from '../batch/schedule.ts'
import { ReplicationController } from '../core/replicationController.ts'
import { failures, right, update, write, wrong, type Row } from '../table.ts'
import { DaemonSet } from './daemonSet.ts'
import { Deployment } from './deployment.ts'
import { ReplicaSet } from './replicaSet.ts'
import { StatefulSet } from './statefulSet.ts'

const template = { metadata: { labels: { a: 'b' } }, spec: { containers: [{ name: 'c', image: 'i:1' }] } }
const selector = { matchLabels: { a: 'b' } }
const base = { spec: { selector, template } }
const rows = (kind: Kind, table: readonly Row[], from: object = base): void =>
  assert.deepEqual(failures(kind, { ...from }, table), [])

/** What all controllers of pods refuse. */
const common = (what: string, owner: string): readonly Row[] => [
  ...right({}),
  wrong({ 'spec.selector': undefined }, 'spec.selector: Required value'),
  wrong({ 'spec.selector': {} }, `spec.selector: Invalid value: {}: empty selector is invalid for ${what}`),
  wrong(
    { 'spec.selector.matchLabels.a': 'c' },
    'spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`',
  ),
  wrong(
    { 'spec.template.spec.restartPolicy': 'Never' },
    'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
  ),
  wrong(
    { 'spec.template.spec.activeDeadlineSeconds': 5 },
    `spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in ${owner} is not Supported`,
  ),
  wrong(
    { 'spec.template.metadata.labels.b c': 'd' },
    'spec.template.labels: Invalid value: "b c": name part must consist of…',
  ),
  wrong({ 'spec.template.spec.containers': [] }, 'spec.template.spec.containers: Required value'),
  wrong({ 'spec.minReadySeconds': -1 }, 'spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0'),
]

const fixedSelector = 'spec.selector: Invalid value: {"matchLabels":{"a":"c"}}: field is immutable'
const relabelled = { 'spec.selector.matchLabels.a': 'c', 'spec.template.metadata.labels.a': 'c' }

test('deployments', () =>
  rows(Deployment, [
    ...common('deployment', 'ReplicaSet'),
    wrong({ 'spec.replicas': -1 }, 'spec.replicas: Invalid value: -1: must be greater than or equal to 0'),
    wrong(
      { 'spec.strategy': { type: 'Recreate', rollingUpdate: {} } },
      "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is 'Recreate'",
    ),
    wrong(
      { 'spec.strategy': { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } },
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when `maxSurge` is 0',
    ),
    wrong(
      { 'spec.strategy': { rollingUpdate: { maxSurge: 'x' } } },
      `spec.strategy.rollingUpdate.maxSurge: Invalid value: "x": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')`,
    ),
    wrong(
      { 'spec.strategy': { rollingUpdate: { maxUnavailable: '101%' } } },
      'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
    ),
    wrong(
      { 'spec.strategy': { type: 'x' } },
      'spec.strategy: Unsupported value: {"type":"x"}: supported values: "Recreate", "RollingUpdate"',
    ),
    wrong(
      { 'spec.minReadySeconds': 600 },
      'spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds',
    ),
    update({ 'spec.template.spec.containers.0.image': 'i:2' }),
    update(relabelled, fixedSelector),
    {
      old: {},
      subresource: 'status',
      change: { status: { replicas: 1, readyReplicas: 2 } },
      wrong: ['status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas'],
    },
  ]))

test('replica sets', () => rows(ReplicaSet, [...common('deployment', 'ReplicaSet'), update(relabelled, fixedSelector)]))

test('replication controllers take the labels of their template', () => {
  rows(
    ReplicationController,
    [
      ...right({}, { 'spec.selector': undefined }),
      wrong(
        { 'spec.template': undefined, 'spec.selector': undefined },
        'spec.selector: Required value',
        'spec.template: Required value',
      ),
      wrong(
        { 'spec.selector.a': 'c' },
        'spec.template.metadata.labels: Invalid value: {"a":"b"}: `selector` does not match template `labels`',
      ),
    ],
    { spec: { selector: { a: 'b' }, template } },
  )
})

test('daemon sets', () =>
  rows(DaemonSet, [
    ...common('daemonset', 'DaemonSet'),
    wrong(
      { 'spec.updateStrategy': { rollingUpdate: { maxUnavailable: 1, maxSurge: 1 } } },
      'spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero',
    ),
    wrong(
      { 'spec.updateStrategy': { rollingUpdate: { maxUnavailable: 0 } } },
      'spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0',
    ),
    update(relabelled, fixedSelector),
  ]))

test('stateful sets', () => {
  const claim = {
    metadata: { name: 'data' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
  }
  const mounted = {
    'spec.volumeClaimTemplates': [claim],
    'spec.template.spec.containers.0.volumeMounts': [{ name: 'data', mountPath: '/d' }],
  }
  const fixed =
    "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
  rows(StatefulSet, [
    ...common('statefulset', 'StatefulSet'),
    ...right(mounted),
    wrong({ 'spec.serviceName': 'A_b' }, 'spec.serviceName: Invalid value: "A_b": a lowercase RFC 1123 label…'),
    wrong(
      { 'spec.podManagementPolicy': 'x' },
      `spec.podManagementPolicy: Invalid value: "x": must be 'OrderedReady' or 'Parallel'`,
    ),
    wrong(
      { 'spec.updateStrategy': { type: 'OnDelete', rollingUpdate: { partition: 1 } } },
      `spec.updateStrategy.rollingUpdate: Invalid value: {"partition":1}: only allowed for updateStrategy 'RollingUpdate'`,
    ),
    wrong(
      { 'spec.volumeClaimTemplates': [{ metadata: { name: 'd' }, spec: { accessModes: ['ReadWriteOnce'] } }] },
      'spec.volumeClaimTemplates[0].spec.resources[storage]: Required value',
    ),
    wrong(
      { 'spec.persistentVolumeClaimRetentionPolicy': { whenScaled: 'x' } },
      'spec.persistentVolumeClaimRetentionPolicy.whenScaled: Unsupported value: "x": supported values: "Retain", "Delete"',
    ),
    update({ 'spec.replicas': 3 }),
    update({ 'spec.serviceName': 'other' }, fixed),
    update(relabelled, fixed),
  ])
  assert.deepEqual(StatefulSet.validName?.('a.b'), ['must not contain dots'])
})

const job = { spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'c', image: 'i:1' }] } } } }
const J = 'spec.template.spec'

test('jobs', () =>
  rows(
    Job,
    [
      ...right({}, { 'spec.completionMode': 'Indexed', 'spec.completions': 3 }),
      wrong(
        { [`${J}.restartPolicy`]: undefined },
        `${J}.restartPolicy: Required value: valid values: "OnFailure", "Never"`,
      ),
      wrong({ 'spec.backoffLimit': -1 }, 'spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0'),
      wrong(
        { 'spec.completionMode': 'Indexed', 'spec.parallelism': 2 },
        'spec.completions: Required value: when completion mode is Indexed',
      ),
      wrong(
        { 'spec.backoffLimitPerIndex': 1 },
        'spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode',
      ),
      wrong(
        { 'spec.selector': { matchLabels: { a: 'b' } } },
        'spec.selector: Invalid value: {"matchLabels":{"batch.kubernetes.io/controller-uid":"u1","a":"b"}}: `selector` not auto-generated',
        'spec.template.metadata.labels: Invalid value:…',
      ),
      wrong({ 'spec.manualSelector': true }, 'spec.selector: Required value'),
      wrong(
        { 'spec.managedBy': 'x' },
        'spec.managedBy: Invalid value: "x": must be a domain-prefixed path (such as "acme.io/foo")',
      ),
      wrong(
        { 'spec.podFailurePolicy': { rules: [{ action: 'Ignore' }] } },
        'spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required',
      ),
      wrong(
        { 'spec.podFailurePolicy': { rules: [{ action: 'Ignore', onExitCodes: { operator: 'In', values: [2, 1] } }] } },
        'spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [2,1]: must be ordered',
      ),
      update({ 'spec.parallelism': 5, 'spec.completions': 1 }),
      update({ 'spec.completions': 5 }, 'spec.completions: Invalid value: 5: field is immutable'),
      update({ [`${J}.containers.0.image`]: 'i:2' }, 'spec.template: Invalid value: {…'),
      { old: { 'spec.suspend': true }, change: { [`${J}.nodeSelector`]: { a: 'b' } }, wrong: [] },
      {
        old: { 'spec.suspend': true },
        change: { [`${J}.containers.0.image`]: 'i:2' },
        wrong: ['spec.template.spec: Invalid value: {…'],
      },
      {
        old: {},
        subresource: 'status',
        change: {
          status: {
            conditions: [
              { type: 'Complete', status: 'True' },
              { type: 'Failed', status: 'True' },
            ],
          },
        },
        wrong: ['status.conditions: Invalid value: cannot set Complete=True and Failed=true conditions'],
      },
    ].map(row => (row.old === undefined ? row : { ...row, change: { ...labelled, ...row.change } })),
    job,
  ))

/** A client that updates sends what it was given. */
const labelled = {
  'spec.selector': { matchLabels: { 'batch.kubernetes.io/controller-uid': 'u1' } },
  'spec.template.metadata': {
    labels: {
      'job-name': 'x',
      'batch.kubernetes.io/job-name': 'x',
      'controller-uid': 'u1',
      'batch.kubernetes.io/controller-uid': 'u1',
    },
  },
}

test('cron jobs', () =>
  rows(
    CronJob,
    [
      ...right({}, { 'spec.timeZone': 'Europe/Vienna' }, { 'spec.schedule': '@daily' }),
      wrong({ 'spec.schedule': '' }, 'spec.schedule: Required value'),
      wrong(
        { 'spec.schedule': '* * * *' },
        'spec.schedule: Invalid value: "* * * *": expected exactly 5 fields, found 4: [* * * *]',
      ),
      wrong(
        { 'spec.schedule': 'TZ=UTC 0 0 * * *' },
        'spec.schedule: Invalid value: "TZ=UTC 0 0 * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
      ),
      wrong({ 'spec.timeZone': 'Mars/Base' }, 'spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base'),
      wrong(
        { 'spec.concurrencyPolicy': 'x' },
        'spec.concurrencyPolicy: Unsupported value: "x": supported values: "Allow", "Forbid", "Replace"',
      ),
      wrong(
        { 'spec.jobTemplate.spec.template.spec.restartPolicy': 'Always' },
        'spec.jobTemplate.spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"',
      ),
      wrong(
        { 'spec.jobTemplate.spec.selector': {} },
        'spec.jobTemplate.spec.selector: Invalid value: {}: `selector` will be auto-generated',
      ),
      wrong(
        { metadata: { name: 'x'.repeat(53) } },
        `metadata.name: Invalid value: "${'x'.repeat(53)}": must be no more than 52 characters`,
      ),
    ],
    { spec: { schedule: '*/5 * * * *', jobTemplate: { spec: job.spec } } },
  ))

test('schedules', () => {
  for (const good of ['0 0 1 1 0', '*/15 0-5,22 * jan-mar mon-fri', '@every 1h30m', '? * * * ?', '5/10 * * * *'])
    assert.equal(scheduleProblem(good), undefined, good)
  const bad: readonly (readonly [string, string])[] = [
    ['60 * * * *', 'end of range (60) above maximum (59): 60'],
    ['* * 0 * *', 'beginning of range (0) below minimum (1): 0'],
    ['5-1 * * * *', 'beginning of range (5) beyond end of range (1): 5-1'],
    ['*/0 * * * *', 'step of range should be a positive number: */0'],
    ['1-2-3 * * * *', 'too many hyphens: 1-2-3'],
    ['1/2/3 * * * *', 'too many slashes: 1/2/3'],
    ['@never', 'unrecognized descriptor: @never'],
    ['x * * * *', 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
  ]
  for (const [text, problem] of bad) assert.equal(scheduleProblem(text), problem)
})

test('templates warn as pods do', () => {
  const { warnings } = write(Deployment, base, wrong({ 'spec.template.spec.imagePullSecrets': [{}] }))
  assert.deepEqual(warnings, ['spec.template.spec.imagePullSecrets[0].name: invalid empty name ""'])
})
