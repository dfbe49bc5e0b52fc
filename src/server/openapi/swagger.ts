/** The OpenAPI 2.0 document of everything, in parts: it is long, and nobody needs it as one value. */
import type { Json, JsonObject } from '#api/metadata.ts'
import { type Described, byPath, info } from './document.ts'
import { phrases } from './openapi.ts'
import type { Operation } from './operations.ts'
import { refPrefix } from './schemas.ts'

/** Everything but paths and definitions. */
export const swaggerHead: JsonObject = {
  swagger: '2.0',
  info,
  security: [{ BearerToken: [] }],
  securityDefinitions: {
    BearerToken: { type: 'apiKey', in: 'header', name: 'authorization', description: 'Bearer token' },
  },
}

const prefix = '#/definitions/'
const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const properties = (value: Json | undefined): JsonObject =>
  isObject(value) ? Object.fromEntries(Object.entries(value).map(([name, one]) => [name, downgraded(one)])) : {}

/** Words of version 3 that version 2 lacks; what they say is left out, and `x-` marks stay. */
const unknown = new Set(['oneOf', 'anyOf', 'not', 'nullable', 'default', 'allOf'])

/** What clients of version 2 cannot cope with in a custom kind's schema: they know no nulls, and nothing of unknown fields. */
function simplified(schema: JsonObject): JsonObject {
  const nullable = schema['nullable'] === true
  const open = schema['x-kubernetes-preserve-unknown-fields'] === true
  if (open && schema['x-kubernetes-group-version-kind'] !== undefined)
    return { type: 'object', 'x-kubernetes-group-version-kind': schema['x-kubernetes-group-version-kind'] }
  const { items, properties: fields, type, required, ...rest } = schema
  const bare = nullable || open
  const untyped = nullable || (open && type === 'object') || (type === 'array' && (bare || items === undefined))
  const missing = Array.isArray(required)
    ? required.filter(name => typeof name === 'string' && !isNullable(isObject(fields) ? fields[name] : undefined))
    : []
  return {
    ...rest,
    ...(untyped || type === undefined ? {} : { type }),
    ...(bare || items === undefined ? {} : { items }),
    ...(bare || fields === undefined ? {} : { properties: fields }),
    ...(missing.length === 0 ? {} : { required: missing }),
  }
}

const isNullable = (schema: Json | undefined): boolean => isObject(schema) && schema['nullable'] === true

/** A schema in version 2's words. */
export function downgraded(given: Json | undefined): JsonObject {
  if (!isObject(given)) return {}
  const schema = simplified(given)
  const { $ref, allOf, oneOf } = schema
  const single = Array.isArray(allOf) && allOf.length === 1 && isObject(allOf[0]) ? allOf[0] : {}
  const ref = $ref ?? single['$ref']
  const kept = Object.entries(schema).filter(([word]) => word !== '$ref' && !unknown.has(word))
  const changed = kept.map(([word, value]): [string, Json] => {
    if (word === 'properties') return [word, properties(value)]
    if (word === 'items') return [word, downgraded(value)]
    if (word === 'additionalProperties' && isObject(value)) return [word, downgraded(value)]
    return [word, value ?? null]
  })
  return {
    ...(typeof ref === 'string' ? { $ref: ref.replace(refPrefix, prefix) } : {}),
    // Quantities and int-or-strings were strings to version 2.
    ...(oneOf !== undefined && schema['type'] === undefined && schema['x-kubernetes-int-or-string'] === undefined
      ? { type: 'string' }
      : {}),
    ...Object.fromEntries(changed),
  }
}

const consumes = [
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
  'application/apply-patch+yaml',
]
const produces = ['application/json', 'application/yaml', 'application/vnd.kubernetes.protobuf']
const streams = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch']

function responses({ answer, codes }: Operation): JsonObject {
  const schema = answer === undefined ? { type: 'string' } : { $ref: `${prefix}${answer}` }
  const found: [string, Json][] = codes.map(code => [String(code), { description: phrases[code] ?? '', schema }])
  return Object.fromEntries([...found, ['401', { description: 'Unauthorized' }]])
}

function render(operation: Operation): JsonObject {
  const { body, answer } = operation
  const bodied =
    body === undefined
      ? []
      : [{ in: 'body', name: 'body', schema: { $ref: `${prefix}${body}` }, required: operation.optionalBody !== true }]
  return {
    description: operation.description,
    operationId: operation.id,
    consumes: operation.method === 'patch' ? consumes : ['*/*'],
    produces: answer === undefined ? ['*/*'] : operation.action === 'list' ? [...produces, ...streams] : produces,
    parameters: [
      ...bodied,
      ...operation.parameters.map(({ name, type, in: place }) => ({
        in: place,
        name,
        type,
        uniqueItems: true,
        ...(place === 'path' ? { required: true } : {}),
      })),
    ],
    responses: responses(operation),
    schemes: ['https'],
    tags: [operation.tag],
    'x-kubernetes-action': operation.action,
    'x-kubernetes-group-version-kind': { ...operation.gvk },
  }
}

export const swaggerPaths = ({ operations }: Described): readonly (readonly [string, JsonObject])[] =>
  [...byPath(operations)].map(([path, at]) => [path, Object.fromEntries(at.map(one => [one.method, render(one)]))])

export const swaggerDefinitions = ({ definitions }: Described): readonly (readonly [string, JsonObject])[] =>
  [...definitions].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, one]) => [name, downgraded(one)])
