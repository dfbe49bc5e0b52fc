/** Drops the fields of a custom resource that its schema does not know. */
import type { Schema } from '#api/schema.ts'
import { pathText } from './exactJson.ts'

const mostUnknown = 100

interface Walk {
  readonly path: (string | number)[]
  readonly unknown: string[]
}

const nothing: Schema = { type: 'object', fields: new Map() }

/** At the root and in embedded objects these are known without the schema saying so. */
const always: ReadonlySet<string> = new Set(['apiVersion', 'kind', 'metadata'])

/**
 * Changes the value, which must be the caller's alone; apiVersion, kind and metadata at its root are left to others.
 * @returns the paths of what was dropped, at most a hundred.
 */
export function pruneUnknown(schema: Schema, value: unknown): readonly string[] {
  const walk: Walk = { path: [], unknown: [] }
  inRoot(schema, value, walk)
  return walk.unknown
}

/** As pruneUnknown for a part of an object. */
export function pruneValue(schema: Schema, value: unknown): readonly string[] {
  const walk: Walk = { path: [], unknown: [] }
  prune(schema, value, walk)
  return walk.unknown
}

function inRoot(schema: Schema, value: unknown, walk: Walk): void {
  const { type, fields, values, preserveUnknown = false } = schema
  const known = { ...(fields === undefined ? {} : { fields }), ...(values === undefined ? {} : { values }) }
  prune({ type, ...known, preserveUnknown, embedded: true }, value, walk)
}

function prune(schema: Schema, value: unknown, walk: Walk): void {
  if (typeof value !== 'object' || value === null) return
  if (Array.isArray(value)) {
    // Of what has no schema nothing is known, however deep it lies.
    const items = schema.items ?? (schema.preserveUnknown === true ? undefined : nothing)
    if (items !== undefined) value.forEach((item, index) => inside(items, item, [index, walk]))
    return
  }
  const object = value as Record<string, unknown>
  for (const name of Object.keys(object)) {
    const inner = schema.fields?.get(name)?.schema ?? schema.values
    if (inner !== undefined) {
      if (schema.embedded !== true || !always.has(name)) inside(inner, object[name], [name, walk])
    } else if (schema.preserveUnknown !== true && !(schema.embedded === true && always.has(name))) {
      walk.path.push(name)
      if (walk.unknown.length < mostUnknown) walk.unknown.push(pathText(walk.path))
      walk.path.pop()
      Reflect.deleteProperty(object, name)
    }
  }
}

function inside(schema: Schema, value: unknown, [part, walk]: readonly [string | number, Walk]): void {
  walk.path.push(part)
  prune(schema, value, walk)
  walk.path.pop()
}
