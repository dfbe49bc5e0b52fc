/** OpenAPI 3.0 documents, one for each group and version. */
import type { Json, JsonObject } from '#api/metadata.ts'
import { type Described, byPath, info } from './document.ts'
import type { Operation } from './operations.ts'
import { refPrefix } from './schemas.ts'

const patchTypes = [
  'application/apply-patch+yaml',
  'application/json-patch+json',
  'application/merge-patch+json',
  'application/strategic-merge-patch+json',
]
const answerTypes = ['application/json', 'application/vnd.kubernetes.protobuf', 'application/yaml']
const streamTypes = ['application/json;stream=watch', 'application/vnd.kubernetes.protobuf;stream=watch']

export const phrases: Readonly<Record<number, string>> = { 200: 'OK', 201: 'Created', 202: 'Accepted' }

const content = (types: readonly string[], name: string): JsonObject => {
  const schema = { $ref: `${refPrefix}${name}` }
  return Object.fromEntries(types.map(type => [type, { schema }]))
}

function responses({ answer, action, codes }: Operation): JsonObject {
  const types = action === 'list' ? [...answerTypes, ...streamTypes] : answerTypes
  const body = answer === undefined ? { '*/*': { schema: { type: 'string' } } } : content(types, answer)
  const found: [string, Json][] = codes.map(code => [String(code), { content: body, description: phrases[code] ?? '' }])
  return Object.fromEntries([...found, ['401', { description: 'Unauthorized' }]])
}

function render(operation: Operation): JsonObject {
  const { body, method } = operation
  const types = method === 'patch' ? patchTypes : ['*/*']
  return {
    description: operation.description,
    operationId: operation.id,
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            content: content(types, body),
            ...(operation.optionalBody === true ? {} : { required: true }),
          },
        }),
    parameters: operation.parameters.map(({ name, type, in: place }) => ({
      in: place,
      name,
      schema: { type, uniqueItems: true },
      ...(place === 'path' ? { required: true } : {}),
    })),
    responses: responses(operation),
    tags: [operation.tag],
    'x-kubernetes-action': operation.action,
    'x-kubernetes-group-version-kind': { ...operation.gvk },
  }
}

export function openapi({ definitions, operations }: Described): JsonObject {
  return {
    openapi: '3.0.0',
    info,
    paths: Object.fromEntries(
      [...byPath(operations)].map(([path, at]) => [path, Object.fromEntries(at.map(one => [one.method, render(one)]))]),
    ),
    components: {
      schemas: Object.fromEntries([...definitions].toSorted(([a], [b]) => (a < b ? -1 : 1))),
      securitySchemes: {
        BearerToken: { type: 'apiKey', in: 'header', name: 'authorization', description: 'Bearer token' },
      },
    },
  }
}
