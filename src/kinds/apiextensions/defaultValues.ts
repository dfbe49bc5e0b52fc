/** Defaults of a schema must themselves be what the schema asks for. */
import { typeEmbedded } from '#codec/embedded.ts'
import { DecodeError } from '#codec/errors.ts'
import { pruneValue } from '#codec/prune.ts'
import { checkValue } from '#codec/values/check.ts'
import { copyOf } from '#codec/patch/tree.ts'
import { embeddedErrors } from '../custom/embedded.ts'
import { structureOf } from '../custom/structure.ts'
import type { Place } from '../place.ts'
import { type Props, itemsOf, propertiesOf } from './schemas.ts'

const metaFields = new Set(['metadata', 'kind', 'apiVersion'])

export const checkDefaults = (place: Place, schema: Props): void => check(place, schema, { root: true, meta: false })

interface Rest {
  readonly root: boolean
  /** Inside of an embedded object's own metadata, whose type is not the schema's. */
  readonly meta: boolean
}

function check(place: Place, schema: Props, { root, meta }: Rest): void {
  if (schema.default !== undefined) checkOne(place.at('default'), schema, meta)
  const items = itemsOf(schema)
  // Not into additionalProperties: which of them there are is not known.
  if (items !== undefined) check(place.at('items'), items, { root: false, meta })
  const whole = root || schema['x-kubernetes-embedded-resource'] === true
  for (const [name, inner] of propertiesOf(schema))
    check(place.at('properties').key(name), inner, {
      root: false,
      meta: (meta && !whole) || (whole && metaFields.has(name)),
    })
}

function checkOne(place: Place, schema: Props, meta: boolean): void {
  const structure = structureOf(schema)
  const value = schema.default
  const path = place.path()
  if (!meta) {
    const copied = copyOf(value)
    if (pruneValue(structure, copied).length > 0) place.invalid(value, 'must not have unknown fields')
    try {
      typeEmbedded(structure, copyOf(value))
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      return place.invalid(value, error.message)
    }
    const errors = embeddedErrors(structure, value, path)
    if (errors.length > 0) return void place.errors.push(...errors)
  }
  place.errors.push(...checkValue(schema, value, { prefix: path }))
  return undefined
}
