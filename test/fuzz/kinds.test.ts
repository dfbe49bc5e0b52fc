/** What must hold for every object of every built-in kind, however it is filled. */
import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Kind, KindVersion, Served } from '#api/kind.ts'
import { apiVersionOf, type Draft, type KObject } from '#api/metadata.ts'
import { applied } from '#codec/apply/apply.ts'
import { ownedAfterUpdate } from '#codec/apply/update.ts'
import { decodeTyped } from '#codec/decode.ts'
import { parseJson, stringifyJson } from '#codec/json.ts'
import { applyMergePatch } from '#codec/patch/merge.ts'
import { applyStrategicPatch } from '#codec/patch/strategic.ts'
import { decodeProtobuf, encodeProtobuf, readEnvelope } from '#codec/protobuf.ts'
import { dumpYaml, parseYaml } from '#codec/yaml.ts'
import { builtinKinds } from '#kinds/index.ts'
import { partial, tableColumns, tableRow } from '#server/registry/table.ts'
import { defaulted } from '#server/stored.ts'
import { make } from './generate.ts'
import { makeRandom } from './random.ts'

const each = 60
const deepest = 9

const isStored = (kind: Kind, version: KindVersion): boolean =>
  kind.storedAs === undefined && version.schema().fields?.has('metadata') === true

const served: readonly Served[] = builtinKinds.flatMap(kind =>
  kind.versions.filter(version => isStored(kind, version)).map(version => ({ kind, version })),
)

interface Made extends Served {
  readonly object: Draft<KObject>
}

function* objects(seed: number): Generator<Made> {
  for (const { kind, version } of served) {
    const random = makeRandom(seed)
    const schema = version.schema()
    for (let left = each; left > 0; left--) {
      const value = Object(make(schema, { random, depth: 1 + random.below(deepest) }))
      const head = { apiVersion: apiVersionOf({ group: kind.group, version: version.name }), kind: kind.kind }
      const text = stringifyJson({ metadata: {}, ...value, ...head })
      const { object, unknown } = decodeTyped(schema, parseJson(text).value)
      assert.deepEqual(unknown, [], `${kind.kind} ${text}`)
      yield { kind, version, object }
    }
  }
}

const said = ({ kind, version, object }: Made): string => `${kind.kind} ${version.name}: ${stringifyJson(object)}`
const hubs = function* (seed: number): Generator<Made> {
  for (const made of objects(seed)) if (made.version.name === made.kind.hub) yield made
}

suite('every object of every built-in kind', () => {
  test('is the same after JSON, protobuf and YAML', () => {
    let count = 0
    for (const made of objects(1)) {
      const { version, object } = made
      const schema = version.schema()
      const { apiVersion, kind } = object
      const bytes = encodeProtobuf(schema, { ...object, apiVersion, kind })
      assert.deepEqual(decodeProtobuf(schema, readEnvelope(bytes)), object, said(made))
      assert.deepEqual(decodeTyped(schema, parseYaml(dumpYaml(object))).object, object, said(made))
      assert.deepEqual(decodeTyped(schema, parseJson(stringifyJson(object)).value).object, object, said(made))
      count++
    }
    assert.ok(count >= 60 * each, `${count} objects`)
  })

  test('is shown as a row and as metadata alone', () => {
    for (const made of hubs(2)) {
      const { kind, version } = made
      const object = defaulted(kind, structuredClone(made.object))
      const columns = tableColumns(made)
      for (const include of ['None', 'Metadata', 'Object'] as const) {
        const { cells } = tableRow({ served: { kind, version }, object, shown: () => object, include, now: 0 })
        assert.equal(cells.length, columns.length)
        for (const cell of cells) assert.ok(cell === null || typeof cell !== 'object', said(made))
        assert.equal(JSON.parse(stringifyJson(cells)).length, columns.length)
      }
      assert.deepEqual(partial(object).metadata, object.metadata)
    }
  })

  test('gets the same defaults again, and none that its schema would drop', () => {
    for (const made of hubs(3)) {
      const once = defaulted(made.kind, structuredClone(made.object))
      assert.deepEqual(defaulted(made.kind, structuredClone(once)), once, said(made))
      const read = decodeTyped(made.version.schema(), parseJson(stringifyJson(once)).value)
      assert.deepEqual(defaulted(made.kind, read.object), once, said(made))
      assert.deepEqual(read.unknown, [], said(made))
    }
  })

  test('is judged without an exception', () => {
    for (const made of hubs(4)) {
      const object = defaulted(made.kind, structuredClone(made.object))
      const context = { now: '2026-01-01T00:00:00Z', user: { name: 'x', groups: [] }, subresource: '', old: undefined }
      const errors = made.kind.validate?.(object, context) ?? []
      const again = made.kind.validate?.(object, { ...context, old: object }) ?? []
      for (const error of [...errors, ...again]) assert.equal(typeof error.message(), 'string')
      made.kind.warnings?.(object, context)
    }
  })

  test('does not change by a patch with itself', () => {
    for (const made of objects(5)) {
      const { version, object } = made
      const patch = structuredClone(object)
      assert.deepEqual(applyMergePatch(structuredClone(object), patch), object, said(made))
      const merged = applyStrategicPatch(structuredClone(object), patch, version.schema())
      assert.deepEqual(decodeTyped(version.schema(), merged).object, object, said(made))
    }
  })

  test('does not change when it is applied a second time', () => {
    for (const made of hubs(6)) {
      const { kind, version, object } = made
      const common = { served: { kind, version }, subresource: '', now: 'now', manager: 'me', force: true }
      const first = applied({ ...common, managed: '', live: undefined, config: structuredClone(object) })
      const live = defaulted(kind, structuredClone(first.object))
      const managed = ownedAfterUpdate({
        ...common,
        ...first,
        old: first.object,
        next: live,
        sent: undefined,
        manager: 'defaults',
      })
      const again = applied({ ...common, managed: first.managed, live: first.object, config: structuredClone(object) })
      assert.deepEqual(again, first, said(made))
      applied({ ...common, managed, live, config: structuredClone(object) })
    }
  })
})
