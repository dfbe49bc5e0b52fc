/** The step on one request: what is refused, told, noted and counted, and who is let past. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Asked, lookupOf, requestOf } from '../fixture.ts'
import { makeAdmission } from '../step.ts'
import { makePodSecurityMetrics } from './metrics.ts'
import { type PodSecuritySettings, readSettings, upstreamSettings, usualSettings } from './settings.ts'
import { podSecurity } from './step.ts'

type Labels = Readonly<Record<string, string>>
const labels = (of: Labels): Labels =>
  Object.fromEntries(Object.entries(of).map(([key, value]) => [`pod-security.kubernetes.io/${key}`, value]))

interface Around {
  readonly labels?: Labels
  readonly settings?: PodSecuritySettings
  readonly pods?: readonly object[]
  readonly namespace?: string
  /** Milliseconds that each look at the clock takes. */
  readonly slow?: number
}

async function ask(asked: Asked, around: Around = {}) {
  let now = 0
  const metrics = makePodSecurityMetrics(36)
  const namespace = { metadata: { name: 'n', labels: labels(around.labels ?? {}) } }
  const step = podSecurity({
    lookup: lookupOf({ namespaces: around.namespace === 'gone' ? [] : [namespace], pods: around.pods ?? [] }),
    clock: { monotonic: () => (now += around.slow ?? 0) },
    pause: () => Promise.resolve(),
    settings: around.settings ?? usualSettings,
    metrics,
  })
  const warnings: string[] = []
  const request = { ...requestOf(asked), warn: (text: string) => void warnings.push(text) }
  const error = await Promise.resolve()
    .then(() => makeAdmission([step]).judge(request))
    .then(
      () => '',
      (thrown: unknown) => (thrown instanceof Error ? thrown.message : ''),
    )
  const notes = Object.fromEntries(
    [...request.annotations].map(([key, value]) => [key.replace('pod-security.kubernetes.io/', ''), value]),
  )
  return { error, warnings, notes, counted: [...metrics.lines()].filter(line => !line.startsWith('#')) }
}

const container = (name: string, securityContext: object = {}, image = 'i') => ({ name, image, securityContext })
const safe = { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, runAsNonRoot: true }
const pod = (spec: object, metadata: object = {}) => ({ kind: 'Pod', metadata: { name: 'x', ...metadata }, spec })
const plain = pod({ containers: [container('c')] })
const privileged = pod({ containers: [container('c', { privileged: true })] })
const strict = pod({
  securityContext: { seccompProfile: { type: 'RuntimeDefault' } },
  containers: [container('c', safe)],
})
const why = 'privileged (container "c" must not set securityContext.privileged=true)'
const unstrict =
  'allowPrivilegeEscalation != false (container "c" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "c" must set securityContext.capabilities.drop=["ALL"]), runAsNonRoot != true (pod or container "c" must set securityContext.runAsNonRoot=true), seccompProfile (pod or container "c" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")'

test('a namespace that says nothing enforces baseline, and tells and notes what restricted would refuse', async () => {
  const refused = await ask({ object: privileged })
  assert.equal(refused.error, `pods "x" is forbidden: violates PodSecurity "baseline:latest": ${why}`)
  assert.deepEqual(refused.warnings, [])
  assert.equal(refused.notes['enforce-policy'], 'baseline:latest')
  assert.match(refused.notes['audit-violations'] ?? '', /^would violate PodSecurity "restricted:latest": privileged /)
  const told = await ask({ object: plain })
  assert.equal(told.error, '')
  assert.deepEqual(told.warnings, [`would violate PodSecurity "restricted:latest": ${unstrict}`])
  assert.deepEqual(told.notes, {
    'enforce-policy': 'baseline:latest',
    'audit-violations': `would violate PodSecurity "restricted:latest": ${unstrict}`,
  })
  const request = 'request_operation="create",resource="pod",subresource=""'
  assert.deepEqual(told.counted, [
    `pod_security_evaluations_total{decision="allow",policy_level="baseline",policy_version="latest",mode="enforce",${request}} 1`,
    `pod_security_evaluations_total{decision="deny",policy_level="restricted",policy_version="latest",mode="audit",${request}} 1`,
    `pod_security_evaluations_total{decision="deny",policy_level="restricted",policy_version="latest",mode="warn",${request}} 1`,
  ])
  const clean = await ask({ object: strict })
  assert.deepEqual([clean.error, clean.warnings, clean.notes], ['', [], { 'enforce-policy': 'baseline:latest' }])
})

