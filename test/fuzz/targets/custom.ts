/** Inputs: `[schema, columns and the like of a version, object, later object]`; a definition is judged, and if it is right its objects are. */
import { DecodeError } from '#codec/errors.ts'
import { decodeCustom } from '#codec/custom.ts'
import { decodeTyped } from '#codec/decode.ts'
import { applyDefaults } from '#codec/defaults.ts'
import { stringifyJson, parseJson } from '#codec/json.ts'
import type { Draft, KObject } from '#api/metadata.ts'
import type { Kind } from '#api/kind.ts'
import { CustomResourceDefinition } from '#kinds/apiextensions/customResourceDefinition.ts'
import { customKind } from '#kinds/custom/kind.ts'
import { typeSchema } from '#kinds/facts/read.ts'
import type { CustomResourceDefinition as Definition } from '#kinds/facts/generated/types/apiextensions_v1.ts'
import { isRecord, jsonOf, refusable, same, type Target } from '../target.ts'

const context = { now: '2026-01-01T00:00:00Z', user: { name: 'x', groups: [] }, subresource: '', old: undefined }
const definitionSchema = typeSchema('apiextensions_v1.CustomResourceDefinition')

function definitionOf(schema: unknown, version: unknown): Draft<KObject> | undefined {
  const value = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.example.com' },
    spec: {
      group: 'example.com',
      scope: 'Namespaced',
      names: { plural: 'widgets', kind: 'Widget' },
      versions: [{ ...Object(version), name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: schema } }],
    },
  }
  const object = refusable(() => decodeTyped(definitionSchema, value).object, DecodeError)
  if (object !== undefined) CustomResourceDefinition.defaults?.(object)
  return object
}

const wrongs = (kind: Kind, object: KObject, old?: KObject): readonly string[] =>
  (kind.validate?.(object, { ...context, old }) ?? []).map(error => error.message())

function objectOf(kind: Kind, value: unknown): Draft<KObject> | undefined {
  const schema = kind.versions[0]?.schema()
  if (!isRecord(value) || schema === undefined) return undefined
  const metadata = { name: 'a', uid: 'u', creationTimestamp: context.now }
  const whole = { ...structuredClone(value), apiVersion: 'example.com/v1', kind: 'Widget', metadata }
  const object = refusable(() => decodeCustom(schema, whole).object, DecodeError)
  if (object === undefined) return undefined
  applyDefaults(schema, object)
  kind.defaults?.(object)
  return object
}

/** What would be stored is what is read back. */
function stored(kind: Kind, object: KObject): void {
  const read = parseJson(stringifyJson(object)).value as Draft<KObject>
  kind.defaults?.(read)
  same(read, object, 'stored and read')
  same(wrongs(kind, read, object), [], 'stored and wrong')
}

function run(input: Buffer): void {
  const value = jsonOf(input)
  if (!Array.isArray(value)) return
  const definition = definitionOf(value[0], value[1])
  if (definition === undefined || wrongs(CustomResourceDefinition, definition).length > 0) return
  CustomResourceDefinition.warnings?.(definition, context)
  const kind = customKind(definition as unknown as Definition, { generation: 1, retiring: () => false })
  if (kind === undefined) return
  kind.versions[0]?.openapi?.()
  const [first, second] = [objectOf(kind, value[2]), objectOf(kind, value[3])]
  for (const object of [first, second]) {
    if (object === undefined) continue
    for (const { of } of kind.versions[0]?.columns ?? []) of(object, Date.parse(context.now))
    for (const of of Object.values(kind.versions[0]?.selectableFields ?? {})) of(object)
    if (wrongs(kind, object).length === 0) stored(kind, object)
  }
  if (first !== undefined && second !== undefined) wrongs(kind, second, first)
}

export const custom: Target = {
  name: 'custom',
  json: true,
  words: [
    'type',
    'object',
    'array',
    'string',
    'integer',
    'number',
    'boolean',
    'properties',
    'additionalProperties',
    'items',
    'required',
    'default',
    'enum',
    'nullable',
    'format',
    'date-time',
    'int32',
    'pattern',
    '(a+)+$',
    'minimum',
    'maxLength',
    'maxItems',
    'anyOf',
    'oneOf',
    'allOf',
    'not',
    'x-kubernetes-preserve-unknown-fields',
    'x-kubernetes-int-or-string',
    'x-kubernetes-embedded-resource',
    'x-kubernetes-list-type',
    'map',
    'set',
    'x-kubernetes-list-map-keys',
    'x-kubernetes-validations',
    'rule',
    'self == oldSelf',
    'self.all(x, x > 0)',
    'messageExpression',
    'additionalPrinterColumns',
    'jsonPath',
    '.spec.a',
    '.spec..a',
    'subresources',
    'spec',
    'status',
    'metadata',
    'selectableFields',
    'uniqueItems',
    'multipleOf',
  ],
  rounds: 1500,
  run,
}
