/**
 * The one description of a type, for built-in kinds (made from kinds/facts) and custom resources (made from their
 * CRD) alike. Strict decoding, pruning, defaulting, protobuf, OpenAPI, server-side apply and strategic merge all walk it.
 */
import type { Json } from './metadata.ts'

/** How a string or a number is to be read beyond its JSON type. */
/** The formats that the built-in kinds' facts use. */
export type Format =
  | 'int32'
  | 'int64'
  | 'uint32'
  | 'uint64'
  | 'float'
  | 'double'
  | 'byte'
  | 'date-time'
  | 'micro-time'
  | 'duration'
  | 'quantity'
  | 'int-or-string'
  /** RawExtension: an embedded object of any kind. */
  | 'raw'
  /** FieldsV1, JSON, JSONSchemaPropsOrBool and their like: any JSON. */
  | 'json'

export interface Schema {
  readonly type: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | 'any'
  /** A `Format`, or the string format of a custom resource's schema. */
  readonly format?: string
  /** OpenAPI name of a shared definition, for example `io.k8s.api.core.v1.PodSpec`; built-in kinds only. */
  readonly name?: string
  /** Known fields of an object, in declaration order. Absent for maps, scalars and `any`. */
  readonly fields?: ReadonlyMap<string, Field>
  /** Schema of a map's values. */
  readonly values?: Schema
  /** Schema of an array's items. */
  readonly items?: Schema
  readonly listType?: 'atomic' | 'set' | 'map'
  readonly listMapKeys?: readonly string[]
  /** Objects and maps: `atomic` ones are owned and replaced as a whole. */
  readonly mapType?: 'atomic' | 'granular'
  readonly enum?: readonly Json[]
  /** Unknown fields are kept (x-kubernetes-preserve-unknown-fields, raw extensions). */
  readonly preserveUnknown?: boolean
  /** An embedded object with its own apiVersion, kind and metadata. */
  readonly embedded?: boolean
  readonly nullable?: boolean
}

export interface Field {
  /** JSON name. */
  readonly name: string
  readonly schema: Schema
  /** Protobuf field number; absent for custom resources. */
  readonly number?: number
  readonly required?: boolean
  readonly default?: Json
  /** Go's `omitempty`: an empty value is left out. Without it upstream's encoder writes zero values, and so do we. */
  readonly omitEmpty?: boolean
  readonly patchStrategy?: readonly ('merge' | 'replace' | 'retainKeys')[]
  readonly patchMergeKey?: string
}