test('labels choose level and version; versions to come are today’s', async () => {
  const all = { enforce: 'privileged', warn: 'privileged', audit: 'privileged' }
  const open = await ask({ object: privileged }, { labels: all })
  assert.deepEqual([open.error, open.warnings, open.notes], ['', [], { 'enforce-policy': 'privileged:latest' }])
  const future = await ask({ object: plain }, { labels: { enforce: 'restricted', 'enforce-version': 'v1.99' } })
  assert.equal(future.error, `pods "x" is forbidden: violates PodSecurity "restricted:v1.99": ${unstrict}`)
  assert.match(
    future.counted[0] ?? '',
    /decision="deny",policy_level="restricted",policy_version="future",mode="enforce"/,
  )
  const old = await ask({ object: plain }, { labels: { enforce: 'restricted', 'enforce-version': 'v1.7' } })
  assert.match(old.error, /violates PodSecurity "restricted:v1.7": runAsNonRoot != true \([^)]*\)$/)
})

test('labels that cannot be read close the namespace', async () => {
  const { error, notes, counted } = await ask({ object: plain }, { labels: { enforce: 'baslein', warn: 'x' } })
  assert.match(error, /violates PodSecurity "restricted:latest"/)
  assert.equal(
    notes.error,
    'Failed to parse policy: [metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "baslein": must be one of privileged, baseline, restricted, metadata.labels[pod-security.kubernetes.io/warn]: Invalid value: "x": must be one of privileged, baseline, restricted]',
  )
  assert.ok(
    counted.includes(
      'pod_security_errors_total{fatal="false",request_operation="create",resource="pod",subresource=""} 1',
    ),
  )
})

test('what cannot be judged is not let in', async () => {
  const gone = await ask({ object: plain }, { namespace: 'gone' })
  assert.equal(gone.error, 'Internal error occurred: failed to lookup namespace "n"')
  assert.ok(
    gone.counted.includes(
      'pod_security_errors_total{fatal="true",request_operation="create",resource="pod",subresource=""} 1',
    ),
  )
  const controller = await ask(
    { resource: 'deployments.apps', object: { metadata: {}, spec: {} } },
    { namespace: 'gone' },
  )
  assert.deepEqual([controller.error, controller.notes], ['', { error: 'failed to lookup namespace "n"' }])
})

