/** Steps on what is no pod, and which steps there are. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Toleration } from '#kinds/facts/generated/types/core_v1.ts'
import type { Clock } from '#base/clock.ts'
import type { Scheme } from '#api/kind.ts'
import type { Authorizer } from '#server/authz/authorize.ts'
import { certificateSteps } from './certificates.ts'
import { eventRateLimit } from './event-rate.ts'
import { type Asked, lookupOf, run } from './fixture.ts'
import { defaultIngressClass, denyServiceExternalIPs } from './networking.ts'
import { ownerReferences } from './owner-references.ts'
import { chosenPlugins, pluginOrder } from './plugins.ts'
import type { Step } from './step.ts'
import { claimResize, defaultStorageClass, storageObjectInUse } from './storage.ts'
import { isSuperset, mergeTolerations } from './tolerations.ts'

const fieldOf = (object: unknown, ...path: readonly string[]): unknown =>
  path.reduce<unknown>((at, name) => Reflect.get(Object(at), name), object)

test('the default class of claims and ingresses is the newest that is marked', async () => {
  const marked = (mark: string, name: string, creationTimestamp: string) => ({
    metadata: { name, creationTimestamp, annotations: { [mark]: 'true' } },
  })
  const storage = 'storageclass.kubernetes.io/is-default-class'
  const claims = defaultStorageClass(
    lookupOf({
      'storageclasses.storage.k8s.io': [
        marked(storage, 'a', '2026-01-01T00:00:00Z'),
        marked(storage, 'b', '2026-02-01T00:00:00Z'),
        marked(storage, 'c', '2026-02-01T00:00:00Z'),
        { metadata: { name: 'd', creationTimestamp: '2026-03-01T00:00:00Z' } },
      ],
    }),
  )
  const claim = (spec: object): Asked => ({
    resource: 'persistentvolumeclaims',
    object: { kind: 'PersistentVolumeClaim', metadata: { name: 'c' }, spec },
  })
  assert.equal(fieldOf(await run(claims, claim({})), 'spec', 'storageClassName'), 'b')
  assert.equal(fieldOf(await run(claims, claim({ storageClassName: '' })), 'spec', 'storageClassName'), '')
  const mark = 'ingressclass.kubernetes.io/is-default-class'
  const ingresses = defaultIngressClass(
    lookupOf({ 'ingressclasses.networking.k8s.io': [marked(mark, 'web', '2026-01-01T00:00:00Z')] }),
  )
  const ingress = {
    resource: 'ingresses.networking.k8s.io',
    object: { kind: 'Ingress', metadata: { name: 'i' }, spec: {} },
  }
  assert.equal(fieldOf(await run(ingresses, ingress), 'spec', 'ingressClassName'), 'web')
})

test('volumes and claims are kept while they are in use', async () => {
  const asked = { resource: 'persistentvolumes', object: { kind: 'PersistentVolume', metadata: { name: 'v' } } }
  const once = await run(storageObjectInUse, asked)
  assert.deepEqual(fieldOf(once, 'metadata', 'finalizers'), ['kubernetes.io/pv-protection'])
  const twice = await run(storageObjectInUse, { ...asked, object: once as object })
  assert.deepEqual(fieldOf(twice, 'metadata', 'finalizers'), ['kubernetes.io/pv-protection'])
})

test('claims grow where their class lets them', async () => {
  const step = claimResize(
    lookupOf({
      'storageclasses.storage.k8s.io': [
        { metadata: { name: 'grows' }, allowVolumeExpansion: true },
        { metadata: { name: 'stays' } },
      ],
    }),
  )
  const claim = (storageClassName: string, storage: string, phase = 'Bound') => ({
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'c' },
    spec: { storageClassName, resources: { requests: { storage } } },
    status: { phase },
  })
  const resize = (name: string, phase?: string, to = '2Gi') =>
    run(step, { resource: 'persistentvolumeclaims', old: claim(name, '1Gi', phase), object: claim(name, to) })
  assert.equal(typeof (await resize('grows')), 'object')
  assert.match(String(await resize('grows', 'Pending')), /Only bound persistent volume claims can be expanded$/)
  assert.match(String(await resize('stays')), /the storageclass that provisions the pvc must support resize$/)
  assert.equal(typeof (await resize('stays', 'Bound', '1024Mi')), 'object')
})

test('external addresses that a service has may stay', async () => {
  const service = (...externalIPs: readonly string[]) => ({
    kind: 'Service',
    metadata: { name: 's' },
    spec: { externalIPs },
  })
  const asked = (object: object, old?: object) =>
    run(denyServiceExternalIPs, { resource: 'services', object, ...(old === undefined ? {} : { old }) })
  assert.equal(
    await asked(service('1.1.1.1')),
    'services "s" is forbidden: Use of external IPs is denied by admission control',
  )
  assert.equal(typeof (await asked(service('1.1.1.1'), service('2.2.2.2', '1.1.1.1'))), 'object')
  assert.equal(typeof (await asked(service())), 'object')
})

/** A request as far as anybody here reads it: version, subject, and nothing that is looked at. */
function csr(...organizations: readonly string[]): string {
  const item = (tag: number, ...parts: readonly Buffer[]): Buffer => {
    const content = Buffer.concat(parts)
    return Buffer.concat([Buffer.from([tag, content.length]), content])
  }
  const name = (type: readonly number[], text: string): Buffer =>
    item(0x31, item(0x30, item(0x06, Buffer.from(type)), item(0x0c, Buffer.from(text))))
  const subject = item(0x30, ...organizations.map(text => name([0x55, 4, 10], text)), name([0x55, 4, 3], 'me'))
  const der = item(0x30, item(0x30, item(0x02, Buffer.from([0])), subject))
  return pem(der.toString('base64'))
}
const pem = (body: string): string =>
  Buffer.from(`-----BEGIN CERTIFICATE REQUEST-----\n${body}\n-----END CERTIFICATE REQUEST-----\n`).toString('base64')

