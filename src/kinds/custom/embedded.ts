/** Objects inside of objects say what they are, and have names and labels like everybody's. */
import { dns1035Label, labelValueErrors, pathSegment, qualifiedName } from '#api/names.ts'
import type { Schema } from '#api/schema.ts'
import type { FieldError } from '#api/validation.ts'
import { anywhere } from '#codec/within.ts'
import { Place } from '../place.ts'

const hasEmbedded = anywhere(schema => schema.embedded === true)

/** @param path of the value, '' for a whole object. */
export function embeddedErrors(schema: Schema, value: unknown, path = ''): readonly FieldError[] {
  const place = new Place(path)
  if (hasEmbedded(schema)) descend(place, schema, value)
  return place.errors
}

function descend(place: Place, schema: Schema, value: unknown): void {
  if (typeof value !== 'object' || value === null || !hasEmbedded(schema)) return
  if (Array.isArray(value)) {
    const { items } = schema
    if (items !== undefined) value.forEach((item, index) => descend(place.item(index), items, item))
    return
  }
  if (schema.embedded === true) checkEmbedded(place, value)
  for (const [name, content] of Object.entries(value)) {
    const field = schema.fields?.get(name)?.schema
    const inner = field ?? schema.values
    if (inner !== undefined) descend(field === undefined ? place.key(name) : place.at(name), inner, content)
  }
}

function checkEmbedded(place: Place, value: object): void {
  const { apiVersion, kind, metadata }: { apiVersion?: unknown; kind?: unknown; metadata?: unknown } = value
  if (apiVersion === undefined) place.at('apiVersion').required()
  else if (typeof apiVersion !== 'string') place.at('apiVersion').invalid(apiVersion, 'must be a string')
  else if (apiVersion === '') place.at('apiVersion').invalid('', 'must not be empty')
  else if (apiVersion.split('/').length > 2)
    place.at('apiVersion').invalid(apiVersion, `unexpected GroupVersion string: ${apiVersion}`)
  if (kind === undefined) place.at('kind').required()
  else if (typeof kind !== 'string') place.at('kind').invalid(kind, 'must be a string')
  else if (kind === '') place.at('kind').invalid('', 'must not be empty')
  else {
    const problems = dns1035Label(kind.toLowerCase())
    if (problems.length > 0)
      place.at('kind').invalid(kind, `may have mixed case, but should otherwise match: ${problems.join(',')}`)
  }
  if (typeof metadata === 'object' && metadata !== null) checkMetadata(place.at('metadata'), metadata)
}

interface Meta {
  readonly name?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

/** Decoded before: what is there has its type. */
function checkMetadata(place: Place, metadata: Meta): void {
  if (metadata.name !== undefined) place.at('name').format(metadata.name, pathSegment)
  for (const [key, text] of Object.entries(metadata.labels ?? {})) {
    place.at('labels').format(key, qualifiedName)
    place.at('labels').format(text, labelValueErrors)
  }
  for (const key of Object.keys(metadata.annotations ?? {}))
    for (const problem of qualifiedName(key.toLowerCase())) place.at('annotations').invalid(key, problem)
}
