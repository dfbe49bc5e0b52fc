import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lookupOf, run } from './fixture.ts'
import { limitRanger } from './limit-ranger.ts'

type Item = Readonly<Record<string, unknown>>

const range = (...limits: readonly Item[]) =>
  lookupOf({ limitranges: [{ metadata: { name: 'r', namespace: 'n' }, spec: { limits } }] })
const pod = (spec: object) => ({ kind: 'Pod', metadata: { name: 'p' }, spec })
const asks = (requests?: object, limits?: object) => ({ name: 'c', resources: { requests, limits } })
const of = (...containers: readonly object[]) => ({ object: pod({ containers }) })

test('containers get what they do not say, and the pod tells of it', async () => {
  const step = limitRanger(
    range({ type: 'Container', default: { cpu: '1', memory: '1Gi' }, defaultRequest: { cpu: '100m' } }),
  )
  const { spec, metadata } = (await run(step, {
    object: pod({ containers: [{ name: 'a' }, asks({ cpu: '2' }, { cpu: '3' })], initContainers: [{ name: 'i' }] }),
  })) as { spec: { containers: object[]; initContainers: object[] }; metadata: object }
  const filled = { requests: { cpu: '100m' }, limits: { cpu: '1', memory: '1Gi' } }
  assert.deepEqual(spec.containers, [{ name: 'a', resources: filled }, asks({ cpu: '2' }, { cpu: '3', memory: '1Gi' })])
  assert.deepEqual(spec.initContainers, [{ name: 'i', resources: filled }])
  assert.deepEqual(metadata, {
    name: 'p',
    annotations: {
      'kubernetes.io/limit-ranger':
        'LimitRanger plugin set: cpu request for container a; cpu, memory limit for container a; memory limit for container c; cpu request for init container i; cpu, memory limit for init container i',
    },
  })
})

const table: readonly (readonly [what: string, item: Item, asked: Parameters<typeof run>[1], told: string])[] = [
  [
    'no request',
    { type: 'Container', min: { cpu: '100m' } },
    of(asks({ memory: '1' })),
    'minimum cpu usage per Container is 100m.  No request is specified',
  ],
  [
    'a request below',
    { type: 'Container', min: { cpu: '0.2' } },
    of(asks({ cpu: '100m' })),
    'minimum cpu usage per Container is 200m, but request is 100m',
  ],
  [
    'no limit',
    { type: 'Container', max: { memory: '1Gi' } },
    of(asks({ memory: '1' })),
    'maximum memory usage per Container is 1Gi.  No limit is specified',
  ],
  [
    'a limit above',
    { type: 'Container', max: { memory: '1Gi' } },
    of(asks({}, { memory: '2Gi' })),
    'maximum memory usage per Container is 1Gi, but limit is 2Gi',
  ],
  [
    'a request above',
    { type: 'Container', max: { memory: '1Gi' } },
    of(asks({ memory: '2Gi' }, { memory: '1Gi' })),
    'maximum memory usage per Container is 1Gi, but request is 2Gi',
  ],
  [
    'a ratio above',
    { type: 'Container', maxLimitRequestRatio: { cpu: '2' } },
    of(asks({ cpu: '1' }, { cpu: '3' })),
    'cpu max limit to request ratio per Container is 2, but provided ratio is 3.000000',
  ],
  [
    'no request for a ratio',
    { type: 'Container', maxLimitRequestRatio: { cpu: '2' } },
    of(asks({}, { cpu: '3' })),
    'cpu max limit to request ratio per Container is 2, but no request is specified or request is 0',
  ],
  [
    'a pod in all, with its sidecars',
    { type: 'Pod', max: { cpu: '2' } },
    {
      object: pod({
        containers: [asks({}, { cpu: '1' })],
        initContainers: [{ ...asks({}, { cpu: '1' }), restartPolicy: 'Always' }, asks({}, { cpu: '1500m' })],
      }),
    },
    'maximum cpu usage per Pod is 2, but limit is 2500m',
  ],
  [
    'a pod that speaks for itself',
    { type: 'Pod', max: { cpu: '2' } },
    { object: pod({ containers: [{ name: 'c' }], resources: { limits: { cpu: '3' } } }) },
    'maximum cpu usage per Pod is 2, but limit is 3',
  ],
  [
    'several',
    { type: 'Container', min: { cpu: '1' }, max: { memory: '1' } },
    of({ name: 'c' }),
    '[minimum cpu usage per Container is 1.  No request is specified, maximum memory usage per Container is 1.  No limit is specified]',
  ],
]

for (const [what, item, asked, told] of table)
  test(`refused: ${what}`, async () =>
    assert.equal(await run(limitRanger(range(item)), asked), `pods "p" is forbidden: ${told}`))

test('claims have a smallest and a largest size', async () => {
  const step = limitRanger(range({ type: 'PersistentVolumeClaim', min: { storage: '2Gi' }, max: { storage: '4Gi' } }))
  const claim = (storage: string) => ({
    resource: 'persistentvolumeclaims',
    object: { kind: 'PersistentVolumeClaim', metadata: { name: 'c' }, spec: { resources: { requests: { storage } } } },
  })
  assert.match(
    String(await run(step, claim('1Gi'))),
    /minimum storage usage per PersistentVolumeClaim is 2Gi, but request is 1Gi$/,
  )
  assert.match(
    String(await run(step, claim('5Gi'))),
    /maximum storage usage per PersistentVolumeClaim is 4Gi, but request is 5Gi$/,
  )
  assert.equal(typeof (await run(step, claim('3Gi'))), 'object')
})

test('updates of pods are no concern, resizes are, and what is on its way out is let go', async () => {
  const step = limitRanger(range({ type: 'Container', max: { cpu: '1' } }))
  const { object } = of(asks({}, { cpu: '2' }))
  assert.equal(typeof (await run(step, { object, old: object })), 'object')
  assert.match(String(await run(step, { object, old: object, subresource: 'resize' })), /maximum cpu usage/)
  const old = { ...object, metadata: { name: 'p', deletionTimestamp: '2026-01-01T00:00:00Z' } }
  assert.equal(typeof (await run(step, { object, old, subresource: 'resize' })), 'object')
})
