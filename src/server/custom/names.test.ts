import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CustomResourceDefinition as Definition } from '#kinds/facts/generated/types/apiextensions_v1.ts'
import { nameOf } from './names.ts'

const names = { plural: 'widgets', singular: 'widget', kind: 'Widget', listKind: 'WidgetList', shortNames: ['w'] }
const definition = (wanted: object, accepted?: object): Definition => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'x' },
  spec: { group: 'example.com', scope: 'Cluster', versions: [], names: { ...names, ...wanted } },
  ...(accepted === undefined
    ? {}
    : { status: { conditions: [], storedVersions: [], acceptedNames: { plural: '', kind: '', ...accepted } } }),
})

test('names that nobody has are given', () => {
  const { accepted, says } = nameOf(definition({}), [])
  assert.deepEqual(accepted, names)
  assert.deepEqual([says.status, says.reason], ['True', 'NoConflicts'])
})

test('names that another one has are not, the others are, and what it had it keeps', () => {
  const other = definition({}, { plural: 'gadgets', kind: 'Gadget', shortNames: ['g', 'gg'] })
  const own = definition({ kind: 'Gadget', shortNames: ['g', 'gg', 'new'] }, { ...names })
  const { accepted, says } = nameOf(own, [other, own])
  assert.deepEqual(accepted, names)
  assert.deepEqual([says.status, says.reason, says.message], ['False', 'KindConflict', '"Gadget" is already in use'])
  const short = nameOf(definition({ shortNames: ['g', 'gg'] }, { ...names }), [other])
  assert.deepEqual(
    [short.says.reason, short.says.message],
    ['ShortNamesConflict', '["g" is already in use, "gg" is already in use]'],
  )
})

test('groups do not share names', () => {
  const other = definition({}, { ...names })
  const far = { ...other, spec: { ...other.spec, group: 'example.org' } }
  assert.equal(nameOf(definition({}), [far]).says.status, 'True')
})
