import { DecodeError, JsonError, ProtobufError } from '#codec/errors.ts'
import { decodeTyped } from '#codec/decode.ts'
import { parseJson, stringifyJson } from '#codec/json.ts'
import { decodeProtobuf, decodeWatchEvent, encodeProtobuf, type Envelope, readEnvelope } from '#codec/protobuf.ts'
import { findType } from '#kinds/facts/read.ts'
import { refusable, same, type Target } from '../target.ts'

const errors = [ProtobufError, JsonError, DecodeError] as const

const aliases = ['core_v1', 'apps_v1', 'batch_v1', 'apiextensions_v1', 'rbac_v1', 'meta_v1', 'networking_v1']
const schemaOf = ({ kind }: Envelope) =>
  aliases.map(alias => findType(`${alias}.${kind}`)).find(found => found !== undefined) ?? findType('core_v1.Pod')

export const protobuf: Target = {
  name: 'protobuf',
  words: [
    Buffer.from('6b387300', 'hex'),
    Buffer.from('0a', 'hex'),
    Buffer.from('12', 'hex'),
    Buffer.from('ffffffffffffffffff01', 'hex'),
    Buffer.from('ffffffff0f', 'hex'),
    Buffer.from('80808080808000', 'hex'),
    '__proto__',
    'Pod',
    'CustomResourceDefinition',
  ],
  rounds: 4000,
  run: input => {
    refusable(() => decodeWatchEvent(input), ...errors)
    const envelope = refusable(() => readEnvelope(input), ...errors)
    const schema = envelope === undefined ? undefined : schemaOf(envelope)
    if (envelope === undefined || schema === undefined) return
    const object = refusable(() => decodeProtobuf(schema, envelope), ...errors)
    if (object === undefined) return
    const { apiVersion, kind } = envelope
    const written = encodeProtobuf(schema, { ...object, apiVersion, kind })
    same(decodeProtobuf(schema, readEnvelope(written)), object, 'again')
    same(decodeTyped(schema, parseJson(stringifyJson(object)).value).object, object, 'from JSON')
  },
}