test('updates are judged where they bring another image or container, and nowhere else', async () => {
  const old = privileged
  const spec = privileged.spec
  const debug = (securityContext: object) => ({ ...container('d', securityContext), targetContainerName: 'c' })
  const kept = { ...pod({ ...spec, activeDeadlineSeconds: 5 }, { labels: { a: 'b' } }) }
  assert.equal((await ask({ object: kept, old })).error, '')
  const image = pod({ containers: [container('c', { privileged: true }, 'other')] })
  assert.match((await ask({ object: image, old })).error, /violates PodSecurity "baseline:latest": privileged/)
  const more = pod({ ...spec, initContainers: [container('i')] })
  assert.match((await ask({ object: more, old })).error, /violates/)
  const added = pod({ ...plain.spec, ephemeralContainers: [debug({ privileged: true })] })
  const subresource = 'ephemeralcontainers'
  const refused = await ask({ object: added, old: plain, subresource })
  assert.match(refused.error, /privileged \(container "d" must not set/)
  assert.match(refused.counted[0] ?? '', /request_operation="update",resource="pod",subresource="ephemeralcontainers"/)
  assert.equal((await ask({ object: added, old: added, subresource })).error, '')
  const changed = pod({ ...plain.spec, ephemeralContainers: [{ ...debug({ privileged: true }), image: 'j' }] })
  assert.match((await ask({ object: changed, old: added, subresource })).error, /violates/)
})

test('subresources that leave the spec alone are passed, others are judged', async () => {
  for (const subresource of ['status', 'binding', 'eviction', 'exec', 'attach', 'portforward', 'proxy', 'log'])
    assert.deepEqual((await ask({ object: privileged, subresource })).notes, {}, subresource)
  assert.match((await ask({ object: privileged, subresource: 'resize' })).error, /violates/)
})

const template = { metadata: {}, spec: privileged.spec }
const controllers: readonly (readonly [string, object])[] = [
  ['deployments.apps', { spec: { template } }],
  ['replicasets.apps', { spec: { template } }],
  ['statefulsets.apps', { spec: { template } }],
  ['daemonsets.apps', { spec: { template } }],
  ['replicationcontrollers', { spec: { template } }],
  ['podtemplates', { template }],
  ['jobs.batch', { spec: { template } }],
  ['cronjobs.batch', { spec: { jobTemplate: { spec: { template } } } }],
]

test('whoever makes pods is told at once that they will be refused, and lets nobody be refused for it', async () => {
  for (const [resource, body] of controllers) {
    const object = { kind: 'K', metadata: { name: 'x' }, ...body }
    const told = await ask({ resource, object })
    assert.equal(told.error, '', resource)
    assert.equal(told.warnings[0], `would violate PodSecurity "baseline:latest": ${why}`, resource)
    assert.match(told.warnings[1] ?? '', /^would violate PodSecurity "restricted:latest": privileged \(/)
    assert.equal(told.warnings.length, 2)
    assert.deepEqual(Object.keys(told.notes), ['audit-violations'])
    const once = await ask({ resource, object }, { labels: { enforce: 'baseline', warn: 'baseline' } })
    assert.deepEqual(once.warnings, [`would violate PodSecurity "baseline:latest": ${why}`])
    const silenced = await ask({ resource, object }, { labels: { warn: 'privileged', audit: 'privileged' } })
    assert.deepEqual(silenced.warnings, [`would violate PodSecurity "baseline:latest": ${why}`])
    const open = await ask(
      { resource, object },
      { labels: { enforce: 'privileged', warn: 'privileged', audit: 'privileged' } },
    )
    assert.deepEqual([open.warnings, open.notes], [[], {}])
    assert.deepEqual((await ask({ resource, object, subresource: 'status' })).warnings, [])
  }
  const without = { kind: 'ReplicationController', metadata: { name: 'x' }, spec: {} }
  assert.deepEqual((await ask({ resource: 'replicationcontrollers', object: without })).warnings, [])
})

const exempting = (exemptions: object): PodSecuritySettings =>
  readSettings({
    apiVersion: 'pod-security.admission.config.k8s.io/v1',
    kind: 'PodSecurityConfiguration',
    exemptions,
  })

test('who is exempt is let past, and noted', async () => {
  const counted = 'pod_security_exemptions_total{request_operation="create",resource="pod",subresource=""} 1'
  const user = await ask({ object: privileged, user: 'eve' }, { settings: exempting({ usernames: ['eve'] }) })
  assert.deepEqual([user.error, user.notes, user.counted], ['', { exempt: 'user' }, [counted]])
  const namespace = await ask({ object: privileged }, { settings: exempting({ namespaces: ['n'] }) })
  assert.deepEqual([namespace.error, namespace.notes], ['', { exempt: 'namespace' }])
  const classed = { ...privileged, spec: { ...privileged.spec, runtimeClassName: 'kata' } }
  const settings = exempting({ runtimeClasses: ['kata'] })
  assert.deepEqual((await ask({ object: classed }, { settings })).notes, { exempt: 'runtimeClass' })
  assert.match((await ask({ object: privileged }, { settings })).error, /violates/)
  for (const name of ['Eve', 'eve ', ''])
    assert.match(
      (await ask({ object: privileged, user: name }, { settings: exempting({ usernames: ['eve'] }) })).error,
      /violates/,
    )
})

const namespace = (own: Labels, name = 'n') => ({ kind: 'Namespace', metadata: { name, labels: labels(own) } })
const ofNamespace = (object: object, old?: object): Asked => ({
  resource: 'namespaces',
  object,
  ...(old === undefined ? {} : { old }),
})

test('labels that cannot be read are refused, unless they were there', async () => {
  const bad = namespace({ enforce: 'Baseline', 'warn-version': 'v1.01' })
  const text =
    'Namespace "n" is invalid: [metadata.labels[pod-security.kubernetes.io/enforce]: Invalid value: "Baseline": must be one of privileged, baseline, restricted, metadata.labels[pod-security.kubernetes.io/warn-version]: Invalid value: "v1.01": must be "latest" or "v1.x"]'
  assert.equal((await ask(ofNamespace(bad))).error, text)
  assert.equal((await ask(ofNamespace(bad, namespace({})))).error, text)
  assert.equal((await ask(ofNamespace(bad, bad))).error, '')
  for (const version of ['', 'v1', 'v1.-1', 'v2.0', 'V1.2', 'v1.2.3', ' v1.2', 'v1.99999999999999999999', 'Latest'])
    assert.match((await ask(ofNamespace(namespace({ 'audit-version': version })))).error, /must be "latest" or "v1.x"$/)
  for (const version of ['latest', 'v1.0', 'v1.36', 'v1.100'])
    assert.equal((await ask(ofNamespace(namespace({ 'audit-version': version })))).error, '')
})

const named = (name: string, spec: object, owner?: string) => ({
  metadata: {
    name,
    namespace: 'n',
    ...(owner === undefined ? {} : { ownerReferences: [{ uid: owner, controller: true }] }),
  },
  spec,
})

test('a stricter level names the pods that are there already', async () => {
  const pods = [
    named('b', privileged.spec),
    named('a', privileged.spec),
    named('d', privileged.spec, 'u'),
    named('e', { ...plain.spec, hostNetwork: true }),
    named('f', strict.spec),
  ]
  const from = namespace({ enforce: 'privileged' })
  const to = namespace({ enforce: 'baseline' })
  assert.deepEqual((await ask(ofNamespace(to, from), { pods })).warnings, [
    'existing pods in namespace "n" violate the new PodSecurity enforce level "baseline:latest"',
    'a (and 2 other pods): privileged',
    'e: host namespaces',
  ])
  const two = pods.slice(0, 2)
  assert.equal((await ask(ofNamespace(to, from), { pods: two })).warnings[1], 'a (and 1 other pod): privileged')
  for (const [now, before] of [
    [from, to],
    [to, to],
    [namespace({}), to],
    [namespace({ enforce: 'baseline', warn: 'restricted' }), to],
  ] as const)
    assert.deepEqual((await ask(ofNamespace(now, before), { pods })).warnings, [])
  const pinned = namespace({ enforce: 'baseline', 'enforce-version': 'v1.20' })
  assert.equal((await ask(ofNamespace(pinned, to), { pods })).warnings.length, 3)
  assert.deepEqual((await ask(ofNamespace(to, from), { pods: [named('f', strict.spec)] })).warnings, [])
})

test('removing the label that opened a namespace counts as stricter', async () => {
  const pods = [named('a', privileged.spec)]
  const { warnings } = await ask(ofNamespace(namespace({}), namespace({ enforce: 'privileged' })), { pods })
  assert.equal(
    warnings[0],
    'existing pods in namespace "n" violate the new PodSecurity enforce level "baseline:latest"',
  )
})

test('no more pods are looked at than time and number allow, one of each controller first', async () => {
  const many = Array.from({ length: 3500 }, (_, at) => named(`p${at}`, strict.spec, 'same'))
  const asked = ofNamespace(namespace({ enforce: 'restricted' }), namespace({}))
  const last = named('z', plain.spec)
  const { warnings } = await ask(asked, { pods: [...many, last] })
  assert.equal(warnings[0], 'new PodSecurity enforce level only checked against the first 3000 of 3501 existing pods')
  assert.match(warnings[2] ?? '', /^z: allowPrivilegeEscalation != false, /)
  const slow = await ask(asked, { pods: many, slow: 250 })
  assert.equal(slow.warnings[0], 'new PodSecurity enforce level only checked against the first 5 of 3500 existing pods')
})

test('labels of an exempt namespace are said to be in vain', async () => {
  const settings = { ...exempting({ namespaces: ['kube-system'] }), defaults: upstreamSettings.defaults }
  const own = (of: Labels) => namespace(of, 'kube-system')
  const text =
    'namespace "kube-system" is exempt from Pod Security, and the policy (enforce=baseline:latest, warn=restricted:v1.25) will be ignored'
  const asked = { enforce: 'baseline', warn: 'restricted', 'warn-version': 'v1.25' }
  assert.deepEqual((await ask(ofNamespace(own(asked)), { settings })).warnings, [text])
  assert.deepEqual((await ask(ofNamespace(own(asked), own({})), { settings })).warnings, [text])
  assert.deepEqual((await ask(ofNamespace(own({ enforce: 'privileged' })), { settings })).warnings, [])
})
