import assert from 'node:assert/strict'
import { test } from 'node:test'
import { typeKeys, typeSchema } from './read.ts'

const field = (key: string, name: string) => typeSchema(key).fields?.get(name)

test('every line can be read and every reference resolves', () => {
  let fields = 0
  for (const key of typeKeys())
    for (const one of typeSchema(key).fields?.values() ?? []) fields += one.name === '' ? 0 : 1
  assert.ok(typeKeys().length > 600 && fields > 2500, `${typeKeys().length} types, ${fields} fields`)
})

test('a list keeps its keys, merge key and protobuf number', () => {
  const ports = field('core_v1.Container', 'ports')
  assert.equal(ports?.number, 6)
  assert.equal(ports.patchMergeKey, 'containerPort')
  assert.deepEqual(ports.patchStrategy, ['merge'])
  assert.equal(ports.schema.listType, 'map')
  assert.deepEqual(ports.schema.listMapKeys, ['containerPort', 'protocol'])
  assert.equal(ports.schema.items?.name, 'io.k8s.api.core.v1.ContainerPort')
  assert.equal(field('core_v1.ContainerPort', 'protocol')?.default, 'TCP')
})

test('fields of embedded structs are the outer ones and know their messages', () => {
  assert.deepEqual(field('core_v1.Volume', 'hostPath')?.within, [2])
  assert.deepEqual(field('admissionregistration_v1.NamedRuleWithOperations', 'apiGroups')?.within, [2, 2])
  assert.equal(field('core_v1.Volume', 'name')?.within, undefined)
})

test('absent, empty and zero are told apart as Go does', () => {
  assert.equal(field('core_v1.PodSpec', 'restartPolicy')?.omitEmpty, true)
  assert.equal(field('core_v1.PodSpec', 'containers')?.omitEmpty, undefined)
  assert.equal(field('core_v1.Pod', 'status')?.omitEmpty, undefined, 'a struct is never empty to Go')
  assert.equal(field('core_v1.PersistentVolumeClaimSpec', 'storageClassName')?.pointer, true)
  assert.equal(field('meta_v1.ObjectMeta', 'creationTimestamp')?.omitEmpty, true)
})

test('a type that contains itself', () => {
  const props = typeSchema('apiextensions_v1.JSONSchemaProps')
  assert.equal(props.fields?.get('properties')?.schema.values, props)
  assert.equal(props.fields.get('items')?.schema.values, props)
})

test('the name of a prototype member is no type', () => {
  assert.throws(() => typeSchema('core_v1.constructor'), /no facts/)
})
