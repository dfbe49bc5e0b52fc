/** One version of a definition: its warnings, subresources, columns and selectable fields. */
import type {
  CustomResourceColumnDefinition as Column,
  CustomResourceDefinitionVersion as Version,
  CustomResourceSubresources as Subresources,
} from '#kinds/facts/generated/types/apiextensions_v1.ts'
import type { Place } from '../place.ts'
import { fieldAt } from './openapi.ts'
import type { Props } from './schemas.ts'

const unprintable = /[\p{Cc}\p{Cn}\p{Co}\p{Cs}\p{Cf}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u

export function checkDeprecation(place: Place, { deprecated, deprecationWarning: text }: Version): void {
  if (text === undefined) return
  if (deprecated !== true) return place.invalid(text, 'can only be set for deprecated versions')
  if (Buffer.byteLength(text) > 256) place.invalid(text, 'must be <= 256 characters long')
  if (text === '') place.invalid(text, 'must not be an empty string')
  const bad = unprintable.exec(text)
  if (bad !== null)
    place.invalid(
      text,
      `must only contain printable UTF-8 characters; non-printable character found at index ${Buffer.byteLength(text.slice(0, bad.index))}`,
    )
  return undefined
}

/** @returns whether it is one. */
function checkPath(place: Place, path: string): boolean {
  if (path.startsWith('.')) return true
  place.invalid(path, 'must be a simple json path starting with .')
  return false
}

function checkUnder(place: Place, path: string, roots: readonly string[]): void {
  if (path === '') return place.required()
  if (checkPath(place, path) && !roots.some(root => path.startsWith(`.${root}.`)))
    place.invalid(
      path,
      roots.length === 1
        ? `should be a json path under .${roots[0]}`
        : 'should be a json path under either .spec or .status',
    )
  return undefined
}

export function checkSubresources(place: Place, subresources: Subresources | undefined): void {
  const scale = subresources?.scale
  if (scale === undefined) return
  checkUnder(place.at('scale.specReplicasPath'), scale.specReplicasPath, ['spec'])
  checkUnder(place.at('scale.statusReplicasPath'), scale.statusReplicasPath, ['status'])
  const selector = scale.labelSelectorPath ?? ''
  if (selector !== '') checkUnder(place.at('scale.labelSelectorPath'), selector, ['spec', 'status'])
}

const columnTypes = ['boolean', 'date', 'integer', 'number', 'string']
const columnFormats = ['byte', 'date', 'date-time', 'double', 'float', 'int32', 'int64', 'password']

/** Paths are named as in upstream's internal form, which its messages show. */
export function checkColumn(column: Column, place: Place): void {
  const { name, type, format = '', jsonPath } = column
  if (name === '') place.at('name').required()
  const among = `must be one of ${columnTypes.join(',')}`
  if (type === '') place.at('type').required(among)
  else if (!columnTypes.includes(type)) place.at('type').invalid(type, among)
  if (format !== '' && !columnFormats.includes(format))
    place.at('format').invalid(format, `must be one of ${columnFormats.join(',')}`)
  if (jsonPath === '') place.at('JSONPath').required()
  else checkPath(place.at('JSONPath'), jsonPath)
}

const mostSelectable = 8
const selectable = ['string', 'boolean', 'integer']

export function checkSelectable(place: Place, fields: Version['selectableFields'], schema: Props | undefined): void {
  if (fields === undefined || fields.length === 0) return
  if (schema === undefined)
    return place.invalid('', 'may only be set when `version.schema.openAPIV3Schema` is not included')
  const seen = new Set<string>()
  place.each(fields, ({ jsonPath }, item) => {
    const at = item.at('jsonPath')
    if (jsonPath === '') return at.required()
    const found = fieldAt(schema, jsonPath, false)
    if (typeof found === 'string') return at.invalid(jsonPath, `is an invalid path: ${found}`)
    if (/^\.metadata(\.|$)/.test(jsonPath)) at.invalid(jsonPath, 'must not point to fields in metadata')
    if (!selectable.includes(found.type ?? ''))
      at.invalid(
        jsonPath,
        'must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.',
      )
    if (seen.has(jsonPath)) at.duplicate(jsonPath)
    seen.add(jsonPath)
    return undefined
  })
  if (seen.size > mostSelectable) place.tooMany(seen.size, mostSelectable)
  return undefined
}
