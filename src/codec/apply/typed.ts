/** Parsed JSON as an object of its kind. */
import type { Draft, KObject } from '#api/metadata.ts'
import type { Served } from '#api/kind.ts'
import { decodeCustom } from '../custom.ts'
import { decodeTyped } from '../decode.ts'

/** @param value given away. @throws DecodeError for a value of the wrong type. */
export function typedAs({ kind, version }: Served, value: unknown): Draft<KObject> {
  const schema = version.schema()
  return (kind.custom ? decodeCustom(schema, value) : decodeTyped(schema, value)).object
}