test('nobody asks for a certificate that makes them master', async () => {
  const step = certificateSteps([]).find(one => one.name === 'CertificateSubjectRestriction')
  assert.ok(step !== undefined)
  const asked = (request: string, signerName = 'kubernetes.io/kube-apiserver-client') =>
    run(step, {
      resource: 'certificatesigningrequests.certificates.k8s.io',
      object: { kind: 'CertificateSigningRequest', metadata: { name: 'r' }, spec: { request, signerName } },
    })
  assert.match(
    String(await asked(csr('team', 'system:masters'))),
    /use of kubernetes.io\/kube-apiserver-client signer with system:masters group is not allowed$/,
  )
  assert.equal(typeof (await asked(csr('team'))), 'object')
  assert.equal(typeof (await asked(csr('system:masters'), 'example.com/other')), 'object')
  const second = Buffer.concat([Buffer.from(pem(''), 'base64'), Buffer.from(csr('team'), 'base64')]).toString('base64')
  assert.match(String(await asked(second)), /failed to parse CSR: /)
  for (const body of ['', 'AAAA', 'MIH/', 'MIQ//////w=='])
    assert.match(String(await asked(pem(body))), /failed to parse CSR: /, body)
})

const allow =
  (...rights: readonly string[]): Authorizer =>
  (_, { verb, resource, subresource, name }) => ({
    opinion: rights.includes(`${verb} ${resource}/${subresource} ${name}`) ? 'allow' : 'no opinion',
  })

