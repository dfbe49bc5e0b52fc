/** Building stones of printer columns, with upstream's wording. */
import type { Column } from '#api/kind.ts'
import type { KObject } from '#api/metadata.ts'
import type { Container } from '#kinds/facts/generated/types/core_v1.ts'
import type { LabelSelector } from '#kinds/facts/generated/types/meta_v1.ts'

type Cell = string | number | boolean | null

const second = 1000
const minute = 60 * second
const hour = 60 * minute
const day = 24 * hour
const year = 365 * day

const whole = (milliseconds: number, unit: number): number => Math.floor(milliseconds / unit)

/** `12m`, or `5m30s` when the finer unit is not zero. */
function twoUnits(milliseconds: number, coarse: [number, string], fine: [number, string]): string {
  const rest = whole(milliseconds % coarse[0], fine[0])
  return `${whole(milliseconds, coarse[0])}${coarse[1]}${rest === 0 ? '' : `${rest}${fine[1]}`}`
}

/** A span as kubectl shows it: two units where the first is small, else one. */
export function duration(milliseconds: number): string {
  if (milliseconds <= -2 * second) return '<invalid>'
  if (milliseconds < 0) return '0s'
  if (milliseconds < 2 * minute) return `${whole(milliseconds, second)}s`
  if (milliseconds < 10 * minute) return twoUnits(milliseconds, [minute, 'm'], [second, 's'])
  if (milliseconds < 3 * hour) return `${whole(milliseconds, minute)}m`
  if (milliseconds < 8 * hour) return twoUnits(milliseconds, [hour, 'h'], [minute, 'm'])
  if (milliseconds < 2 * day) return `${whole(milliseconds, hour)}h`
  if (milliseconds < 8 * day) return twoUnits(milliseconds, [day, 'd'], [hour, 'h'])
  if (milliseconds < 2 * year) return `${whole(milliseconds, day)}d`
  if (milliseconds < 8 * year) return twoUnits(milliseconds, [year, 'y'], [day, 'd'])
  return `${whole(milliseconds, year)}y`
}

/** How long ago `time` (RFC 3339) was. */
export function since(time: string | undefined, now: number): string {
  const then = time === undefined ? Number.NaN : Date.parse(time)
  return Number.isNaN(then) ? '<unknown>' : duration(now - then)
}

export const text = <O extends KObject>(name: string, of: (object: O, now: number) => Cell): Column<O> => ({
  name,
  type: 'string',
  of,
})
export const integer = <O extends KObject>(name: string, of: (object: O) => number): Column<O> => ({
  name,
  type: 'integer',
  of,
})
export const boolean = <O extends KObject>(name: string, of: (object: O) => boolean): Column<O> => ({
  name,
  type: 'boolean',
  of,
})
/** Shown only with `-o wide`. */
export const wide = <O extends KObject>(column: Column<O>): Column<O> => ({ ...column, priority: 1 })

export const nameOf = <O extends KObject>(of: (object: O) => string): Column<O> => ({
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'Name of the object, unique in its namespace.',
  of,
})
export const name: Column = nameOf(object => object.metadata.name ?? '')
export const age: Column = text('Age', (object, now) => since(object.metadata.creationTimestamp, now))

const created: Column = {
  name: 'Created At',
  type: 'date',
  description: 'When the object was created.',
  of: object => object.metadata.creationTimestamp ?? null,
}
/** The columns of kinds that have none of their own. */
export const nameAndCreation: readonly Column[] = [name, created]

/** `a=b,c=d` by key, `<none>` for nothing. */
export function labelText(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`)
  return pairs.length === 0 ? '<none>' : pairs.sort().join(',')
}

const requirement = (key: string, operator: string, values: readonly string[]): string => {
  const list = `(${[...values].sort().join(',')})`
  if (operator === 'In') return `${key} in ${list}`
  if (operator === 'NotIn') return `${key} notin ${list}`
  return operator === 'Exists' ? key : `!${key}`
}

/** A selector as kubectl writes it: `<none>` selects everything. */
export function selectorText(selector: LabelSelector | undefined): string {
  const equal = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => ({ key, text: `${key}=${value}` }))
  const others = (selector?.matchExpressions ?? []).map(one => ({
    key: one.key,
    text: requirement(one.key, one.operator, one.values ?? []),
  }))
  const sorted = [...equal, ...others].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
  return sorted.length === 0 ? '<none>' : sorted.map(one => one.text).join(',')
}

type Containers = readonly Container[] | undefined

/** The wide columns of everything that has a pod template. */
export const containers = <O extends KObject>(of: (object: O) => Containers): readonly Column<O>[] => [
  wide(text('Containers', object => (of(object) ?? []).map(one => one.name).join(','))),
  wide(text('Images', object => (of(object) ?? []).map(one => one.image ?? '').join(','))),
]

/** At most `most` of a list, then how many more there are. */
export function some(list: readonly string[], most = 3): string {
  if (list.length === 0) return '<none>'
  const shown = list.slice(0, most).join(',')
  return list.length > most ? `${shown} + ${list.length - most} more...` : shown
}

/** The name, with ` (default)` where the annotation says that it is the default one. */
export const markDefault = (object: KObject, annotation: string): string =>
  `${object.metadata.name ?? ''}${object.metadata.annotations?.[annotation] === 'true' ? ' (default)' : ''}`
