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
  /** A patch of a document that is no kept kind: a Scale. @param type as facts name it; without it a strategic patch is refused. */
  plain(patch: Patch, document: object, type?: string): unknown
  /** Decodes what a patch gave: unknown fields by fieldValidation, wrong types refused. */
  decoded(document: unknown, served: Served, validation: Validation): Draft<KObject>
  /** A configuration to apply: as sent, without defaults and zero values, its values in canonical form. Unknown fields are refused. */
  configured(content: unknown, served: Served): Draft<KObject>
}
