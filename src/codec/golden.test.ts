/** The objects that upstream's own encoders wrote, every field filled, as the judge of ours. */
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Schema } from '#api/schema.ts'
import { typeKeys, typeSchema } from '#kinds/facts/read.ts'
import { decodeTyped } from './decode.ts'
import { parseJson } from './json.ts'
import { decodeProtobuf, encodeProtobuf, readEnvelope } from './protobuf.ts'
import { parseYaml } from './yaml.ts'

interface Golden {
  readonly name: string
  readonly schema: Schema
  readonly json: Buffer
  readonly yaml: Buffer
  readonly protobuf: Buffer
}

const types =
  process.env['BULWARK_K8S_TYPES'] ??
  join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'bulwark', 'k8s-types')
const testdata = join(types, 'usr/share/gocode/src/k8s.io/api/testdata')
const folder = join(testdata, 'HEAD')

const noGolden: string | false = existsSync(folder)
  ? false
  : `no golden objects in ${folder}: run tools/facts/main.ts or set BULWARK_K8S_TYPES`

/** Every golden object of a type that we know, and how many there are of types that we do not. */
function readGolden(from = folder): { readonly known: readonly Golden[]; readonly others: number } {
  const keys = new Set(typeKeys())
  const files = readdirSync(from).filter(file => file.endsWith('.json'))
  const known = files.flatMap(file => {
    const name = file.slice(0, -'.json'.length)
    const [kind = '', version = ''] = name.split('.').toReversed()
    const own = `${name.split('.')[0]}_${version}.${kind}`
    const key = [own, `meta_v1.${kind}`].find(one => keys.has(one) && (one === own || name.startsWith('core.v1.')))
    if (key === undefined) return []
    const read = (end: string): Buffer => readFileSync(join(from, `${name}.${end}`))
    return [{ name, schema: typeSchema(key), json: read('json'), yaml: read('yaml'), protobuf: read('pb') }]
  })
  return { known, others: files.length - known.length }
}

test('JSON: every golden object decodes to itself, with nothing unknown', { skip: noGolden }, () => {
  const { known } = readGolden()
  assert.ok(known.length >= 91, `${known.length} golden objects`)
  for (const { name, schema, json } of known) {
    const { value, duplicates } = parseJson(json)
    const { object, unknown } = decodeTyped(schema, value)
    assert.deepEqual([...unknown, ...duplicates], [], name)
    assert.deepEqual(object, JSON.parse(json.toString()), name)
  }
})

test('YAML: every golden object is the same as its JSON', { skip: noGolden }, () => {
  for (const { name, json, yaml } of readGolden().known)
    assert.deepEqual(parseYaml(yaml), JSON.parse(json.toString()), name)
})

test('protobuf: every golden object decodes to its JSON and encodes to the same bytes', { skip: noGolden }, () => {
  for (const { name, schema, json, protobuf } of readGolden().known) {
    const envelope = readEnvelope(protobuf)
    const object = decodeProtobuf(schema, envelope)
    assert.deepEqual(object, JSON.parse(json.toString()), name)
    const { apiVersion, kind } = envelope
    assert.deepEqual(encodeProtobuf(schema, { ...object, apiVersion, kind }), protobuf, name)
  }
})

test('what older versions wrote decodes to the same from JSON and protobuf', { skip: noGolden }, () => {
  for (const version of readdirSync(testdata).filter(one => one.startsWith('v')))
    for (const { name, schema, json, protobuf } of readGolden(join(testdata, version)).known) {
      const { object } = decodeTyped(schema, parseJson(json).value)
      assert.deepEqual(decodeProtobuf(schema, readEnvelope(protobuf)), object, `${version} ${name}`)
    }
})
