/** The codec as the server uses it: bodies of requests, and what patches gave, strictly decoded. */
import type { FieldValidation, Patch } from '#api/door.ts'
import type { Draft, Json, KObject } from '#api/metadata.ts'
import type { Served } from '#api/kind.ts'
import type { Schema } from '#api/schema.ts'
import { StatusError, badRequest, invalid, isReason, unsupportedMediaType } from '#api/status.ts'
import { invalidValue, omitted } from '#api/validation.ts'
import { applyDefaults } from '#codec/defaults.ts'
import { decodeCustom } from '#codec/custom.ts'
import { type Decoded, decodeTyped } from '#codec/decode.ts'
import { DecodeError, JsonError, ProtobufError, YamlError } from '#codec/errors.ts'
import { type Envelope, decodeProtobuf, readEnvelope } from '#codec/protobuf.ts'
import { parseYaml } from '#codec/yaml.ts'
import { findType } from '#kinds/facts/read.ts'
import { QuantityError } from '#base/quantity.ts'
import { applied } from '#codec/apply/apply.ts'
import { sentPart } from '#codec/apply/sparse.ts'
import { ownedAfterUpdate } from '#codec/apply/update.ts'
import { parseJson, stringifyJson } from '#codec/json.ts'
import { applyJsonPatch } from '#codec/patch/json.ts'
import { applyMergePatch } from '#codec/patch/merge.ts'
import { copyOf } from '#codec/patch/tree.ts'
import { applyStrategicPatch } from '#codec/patch/strategic.ts'
import { alone } from './converting.ts'
import { copy } from '#server/registry/build.ts'
import type { FieldManager } from '#server/registry/deps.ts'
import type { Patching } from './patching-contract.ts'
import type { BodyCodec } from './http/decode-body.ts'
import type { Encoding } from './http/negotiate.ts'
import { isSecretive } from './secrecy.ts'

interface Parsed {
  readonly value: unknown
  readonly duplicates: readonly string[]
}

interface Validation {
  readonly level: FieldValidation
  readonly warn: (text: string) => void
}

const versionOf = ({ kind, version }: Served): string =>
  kind.group === '' ? version.name : `${kind.group}/${version.name}`

function parse(bytes: Uint8Array, encoding: Encoding): Parsed {
  try {
    switch (encoding) {
      case 'json':
        return parseJson(bytes)
      case 'yaml':
        return { value: parseYaml(bytes), duplicates: [] }
      case 'protobuf':
        return { value: decodeOptions(readEnvelope(bytes)), duplicates: [] }
    }
  } catch (error) {
    if (error instanceof JsonError) throw badRequest(`couldn't get version/kind; json parse error: ${error.message}`)
    if (error instanceof ProtobufError) throw badRequest(error.message)
    if (error instanceof YamlError) throw badRequest(`error parsing YAML: ${error.message}`)
    throw error
  }
}

/** The only documents that are sent in protobuf and are no kind: the options of a deletion. */
function decodeOptions(envelope: Envelope): unknown {
  const schema = findType(`meta_v1.${envelope.kind}`)
  if (schema === undefined)
    throw new ProtobufError(
      `no kind ${JSON.stringify(envelope.kind)} is registered for version ${JSON.stringify(envelope.apiVersion)}`,
    )
  return decodeProtobuf(schema, envelope)
}

function protobufObject(bytes: Uint8Array, served: Served): Draft<KObject> {
  if (served.kind.custom)
    throw unsupportedMediaType(
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml',
    )
  try {
    const envelope = readEnvelope(bytes)
    const { apiVersion, kind } = envelope
    const head = { apiVersion, kind }
    identify(head, served)
    const schema = served.version.schema()
    const object = decodeProtobuf(schema, { ...envelope, ...head })
    object.metadata ??= {}
    applyDefaults(schema, object)
    return object
  } catch (error) {
    if (error instanceof ProtobufError || error instanceof DecodeError || error instanceof QuantityError)
      throw badRequest(error.message)
    throw error
  }
}

interface Complaints {
  readonly unknown: readonly string[]
  readonly duplicates: readonly string[]
  readonly custom: boolean
}

/** Unknown and duplicate fields, as the client wants to hear of them. @throws StatusError BadRequest when strict */
function report({ unknown, duplicates, custom }: Complaints, { level, warn }: Validation): void {
  if (level === 'Ignore' || unknown.length + duplicates.length === 0) return
  const twice = duplicates.map(path => `duplicate field ${JSON.stringify(path)}`)
  const strange = unknown.map(path => `unknown field ${JSON.stringify(path)}`)
  // Upstream reads a custom object first and compares it with its schema afterwards.
  const lines = custom ? [...twice, ...strange] : [...strange, ...twice]
  if (level === 'Strict') throw badRequest(`strict decoding error: ${lines.join(', ')}`)
  lines.forEach(warn)
}

