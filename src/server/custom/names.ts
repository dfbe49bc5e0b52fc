/** Which of the names that a definition asks for it gets: those that no other definition of its group has. */
import { equal } from '#base/equal.ts'
import type {
  CustomResourceDefinition as Definition,
  CustomResourceDefinitionNames as Names,
} from '#kinds/facts/generated/types/apiextensions_v1.ts'
import type { Say } from './conditions.ts'

const none: Names = { plural: '', kind: '' }
export const acceptedOf = ({ status }: Definition): Names => status?.acceptedNames ?? none

interface Used {
  readonly resources: ReadonlySet<string>
  readonly kinds: ReadonlySet<string>
}

/** Names that are taken in the group, those of the definition itself included. */
function used(group: string, all: readonly Definition[]): Used {
  const names = all.filter(one => one.spec.group === group).map(acceptedOf)
  return {
    resources: new Set(names.flatMap(one => [one.plural, one.singular ?? '', ...(one.shortNames ?? [])])),
    kinds: new Set(names.flatMap(one => [one.kind, one.listKind ?? ''])),
  }
}

export interface Naming {
  readonly accepted: Names
  readonly says: Say
}

const say = (status: 'True' | 'False', reason: string, message: string): Say => ({
  type: 'NamesAccepted',
  status,
  reason,
  message,
})
const inUse = (name: string): string => `${JSON.stringify(name)} is already in use`

const single = [
  ['plural', 'resources', 'PluralConflict'],
  ['singular', 'resources', 'SingularConflict'],
  ['shortNames', 'resources', 'ShortNamesConflict'],
  ['kind', 'kinds', 'KindConflict'],
  ['listKind', 'kinds', 'ListKindConflict'],
] as const

function conflicts(
  wanted: Names,
  had: Names,
  taken: Used,
): readonly { field: keyof Names; reason: string; message: string }[] {
  return single.flatMap(([field, pool, reason]) => {
    const before: readonly string[] = field === 'shortNames' ? (had.shortNames ?? []) : [had[field] ?? '']
    const names: readonly string[] = field === 'shortNames' ? (wanted.shortNames ?? []) : [wanted[field] ?? '']
    const lost = names.filter(name => !before.includes(name) && taken[pool].has(name)).map(inUse)
    if (lost.length === 0) return []
    return [{ field, reason, message: lost.length === 1 ? (lost[0] ?? '') : `[${lost.join(', ')}]` }]
  })
}

/** @param all every definition, this one included. */
export function nameOf(definition: Definition, all: readonly Definition[]): Naming {
  const wanted = definition.spec.names
  const had = acceptedOf(definition)
  const found = conflicts(wanted, had, used(definition.spec.group, all))
  const kept = Object.fromEntries(found.map(({ field }): readonly [string, unknown] => [field, had[field]]))
  const accepted: Names = found.length === 0 ? wanted : withoutAbsent({ ...wanted, ...kept })
  const last = found.at(-1)
  return {
    accepted: equal(accepted, had) ? had : accepted,
    says:
      last === undefined ? say('True', 'NoConflicts', 'no conflicts found') : say('False', last.reason, last.message),
  }
}

const withoutAbsent = (names: Names): Names =>
  Object.fromEntries(Object.entries(names).filter(([, value]) => value !== undefined)) as unknown as Names
