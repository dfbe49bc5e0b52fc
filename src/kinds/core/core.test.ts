import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Draft, KObject } from '#api/metadata.ts'
import type { Kind, WriteContext } from '#api/kind.ts'
import { ConfigMap } from './configMap.ts'
import { Namespace } from './namespace.ts'
import { Secret } from './secret.ts'

const context = (old?: KObject): WriteContext => ({
  now: '2026-01-01T00:00:00Z',
  user: { name: 'u', groups: [] },
  subresource: '',
  old,
})
const object = (kind: string, fields: object): Draft<KObject> => ({
  apiVersion: 'v1',
  kind,
  metadata: { name: 'x', namespace: 'd' },
  ...fields,
})
const errors = (kind: Kind, fields: object, old?: object): readonly string[] =>
  (kind.validate?.(object(kind.kind, fields), context(old && object(kind.kind, old))) ?? []).map(one => one.message())
const base64 = (text: string): string => Buffer.from(text).toString('base64')

test('config maps: keys, twice the same key, size, immutable', () => {
  assert.deepEqual(errors(ConfigMap, { data: { 'a.b': 'x', __proto__x: 'y' } }), [])
  assert.match(
    errors(ConfigMap, { data: { 'a/b': 'x' } })[0] ?? '',
    /^data\[a\/b\]: Invalid value: "a\/b": a valid config key/,
  )
  assert.deepEqual(errors(ConfigMap, { data: { '..': '' } }), ['data[..]: Invalid value: "..": must not be \'..\''])
  assert.deepEqual(errors(ConfigMap, { data: { a: '' }, binaryData: { a: '' } }), [
    'data[a]: Invalid value: "a": duplicate of key present in binaryData',
  ])
  assert.equal(errors(ConfigMap, { data: { a: 'x'.repeat(1024 * 1024) } }).length, 0)
  assert.deepEqual(errors(ConfigMap, { data: { a: 'x'.repeat(1024 * 1024), b: 'y' } }), [
    '<nil>: Too long: may not be more than 1048576 bytes',
  ])
  assert.deepEqual(errors(ConfigMap, { data: { a: '2' } }, { immutable: true, data: { a: '1' } }), [
    'immutable: Forbidden: field is immutable when `immutable` is set',
    'data: Forbidden: field is immutable when `immutable` is set',
  ])
})

test('secrets: stringData moves into data, the type is fixed and asks for its keys', () => {
  const secret = object('Secret', { stringData: { a: 'new' }, data: { a: base64('old'), b: base64('b') } })
  Secret.defaults?.(secret)
  assert.deepEqual(secret, object('Secret', { data: { a: base64('new'), b: base64('b') }, type: 'Opaque' }))
  Secret.defaults?.(secret)
  assert.deepEqual(
    secret,
    object('Secret', { data: { a: base64('new'), b: base64('b') }, type: 'Opaque' }),
    'idempotent',
  )
  assert.deepEqual(errors(Secret, { type: 'kubernetes.io/tls', data: { 'tls.crt': '' } }), [
    'data[tls.key]: Required value',
  ])
  assert.equal(errors(Secret, { type: 'kubernetes.io/basic-auth' }).length, 2)
  assert.equal(errors(Secret, { type: 'kubernetes.io/basic-auth', data: { password: '' } }).length, 0)
  assert.deepEqual(errors(Secret, { type: 'b' }, { type: 'a' }), ['type: Invalid value: "b": field is immutable'])
})

test('a broken secret document is never shown', () => {
  const [message = ''] = errors(Secret, {
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': base64('hunter2') },
  })
  assert.match(message, /<secret contents redacted>/)
  assert.doesNotMatch(message, /hunter/)
})

test('namespaces are born active and with their finalizer, and keep their spec', () => {
  const born = object('Namespace', { spec: { finalizers: ['a'] } })
  Namespace.defaults?.(born)
  Namespace.prepare?.(born, context())
  assert.deepEqual(born, {
    ...object('Namespace', { spec: { finalizers: ['a', 'kubernetes'] }, status: { phase: 'Active' } }),
    metadata: { name: 'x', namespace: 'd', labels: { 'kubernetes.io/metadata.name': 'x' } },
  })
  const changed = object('Namespace', { spec: { finalizers: [] } })
  Namespace.prepare?.(changed, context(born))
  assert.deepEqual(changed, object('Namespace', { spec: { finalizers: ['a', 'kubernetes'] } }))
})
