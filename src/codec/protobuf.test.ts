import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { typeSchema } from '#kinds/facts/read.ts'
import { decodeTyped } from './decode.ts'
import { ProtobufError } from './errors.ts'
import {
  decodeProtobuf,
  decodeWatchEvent,
  encodeList,
  encodeMessage,
  encodeProtobuf,
  encodeWatchFrame,
  isProtobuf,
  readEnvelope,
} from './protobuf.ts'

const podSchema = typeSchema('core_v1.Pod')
const crdSchema = typeSchema('apiextensions_v1.CustomResourceDefinition')
const through = (key: string, object: object): unknown => {
  const schema = typeSchema(key)
  const decoded = decodeTyped(schema, JSON.parse(JSON.stringify(object))).object
  const bytes = encodeProtobuf(schema, decoded)
  assert.ok(isProtobuf(bytes))
  const back = decodeProtobuf(schema, readEnvelope(bytes))
  assert.deepEqual(back, decoded)
  return back
}
const pod = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { b: '1', a: '2', ü: 'ö' }, creationTimestamp: '2026-01-01T00:00:00Z' },
  spec: {
    containers: [
      { name: 'c', resources: { limits: { cpu: '100m' } }, ports: [{ containerPort: 80, protocol: 'TCP' }] },
    ],
    volumes: [{ name: 'v', emptyDir: {} }],
    tolerations: [{ tolerationSeconds: -1 }],
  },
})

test('strange values survive', () => {
  through('core_v1.Pod', pod('a'))
  through('core_v1.Pod', { ...pod('x'.repeat(5000)), metadata: { generation: 9007199254740991, labels: { '': '' } } })
  through('core_v1.Service', {
    apiVersion: 'v1',
    kind: 'Service',
    spec: {
      ports: [
        { port: 1, targetPort: 'http' },
        { port: 2, targetPort: -5 },
      ],
    },
  })
  through('core_v1.Event', { apiVersion: 'v1', kind: 'Event', eventTime: '1969-12-31T23:59:59.000001Z', count: -7 })
  through('apps_v1.ControllerRevision', {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    data: { any: [1, 'x', null] },
    revision: 3,
  })
  through('authentication_v1.TokenReview', {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: {},
    status: { user: { extra: { a: ['x', 'y'], b: [] } } },
  })
})

test('integers beyond 2^53 are exact', () => {
  const bytes = encodeProtobuf(podSchema, Object.assign(pod('a'), { metadata: { generation: 9223372036854775807n } }))
  assert.equal(decodeProtobuf(podSchema, readEnvelope(bytes)).metadata.generation, 9223372036854775807n)
})

test('JSON schemas and what may stand in their place', () => {
  const openAPIV3Schema = {
    type: 'object',
    properties: {
      a: { items: { type: 'string' }, additionalProperties: false, minimum: -1.5 },
      b: { default: { x: [1] } },
    },
    additionalProperties: { type: 'integer' },
    items: [{ type: 'string' }, { type: 'number' }],
    dependencies: { a: ['b'], b: { required: ['c'] } },
    enum: [1, 'two', { three: 3 }],
  }
  through('apiextensions_v1.CustomResourceDefinition', {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    spec: { versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema } }] },
  })
})

test('a list in pieces is the same as a list as a whole', () => {
  const schema = typeSchema('core_v1.PodList')
  const items = [pod('a'), pod('b')].map(one => decodeTyped(podSchema, one).object)
  const type = { apiVersion: 'v1', kind: 'PodList' }
  const metadata = encodeMessage(typeSchema('meta_v1.ListMeta'), { resourceVersion: '7' })
  const messages = items.map(item => encodeMessage(podSchema, item))
  const pieces = Array.from(encodeList(type, metadata, messages), piece => Buffer.from(piece))
  const list = decodeProtobuf(schema, readEnvelope(Buffer.concat(pieces)))
  const bare = items.map(item => Object.fromEntries(Object.entries(item).slice(2)))
  assert.deepEqual(list, { ...type, metadata: { resourceVersion: '7' }, items: bare })
  assert.deepEqual(Buffer.concat(pieces), encodeProtobuf(schema, { ...list, apiVersion: 'v1', kind: 'PodList' }))
})

test('watch frames', () => {
  const { object } = decodeTyped(podSchema, pod('a'))
  const frame = encodeWatchFrame('ADDED', encodeProtobuf(podSchema, object))
  assert.equal(frame.readUInt32BE(0), frame.length - 4)
  const event = decodeWatchEvent(frame.subarray(4))
  assert.equal(event.type, 'ADDED')
  assert.deepEqual(decodeProtobuf(podSchema, event.object), object)
})

test('what is no envelope, too short, too deep or of another type is refused', () => {
  assert.throws(() => readEnvelope(Buffer.from('{}')), /expected prefix \[107 56 115 0\]/)
  const bytes = encodeProtobuf(podSchema, pod('a'))
  for (let end = 5; end < bytes.length; end++)
    try {
      decodeProtobuf(podSchema, readEnvelope(bytes.subarray(0, end)))
    } catch (error) {
      assert.ok(error instanceof ProtobufError, String(error))
    }
  let deep = Buffer.alloc(0)
  for (let level = 0; level < 5000; level++) {
    const length = deep.length < 128 ? [deep.length] : [(deep.length & 127) | 128, deep.length >> 7]
    // Field 28 of a JSON schema, `not`, is a JSON schema.
    deep = Buffer.concat([Buffer.from([0xe2, 0x01, ...length]), deep])
    if (deep.length > 16_000) break
  }
  const raw = { apiVersion: '', kind: '', contentType: '', raw: deep }
  assert.throws(() => decodeProtobuf(typeSchema('apiextensions_v1.JSONSchemaProps'), raw), /max depth/)
})

test('a key called __proto__ is a key', () => {
  const labels: unknown = JSON.parse('{"__proto__":"x"}')
  const back = decodeProtobuf(
    podSchema,
    readEnvelope(encodeProtobuf(podSchema, Object.assign(pod('a'), { metadata: { labels } }))),
  )
  assert.deepEqual(Object.keys(back.metadata.labels ?? {}), ['__proto__'])
  assert.equal(Object.getPrototypeOf(back.metadata.labels), Object.prototype)
})

test('no bytes do more than be refused', () => {
  const seeds = [encodeMessage(podSchema, decodeTyped(podSchema, pod('a')).object)]
  const changes = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 })
  const changed = changes.map(list => {
    const bytes = Buffer.from(seeds[0] ?? [])
    for (const [at, byte] of list) bytes[at % bytes.length] = byte
    return bytes
  })
  const inputs = fc.oneof(changed, fc.uint8Array({ maxLength: 60 }))
  fc.assert(
    fc.property(inputs, fc.constantFrom(podSchema, crdSchema), (raw, schema) => {
      try {
        decodeProtobuf(schema, { apiVersion: 'v1', kind: 'Pod', contentType: '', raw })
      } catch (error) {
        assert.ok(error instanceof Error)
        assert.match(
          error.message,
          /EOF|overflow|illegal|wrong wireType|max depth|out of range|invalid|quantit|JSON|unmarshal|float64/,
        )
      }
    }),
    { numRuns: 1000 },
  )
})
