import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { typeSchema } from '#kinds/facts/read.ts'
import { decodePart, decodeTyped } from './decode.ts'
import { parseJson, stringifyJson } from './json.ts'

const decode = (key: string, text: string) => decodeTyped(typeSchema(key), parseJson(text).value)
const pod = (spec: object, more: object = {}): string =>
  JSON.stringify({ kind: 'Pod', spec, metadata: { name: 'a' }, apiVersion: 'v1', ...more })

test('what upstream always writes is there, what it never writes is gone', () => {
  const { object, unknown } = decode(
    'core_v1.Pod',
    pod({ containers: [{ name: 'c', image: null, tty: false, ports: [] }] }),
  )
  assert.deepEqual(unknown, [])
  assert.deepEqual(object, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a' },
    spec: { containers: [{ name: 'c', resources: {} }] },
    status: {},
  })
  assert.deepEqual(Object.keys(object), ['apiVersion', 'kind', 'metadata', 'spec', 'status'])
})

test('a pointer keeps a zero that was given', () => {
  const { object } = decode(
    'apps_v1.Deployment',
    '{"spec":{"replicas":0,"paused":false,"template":{},"selector":null}}',
  )
  assert.deepEqual(JSON.parse(stringifyJson(object)).spec, {
    replicas: 0,
    strategy: {},
    template: { metadata: {}, spec: { containers: [] } },
  })
})

test('unknown fields are named with their path and dropped', () => {
  const { object, unknown } = decode(
    'core_v1.Pod',
    '{"spec":{"foo":1,"containers":[{"name":"a"},{"name":"b","Image":"x","__proto__":{"y":1}}]},"bar":{}}',
  )
  assert.deepEqual(unknown, ['spec.foo', 'spec.containers[1].Image', 'spec.containers[1].__proto__', 'bar'])
  assert.equal(stringifyJson(object).includes('Image'), false)
  assert.equal(Object.getPrototypeOf(object), Object.prototype)
})

test('canonical quantities, times and bytes', () => {
  const text = pod(
    { containers: [{ name: 'c', resources: { limits: { cpu: 0.1, memory: '1024Mi', __proto__: '1' } } }] },
    { metadata: { creationTimestamp: '2026-01-01T01:00:00.5+01:00' } },
  ).replace('"memory"', '"__proto__":"2000m","memory"')
  const { object } = decode('core_v1.Pod', text)
  assert.match(
    stringifyJson(object),
    /"creationTimestamp":"2026-01-01T00:00:00Z".*"limits":\{"cpu":"100m","__proto__":"2","memory":"1Gi"\}/,
  )
  const secret = decode('core_v1.Secret', '{"data":{"a":"YWJj\\n","b":"YR==","c":null}}').object
  assert.deepEqual(JSON.parse(stringifyJson(secret)).data, { a: 'YWJj', b: 'YQ==', c: '' })
  const event = decode('core_v1.Event', '{"eventTime":"2026-01-01T00:00:00.1234567Z"}').object
  assert.equal(JSON.parse(stringifyJson(event)).eventTime, '2026-01-01T00:00:00.123456Z')
})

test('what is given is not changed, and shared where it is right', () => {
  const frozen = (value: unknown): unknown => {
    if (typeof value === 'object' && value !== null) Object.values(Object.freeze(value)).forEach(frozen)
    return value
  }
  const given = frozen(JSON.parse(pod({ containers: [{ name: 'c', image: '', x: 1 }], nodeSelector: { a: null } })))
  const { object } = decodeTyped(typeSchema('core_v1.Pod'), given)
  assert.deepEqual(JSON.parse(stringifyJson(object)).spec, {
    containers: [{ name: 'c', resources: {} }],
    nodeSelector: { a: '' },
  })
  const again = decodeTyped(typeSchema('core_v1.Pod'), frozen(object)).object
  for (const name of ['metadata', 'spec', 'status']) assert.equal(Reflect.get(again, name), Reflect.get(object, name))
})

