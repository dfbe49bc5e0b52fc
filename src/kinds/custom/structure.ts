/** The part of a definition's OpenAPI schema that says what fields there are, as the schema that everything else walks. */
import type { Json } from '#api/metadata.ts'
import type { Field, Schema } from '#api/schema.ts'
import type { Bounds } from '#codec/cel/schema.ts'
import type { JSONSchemaProps } from '#kinds/facts/generated/types/apiextensions_v1.ts'

type Props = JSONSchemaProps

const known = new WeakMap<Props, Schema>()

/** Made node by node as somebody walks it: definitions of thousands of lines are mostly never used whole. */
export function structureOf(props: Props): Schema {
  const had = known.get(props)
  if (had !== undefined) return had
  const made = new Structure(props)
  known.set(props, made)
  return made
}

const single = (items: Props['items']): Props | undefined =>
  items === undefined || Array.isArray(items) ? undefined : (items as Props)

const types = new Set(['object', 'array', 'string', 'integer', 'number', 'boolean'])

function typeOf(props: Props): Schema['type'] {
  if (props['x-kubernetes-int-or-string'] === true) return 'any'
  return types.has(props.type ?? '') ? (props.type as Schema['type']) : 'any'
}

/** Without a schema of its own nothing inside is known. */
const nothingKnown: Schema = { type: 'any', fields: new Map() }

/** What a schema that `structureOf` gave allows at most. */
export const boundsOf = (schema: Schema): Bounds => (schema instanceof Structure ? schema.bounds() : {})

class Structure implements Schema {
  readonly type: Schema['type']
  readonly format?: string
  readonly listType?: 'atomic' | 'set' | 'map'
  readonly listMapKeys?: readonly string[]
  readonly mapType?: 'atomic' | 'granular'
  readonly preserveUnknown?: boolean
  readonly embedded?: boolean
  readonly nullable?: boolean
  readonly default?: Json
  readonly enum?: readonly Json[]
  readonly #props: Props
  #fields: ReadonlyMap<string, Field> | undefined

  constructor(props: Props) {
    this.#props = props
    this.type = typeOf(props)
    const format = props['x-kubernetes-int-or-string'] === true ? 'int-or-string' : props.format
    if (format !== undefined && format !== '') this.format = format
    const listType = props['x-kubernetes-list-type']
    if (listType === 'atomic' || listType === 'set' || listType === 'map') this.listType = listType
    const keys = props['x-kubernetes-list-map-keys']
    if (keys !== undefined && keys.length > 0) this.listMapKeys = keys
    const mapType = props['x-kubernetes-map-type']
    if (mapType === 'atomic' || mapType === 'granular') this.mapType = mapType
    if (props['x-kubernetes-preserve-unknown-fields'] === true) this.preserveUnknown = true
    if (props['x-kubernetes-embedded-resource'] === true) this.embedded = true
    if (props.nullable === true) this.nullable = true
    if (props.default !== undefined) this.default = props.default
    if (props.enum !== undefined) this.enum = props.enum
  }

  /** Fields of an object of which nothing is said: none. */
  get fields(): ReadonlyMap<string, Field> | undefined {
    const { properties } = this.#props
    if (properties === undefined) return this.type === 'object' && this.values === undefined ? noFields : undefined
    this.#fields ??= new Map(
      Object.entries(properties).map(([name, props]) => [
        name,
        {
          name,
          schema: structureOf(props),
          ...(this.#props.required?.includes(name) === true ? { required: true } : {}),
          ...(props.default === undefined ? {} : { default: props.default }),
        },
      ]),
    )
    return this.#fields
  }

  bounds(): Bounds {
    const { maxLength, maxItems, maxProperties } = this.#props
    return {
      ...(maxLength === undefined ? {} : { maxLength }),
      ...(maxItems === undefined ? {} : { maxItems }),
      ...(maxProperties === undefined ? {} : { maxProperties }),
    }
  }

  get values(): Schema | undefined {
    const other = this.#props.additionalProperties
    if (other === undefined) return undefined
    return typeof other === 'object' ? structureOf(other) : nothingKnown
  }

  get items(): Schema | undefined {
    const items = single(this.#props.items)
    return items === undefined ? undefined : structureOf(items)
  }
}

const noFields: ReadonlyMap<string, Field> = new Map()
