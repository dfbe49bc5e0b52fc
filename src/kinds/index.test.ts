import assert from 'node:assert/strict'
import { test } from 'node:test'
import { apiVersionOf, groupResource } from '#api/metadata.ts'
import { decodeTyped } from '#codec/decode.ts'
import { bulwarkGroup } from '#kinds/facts/bulwark.ts'
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
  const published = builtinKinds.filter(kind => kind.group !== bulwarkGroup)
  assert.equal(new Set(published.map(kind => groupResource({ group: kind.group, resource: kind.plural }))).size, 69)
})

test('a kind with a status field and only such a kind can have a status path', () => {
  for (const kind of builtinKinds) {
    const hub = kind.versions.find(version => version.name === kind.hub)
    if (kind.status) assert.ok(hub?.schema().fields?.has('status'), kind.kind)
  }
})

test('columns, selectors and defaults survive an object with nothing in it', () => {
  for (const kind of builtinKinds) {
    const hub = kind.versions.find(version => version.name === kind.hub)
    assert.ok(hub !== undefined)
    const empty = {
      apiVersion: apiVersionOf({ group: kind.group, version: kind.hub }),
      kind: kind.kind,
      metadata: { name: 'x' },
    }
    const { object } = decodeTyped(hub.schema(), empty)
    const kept = hub.toHub?.(object) ?? object
    kind.defaults?.(kept)
    for (const column of kind.columns) assert.notEqual(column.of(kept, 0), undefined, `${kind.kind} ${column.name}`)
    for (const [path, of] of Object.entries(kind.selectableFields ?? {}))
      assert.equal(typeof of(kept), 'string', `${kind.kind} ${path}`)
    assert.ok(
      kind.columns.some(column => column.of(kept, 0) === 'x'),
      `${kind.kind} shows its name`,
    )
  }
})

test('defaults are idempotent and leave what the schema takes', () => {
  for (const kind of builtinKinds.filter(one => one.defaults !== undefined && one.storedAs === undefined)) {
    const schema = kind.versions.find(version => version.name === kind.hub)?.schema()
    assert.ok(schema !== undefined)
    const once = decodeTyped(schema, { apiVersion: 'v1', kind: kind.kind, metadata: { name: 'x' } }).object
    kind.defaults?.(once)
    const twice = structuredClone(once)
    kind.defaults?.(twice)
    assert.deepEqual(twice, once, kind.kind)
    const again = decodeTyped(schema, structuredClone(once))
    assert.deepEqual(again, { object: once, unknown: [] }, kind.kind)
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
  assert.equal(scheme.kinds().length, builtinKinds.length + 1)
  assert.ok(scheme.remove('x.dev', 'widgets'))
  assert.ok(!scheme.remove('x.dev', 'widgets'))
  assert.equal(scheme.byResource('x.dev', 'v1', 'widgets'), undefined)
  assert.ok(scheme.generation() > before)
})
