/** Kinds of our own group. */
import type { Kind } from '#api/kind.ts'
import type { KObject, ResourceRef } from '#api/metadata.ts'
import { bulwarkType } from '#kinds/facts/bulwark.ts'
import { type Particulars, assembled } from '../define.ts'

/** Of what is kept. */
const keptVerbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

export const ownKind = <O extends KObject>(
  ref: ResourceRef<O>,
  particulars: Omit<Particulars<O>, 'conversions'>,
  verbs: readonly string[] = keptVerbs,
): Kind =>
  assembled(ref, { versions: [{ name: ref.version, schema: () => bulwarkType(ref.kind) }], verbs }, particulars)
