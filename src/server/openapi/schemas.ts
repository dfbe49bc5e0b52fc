/** Schemas as OpenAPI says them, gathered as named definitions. In version 3's form; `swagger.ts` makes version 2's of it. */
import type { Served } from '#api/kind.ts'
import type { Json, JsonObject } from '#api/metadata.ts'
import type { Field, Schema } from '#api/schema.ts'
import { typeSchema } from '#kinds/facts/read.ts'
import { describe } from './descriptions.ts'

export const refPrefix = '#/components/schemas/'
const meta = 'io.k8s.apimachinery.pkg.apis.meta.v1'
const extensions = 'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1'

/** Upstream gives these formats names of their own, and generated clients have types of those names. */
const wellKnown: Readonly<Record<string, readonly [name: string, definition: JsonObject]>> = {
  'date-time': [`${meta}.Time`, { type: 'string', format: 'date-time' }],
  'micro-time': [`${meta}.MicroTime`, { type: 'string', format: 'date-time' }],
  duration: [`${meta}.Duration`, { type: 'string' }],
  quantity: ['io.k8s.apimachinery.pkg.api.resource.Quantity', { oneOf: [{ type: 'string' }, { type: 'number' }] }],
  'int-or-string': [
    'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
    { format: 'int-or-string', oneOf: [{ type: 'integer' }, { type: 'string' }] },
  ],
  raw: ['io.k8s.apimachinery.pkg.runtime.RawExtension', { type: 'object' }],
  json: [`${extensions}.JSON`, {}],
  'schema-or-bool': [`${extensions}.JSONSchemaPropsOrBool`, {}],
  'schema-or-array': [`${extensions}.JSONSchemaPropsOrArray`, {}],
  'schema-or-strings': [`${extensions}.JSONSchemaPropsOrStringArray`, {}],
}

/** `stable.example.com` v1 CronTab is `com.example.stable.v1.CronTab`. */
export const definitionName = ({ kind, version }: Served): string =>
  version.schema().name ?? [...kind.group.split('.').toReversed(), version.name, kind.kind].join('.')

/** Reference with siblings: OpenAPI 3.0 ignores what stands beside a `$ref`, so it is wrapped. */
const refer = (name: string, beside: JsonObject): JsonObject => {
  const ref = { $ref: `${refPrefix}${name}` }
  return Object.keys(beside).length === 0 ? ref : { allOf: [ref], ...beside }
}

export class Definitions {
  readonly #found = new Map<string, JsonObject>()
  readonly #custom: boolean

  /** @param custom inlines everything but metadata, as custom resources' schemas are. */
  constructor(custom: boolean) {
    this.#custom = custom
  }

  get found(): ReadonlyMap<string, JsonObject> {
    return this.#found
  }

  /** Adds a named schema of its own. */
  add(name: string, definition: JsonObject): string {
    this.#found.set(name, definition)
    return name
  }

  /** Adds a published type, for example `meta_v1.Status`. @returns its name. */
  type(key: string, gvk?: JsonObject): string {
    const schema = typeSchema(key)
    const name = schema.name ?? key
    this.#named(name, schema)
    if (gvk !== undefined) this.#found.set(name, { ...this.#found.get(name), 'x-kubernetes-group-version-kind': [gvk] })
    return name
  }

  /** Adds a kind and its list. */
  kind(served: Served): void {
    const { kind, version } = served
    const name = definitionName(served)
    const gvk = (of: string): JsonObject => ({ group: kind.group, version: version.name, kind: of })
    const own = version.openapi?.()
    if (own !== undefined) this.type('meta_v1.ObjectMeta')
    const object = own ?? this.#object(version.schema())
    this.#found.set(name, { ...object, 'x-kubernetes-group-version-kind': [gvk(kind.kind)] })
    if (kind.verbs.includes('list')) this.#list(name, gvk(kind.listKind))
  }

