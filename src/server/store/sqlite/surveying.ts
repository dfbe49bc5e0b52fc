/** What the rows of a database are sealed with. */
import type { DatabaseSync } from 'node:sqlite'
import type { FoundSeed, Survey } from '../changing.ts'
import { prefixIn } from '../providers/providers.ts'
import { seedIn, seedName } from '../providers/seeds.ts'
import { isSealed, type Vault } from '../vault.ts'
import { columns, forms, rowFrom, type Row } from './rows.ts'

/** It would be sealed differently today. */
export function isStale({ resource, form, value }: Row, { ring, sealed, providers }: Vault): boolean {
  if (form === forms.deletion || ring === undefined) return false
  if (providers?.writer(resource) !== undefined) return form !== forms.provided || providers.stale(resource, value)
  return isSealed(sealed, resource) && !(form === forms.sealed && ring.isCurrent(value))
}

const nameOf = ({ form, value }: Row): string =>
  form === forms.provided
    ? prefixIn(value)
    : form === forms.sealed
      ? `bulwark:${Buffer.from(value.subarray(0, 4)).toString('hex')}`
      : 'plain'

/** The sealed seed that a value of a plugin carries. */
export function seedOf(value: Uint8Array): FoundSeed | undefined {
  const prefix = prefixIn(value)
  const [, provider] = /^k8s:enc:kms:v2:([^:]*):$/.exec(prefix) ?? []
  const seed = provider === undefined ? undefined : seedIn(value.subarray(prefix.length))
  if (provider === undefined || seed === undefined) return undefined
  const { keyId, source, annotations, type } = seed
  return { provider, seed: { keyId, source: Uint8Array.from(source), annotations, type } }
}

export const foundName = ({ provider, seed }: FoundSeed): string => `${provider} ${seedName(seed)}`

export function survey(database: DatabaseSync, vault: Vault): Survey {
  const counts = new Map<string, number>()
  const seeds = new Map<string, FoundSeed>()
  let stale = 0
  const statement = database.prepare(`SELECT ${columns('log')} FROM log WHERE form <> ?`)
  statement.setReturnArrays(true)
  for (const values of statement.iterate(forms.deletion)) {
    const row = rowFrom(values)
    counts.set(nameOf(row), (counts.get(nameOf(row)) ?? 0) + 1)
    if (isStale(row, vault)) stale++
    const found = row.form === forms.provided ? seedOf(row.value) : undefined
    if (found !== undefined) seeds.set(foundName(found), found)
  }
  return { counts, stale, seeds: [...seeds.values()] }
}
