/** Walking the OpenAPI schemas of definitions. */
import type { JSONSchemaProps } from '#kinds/facts/generated/types/apiextensions_v1.ts'

export type Props = JSONSchemaProps

export const isProps = (value: unknown): value is Props =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The one schema of all items; a list of schemas is not supported. */
export const itemsOf = (props: Props): Props | undefined => (isProps(props.items) ? props.items : undefined)

export const valuesOf = (props: Props): Props | undefined =>
  isProps(props.additionalProperties) ? props.additionalProperties : undefined

export const propertiesOf = (props: Props): readonly (readonly [string, Props])[] =>
  Object.entries(props.properties ?? {})

export const propertyOf = (props: Props | undefined, name: string): Props | undefined =>
  props?.properties !== undefined && Object.hasOwn(props.properties, name) ? props.properties[name] : undefined

/** Visits a schema and everything in it. */
export function eachSchema(props: Props, visit: (props: Props) => void): void {
  visit(props)
  const { not, allOf = [], anyOf = [], oneOf = [] } = props
  const inner = [itemsOf(props), valuesOf(props), not, ...allOf, ...anyOf, ...oneOf]
  for (const one of inner) if (one !== undefined) eachSchema(one, visit)
  for (const [, one] of propertiesOf(props)) eachSchema(one, visit)
}

/** Fields that upstream's older forms had, and that are refused wherever they are. */
export const unsupported = [
  'id',
  'patternProperties',
  'definitions',
  'dependencies',
  'additionalItems',
  '$ref',
] as const

/** Why a schema has no structure at all; undefined where it has one. */
export function formProblem(props: Props): string | undefined {
  let problem: string | undefined
  eachSchema(props, one => {
    const bad = (
      ['id', '$schema', '$ref', 'patternProperties', 'dependencies', 'additionalItems', 'definitions'] as const
    ).find(name => isSet(one[name]))
    if (bad !== undefined) problem ??= `OpenAPIV3Schema '${bad.replace('$schema', 'schema')}' is not supported`
    if (Array.isArray(one.items)) problem ??= "OpenAPIV3Schema 'items' must be a schema, but is an array"
    if (one['x-kubernetes-preserve-unknown-fields'] === false)
      problem ??= "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined"
  })
  return problem
}

export const isSet = (value: unknown): boolean =>
  value !== undefined &&
  value !== '' &&
  !(typeof value === 'object' && value !== null && Object.keys(value).length === 0)