test('who owns what takes rights on both', async () => {
  const scheme = {
    byKind: (_: string, __: string, kind: string) =>
      kind === 'Deployment' ? { kind: { plural: 'deployments', scope: 'Namespaced' } } : undefined,
  } as unknown as Scheme
  const owner = (blockOwnerDeletion: boolean, kind = 'Deployment') => ({
    kind: 'Pod',
    metadata: {
      name: 'p',
      ownerReferences: [{ apiVersion: 'apps/v1', kind, name: 'd', uid: 'u', blockOwnerDeletion }],
    },
  })
  const asked = (authorizer: Authorizer, object: object, old?: object) =>
    run(ownerReferences({ scheme, authorizers: [authorizer] }), { object, ...(old === undefined ? {} : { old }) })
  const bare = { kind: 'Pod', metadata: { name: 'p' } }
  assert.equal(typeof (await asked(allow(), owner(false))), 'object')
  assert.match(
    String(await asked(allow(), owner(false), bare)),
    /cannot set an ownerRef on a resource you can't delete: /,
  )
  assert.equal(typeof (await asked(allow('delete pods/ p'), owner(false), bare)), 'object')
  assert.match(String(await asked(allow(), owner(true))), /refers to a resource you can't set finalizers on: /)
  assert.equal(typeof (await asked(allow('update deployments/finalizers d'), owner(true))), 'object')
  assert.equal(typeof (await asked(allow('update */finalizers *'), owner(true, 'Unknown'))), 'object')
  assert.match(
    String(await asked(allow(), owner(true, 'Unknown'))),
    /cannot find RESTMapping for APIVersion apps\/v1 Kind Unknown/,
  )
  assert.equal(typeof (await asked(allow(), owner(true), owner(true))), 'object')
})

test('events: as many as the limits let through, by the key of each', async () => {
  let now = 0
  const clock = { monotonic: () => now } as Clock
  const step: Step = eventRateLimit(
    [
      { type: 'Namespace', qps: 1, burst: 2 },
      { type: 'User', qps: 1, burst: 3, cacheSize: 1 },
    ],
    clock,
  )
  const asked = (user: string, dryRun = false) =>
    run(step, { resource: 'events', user, dryRun, object: { kind: 'Event', metadata: { name: 'e' } } })
  assert.equal(typeof (await asked('a')), 'object')
  assert.equal(typeof (await asked('a')), 'object')
  assert.equal(await asked('a'), 'limit reached on type Namespace for key n')
  assert.equal(await asked('a'), '[limit reached on type Namespace for key n, limit reached on type User for key a]')
  assert.equal(typeof (await asked('a', true)), 'object')
  now = 1000
  assert.equal(typeof (await asked('a')), 'object')
})

test('tolerations: what is covered goes, equals stay once', () => {
  const exact: Toleration = { key: 'a', operator: 'Equal', value: '1' }
  const any: Toleration = { key: 'a', operator: 'Exists' }
  const other: Toleration = { key: 'b', operator: 'Exists' }
  assert.deepEqual(mergeTolerations([exact, other], [any, other]), [other, any])
  const same: Toleration = { ...any, value: 'x' }
  assert.deepEqual(mergeTolerations([any], [same]), [any])
  assert.ok(isSuperset({ operator: 'Exists' }, exact))
  assert.ok(!isSuperset({ ...any, effect: 'NoSchedule' }, any))
  assert.ok(!isSuperset({ ...any, effect: 'NoExecute', tolerationSeconds: 5 }, { ...any, effect: 'NoExecute' }))
  const many = Array.from({ length: 20_000 }, (_, at) => ({ key: `k${at}`, operator: 'Exists' as const }))
  assert.equal(mergeTolerations(many, many).length, 20_000)
})

test('plugins are on and off as upstream has them, and as is asked for', () => {
  const usual = chosenPlugins({})
  assert.ok(usual.includes('ResourceQuota') && usual.includes('LimitRanger') && !usual.includes('AlwaysPullImages'))
  const chosen = chosenPlugins({ enable: ['AlwaysPullImages'], disable: ['LimitRanger'] })
  assert.ok(chosen.includes('AlwaysPullImages') && !chosen.includes('LimitRanger'))
  assert.deepEqual(
    chosen,
    pluginOrder.filter(name => chosen.includes(name)),
  )
  assert.throws(() => chosenPlugins({ enable: ['Nothing'] }), /"Nothing" is unknown/)
  assert.throws(() => chosenPlugins({ enable: ['Priority'], disable: ['Priority'] }), /overlap/)
})
