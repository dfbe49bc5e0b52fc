/** Objects of any schema, filled at random by type: right in shape, wild in content. */
import type { Field, Schema } from '#api/schema.ts'
import type { Random } from './random.ts'

const texts = [
  'a',
  'x-1',
  'é👑',
  '__proto__',
  'constructor',
  '5',
  'true',
  ' ',
  '- a',
  '2001-01-01',
  '0x1F',
  'a: b',
  '#',
  '~',
  '\u0000',
  'line\nend\n',
  '---',
  '"',
  '🙂'.repeat(5),
]
const keys = ['a', 'b', '__proto__', 'constructor', 'toString', 'é', 'x.io/y', '0', '']
const integers = [0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 42]
const longs = [
  ...integers,
  2 ** 53 - 1,
  9_007_199_254_740_993n,
  9_223_372_036_854_775_807n,
  -9_223_372_036_854_775_808n,
]
const formatted: Readonly<Record<string, readonly unknown[]>> = {
  byte: ['', 'aGVsbG8=', 'AA==', '////'],
  'date-time': ['2026-01-01T00:00:00Z', '1969-12-31T23:59:59Z', '9999-12-31T23:59:59Z', '0001-01-02T00:00:00Z'],
  'micro-time': ['2026-01-01T00:00:00.000001Z', '1969-12-31T23:59:59.999999Z'],
  duration: ['0s', '1h30m0s', '1.5s'],
  quantity: ['0', '1', '100m', '1536Mi', '-5', '12e6', '1Gi', '9223372036854775807', '1n'],
  'int-or-string': [0, 80, -1, '50%', 'http', ''],
  int32: integers,
  double: [0, 1.5, -2.25, 1e100, 9007199254740992],
}

export interface Making {
  readonly random: Random
  /** Schemas that contain themselves end somewhere. */
  readonly depth: number
}

const deeper = (making: Making): Making => ({ ...making, depth: making.depth - 1 })

function put(object: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true })
}

function anything({ random, depth }: Making): unknown {
  const scalar = (): unknown => random.pick<unknown>([...texts, ...longs, 1.5, true, false])
  if (depth <= 0 || random.oneIn(2)) return scalar()
  if (random.oneIn(2)) return Array.from({ length: random.below(3) }, () => anything({ random, depth: depth - 1 }))
  const object: Record<string, unknown> = {}
  for (let left = random.below(3); left > 0; left--)
    put(object, random.pick(keys), anything({ random, depth: depth - 1 }))
  return object
}

function alternative(schema: Schema, making: Making): unknown {
  const { random } = making
  const inner = (): unknown => (schema.values === undefined ? {} : make(schema.values, deeper(making)))
  if (schema.format === 'schema-or-bool') return random.oneIn(2) ? random.oneIn(2) : inner()
  if (schema.format === 'schema-or-array') return random.oneIn(2) ? [inner(), inner()] : inner()
  if (schema.format === 'schema-or-strings') return random.oneIn(2) ? [random.pick(texts)] : inner()
  const object: Record<string, unknown> = {}
  for (let left = random.below(3); left > 0; left--) put(object, random.pick(keys), anything(deeper(making)))
  return schema.format === 'raw'
    ? { apiVersion: 'x.io/v1', kind: 'X', ...object }
    : random.oneIn(3)
      ? anything(making)
      : object
}

/** What tells an item from others: never empty, which would be the same as absent. */
function keyOf(schema: Schema | undefined, at: number, { random }: Making): unknown {
  if (schema?.enum !== undefined) return random.pick(schema.enum)
  if (schema?.type === 'integer') return at + 1
  return schema?.format === 'int-or-string' ? `k${at}` : `${random.pick(texts)}${at}`
}

/** Items that upstream would refuse to merge are left out: those of the same key. */
function distinct(items: readonly unknown[], names: readonly string[] | undefined): readonly unknown[] {
  const seen = new Set<string>()
  return items.filter(item => {
    const parts = names?.map(name => Reflect.get(Object(item), name)) ?? [item]
    const key = JSON.stringify(parts.map(String))
    return !seen.has(key) && seen.add(key)
  })
}

function list(schema: Schema, making: Making, mergeKey: string | undefined): unknown {
  const { items = { type: 'any' } } = schema
  const made = Array.from({ length: making.depth <= 0 ? 0 : making.random.below(3) }, () => make(items, deeper(making)))
  const names = schema.listMapKeys ?? (mergeKey === undefined ? undefined : [mergeKey])
  const all = new Set([...(names ?? []), ...(mergeKey === undefined ? [] : [mergeKey])])
  for (const [at, item] of made.entries())
    for (const name of all) put(Object(item), name, keyOf(items.fields?.get(name)?.schema, at, making))
  if (names === undefined && schema.listType !== 'set') return made
  return mergeKey === undefined ? distinct(made, names) : distinct(distinct(made, names), [mergeKey])
}

function map(values: Schema, making: Making): unknown {
  const object: Record<string, unknown> = {}
  for (let left = making.depth <= 0 ? 0 : making.random.below(3); left > 0; left--)
    put(object, making.random.pick(keys), make(values, deeper(making)))
  return object
}

function struct(schema: Schema, making: Making): unknown {
  const object: Record<string, unknown> = {}
  for (const field of schema.fields?.values() ?? []) {
    // Type names of embedded objects have no place in protobuf.
    if (field.number === undefined) continue
    const there = field.required === true || (making.depth > 0 && making.random.oneIn(2))
    if (there) put(object, field.name, ofField(field, deeper(making)))
  }
  return object
}

const ofField = (field: Field, making: Making): unknown =>
  field.schema.type === 'array' ? list(field.schema, making, field.patchMergeKey) : make(field.schema, making)

export function make(schema: Schema, making: Making): unknown {
  const { random } = making
  if (schema.enum !== undefined && random.oneIn(2)) return random.pick(schema.enum)
  const special = formatted[schema.format ?? '']
  if (special !== undefined) return random.pick(special)
  switch (schema.type) {
    case 'object':
      return schema.values === undefined ? struct(schema, making) : map(schema.values, making)
    case 'array':
      return list(schema, making, undefined)
    case 'string':
      return random.pick(texts)
    case 'integer':
      return random.pick(longs)
    case 'number':
      return random.pick([0, 1.5])
    case 'boolean':
      return random.oneIn(2)
    case 'any':
      return alternative(schema, making)
  }
}
