import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Draft, KObject } from '#api/metadata.ts'
import type { Served } from '#api/kind.ts'
import { typeSchema } from '#kinds/facts/read.ts'
import { decodeTyped } from '../decode.ts'
import { applyDefaults } from '../defaults.ts'
import { type UpdateWriting, ownedAfterUpdate } from './update.ts'

const kind = {
  group: '',
  kind: 'Pod',
  listKind: 'PodList',
  plural: 'pods',
  singular: 'pod',
  shortNames: [],
  categories: [],
  scope: 'Namespaced' as const,
  versions: [{ name: 'v1', schema: () => typeSchema('core_v1.Pod') }],
  hub: 'v1',
  verbs: [],
  generation: 0,
  status: true,
  counted: false,
  unconditionalUpdate: true,
  createOnUpdate: true,
  custom: false,
  columns: [],
}
const [version] = kind.versions
const served: Served = { kind, version: version ?? assert.fail() }

const pod = (content: object): Draft<KObject> => {
  const { object } = decodeTyped(
    typeSchema('core_v1.Pod'),
    structuredClone({ apiVersion: 'v1', kind: 'Pod', ...content }),
  )
  applyDefaults(typeSchema('core_v1.Pod'), object)
  return object
}

const web = {
  metadata: {
    name: 'web',
    uid: 'u',
    labels: { app: 'web' },
    finalizers: ['example.com/a'],
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
  spec: {
    containers: [
      {
        name: 'c',
        image: 'nginx',
        ports: [{ containerPort: 443 }, { containerPort: 80 }],
        resources: { requests: { cpu: '100m' } },
        command: ['a', 'b'],
      },
    ],
    nodeSelector: { disk: 'ssd' },
    tolerations: [{ key: 'a', operator: 'Exists' }],
  },
}

const write = (change: Partial<UpdateWriting> & Pick<UpdateWriting, 'next'>): UpdateWriting => ({
  served,
  managed: '',
  manager: 'm',
  subresource: '',
  now: '2026-01-02T00:00:00Z',
  old: undefined,
  sent: undefined,
  ...change,
})

const parsed = (
  text: string,
): { manager: string; fieldsV1: unknown; time: string; operation: string; subresource?: string }[] =>
  text === '' ? [] : JSON.parse(text)

const all = {
  'f:metadata': {
    'f:finalizers': { '.': {}, 'v:"example.com/a"': {} },
    'f:labels': { '.': {}, 'f:app': {} },
  },
  'f:spec': {
    'f:containers': {
      'k:{"name":"c"}': {
        '.': {},
        'f:command': {},
        'f:image': {},
        'f:name': {},
        'f:ports': {
          '.': {},
          'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {}, 'f:protocol': {} },
          'k:{"containerPort":443,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {}, 'f:protocol': {} },
        },
        'f:resources': { '.': {}, 'f:requests': { '.': {}, 'f:cpu': {} } },
      },
    },
    'f:nodeSelector': {},
    'f:tolerations': {},
  },
}

suite('managed fields of ordinary writes', () => {
  test('a creator owns all that was set, as upstream writes it', () => {
    const text = ownedAfterUpdate(write({ next: pod({ ...web, status: { phase: 'Pending' } }) }))
    assert.equal(
      text,
      `[{"manager":"m","operation":"Update","apiVersion":"v1","time":"2026-01-02T00:00:00Z","fieldsType":"FieldsV1","fieldsV1":${JSON.stringify(all)}}]`,
    )
  })

  test('a change moves to the writer', () => {
    const old = pod(web)
    const managed = ownedAfterUpdate(write({ next: old }))
    const next = pod({ ...web, metadata: { ...web.metadata, labels: { app: 'db', tier: 'x' } } })
    const entries = parsed(ownedAfterUpdate(write({ old, next, managed, manager: 'n', now: '2026-01-03T00:00:00Z' })))
    assert.deepEqual(
      entries.map(entry => [entry.manager, entry.time]),
      [
        ['m', '2026-01-02T00:00:00Z'],
        ['n', '2026-01-03T00:00:00Z'],
      ],
    )
    assert.deepEqual(entries[1]?.fieldsV1, { 'f:metadata': { 'f:labels': { 'f:app': {}, 'f:tier': {} } } })
    assert.deepEqual(entries[0]?.fieldsV1, { ...all, 'f:metadata': { ...all['f:metadata'], 'f:labels': {} } })
  })

  test('what goes is owned by nobody', () => {
    const old = pod(web)
    const managed = ownedAfterUpdate(write({ next: old }))
    const next = pod({ metadata: { name: 'web', uid: 'u' }, spec: { containers: [{ name: 'c', image: 'nginx' }] } })
    const [entry, ...others] = parsed(ownedAfterUpdate(write({ old, next, managed, manager: 'n' })))
    assert.deepEqual(
      others.map(other => other.manager),
      [],
    )
    assert.deepEqual(entry?.fieldsV1, {
      'f:spec': {
        'f:containers': { 'k:{"name":"c"}': { '.': {}, 'f:image': {}, 'f:name': {}, 'f:resources': {} } },
      },
    })
  })

  test('nothing changed, nothing changes', () => {
    const old = pod(web)
    const managed = ownedAfterUpdate(write({ next: old }))
    assert.equal(ownedAfterUpdate(write({ old, next: pod(web), managed, manager: 'n', now: 'later' })), managed)
    assert.equal(
      ownedAfterUpdate(write({ old, next: pod(web), managed, sent: JSON.parse(managed) as unknown[], manager: 'n' })),
      managed,
      'also when the client sends them back',
    )
  })

  test('a status write owns the status, and the main resource never does', () => {
    const old = pod(web)
    const managed = ownedAfterUpdate(write({ next: old }))
    const next = pod({ ...web, status: { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] } })
    const status = ownedAfterUpdate(write({ old, next, managed, manager: 'kubelet', subresource: 'status' }))
    const [kubelet] = parsed(status)
    assert.equal(kubelet?.subresource, 'status')
    assert.deepEqual(kubelet?.fieldsV1, {
      'f:status': {
        'f:conditions': {
          '.': {},
          'k:{"type":"Ready"}': {
            '.': {},
            'f:status': {},
            'f:type': {},
          },
        },
        'f:phase': {},
      },
    })
    assert.equal(ownedAfterUpdate(write({ old, next, managed })), managed)
  })

  test('an empty list resets, a wrong one does not', () => {
    const old = pod(web)
    const managed = ownedAfterUpdate(write({ next: old }))
    const next = pod({ ...web, spec: { ...web.spec, nodeSelector: {} } })
    for (const sent of [[], [{}]]) assert.equal(ownedAfterUpdate(write({ old, next, managed, sent })), '')
    assert.notEqual(ownedAfterUpdate(write({ old, next, managed, sent: [{ operation: 'Spam' }] })), '')
    assert.equal(ownedAfterUpdate(write({ old, next, managed: '' })), '', 'tracking starts with a create or an apply')
  })

  test('at most ten updaters, the oldest joined', () => {
    let [old, managed] = [pod(web), '']
    managed = ownedAfterUpdate(write({ next: old, now: '2026-01-01T00:00:00Z' }))
    for (let at = 1; at <= 12; at++) {
      const next = pod({
        ...web,
        metadata: {
          ...web.metadata,
          labels: { app: 'web', ...Object.fromEntries(Array.from({ length: at }, (_, i) => [`l${i}`, 'x'])) },
        },
      })
      managed = ownedAfterUpdate(write({ old, next, managed, manager: `m${at}`, now: `2026-01-02T00:00:${10 + at}Z` }))
      old = next
    }
    const entries = parsed(managed)
    assert.equal(entries.length, 10)
    assert.equal(entries[0]?.manager, 'ancient-changes')
    assert.match(
      managed,
      /^\[\{"manager":"ancient-changes".{0,200}"f:labels":\{"\.":\{\},"f:app":\{\},"f:l0":\{\},"f:l1":\{\},"f:l2":\{\}\}/,
    )
  })

  test('keys of prototypes are keys', () => {
    const labels: unknown = JSON.parse('{"__proto__":"x","constructor":"y"}')
    const next = pod({ ...web, metadata: { name: 'web', labels } })
    const managed = ownedAfterUpdate(write({ next }))
    assert.match(managed, /"f:labels":\{"\.":\{\},"f:__proto__":\{\},"f:constructor":\{\}\}/)
    const entries = parsed(ownedAfterUpdate(write({ old: next, next: pod(web), managed, manager: 'n' })))
    assert.ok(!JSON.stringify(entries[0]).includes('__proto__'))
  })
})
