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
  /** FieldsV1, JSON: any JSON, kept in protobuf as its text. */
  | 'json'
  /** A JSON schema (`values`) or something simpler. */
  | 'schema-or-bool'
  | 'schema-or-array'
  | 'schema-or-strings'
  /** An array that protobuf wraps in a message of its own. */
  | 'wrapped'

export interface Schema {
  readonly type: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean' | 'any'
  /** A `Format`, or the string format of a custom resource's schema. */
  readonly format?: string
  /** OpenAPI name of a shared definition, for example `io.k8s.api.core.v1.PodSpec`; built-in kinds only. */
  readonly name?: string
  /** Known fields of an object, in declaration order. Absent for maps, scalars and `any`. */
  readonly fields?: ReadonlyMap<string, Field> | undefined
  /** Schema of a map's values. */
  readonly values?: Schema | undefined
  /** Schema of an array's items. */
  readonly items?: Schema | undefined
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
  /** Of items and map values: what stands in for a null where none is allowed. */
  readonly default?: Json
}

export interface Field {
  /** JSON name. */
  readonly name: string
  readonly schema: Schema
  /** Protobuf field number; absent for custom resources. */
  readonly number?: number
  /** JSON shows the fields of an embedded struct as the outer's own; protobuf keeps them in these messages, outermost first. */
  readonly within?: readonly number[]
  readonly required?: boolean
  readonly default?: Json
  /** Go's `omitempty`: an empty value is left out. Without it upstream's encoder writes zero values, and so do we. */
  readonly omitEmpty?: boolean
  /** Absent and zero differ: a given zero value is kept, and nothing is made up for an absent one. */
  readonly pointer?: boolean
  readonly patchStrategy?: readonly ('merge' | 'replace' | 'retainKeys')[]
  readonly patchMergeKey?: string
}
