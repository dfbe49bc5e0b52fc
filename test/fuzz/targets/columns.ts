/** Inputs: `[path, object]` for JSONPath; objects of built-in kinds for their tables. */
import assert from 'node:assert/strict'
import type { KObject } from '#api/metadata.ts'
import { follow, parsePath } from '#kinds/custom/jsonPath.ts'
import { columnsFrom } from '#kinds/custom/columns.ts'
import { builtinKinds } from '#kinds/index.ts'
import { decodedAs } from '../objects.ts'
import { isRecord, jsonOf, type Target } from '../target.ts'

function runPath(input: Buffer): void {
  const value = jsonOf(input)
  if (!Array.isArray(value)) return
  const [text, object] = value as readonly unknown[]
  if (typeof text !== 'string') return
  const path = parsePath(text)
  if (path === undefined) return
  const found = follow(path, object)
  assert.ok(found.length <= 10_000)
  if (!isRecord(object)) return
  const types = ['string', 'integer', 'number', 'boolean', 'date']
  const columns = columnsFrom(types.map(type => ({ name: type, type, jsonPath: text })))
  for (const { of } of columns.slice(1)) {
    const cell = of(object as unknown as KObject, 0)
    assert.ok(cell === null || ['string', 'number', 'boolean'].includes(typeof cell))
  }
}

export const paths: Target = {
  name: 'json-path',
  json: true,
  words: [
    '.',
    '..',
    '[*]',
    '[0]',
    '[-1]',
    '[1:3]',
    '[?(@.a=="b")]',
    "['a']",
    '\\.',
    '..*',
    '...',
    '.*',
    '[?(@..a)]',
    '.spec',
    '__proto__',
    ')]',
  ],
  rounds: 3000,
  run: runPath,
}

const byKind = new Map(builtinKinds.filter(kind => kind.storedAs === undefined).map(kind => [kind.kind, kind]))
const now = Date.parse('2026-01-01T00:00:00Z')
const context = { now: '2026-01-01T00:00:00Z', user: { name: 'x', groups: [] }, subresource: '', old: undefined }

/** All that the server does with an object of a built-in kind before and after it is stored. */
function runKind(input: Buffer): void {
  const value = jsonOf(input)
  if (!isRecord(value)) return
  const kind = typeof value['kind'] === 'string' ? byKind.get(value['kind']) : undefined
  const object = kind === undefined ? undefined : decodedAs(kind, value)
  if (kind === undefined || object === undefined) return
  for (const { of } of kind.columns) {
    const cell = of(object, now)
    assert.ok(cell === null || ['string', 'number', 'boolean'].includes(typeof cell))
  }
  for (const of of Object.values(kind.selectableFields ?? {})) assert.equal(typeof of(object), 'string')
  kind.prepare?.(object, context)
  kind.reserves?.(object, undefined)
  const errors = kind.validate?.(object, context) ?? []
  for (const error of errors) error.message()
  kind.warnings?.(object, context)
  for (const subresource of ['', 'status', 'approval', 'resize'])
    for (const error of kind.validate?.(object, { ...context, subresource, old: structuredClone(object) }) ?? [])
      error.message()
  kind.grace?.(object, undefined)
}

export const kinds: Target = {
  name: 'kinds',
  json: true,
  words: [
    'name',
    'spec',
    'status',
    'Pod',
    'Service',
    '1Gi',
    '-1',
    '10.0.0.1',
    '::1',
    '0 * * * *',
    'Always',
    'TCP',
    'a/b',
    '2026-01-01T00:00:00Z',
    '50%',
  ],
  rounds: 1500,
  run: runKind,
}
