/** A custom kind's schema as OpenAPI shows it. */
import type { Json, JsonObject } from '#api/metadata.ts'
import type { Props } from '../apiextensions/schemas.ts'

const meta = '#/components/schemas/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta'

const common: JsonObject = {
  apiVersion: {
    type: 'string',
    description: 'APIVersion defines the group and version of the API in which this object is written.',
  },
  kind: { type: 'string', description: 'Kind says what kind of object this is.' },
  metadata: {
    allOf: [{ $ref: meta }],
    description: "Standard object's metadata: name, labels and everything else that all objects have.",
    default: {},
  },
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Objects inside of objects have the metadata that every object has. */
function published(schema: JsonObject): JsonObject {
  const embedded = schema['x-kubernetes-embedded-resource'] === true
  return Object.fromEntries(
    Object.entries(schema).map(([word, value]): [string, Json | undefined] => {
      if (word === 'properties' && isObject(value)) {
        const inner = Object.entries(value).map(([name, one]) => [name, isObject(one) ? published(one) : one])
        return [word, Object.fromEntries([...inner, ...(embedded ? Object.entries(common) : [])])]
      }
      if ((word === 'items' || word === 'additionalProperties' || word === 'not') && isObject(value))
        return [word, published(value)]
      return [word, value]
    }),
  )
}

export function openapiOf(props: Props): JsonObject {
  const { properties, ...rest } = published(props as unknown as JsonObject)
  const own = isObject(properties) ? properties : {}
  const { apiVersion: _a, kind: _k, metadata: _m, ...others } = own
  return { ...rest, properties: { ...common, ...others } }
}
