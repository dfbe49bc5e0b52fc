/** The columns that role bindings of both scopes show. */
import type { Column } from '#api/kind.ts'
import type { Draft, KObject } from '#api/metadata.ts'
import { age, name, text, wide } from '../columns.ts'
import { each, fill, owned } from '../fill.ts'
import type { RoleRef, Subject } from '#kinds/facts/generated/types/rbac_v1.ts'

interface Binding extends KObject {
  readonly roleRef: RoleRef
  readonly subjects?: readonly Subject[]
}

const group = 'rbac.authorization.k8s.io'

/** Users and groups are of this API group, service accounts of the core one. */
const subject = (one: Subject): Subject =>
  one.kind === 'User' || one.kind === 'Group' ? fill(one, { apiGroup: group }) : one

export function bindingDefaults(binding: { roleRef: Draft<RoleRef>; subjects?: Draft<Subject>[] }): void {
  const none: RoleRef = { apiGroup: group, kind: '', name: '' }
  binding.roleRef = owned(fill(binding.roleRef ?? none, { apiGroup: group }))
  if (binding.subjects !== undefined) binding.subjects = owned(each(binding.subjects, subject))
}

const named = (binding: Binding, kind: string): string =>
  (binding.subjects ?? [])
    .filter(one => one.kind === kind)
    .map(one => (kind === 'ServiceAccount' && one.namespace ? `${one.namespace}/${one.name}` : one.name))
    .join(', ')

export const bindingColumns: readonly Column<Binding>[] = [
  name,
  text('Role', binding => `${binding.roleRef.kind}/${binding.roleRef.name}`),
  age,
  wide(text('Users', binding => named(binding, 'User'))),
  wide(text('Groups', binding => named(binding, 'Group'))),
  wide(text('ServiceAccounts', binding => named(binding, 'ServiceAccount'))),
]
