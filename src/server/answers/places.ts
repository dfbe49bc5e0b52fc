/** Objects by where they are, as answers name them. */
import type { KObject } from '#api/metadata.ts'
import type { Grant } from '#server/authz/whocan/holders.ts'

export const placed = ({ kind, metadata: { namespace, name = '' } }: KObject) => ({
  kind,
  ...(namespace === undefined ? {} : { namespace }),
  name,
})

/** A rule as somebody has it. */
export const grantOf = ({ binding, role, rule }: Pick<Grant, 'binding' | 'role' | 'rule'>) => ({
  binding: placed(binding),
  role: placed(role),
  rule,
})
