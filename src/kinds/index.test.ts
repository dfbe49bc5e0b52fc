import assert from 'node:assert/strict'
import { test } from 'node:test'
import { groupResource } from '#api/metadata.ts'
import { resources } from '#kinds/facts/generated/resources.ts'
import { builtinKinds } from './index.ts'
import { makeScheme } from './scheme.ts'

test('every published resource is a kind, in every version', () => {
  const scheme = makeScheme(builtinKinds)
  for (const fact of resources) {
    const served = scheme.byResource(fact.group, fact.version, fact.plural)
    assert.equal(served?.kind.kind, fact.kind, `${fact.group}/${fact.version} ${fact.plural}`)
    assert.equal(scheme.byKind(fact.group, fact.version, fact.kind), served)
  }
  assert.equal(new Set(builtinKinds.map(kind => groupResource({ group: kind.group, resource: kind.plural }))).size, 67)
})

test('a kind with a status field and only such a kind can have a status path', () => {
  for (const kind of builtinKinds) {
    const hub = kind.versions.find(version => version.name === kind.hub)
    if (kind.status) assert.ok(hub?.schema().fields?.has('status'), kind.kind)
  }
})

test('columns survive an object with nothing but what every decoded object has', () => {
  const bare = { apiVersion: 'v1', kind: 'Bare', metadata: { name: 'x' } }
  const scheme = makeScheme(builtinKinds)
  for (const plain of ['configmaps', 'secrets', 'namespaces', 'serviceaccounts', 'endpoints']) {
    const kind = scheme.stored('', plain)
    assert.equal(kind?.columns[0]?.of(bare, 0), 'x')
    for (const column of kind.columns) assert.notEqual(column.of(bare, 0), undefined, `${plain} ${column.name}`)
  }
})

test('a custom kind comes, is replaced and goes', () => {
  const scheme = makeScheme(builtinKinds)
  const [like] = builtinKinds
  assert.ok(like !== undefined)
  const before = scheme.generation()
  const widget = { ...like, group: 'x.dev', kind: 'Widget', plural: 'widgets', custom: true }
  scheme.set(widget)
  assert.equal(scheme.byKind('x.dev', 'v1', 'Widget')?.kind, widget)
  const renamed = { ...widget, kind: 'Gadget', generation: 1 }
  scheme.set(renamed)
  assert.equal(scheme.byKind('x.dev', 'v1', 'Widget'), undefined, 'the old kind name is gone')
  assert.equal(scheme.stored('x.dev', 'widgets'), renamed)
  assert.equal(scheme.kinds().length, 68)
  assert.ok(scheme.remove('x.dev', 'widgets'))
  assert.ok(!scheme.remove('x.dev', 'widgets'))
  assert.equal(scheme.byResource('x.dev', 'v1', 'widgets'), undefined)
  assert.ok(scheme.generation() > before)
})
