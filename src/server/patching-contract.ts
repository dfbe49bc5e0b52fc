/** What the codec gives to patching; the server brings the order of things. */
import type { FieldValidation, Patch } from '#api/door.ts'
import type { Draft, KObject } from '#api/metadata.ts'
import type { Served } from '#api/kind.ts'

interface Validation {
  readonly level: FieldValidation
  readonly warn: (text: string) => void
}

export interface Patching {
  /** The patched document, not yet decoded. @throws StatusError BadRequest or Invalid (a failed test, a path that is not there). */
  patched(patch: Patch, document: KObject, served: Served): unknown
  /** A JSON or merge patch of a document that is no kept kind: a Scale. */
  plain(patch: Patch, document: object): unknown
  /** Decodes what a patch gave: unknown fields by fieldValidation, wrong types refused. */
  decoded(document: unknown, served: Served, validation: Validation): Draft<KObject>
  /** A configuration to apply: as sent, without defaults and zero values, its values in canonical form. Unknown fields are refused. */
  configured(content: unknown, served: Served): Draft<KObject>
}
