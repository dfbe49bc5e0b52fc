/** Printer columns of custom resources. */
import type { Column } from '#api/kind.ts'
import type { CustomResourceColumnDefinition as Definition } from '#kinds/facts/generated/types/apiextensions_v1.ts'
import { name, since } from '../columns.ts'
import { follow, parsePath } from './jsonPath.ts'

type Cell = string | number | boolean | null

const types = new Set(['string', 'integer', 'number', 'boolean', 'date'])
const isType = (type: string): type is Column['type'] => types.has(type)

function text(value: unknown): string {
  if (typeof value === 'string') return value
  return JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? Number(inner) : inner))
}

function cell(type: string, value: unknown, now: number): Cell {
  if (value === undefined || value === null) return null
  switch (type) {
    case 'string':
      return text(value)
    case 'integer':
      return typeof value === 'number' || typeof value === 'bigint' ? Math.trunc(Number(value)) : null
    case 'number':
      return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : null
    case 'boolean':
      return typeof value === 'boolean' ? value : null
    default:
      if (typeof value !== 'string') return null
      return Number.isNaN(Date.parse(value)) ? '<invalid>' : since(value, now)
  }
}

function columnOf({ name: title, type, format, description = '', priority = 0, jsonPath }: Definition): Column {
  const path = parsePath(jsonPath) ?? []
  return {
    name: title,
    type: isType(type) ? type : 'string',
    ...(format === undefined ? {} : { format }),
    description:
      description === '' ? `Custom resource definition column (in JSONPath format): ${jsonPath}` : description,
    priority,
    of: (object, now) => (path.length === 0 ? null : cell(type, follow(path, object)[0], now)),
  }
}

const age: Definition = {
  name: 'Age',
  type: 'date',
  description: 'When the object was created.',
  jsonPath: '.metadata.creationTimestamp',
}

/** Without columns of its own a kind shows how old its objects are. */
export const columnsFrom = (definitions: readonly Definition[] | undefined): readonly Column[] => [
  name,
  ...(definitions === undefined || definitions.length === 0 ? [age] : definitions).map(columnOf),
]
