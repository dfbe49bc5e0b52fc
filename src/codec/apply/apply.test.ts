import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type Applied, type ApplyWriting, applied } from './apply.ts'
import { ownedAfterUpdate } from './update.ts'
import { sentPart } from './sparse.ts'
import type { Draft, KObject } from '#api/metadata.ts'
import type { Served } from '#api/kind.ts'
import { typeSchema } from '#kinds/facts/read.ts'
import { decodeTyped } from '../decode.ts'
import { applyDefaults } from '../defaults.ts'

const schema = typeSchema('apps_v1.Deployment')
const version = { name: 'v1', schema: () => schema }
const served: Served = {
  version,
  kind: {
    group: 'apps',
    kind: 'Deployment',
    listKind: 'DeploymentList',
    plural: 'deployments',
    singular: 'deployment',
    shortNames: [],
    categories: [],
    scope: 'Namespaced',
    versions: [version],
    hub: 'v1',
    verbs: [],
    generation: 0,
    status: true,
    counted: true,
    unconditionalUpdate: true,
    createOnUpdate: true,
    custom: false,
    columns: [],
  },
}

const head = { apiVersion: 'apps/v1', kind: 'Deployment' }
const object = (content: object): Draft<KObject> => {
  const { object } = decodeTyped(schema, structuredClone({ ...head, ...content }))
  applyDefaults(schema, object)
  return object
}
const config = (content: object): Draft<KObject> => {
  const sent = { ...head, metadata: {}, ...content }
  return sentPart(schema, object(content), sent) as Draft<KObject>
}

const now = '2026-01-02T00:00:00Z'
const apply = (content: object, change: Partial<ApplyWriting> = {}): Applied =>
  applied({
    served,
    managed: '',
    manager: 'a',
    subresource: '',
    now,
    live: undefined,
    force: false,
    config: config(content),
    ...change,
  })

const spec = (draft: KObject) => Reflect.get(draft, 'spec')
const template = (draft: KObject) => spec(draft).template.spec
const pods = (containers: readonly object[], more: object = {}) => ({
  metadata: { name: 'web' },
  spec: { ...more, template: { spec: { containers } } },
})
const entries = (
  managed: string,
): { manager: string; operation: string; time: string; fieldsV1: Record<string, unknown> }[] => JSON.parse(managed)

