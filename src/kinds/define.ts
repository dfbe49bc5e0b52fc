/** Makes a kind's value from its facts and what is particular to it. */
import type { KObject, ResourceRef } from '#api/metadata.ts'
import type { Kind, KindVersion } from '#api/kind.ts'
import { typeSchema } from '#kinds/facts/read.ts'
import { resources, type ResourceFact } from '#kinds/facts/generated/resources.ts'
import { nameAndCreation } from './columns.ts'

type FromFacts = 'group' | 'kind' | 'listKind' | 'plural' | 'singular' | 'scope' | 'verbs' | 'versions' | 'hub'

type Conversion = Pick<KindVersion, 'toHub' | 'fromHub' | 'deprecated'>

/** What the published facts do not say. Absent: as most kinds have it (see `defineKind`). */
export interface Particulars<O extends KObject> extends Partial<Omit<Kind<O>, FromFacts>> {
  /** How each version other than the reference's becomes the hub version and back. */
  readonly conversions?: Readonly<Record<string, Conversion>>
}

function versionOf(fact: ResourceFact, conversion: Conversion = {}): KindVersion {
  return { name: fact.version, schema: () => typeSchema(fact.type), ...conversion }
}

/**
 * The kind that `ref` names. `ref`'s version is the hub; all published versions are served. Absent particulars mean: no
 * status of its own, no generation, a PUT needs a resourceVersion and creates nothing, columns are name and creation time.
 * @throws Error when there are no facts of it.
 */
export function defineKind<O extends KObject>(ref: ResourceRef<O>, particulars: Particulars<O>): Kind {
  const { conversions = {}, ...own } = particulars
  const facts = resources.filter(one => one.group === ref.group && one.plural === ref.resource)
  const hub = facts.find(one => one.version === ref.version)
  if (hub === undefined) throw new Error(`no facts of ${ref.resource} in ${ref.group}/${ref.version}`)
  const versions = facts.map(fact => versionOf(fact, conversions[fact.version]))
  return assembled(ref, { versions, verbs: hub.verbs }, own)
}

/** A kind with its own schemas. Absent particulars mean what they mean to `defineKind`. */
export function assembled<O extends KObject>(
  ref: ResourceRef<O>,
  { versions, verbs }: Pick<Kind, 'versions' | 'verbs'>,
  own: Partial<Omit<Kind<O>, FromFacts>>,
): Kind {
  const kind: Kind<O> = {
    group: ref.group,
    kind: ref.kind,
    listKind: `${ref.kind}List`,
    plural: ref.resource,
    singular: ref.kind.toLowerCase(),
    scope: ref.namespaced ? 'Namespaced' : 'Cluster',
    versions,
    hub: ref.version,
    verbs,
    shortNames: [],
    categories: [],
    generation: 0,
    status: false,
    counted: false,
    unconditionalUpdate: false,
    createOnUpdate: false,
    custom: false,
    columns: nameAndCreation,
    ...own,
  }
  // The registry hands a kind only objects that its own schema decoded, so the static type may be forgotten here.
  return kind as unknown as Kind
}
