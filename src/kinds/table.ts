/** For tests: an object as the registry would build it, with some fields changed, and what is then wrong with it. */
import type { Kind, WriteContext } from '#api/kind.ts'
import { type Draft, type KObject, apiVersionOf } from '#api/metadata.ts'

/** Values by path, `spec.containers.0.image`; undefined takes a field away. */
export type Changes = Readonly<Record<string, unknown>>

export interface Row {
  readonly change: Changes
  /** What is wrong, in order. A text that ends in `…` is a beginning. */
  readonly wrong: readonly string[]
  /** Changes that the old object has; with it the row is an update. */
  readonly old?: Changes
  readonly subresource?: string
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

function set(object: Record<string, unknown>, path: string, value: unknown): void {
  const [last = '', ...rest] = path.split('.').toReversed()
  let at = object
  for (const step of rest.toReversed()) {
    const next = at[step]
    if (isRecord(next)) at = next
    else {
      const made: Record<string, unknown> = {}
      at[step] = made
      at = made
    }
  }
  if (value === undefined) Reflect.deleteProperty(at, last)
  else at[last] = value
}

function freeze<T>(value: T): T {
  if (isRecord(value)) Object.values(Object.freeze(value)).forEach(freeze)
  return value
}

function build(kind: Kind, base: Changes, change: Changes): Draft<KObject> {
  const fields: Record<string, unknown> = structuredClone({ ...base })
  for (const [path, value] of Object.entries(change)) set(fields, path.replaceAll('~', '.'), value)
  const { metadata, ...rest } = fields
  const meta = isRecord(metadata) ? metadata : {}
  const namespace = kind.scope === 'Namespaced' ? { namespace: 'default' } : {}
  const draft = { apiVersion: apiVersionOf({ group: kind.group, version: kind.hub }), kind: kind.kind }
  return Object.assign({ ...draft, metadata: { name: 'x', uid: 'u1', ...namespace, ...meta } }, freeze(rest))
}

const context = (old: KObject | undefined, subresource = ''): WriteContext => ({
  now: '2026-01-01T00:00:00Z',
  user: { name: 'u', groups: [] },
  subresource,
  old,
})

export interface Written {
  readonly object: Draft<KObject>
  readonly errors: readonly string[]
  readonly warnings: readonly string[]
}

/** A new object goes through defaults and preparation, a changed one too, and both are then judged. */
export function write(kind: Kind, base: Changes, row: Omit<Row, 'wrong'>): Written {
  const before =
    row.old === undefined ? undefined : freeze(prepared(kind, build(kind, base, row.old), context(undefined)))
  const given = context(before, row.subresource ?? '')
  const start = row.subresource === 'status' && before !== undefined ? { ...before } : undefined
  const draft = start === undefined ? build(kind, base, row.change) : changed(start, row.change)
  const object = prepared(kind, draft, given)
  return {
    object,
    errors: (kind.validate?.(object, given) ?? []).map(error => error.message()),
    warnings: kind.warnings?.(object, given) ?? [],
  }
}

function changed(object: KObject, change: Changes): Draft<KObject> {
  const copy = structuredClone(object) as Draft<KObject> & Record<string, unknown>
  for (const [path, value] of Object.entries(change)) set(copy, path, value)
  return copy
}

function prepared(kind: Kind, draft: Draft<KObject>, given: WriteContext): Draft<KObject> {
  kind.defaults?.(draft)
  kind.prepare?.(draft, given)
  for (const { pool, wanted, take } of kind.reserves?.(draft, given.old) ?? [])
    if (wanted === undefined) take(draft, pool === 'clusterIP' ? '10.96.0.9' : '30001')
  return draft
}

const matches = (actual: string | undefined, wanted: string): boolean =>
  wanted.endsWith('…') ? actual?.startsWith(wanted.slice(0, -1)) === true : actual === wanted

/** Every row that does not come out as it says, as text. */
export const failures = (kind: Kind, base: Changes, rows: readonly Row[]): readonly string[] =>
  rows.flatMap(row => {
    const { errors } = write(kind, base, row)
    const fits = errors.length === row.wrong.length && row.wrong.every((text, at) => matches(errors[at], text))
    return fits ? [] : [`${JSON.stringify(row.change)} gave ${JSON.stringify(errors, null, 1)}`]
  })

export const right = (...changes: readonly Changes[]): readonly Row[] => changes.map(change => ({ change, wrong: [] }))
export const wrong = (change: Changes, ...texts: readonly string[]): Row => ({ change, wrong: texts })
export const update = (change: Changes, ...texts: readonly string[]): Row => ({ change, wrong: texts, old: {} })
