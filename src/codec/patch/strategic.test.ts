import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { typeSchema } from '#kinds/facts/read.ts'
import { applyStrategicPatch } from './strategic.ts'

const deployment = typeSchema('apps_v1.Deployment')
const pod = typeSchema('core_v1.Pod')
const service = typeSchema('core_v1.Service')

const containers = (...names: readonly string[]) => ({
  spec: { containers: names.map(name => ({ name, image: name })) },
})
const finalizers = (...names: readonly string[]) => ({ metadata: { finalizers: names } })

interface Case {
  readonly schema?: typeof pod
  readonly live: object
  readonly patch: object
  readonly wanted: object
}

const cases: Readonly<Record<string, Case>> = {
  'merges list items by their key': {
    live: containers('a', 'b'),
    patch: { spec: { containers: [{ name: 'b', image: 'new' }] } },
    wanted: {
      spec: {
        containers: [
          { name: 'a', image: 'a' },
          { name: 'b', image: 'new' },
        ],
      },
    },
  },
  'adds items that are not there': {
    live: containers('a'),
    patch: { spec: { containers: [{ name: 'b', image: 'b', command: null }] } },
    // The patch's items come before those that only the server knows: upstream's order.
    wanted: containers('b', 'a'),
  },
  'deletes items': {
    live: containers('a', 'b'),
    patch: { spec: { containers: [{ name: 'a', $patch: 'delete' }] } },
    wanted: containers('b'),
  },
  'replaces lists': {
    live: containers('a', 'b'),
    patch: { spec: { containers: [{ $patch: 'replace' }, { name: 'c', image: 'c' }] } },
    wanted: containers('c'),
  },
  'replaces maps': {
    live: { metadata: { labels: { a: '1', b: '2' } } },
    patch: { metadata: { labels: { $patch: 'replace', c: '3' } } },
    wanted: { metadata: { labels: { c: '3' } } },
  },
  'empties maps': {
    live: { metadata: { labels: { a: '1' } } },
    patch: { metadata: { labels: { $patch: 'delete' } } },
    wanted: { metadata: { labels: {} } },
  },
  'puts items into the order that is asked for': {
    live: containers('a', 'b', 'c'),
    patch: { spec: { '$setElementOrder/containers': [{ name: 'c' }, { name: 'a' }] } },
    wanted: containers('b', 'c', 'a'),
  },
  'sets: adds, deletes and orders': {
    live: finalizers('a', 'b', 'server'),
    patch: {
      metadata: {
        '$deleteFromPrimitiveList/finalizers': ['b'],
        '$setElementOrder/finalizers': ['c', 'a'],
        finalizers: ['c'],
      },
    },
    wanted: finalizers('c', 'a', 'server'),
  },
  'sets hold a value once': {
    live: finalizers('a'),
    patch: finalizers('a', 'b', 'b'),
    wanted: finalizers('a', 'b'),
  },
  'atomic lists are replaced': {
    live: { spec: { containers: [{ name: 'a', command: ['x', 'y'] }] } },
    patch: { spec: { containers: [{ name: 'a', command: ['z'] }] } },
    wanted: { spec: { containers: [{ name: 'a', command: ['z'] }] } },
  },
  'keeps only the named keys': {
    schema: deployment,
    live: { spec: { strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } } },
    patch: { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } },
    wanted: { spec: { strategy: { type: 'Recreate' } } },
  },
  'takes directives out of what meets nothing': {
    schema: deployment,
    live: { spec: {} },
    patch: { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate', rollingUpdate: null } } },
    wanted: { spec: { strategy: { type: 'Recreate' } } },
  },
  'null deletes': {
    live: { spec: { nodeName: 'x', volumes: [{ name: 'v' }] } },
    patch: { spec: { nodeName: null, volumes: null, absent: null } },
    wanted: { spec: {} },
  },
  'ports of a service merge by port': {
    schema: service,
    live: { spec: { ports: [{ port: 80, name: 'http', nodePort: 30_000 }, { port: 443 }] } },
    patch: { spec: { ports: [{ port: 80, name: 'web' }] } },
    wanted: { spec: { ports: [{ port: 80, name: 'web', nodePort: 30_000 }, { port: 443 }] } },
  },
}

suite('strategic merge patch', () => {
  for (const [name, { schema = pod, live, patch, wanted }] of Object.entries(cases))
    test(name, () => {
      const [before, given] = [structuredClone(live), structuredClone(patch)]
      assert.deepEqual(applyStrategicPatch(before, given, schema), wanted)
      assert.deepEqual(given, patch, 'a patch is tried again on a conflict')
    })

  const refused: Readonly<Record<string, readonly [object, object, object]>> = {
    'a missing merge key': [
      containers('a'),
      { spec: { containers: [{ image: 'x' }] } },
      { code: 500, message: 'map: map[image:x] does not contain declared merge key: name' },
    ],
    'an unknown directive': [
      { spec: {} },
      { spec: { $patch: 'spam' } },
      { code: 500, message: 'unknown patch type: spam in map: map[$patch:spam]' },
    ],
    'a field that no schema knows': [
      { spec: { spam: { a: 1 } } },
      { spec: { spam: { a: 2 } } },
      { code: 500, message: 'unable to find api field in struct PodSpec for the json field "spam"' },
    ],
    'an order without its items': [
      containers('a'),
      { spec: { '$setElementOrder/containers': [{ name: 'a' }], containers: [{ name: 'b' }] } },
      { code: 500, message: /^The order in patch list:/ },
    ],
    'retainKeys that are no list': [
      { spec: {} },
      { spec: { $retainKeys: 'a' } },
      { code: 400, message: 'invalid patch format of retainKeys' },
    ],
    'fields beside retainKeys': [{ spec: {} }, { spec: { $retainKeys: ['a'], b: 1 } }, { code: 400 }],
    'a deletion that is no list': [
      finalizers('a'),
      { metadata: { '$deleteFromPrimitiveList/finalizers': 'a' } },
      { code: 400, message: 'invalid patch format of primitive list' },
    ],
    'lists of lists': [finalizers('a'), { metadata: { finalizers: [['a']] } }, { code: 422 }],
    'items of several types': [
      finalizers('a'),
      { metadata: { finalizers: [1] } },
      { code: 500, message: /^list element types are not identical/ },
    ],
  }
  for (const [name, [live, patch, wanted]] of Object.entries(refused))
    test(`refuses ${name}`, () => {
      assert.throws(() => applyStrategicPatch(live, patch, pod), wanted)
    })

  test('keys of prototypes are keys', () => {
    const patch: unknown = JSON.parse('{"metadata":{"labels":{"__proto__":"x","constructor":"y"}}}')
    const result = applyStrategicPatch({ metadata: { labels: { a: 'b' } } }, patch, pod)
    assert.equal(JSON.stringify(result), '{"metadata":{"labels":{"a":"b","__proto__":"x","constructor":"y"}}}')
  })

  test('long lists merge in linear time', () => {
    const names = Array.from({ length: 20_000 }, (_, at) => `c${at}`)
    const result = applyStrategicPatch(containers(...names), containers(...names.toReversed()), pod)
    assert.deepEqual(result, containers(...names.toReversed()))
  })
})
