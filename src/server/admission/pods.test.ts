/** Steps on pods: what they add and what they refuse. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { declaredFeatures } from './declared-features.ts'
import { type Asked, lookupOf, run } from './fixture.ts'
import { limitPodHardAntiAffinity, podNodeSelector, podResize, podTopologyLabels } from './pod-placement.ts'
import { defaultTolerationSeconds, extendedResourceToleration, podTolerationRestriction } from './pod-tolerations.ts'
import { priorityStep } from './priority.ts'
import { alwaysPullImages } from './pull-images.ts'
import { runtimeClass } from './runtime-class.ts'
import { serviceAccountStep } from './service-account.ts'

const container = { name: 'c', image: 'i' }
const pod = (spec: object = {}, metadata: object = {}): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'p', ...metadata },
  spec: { containers: [container], ...spec },
})
const namespace = (annotations: object) => lookupOf({ namespaces: [{ metadata: { name: 'n', annotations } }] })
const refused = (text: string): string => `pods "p" is forbidden: ${text}`
const specOf = async (asked: Promise<unknown>): Promise<Readonly<Record<string, unknown>>> => {
  const object = await asked
  assert.ok(typeof object === 'object' && object !== null && 'spec' in object, String(object))
  return object.spec as Readonly<Record<string, unknown>>
}

test('RuntimeClass: overhead, node selector and tolerations', async () => {
  const heavy = {
    metadata: { name: 'heavy' },
    overhead: { podFixed: { cpu: '250m' } },
    scheduling: { nodeSelector: { vm: 'yes' }, tolerations: [{ key: 'vm', operator: 'Exists' }] },
  }
  const step = runtimeClass(lookupOf({ 'runtimeclasses.node.k8s.io': [heavy, { metadata: { name: 'light' } }] }))
  const own = {
    nodeSelector: { a: 'b' },
    tolerations: [
      { key: 'vm', operator: 'Equal', value: '1' },
      { key: 'x', operator: 'Exists' },
    ],
  }
  const spec = await specOf(run(step, { object: pod({ runtimeClassName: 'heavy', ...own }) }))
  assert.deepEqual(spec['overhead'], { cpu: '250m' })
  assert.deepEqual(spec['nodeSelector'], { a: 'b', vm: 'yes' })
  assert.deepEqual(spec['tolerations'], [
    { key: 'x', operator: 'Exists' },
    { key: 'vm', operator: 'Exists' },
  ])
  const asked = (given: object) => run(step, { object: pod(given) })
  assert.equal(await asked({ runtimeClassName: 'none' }), refused('pod rejected: RuntimeClass "none" not found'))
  assert.equal(
    await asked({ overhead: { cpu: '1' } }),
    refused('pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead'),
  )
  assert.equal(
    await asked({ runtimeClassName: 'heavy', overhead: { cpu: '1' } }),
    refused("pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead"),
  )
  assert.equal(
    await asked({ runtimeClassName: 'heavy', nodeSelector: { vm: 'no' } }),
    refused('conflict: runtimeClass.scheduling.nodeSelector[vm] = yes; pod.spec.nodeSelector[vm] = no'),
  )
  assert.equal(typeof (await asked({ runtimeClassName: 'heavy', overhead: { cpu: '0.25' } })), 'object')
})

test('Priority: from the class, kept by updates that do not know it, one default', async () => {
  const classes = [
    { metadata: { name: 'high' }, value: 1000, preemptionPolicy: 'Never' },
    { metadata: { name: 'usual' }, value: 5, globalDefault: true },
  ]
  const step = priorityStep(lookupOf({ 'priorityclasses.scheduling.k8s.io': classes }))
  const high = await specOf(run(step, { object: pod({ priorityClassName: 'high' }) }))
  assert.deepEqual([high['priority'], high['preemptionPolicy']], [1000, 'Never'])
  const usual = await specOf(run(step, { object: pod() }))
  assert.deepEqual([usual['priority'], usual['priorityClassName']], [5, 'usual'])
  assert.equal(
    await run(step, { object: pod({ priorityClassName: 'x' }) }),
    refused('no PriorityClass with name x was found'),
  )
  const kept = await specOf(run(step, { object: pod(), old: pod({ priority: 7, preemptionPolicy: 'Never' }) }))
  assert.deepEqual([kept['priority'], kept['preemptionPolicy']], [7, 'Never'])
  const second: Asked = {
    resource: 'priorityclasses.scheduling.k8s.io',
    object: { kind: 'PriorityClass', metadata: { name: 'other' }, value: 1, globalDefault: true },
  }
  assert.match(
    String(await run(step, second)),
    /PriorityClass usual is already marked as default. Only one default can exist$/,
  )
})

test('tolerations: of nodes that are not ready, of devices, of a namespace', async () => {
  const spec = await specOf(
    run(defaultTolerationSeconds, { object: pod({ tolerations: [{ key: 'node.kubernetes.io/not-ready' }] }) }),
  )
  assert.deepEqual(
    (spec['tolerations'] as { key: string }[]).map(one => one.key),
    ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable'],
  )
  const devices = {
    containers: [{ ...container, resources: { requests: { 'a.com/gpu': '1', cpu: '1', 'kubernetes.io/x': '1' } } }],
  }
  assert.deepEqual((await specOf(run(extendedResourceToleration, { object: pod(devices) })))['tolerations'], [
    { key: 'a.com/gpu', operator: 'Exists', effect: 'NoSchedule' },
  ])
  const prefix = 'scheduler.alpha.kubernetes.io'
  const restricted = podTolerationRestriction(
    namespace({
      [`${prefix}/defaultTolerations`]: '[{"key":"d","operator":"Exists"}]',
      [`${prefix}/tolerationsWhitelist`]: '[{"key":"d","operator":"Exists"},{"key":"e","operator":"Exists"}]',
    }),
  )
  assert.deepEqual((await specOf(run(restricted, { object: pod() })))['tolerations'], [
    { key: 'd', operator: 'Exists' },
  ])
  assert.equal(
    await run(restricted, { object: pod({ tolerations: [{ key: 'f', operator: 'Exists' }] }) }),
    refused(
      'pod tolerations (possibly merged with namespace default tolerations) conflict with its namespace whitelist',
    ),
  )
  const nonsense = podTolerationRestriction(namespace({ [`${prefix}/tolerationsWhitelist`]: '{"a":1}' }))
  assert.match(String(await run(nonsense, { object: pod() })), /holds no list of tolerations$/)
})

test('placement: labels of the node, selector of the namespace, narrow anti-affinity', async () => {
  const labels = { 'topology.kubernetes.io/zone': 'z', other: 'x' }
  const topology = podTopologyLabels(lookupOf({ nodes: [{ metadata: { name: 'm', labels } }] }))
  const bound = (await run(topology, { object: pod({ nodeName: 'm' }) })) as { metadata: object }
  assert.deepEqual(bound.metadata, { name: 'p', labels: { 'topology.kubernetes.io/zone': 'z' } })
  const binding = { kind: 'Binding', metadata: { name: 'p' }, target: { kind: 'Node', name: 'm' } }
  const posted = (await run(topology, { subresource: 'binding', object: binding })) as { metadata: { labels: object } }
  assert.deepEqual(posted.metadata.labels, { 'topology.kubernetes.io/zone': 'z' })
  const selecting = podNodeSelector(namespace({ 'scheduler.alpha.kubernetes.io/node-selector': 'a=b,c=d' }))
  assert.deepEqual((await specOf(run(selecting, { object: pod({ nodeSelector: { e: 'f' } }) })))['nodeSelector'], {
    a: 'b',
    c: 'd',
    e: 'f',
  })
  assert.equal(
    await run(selecting, { object: pod({ nodeSelector: { a: 'x' } }) }),
    refused('pod node label selector conflicts with its namespace node label selector'),
  )
  const podAntiAffinity = { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone' }] }
  assert.match(
    String(await run(limitPodHardAntiAffinity, { object: pod({ affinity: { podAntiAffinity } }) })),
    /has TopologyKey zone but only key kubernetes.io\/hostname is allowed$/,
  )
})

test('a resize stays within the node', async () => {
  const step = podResize(
    lookupOf({ nodes: [{ metadata: { name: 'm' }, status: { allocatable: { cpu: '2', memory: '1Gi' } } }] }),
  )
  const sized = (cpu: string) =>
    pod({ nodeName: 'm', containers: [{ ...container, resources: { requests: { cpu } } }] })
  const resize = (cpu: string) => run(step, { object: sized(cpu), old: sized('1'), subresource: 'resize' })
  assert.equal(typeof (await resize('2')), 'object')
  assert.equal(
    await resize('3'),
    refused("node didn't have enough allocatable resources: cpu, requested: 3000, allocatable: 2000"),
  )
})

test('a running pod changes only as its node can follow', async () => {
  const nodes = [
    { metadata: { name: 'able' }, status: { declaredFeatures: ['GuaranteedQoSPodCPUResize'] } },
    { metadata: { name: 'plain' } },
  ]
  const step = declaredFeatures(lookupOf({ nodes }))
  const sized = (nodeName: string | undefined, cpu: string, qosClass = 'Guaranteed', resources?: object) => ({
    ...pod({ nodeName, containers: [{ ...container, resources: { requests: { cpu } } }], resources }),
    status: { qosClass },
  })
  const resize = (object: object, old: object) => run(step, { object, old, subresource: 'resize' })
  assert.equal(typeof (await resize(sized('able', '2'), sized('able', '1'))), 'object')
  assert.equal(typeof (await resize(sized('plain', '1000m'), sized('plain', '1'))), 'object')
  assert.equal(typeof (await resize(sized('plain', '2', 'Burstable'), sized('plain', '1', 'Burstable'))), 'object')
  assert.equal(typeof (await resize(sized(undefined, '2'), sized(undefined, '1'))), 'object')
  assert.equal(
    await resize(sized('plain', '2'), sized('plain', '1')),
    refused('pod update requires features GuaranteedQoSPodCPUResize which are not available on node "plain"'),
  )
  assert.match(
    String(await resize(sized('able', '1', '', { limits: { cpu: '2' } }), sized('able', '1', ''))),
    /requires features InPlacePodLevelResourcesVerticalScaling which/,
  )
  assert.match(String(await resize(sized('gone', '2'), sized('gone', '1'))), /node "gone" not found$/)
})

test('images are always pulled', async () => {
  const spec = await specOf(
    run(alwaysPullImages, { object: pod({ initContainers: [{ ...container, imagePullPolicy: 'Never' }] }) }),
  )
  assert.deepEqual(spec['containers'], [{ ...container, imagePullPolicy: 'Always' }])
  assert.deepEqual(spec['initContainers'], [{ ...container, imagePullPolicy: 'Always' }])
  const old = pod()
  assert.deepEqual((await specOf(run(alwaysPullImages, { object: old, old })))['containers'], [container])
})

test('a service account that insists lets its pods use no other secrets', async () => {
  const account = {
    metadata: { name: 'default', namespace: 'n', annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } },
    secrets: [{ name: 'mine' }],
    automountServiceAccountToken: false,
  }
  const clock = { after: () => () => undefined }
  const step = serviceAccountStep({ lookup: lookupOf({ serviceaccounts: [account] }), clock, suffix: () => 'abcde' })
  const volume = (secretName: string) => pod({ volumes: [{ name: 'v', secret: { secretName } }] })
  assert.equal(typeof (await run(step, { object: volume('mine') })), 'object')
  assert.equal(
    await run(step, { object: volume('other') }),
    refused(
      'volume with secret.secretName="other" is not allowed because service account default does not reference that secret',
    ),
  )
  const env = [{ name: 'E', valueFrom: { secretKeyRef: { name: 'other', key: 'k' } } }]
  const debugging = pod({ serviceAccountName: 'default', ephemeralContainers: [{ ...container, env }] })
  assert.equal(
    await run(step, { object: debugging, old: pod(), subresource: 'ephemeralcontainers' }),
    refused(
      'ephemeral container c with envVar E referencing secret.secretName="other" is not allowed because service account default does not reference that secret',
    ),
  )
  assert.equal(
    await run(step, { object: pod({ serviceAccountName: 'absent' }) }),
    refused('error looking up service account n/absent: serviceaccount "absent" not found'),
  )
})

test('the account of a new namespace is waited for, for a while', async () => {
  const accounts: object[] = []
  let waited = 0
  let comes = 3
  const clock = {
    after: (_: number, call: () => void) => {
      if (++waited === comes) accounts.push({ metadata: { name: 'default', namespace: 'n' } })
      queueMicrotask(call)
      return () => undefined
    },
  }
  const step = serviceAccountStep({ lookup: lookupOf({ serviceaccounts: accounts }), clock, suffix: () => 'abcde' })
  const spec = await specOf(run(step, { object: pod() }))
  assert.deepEqual([spec['serviceAccountName'], waited], ['default', 3])
  accounts.length = 0
  comes = Infinity
  assert.match(String(await run(step, { object: pod() })), /serviceaccount "default" not found$/)
  const { length } = accounts
  const before = waited
  assert.match(
    String(await run(step, { object: pod({ serviceAccountName: 'other' }) })),
    /serviceaccount "other" not found$/,
  )
  assert.deepEqual([length, waited], [0, before])
})
