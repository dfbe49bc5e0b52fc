/** From the bytes of a request to what the door takes. */
import type { DoorRequest, FieldValidation, Patch, PatchType } from '#api/door.ts'
import type { Served } from '#api/kind.ts'
import type { Draft, Json, KObject } from '#api/metadata.ts'
import { unsupportedMediaType } from '#api/status.ts'
import type { RequestInfo } from './requestinfo.ts'
import { deleteOptions } from './delete-options.ts'
import { listOptions, watchOptions, writeOptions } from './options.ts'
import type { Encoding } from './negotiate.ts'

/** What the codec does for the listener. All throw StatusError. */
export interface BodyCodec {
  /** An object of the served kind, strictly decoded. */
  object(
    bytes: Uint8Array,
    how: {
      readonly encoding: Encoding
      readonly served: Served
      readonly level: FieldValidation
      readonly warn: (text: string) => void
    },
  ): Draft<KObject>
  /** Any document: patches, DeleteOptions. */
  document(bytes: Uint8Array, encoding: Encoding): Json
}

const encodings: Readonly<Record<string, Encoding>> = {
  'application/json': 'json',
  'application/yaml': 'yaml',
  'application/vnd.kubernetes.protobuf': 'protobuf',
}

const patchTypes: Readonly<Record<string, PatchType>> = {
  'application/json-patch+json': 'json',
  'application/merge-patch+json': 'merge',
  'application/strategic-merge-patch+json': 'strategic',
  'application/apply-patch+yaml': 'apply',
}

const mediaType = (header: string | undefined): string => (header ?? '').split(';')[0]?.trim().toLowerCase() ?? ''

const accepted = (types: readonly string[]): string =>
  `the body of the request was in an unknown format - accepted media types include: ${types.join(', ')}`

/** No content type is JSON. @throws StatusError UnsupportedMediaType */
export function encodingOf(header: string | undefined): Encoding {
  const type = mediaType(header)
  if (type === '') return 'json'
  const encoding = Object.hasOwn(encodings, type) ? encodings[type] : undefined
  if (encoding === undefined) throw unsupportedMediaType(accepted(Object.keys(encodings)))
  return encoding
}

function patchTypeOf(header: string | undefined): PatchType {
  const type = mediaType(header)
  const found = Object.hasOwn(patchTypes, type) ? patchTypes[type] : undefined
  if (found === undefined) throw unsupportedMediaType(accepted(Object.keys(patchTypes)))
  return found
}

export interface Incoming {
  readonly info: RequestInfo
  readonly contentType: string | undefined
  readonly agent: string | undefined
  readonly body: Uint8Array
  /** The kind of the body: the served one, or the one that the subresource takes. */
  readonly takes: Served
  readonly signal: AbortSignal
  readonly warn: (text: string) => void
}

/** @throws StatusError */
export function doorRequest(codec: BodyCodec, incoming: Incoming): DoorRequest {
  const { info } = incoming
  const { group, version, resource, subresource, namespace, name, verb } = info.asked
  const target = { group, version, resource, subresource, namespace }
  switch (verb) {
    case 'list':
      return { ...target, verb, options: listOptions(info.query) }
    case 'watch':
      return {
        ...target,
        verb,
        options: { ...watchOptions(info.query), ...(name === '' ? {} : { name }) },
        signal: incoming.signal,
      }
    case 'create':
      return { ...target, verb, name, ...withBody(codec, incoming, 'CreateOptions') }
    case 'update':
      return { ...target, verb, name, ...withBody(codec, incoming, 'UpdateOptions') }
    case 'patch':
      return { ...target, verb, name, ...withPatch(codec, incoming) }
    case 'delete':
      return { ...target, verb, name, options: deletion(codec, incoming) }
    case 'deletecollection':
      return { ...target, verb, options: { ...listOptions(info.query), ...deletion(codec, incoming) } }
    default: {
      const resourceVersion = info.query.get('resourceVersion') ?? undefined
      return { ...target, verb: 'get', name, options: resourceVersion === undefined ? {} : { resourceVersion } }
    }
  }
}

function withBody(codec: BodyCodec, incoming: Incoming, kind: string) {
  const options = writeOptions(incoming.info.query, incoming.agent, kind)
  const body = codec.object(incoming.body, {
    encoding: encodingOf(incoming.contentType),
    served: incoming.takes,
    level: options.fieldValidation ?? 'Warn',
    warn: incoming.warn,
  })
  return { body, options }
}

function withPatch(codec: BodyCodec, incoming: Incoming) {
  const type = patchTypeOf(incoming.contentType)
  const options = writeOptions(
    incoming.info.query,
    incoming.agent,
    type === 'apply' ? 'PatchOptions apply' : 'PatchOptions',
  )
  const content = codec.document(incoming.body, type === 'apply' ? 'yaml' : 'json')
  const patch: Patch = { type, content }
  const force = incoming.info.query.get('force')
  return { patch, options: { ...options, ...(force === null ? {} : { force: force === 'true' || force === '1' }) } }
}

function deletion(codec: BodyCodec, incoming: Incoming) {
  const body =
    incoming.body.byteLength === 0 ? undefined : codec.document(incoming.body, encodingOf(incoming.contentType))
  return deleteOptions(incoming.info.query, body)
}