test('wrong types are told as upstream tells them', () => {
  const cases: readonly (readonly [string, string, string])[] = [
    [
      'core_v1.Pod',
      '{"spec":{"hostNetwork":"x"}}',
      'cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool',
    ],
    [
      'apps_v1.Deployment',
      '{"spec":{"replicas":"3"}}',
      'cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      'apps_v1.Deployment',
      '{"spec":{"replicas":1.5}}',
      'cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      'apps_v1.Deployment',
      '{"spec":{"replicas":3000000000}}',
      'cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      'core_v1.Pod',
      '{"spec":{"containers":{}}}',
      'cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container',
    ],
    [
      'core_v1.Pod',
      '{"spec":{"containers":[{"name":1}]}}',
      'cannot unmarshal number into Go struct field Container.spec.containers.name of type string',
    ],
    [
      'core_v1.Pod',
      '{"metadata":{"labels":{"a":true}}}',
      'cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string',
    ],
    ['core_v1.Pod', '[]', 'cannot unmarshal array into Go value of type v1.Pod'],
  ]
  for (const [key, text, message] of cases)
    assert.throws(() => decode(key, text), { message: `json: ${message}` }, text)
})

test('strings that are no quantity, time or bytes are refused', () => {
  const refused = (key: string, text: string, message: RegExp): void =>
    assert.throws(() => decode(key, text), message, text)
  refused('core_v1.Pod', '{"spec":{"overhead":{"cpu":"1x"}}}', /quantit/)
  refused('core_v1.Secret', '{"data":{"a":"%"}}', /illegal base64/)
  for (const time of [
    '',
    'now',
    '2026-02-30T00:00:00Z',
    '2026-01-01',
    '2026-01-01T25:00:00Z',
    '2026-01-01T00:00:00',
    '2026-01-41T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '9999-12-31T23:59:59-12:00',
    '0000-01-01T00:00:00+01:00',
  ])
    refused('core_v1.Pod', JSON.stringify({ metadata: { creationTimestamp: time } }), /parsing time/)
})

test('schemas inside a CRD', () => {
  const { value, unknown } = decodePart(
    typeSchema('apiextensions_v1.JSONSchemaProps'),
    JSON.parse(
      '{"items":{"type":"string","zzz":1},"additionalProperties":true,"properties":{"a":{"default":null,"minimum":1,"yyy":2}}}',
    ),
  )
  assert.deepEqual(value, { items: { type: 'string' }, additionalProperties: true, properties: { a: { minimum: 1 } } })
  assert.deepEqual(unknown, ['properties.a.yyy'])
})

test('64-bit integers stay exact', () => {
  const { object } = decode('core_v1.Pod', '{"metadata":{"generation":9007199254740993}}')
  assert.match(stringifyJson(object), /"generation":9007199254740993/)
})

test('decoding what was decoded changes nothing, whatever it was', () => {
  const schema = typeSchema('core_v1.Pod')
  const names = [
    ...(schema.fields?.keys() ?? []),
    'containers',
    'name',
    'limits',
    'cpu',
    'env',
    'labels',
    '__proto__',
    'x',
  ]
  const { tree } = fc.letrec(tie => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom<unknown>(null, '', 0, false, true, '1', '0.5', 7, '2026-01-01T00:00:00Z'),
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom(...names), tie('tree'), { maxKeys: 4 }),
    ),
  }))
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...names), tree), input => {
      let first
      try {
        first = decodeTyped(schema, JSON.parse(JSON.stringify(input))).object
      } catch (error) {
        assert.ok(
          error instanceof Error && /json: cannot unmarshal|quantit|parsing time/.test(error.message),
          String(error),
        )
        return
      }
      const again = decodeTyped(schema, JSON.parse(JSON.stringify(first)))
      assert.deepEqual(again.object, first)
      assert.deepEqual(again.unknown, [])
    }),
    { numRuns: 500 },
  )
})