/** An object that says what it is must be what is asked for; built-in kinds may say nothing. */
function identify(value: object, served: Served): void {
  const { apiVersion, kind } = value as { apiVersion?: unknown; kind?: unknown }
  const wanted = versionOf(served)
  const silent = (said: unknown): boolean => said === undefined || said === ''
  if (served.kind.custom && (silent(kind) || silent(apiVersion)))
    throw badRequest(`Object '${silent(kind) ? 'Kind' : 'apiVersion'}' is missing in the request body`)
  if (!silent(apiVersion) && apiVersion !== wanted)
    throw badRequest(
      `the API version in the data (${String(apiVersion)}) does not match the expected API version (${wanted})`,
    )
  if (!silent(kind) && kind !== served.kind.kind)
    throw badRequest(
      `${String(kind)} in version ${JSON.stringify(served.version.name)} cannot be handled as a ${served.kind.kind}: converting (${String(kind)}) to (${served.kind.kind}): unknown conversion`,
    )
  Reflect.set(value, 'apiVersion', wanted)
  Reflect.set(value, 'kind', served.kind.kind)
}

/** Defaulted by its version's schema, with the fields that nobody knows. @throws StatusError BadRequest */
function typed(value: unknown, served: Served): Decoded {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw badRequest(`couldn't get version/kind; json parse error: json: cannot unmarshal into Go value of type struct`)
  identify(value, served)
  try {
    const schema = served.version.schema()
    const decoded = served.kind.custom ? decodeCustom(schema, value) : decodeTyped(schema, value)
    decoded.object.metadata ??= {}
    applyDefaults(schema, decoded.object)
    return decoded
  } catch (error) {
    if (error instanceof DecodeError || error instanceof QuantityError)
      throw badRequest(
        `${served.kind.kind} in version ${JSON.stringify(served.version.name)} cannot be handled as a ${served.kind.kind}: ${error.message}`,
      )
    throw error
  }
}

/** The typed object, defaulted by its version's schema. @throws StatusError BadRequest */
export function typedObject(parsed: Parsed, served: Served, validation: Validation): Draft<KObject> {
  const { object, unknown } = typed(parsed.value, served)
  report({ unknown, duplicates: parsed.duplicates, custom: served.kind.custom }, validation)
  return object
}

/**
 * What one of our own components hands in, in the form that decoding leaves: fields that are always there included. A copy:
 * components build bodies from parts of objects that they read, which are everybody's.
 */
export function ownObject(body: Draft<KObject>, served: Served): Draft<KObject> {
  const schema = served.version.schema()
  const own = copy(body)
  const { object } = served.kind.custom ? decodeCustom(schema, own) : decodeTyped(schema, own)
  applyDefaults(schema, object)
  return object
}

export const bodyCodec: BodyCodec = {
  object: (bytes, { encoding, served, level, warn }) =>
    encoding === 'protobuf'
      ? protobufObject(bytes, served)
      : typedObject(parse(bytes, encoding), served, { level, warn }),
  document: (bytes, encoding) => parse(bytes, encoding).value as Json,
}

function patched(patch: Patch, document: object, schema?: Schema): unknown {
  if (patch.type === 'merge') return applyMergePatch(document, patch.content)
  if (patch.type === 'json') return applyJsonPatch(document, patch.content)
  if (patch.type === 'strategic' && schema !== undefined) return applyStrategicPatch(document, patch.content, schema)
  throw unsupportedMediaType(`patches of type ${patch.type} are not supported`)
}

/** What a patch made of an object is refused as the patch's fault, not as a body that cannot be read. */
function patchedObject(document: unknown, served: Served, validation: Validation): Draft<KObject> {
  try {
    return typedObject({ value: document, duplicates: [] }, served, validation)
  } catch (error) {
    if (!isReason(error, 'BadRequest')) throw error
    const { group, plural: resource } = served.kind
    const shown = isSecretive({ group, resource }) ? omitted : stringifyJson(document)
    throw invalid({ group: '', resource: '' }, [invalidValue('patch', shown, error.message)])
  }
}

/** What is applied is owned field by field, so that every field must be known, whatever the client says of validation. */
function undeclared({ apiVersion, kind, metadata }: KObject, unknown: readonly string[]): StatusError {
  const lines = unknown.map(path => `.${path}: field not declared in schema`)
  const place = `${metadata.namespace ?? ''}/${metadata.name ?? ''}; ${apiVersion}, Kind=${kind}`
  const text = lines.length === 1 ? (lines[0] ?? '') : `errors:\n  ${lines.join('\n  ')}`
  return new StatusError({ reason: '', message: `failed to create typed patch object (${place}): ${text}`, code: 500 })
}

export const patching: Patching = {
  patched: (patch, document, served) => patched(patch, document, served.version.schema()),
  plain: (patch, document, type) => patched(patch, document, type === undefined ? undefined : findType(type)),
  decoded: patchedObject,
  configured: (content, served) => {
    const { object, unknown } = typed(copyOf(content), served)
    if (unknown.length > 0) throw undeclared(object, unknown)
    const { apiVersion, kind } = object
    const sent = { metadata: {}, ...Object(content), apiVersion, kind }
    return sentPart(served.version.schema(), object, sent) as Draft<KObject>
  },
}

export const fieldManager: FieldManager = {
  // What other versions make of it only their webhook knows: owned is what the hub has.
  update: change =>
    ownedAfterUpdate(
      change.served.kind.convert === undefined
        ? change
        : { ...change, served: alone(change.served, change.served.kind.hub) },
    ),
  apply: applied,
}
