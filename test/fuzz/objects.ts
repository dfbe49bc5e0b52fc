/** Objects of built-in kinds as the server has them after the decoder, for targets that begin there. */
import type { Draft, KObject } from '#api/metadata.ts'
import type { Kind } from '#api/kind.ts'
import { decodeTyped } from '#codec/decode.ts'
import { DecodeError } from '#codec/errors.ts'
import { defaulted } from '#server/stored.ts'
import { refusable } from './target.ts'

/** In the kind's hub version and with its defaults; undefined for what is refused. */
export function decodedAs(kind: Kind, value: Record<string, unknown>): Draft<KObject> | undefined {
  const hub = kind.versions.find(one => one.name === kind.hub)
  if (hub === undefined || hub.schema().fields?.has('metadata') !== true) return undefined
  const whole = { ...value, metadata: value['metadata'] ?? {} }
  const object = refusable(() => decodeTyped(hub.schema(), whole).object, DecodeError)
  return object === undefined ? undefined : defaulted(kind, structuredClone(object))
}
