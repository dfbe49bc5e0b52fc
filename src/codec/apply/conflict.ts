/** What an applier would take from others, and how it is told. */
import { StatusError } from '#api/status.ts'
import type { Managers, Owner } from './managers.ts'
import { pathText } from './element.ts'
import { type FieldSet, difference, intersection, isEmptySet, paths } from './set.ts'
import type { Changes } from './update.ts'

export interface Claim {
  readonly owner: Owner
  readonly set: FieldSet
}

/** What others own of what changes. @param own the applier's entry. */
export function claims(managers: Managers, changes: Changes, own: string): readonly Claim[] {
  const found: Claim[] = []
  for (const [id, entry] of managers) {
    const changed = id === own ? undefined : changes(entry.owner.apiVersion)?.changed
    const set = changed === undefined ? undefined : intersection(entry.set, changed)
    if (set !== undefined && !isEmptySet(set)) found.push({ owner: entry.owner, set })
  }
  return found
}

/** The claims that are not on these paths. */
export const beyond = (claims: readonly Claim[], allowed: FieldSet): readonly Claim[] =>
  claims.map(claim => ({ ...claim, set: difference(claim.set, allowed) })).filter(claim => !isEmptySet(claim.set))

function named({ manager, subresource, operation, apiVersion }: Owner): string {
  const name = JSON.stringify(manager) + (subresource === '' ? '' : ` with subresource ${JSON.stringify(subresource)}`)
  return operation === 'Update' ? `${name} using ${apiVersion}` : name
}

/** A message with a million paths helps nobody. */
const mostTold = 1000

export function conflictError(claims: readonly Claim[]): StatusError {
  const told = claims
    .flatMap(({ owner, set }) => [...paths(set)].map(path => ({ manager: named(owner), path: pathText(path) })))
    .toSorted((left, right) => (left.manager === right.manager ? 0 : left.manager < right.manager ? -1 : 1))
  const shown = told.slice(0, mostTold)
  const [first] = told
  const message =
    told.length === 1 && first !== undefined
      ? `1 conflict: conflict with ${first.manager}: ${first.path}`
      : `${told.length} conflicts: ${grouped(shown)}`
  return new StatusError({
    reason: 'Conflict',
    message: `Apply failed with ${message}`,
    details: {
      causes: shown.map(({ manager, path }) => ({
        reason: 'FieldManagerConflict',
        message: `conflict with ${manager}`,
        field: path,
      })),
    },
  })
}

function grouped(told: readonly { manager: string; path: string }[]): string {
  const lines: string[] = []
  let last: string | undefined
  for (const { manager, path } of told) {
    if (manager !== last) lines.push(`conflicts with ${manager}:`)
    last = manager
    lines.push(`- ${path}`)
  }
  return lines.join('\n')
}