suite('server-side apply', () => {
  test('creates, and owns what was said alone', () => {
    const { object: made, managed } = apply(
      pods([{ name: 'c', ports: [{ containerPort: 80 }], resources: { limits: { cpu: '0.1' } } }]),
    )
    assert.equal(template(made).containers[0].resources.limits.cpu, '100m')
    assert.equal(
      managed,
      `[{"manager":"a","operation":"Apply","apiVersion":"apps/v1","time":"${now}","fieldsType":"FieldsV1","fieldsV1":{"f:spec":{"f:template":{"f:spec":{"f:containers":{"k:{\\"name\\":\\"c\\"}":{".":{},"f:name":{},"f:ports":{"k:{\\"containerPort\\":80,\\"protocol\\":\\"TCP\\"}":{".":{},"f:containerPort":{}}},"f:resources":{"f:limits":{"f:cpu":{}}}}}}}}}}]`,
    )
  })

  test('changes nothing the second time', () => {
    const content = pods([{ name: 'c', image: 'x' }], { replicas: 2 })
    const { object: live, managed } = apply(content)
    const again = apply(content, { live, managed, now: 'later' })
    assert.deepEqual(again.object, live)
    assert.equal(again.managed, managed)
  })

  test('takes away what is not said any more', () => {
    const first = apply({
      ...pods(
        [
          { name: 'c', image: 'x' },
          { name: 'd', image: 'y' },
        ],
        { replicas: 2, paused: true },
      ),
    })
    const { object: live, managed } = apply(pods([{ name: 'c' }]), { live: first.object, managed: first.managed })
    assert.deepEqual(template(live).containers, [{ name: 'c', resources: {} }])
    assert.equal(spec(live).replicas, undefined)
    assert.equal(spec(live).paused, undefined)
    assert.ok(!managed.includes('f:replicas'))
  })

  test('leaves what others own, also inside what it takes away', () => {
    const first = apply(pods([{ name: 'c', image: 'x', command: ['a'] }]))
    const other = apply(pods([{ name: 'c', workingDir: '/tmp' }]), {
      live: first.object,
      managed: first.managed,
      manager: 'b',
    })
    const { object: live, managed } = apply(
      { metadata: { name: 'web' } },
      { live: other.object, managed: other.managed },
    )
    assert.deepEqual(template(live).containers, [{ name: 'c', workingDir: '/tmp', resources: {} }])
    assert.deepEqual(
      entries(managed).map(entry => entry.manager),
      ['b'],
    )
  })

  test('names who owns what it would change', () => {
    const old = object(pods([{ name: 'c', image: 'x' }], { replicas: 1 }))
    const managed = ownedAfterUpdate({
      served,
      managed: '',
      manager: 'kubectl-client-side-apply',
      subresource: '',
      now,
      old: undefined,
      next: old,
      sent: undefined,
    })
    assert.throws(() => apply(pods([{ name: 'c', image: 'x' }], { replicas: 2 }), { live: old, managed }), {
      code: 409,
      message: 'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using apps/v1: .spec.replicas',
      details: {
        causes: [
          {
            reason: 'FieldManagerConflict',
            message: 'conflict with "kubectl-client-side-apply" using apps/v1',
            field: '.spec.replicas',
          },
        ],
      },
    })
    assert.throws(() => apply(pods([{ name: 'c', image: 'y' }], { replicas: 2 }), { live: old, managed }), {
      message:
        'Apply failed with 2 conflicts: conflicts with "kubectl-client-side-apply" using apps/v1:\n- .spec.replicas\n- .spec.template.spec.containers[name="c"].image',
    })
    const forced = apply(pods([{ name: 'c', image: 'y' }], { replicas: 2 }), { live: old, managed, force: true })
    assert.equal(spec(forced.object).replicas, 2)
    const [mine, theirs] = entries(forced.managed)
    assert.equal(mine?.operation, 'Apply')
    assert.ok(JSON.stringify(mine).includes('f:replicas') && !JSON.stringify(theirs).includes('f:replicas'))
  })

  test('the same value has many owners', () => {
    const first = apply(pods([{ name: 'c', image: 'x' }], { replicas: 2 }))
    const { managed } = apply(pods([{ name: 'c', image: 'x' }], { replicas: 2 }), {
      ...first,
      live: first.object,
      manager: 'b',
    })
    assert.deepEqual(
      entries(managed).map(entry => entry.manager),
      ['a', 'b'],
    )
  })

  test('objects that nobody tracked belong to whoever was before', () => {
    const live = object(pods([{ name: 'c', image: 'x' }], { replicas: 1 }))
    assert.throws(() => apply(pods([{ name: 'c' }], { replicas: 2 }), { live }), {
      message: 'Apply failed with 1 conflict: conflict with "before-first-apply" using apps/v1: .spec.replicas',
    })
  })

  test('kubectl takes over what it applied from the client', () => {
    const content = pods([{ name: 'c', image: 'x' }], { replicas: 1 })
    const key = 'kubectl.kubernetes.io/last-applied-configuration'
    const annotations = { [key]: JSON.stringify({ ...head, ...content }) }
    const old = object({ ...content, metadata: { name: 'web', annotations } })
    const managed = ownedAfterUpdate({
      served,
      managed: '',
      manager: 'kubectl-client-side-apply',
      subresource: '',
      now,
      old: undefined,
      next: old,
      sent: undefined,
    })
    const wanted = pods([{ name: 'c', image: 'y' }], { replicas: 1 })
    const { object: live } = apply(wanted, { live: old, managed, manager: 'kubectl' })
    assert.equal(template(live).containers[0].image, 'y')
    assert.deepEqual(JSON.parse(live.metadata.annotations?.[key] ?? ''), { ...head, ...wanted })
    assert.throws(() => apply(wanted, { live: old, managed, manager: 'another' }), { code: 409 })
  })

  test('the main resource does not own the status, the status nothing else', () => {
    const content = { ...pods([{ name: 'c' }]), status: { replicas: 1 } }
    assert.ok(!apply(content).managed.includes('f:status'))
    const { managed } = apply(content, { subresource: 'status' })
    assert.deepEqual(entries(managed)[0]?.fieldsV1, { 'f:status': { 'f:replicas': {} } })
  })

  test('keeps the order of the configuration, and what is between', () => {
    const live = object(pods(['a', 'x', 'b', 'y'].map(name => ({ name, image: name }))))
    const order = (names: readonly string[]) =>
      template(apply(pods(names.map(name => ({ name }))), { live, force: true }).object).containers.map(
        (item: { name: string }) => item.name,
      )
    assert.deepEqual(order(['a', 'b']), ['a', 'x', 'b', 'y'])
    assert.deepEqual(order(['b', 'a']), ['x', 'b', 'y', 'a'])
    assert.deepEqual(order(['n', 'a']), ['n', 'a', 'x', 'b', 'y'])
  })

  test('refuses lists whose items cannot be told apart', () => {
    assert.throws(() => apply(pods([{ name: 'c' }, { name: 'c' }])), {
      message: /duplicate entries for key \[name="c"\]$/,
    })
  })

  test('sets are owned value by value', () => {
    const finalizers = (...names: readonly string[]) => ({ metadata: { name: 'web', finalizers: names } })
    const first = apply(finalizers('x/a', 'x/b'))
    const other = apply(finalizers('x/c'), { live: first.object, managed: first.managed, manager: 'b' })
    assert.deepEqual(other.object.metadata.finalizers, ['x/a', 'x/b', 'x/c'])
    const last = apply(finalizers('x/b'), { live: other.object, managed: other.managed })
    assert.deepEqual(last.object.metadata.finalizers, ['x/b', 'x/c'])
  })

  test('a field that an updater took stays when its applier drops it', () => {
    const first = apply(pods([{ name: 'c' }], { replicas: 2 }))
    const next = object(pods([{ name: 'c' }], { replicas: 3 }))
    const managed = ownedAfterUpdate({
      served,
      managed: first.managed,
      manager: 'hpa',
      subresource: '',
      now,
      old: first.object,
      next,
      sent: undefined,
    })
    const last = apply(pods([{ name: 'c' }]), { live: next, managed })
    assert.equal(spec(last.object).replicas, 3)
  })
})

