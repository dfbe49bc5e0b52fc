/** Every object that upstream's own encoders wrote, of every version and of three releases before, as the judge of the codec. */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Schema } from '#api/schema.ts'
import { decodeTyped } from '#codec/decode.ts'
import { parseJson } from '#codec/json.ts'
import { decodeProtobuf, encodeProtobuf, readEnvelope } from '#codec/protobuf.ts'
import { parseYaml } from '#codec/yaml.ts'
import { typesOf } from '#kinds/facts/read.ts'
import { everyTable } from './generate.ts'
import { cached } from './input.ts'

const testdata = join(cached(), 'usr/share/gocode/src/k8s.io/api/testdata')
const skip = existsSync(testdata) ? false : `no golden objects in ${testdata}: run tools/facts/main.ts`

interface Golden {
  /** `HEAD apps.v1.Deployment`. */
  readonly name: string
  readonly schema: Schema
  readonly read: (ending: 'json' | 'yaml' | 'pb') => Buffer
  /** What this release makes of it: fields that are no more are gone. */
  readonly after: (ending: 'json' | 'pb') => Buffer
}

function everyGolden(): readonly Golden[] {
  const types = typesOf(everyTable(cached()))
  const keys = new Set(types.typeKeys())
  return readdirSync(testdata).flatMap(release =>
    readdirSync(join(testdata, release))
      .filter(file => file.endsWith('.json') && !file.includes('after_roundtrip'))
      .flatMap(file => {
        const name = file.slice(0, -'.json'.length)
        const [kind = '', version = ''] = name.split('.').toReversed()
        const group = name.startsWith('internal.apiserver.') ? 'apiserverinternal' : (name.split('.')[0] ?? '')
        const key = [`${group}_${version}.${kind}`, `meta_v1.${kind}`].find(one => keys.has(one))
        assert.ok(key !== undefined || release !== 'HEAD', `no type for ${name}`)
        if (key === undefined) return []
        const at = (ending: string): string => join(testdata, release, `${name}.${ending}`)
        const read = (ending: string): Buffer => readFileSync(at(ending))
        const after = (ending: string): Buffer =>
          read(existsSync(at(`after_roundtrip.${ending}`)) ? `after_roundtrip.${ending}` : ending)
        return [{ name: `${release} ${name}`, schema: types.typeSchema(key), read, after }]
      }),
  )
}

test('every golden object is the same in JSON, YAML and protobuf, to the byte', { skip }, () => {
  const golden = everyGolden()
  const now = golden.filter(one => one.name.startsWith('HEAD'))
  assert.ok(now.length >= 185, `${now.length} of this release`)
  for (const { name, schema, read } of golden) {
    const { value } = parseJson(read('json'))
    const { object, unknown } = decodeTyped(schema, value)
    const envelope = readEnvelope(read('pb'))
    assert.deepEqual(decodeTyped(schema, parseYaml(read('yaml'))).object, object, `${name} as YAML`)
    assert.deepEqual(decodeProtobuf(schema, envelope), object, `${name} as protobuf`)
    if (!name.startsWith('HEAD')) continue
    assert.deepEqual(unknown, [], name)
    assert.deepEqual(object, JSON.parse(read('json').toString()), name)
    const { apiVersion, kind } = envelope
    assert.deepEqual(encodeProtobuf(schema, { ...object, apiVersion, kind }), read('pb'), `${name} to bytes`)
  }
})