  #list(name: string, gvk: JsonObject): void {
    this.#found.set(`${name}List`, {
      type: 'object',
      required: ['items'],
      properties: {
        apiVersion: { type: 'string', ...describe('apiVersion') },
        items: { type: 'array', items: refer(name, {}) },
        kind: { type: 'string', ...describe('kind') },
        metadata: refer(this.type('meta_v1.ListMeta'), {}),
      },
      'x-kubernetes-group-version-kind': [gvk],
    })
  }

  #named(name: string, schema: Schema): void {
    if (this.#found.has(name)) return
    // Types may hold themselves.
    this.#found.set(name, {})
    // A field makes its struct granular only where the type itself is atomic.
    const base = schema.mapType === undefined ? {} : { 'x-kubernetes-map-type': 'atomic' }
    this.#found.set(name, { ...this.#object(schema), ...base })
  }

  #object(schema: Schema): JsonObject {
    const fields = [...(schema.fields?.values() ?? [])]
    const required = fields.filter(field => field.required === true).map(field => field.name)
    const properties = Object.fromEntries(fields.map(field => [field.name, this.#field(field, schema.name)]))
    return {
      type: 'object',
      ...(schema.fields === undefined ? {} : { properties }),
      ...(required.length === 0 ? {} : { required: required.toSorted() }),
      ...marks(schema),
    }
  }

  #field(field: Field, owner: string | undefined): JsonObject {
    const beside: Record<string, Json> = {
      ...describe(field.name, owner),
      ...(field.default === undefined ? {} : { default: field.default }),
      ...(field.patchStrategy === undefined ? {} : { 'x-kubernetes-patch-strategy': field.patchStrategy.join(',') }),
      ...(field.patchMergeKey === undefined ? {} : { 'x-kubernetes-patch-merge-key': field.patchMergeKey }),
    }
    return this.#schema(field.schema, beside)
  }

  #schema(schema: Schema, beside: JsonObject): JsonObject {
    if (schema.name !== undefined && schema.fields !== undefined) {
      this.#named(schema.name, schema)
      const granular: JsonObject = schema.mapType === 'granular' ? { 'x-kubernetes-map-type': 'granular' } : {}
      return refer(schema.name, { ...beside, ...granular })
    }
    const known = this.#wellKnown(schema)
    if (known !== undefined) return refer(known, { ...beside, ...choice(schema) })
    return { ...this.#inline(schema), ...beside }
  }

  #wellKnown({ format, name }: Schema): string | undefined {
    if (name !== undefined) return this.add(name, { type: 'object' })
    if (this.#custom || format === undefined || !Object.hasOwn(wellKnown, format)) return undefined
    const found = wellKnown[format]
    return found === undefined ? undefined : this.add(...found)
  }

  #inline(schema: Schema): JsonObject {
    if (schema.format === 'int-or-string') return { 'x-kubernetes-int-or-string': true, ...marks(schema) }
    switch (schema.type) {
      case 'any':
        return this.#custom ? marks(schema) : {}
      case 'array':
        return { type: 'array', items: this.#schema(schema.items ?? { type: 'any' }, {}), ...marks(schema) }
      case 'object':
        return {
          ...this.#object(schema),
          ...(schema.values === undefined ? {} : { additionalProperties: this.#schema(schema.values, {}) }),
        }
      case 'string':
      case 'integer':
      case 'number':
      case 'boolean': {
        const format = schema.format === undefined ? {} : { format: schema.format }
        return { type: schema.type, ...format, ...choice(schema), ...marks(schema) }
      }
    }
  }
}

const choice = (schema: Schema): JsonObject => (schema.enum === undefined ? {} : { enum: schema.enum })

const marks = (schema: Schema): JsonObject => ({
  ...(schema.listType === undefined ? {} : { 'x-kubernetes-list-type': schema.listType }),
  ...(schema.listMapKeys === undefined ? {} : { 'x-kubernetes-list-map-keys': schema.listMapKeys }),
  ...(schema.mapType === undefined ? {} : { 'x-kubernetes-map-type': schema.mapType }),
  ...(schema.preserveUnknown === true ? { 'x-kubernetes-preserve-unknown-fields': true } : {}),
  ...(schema.embedded === true ? { 'x-kubernetes-embedded-resource': true } : {}),
  ...(schema.nullable === true ? { nullable: true } : {}),
})