test('integers beyond 2^53 are written into the annotation of kubectl, and managers may hold them', () => {
  const key = 'kubectl.kubernetes.io/last-applied-configuration'
  const big = { metadata: { name: 'x', annotations: { [key]: '{}' }, generation: 2n ** 62n } }
  const { object: done } = apply(big, { manager: 'kubectl', live: object(big) })
  assert.match(done.metadata.annotations?.[key] ?? '', /"generation":4611686018427387904/)
  const sent = [{ manager: 'm', operation: 'Update', apiVersion: 'apps/v1', fieldsV1: { 'f:spec': 2n ** 62n } }]
  const write = { served, managed: '', manager: 'a', subresource: '', now, old: done, next: done }
  assert.equal(ownedAfterUpdate({ ...write, sent }), '')
})

test('the same fields in another version are owned in that', () => {
  const beta = { name: 'v1beta1', schema: () => schema }
  const again = { kind: { ...served.kind, versions: [version, beta] }, version: beta }
  const { object: live, managed } = apply({ metadata: { name: 'd', labels: { a: 'x' } } })
  const changed = apply({ metadata: { name: 'd', labels: { a: 'y' } } }, { served: again, live, managed })
  assert.match(managed, /"apiVersion":"apps\/v1"/)
  assert.equal(changed.managed, managed.replace('apps/v1', 'apps/v1beta1'))
})
