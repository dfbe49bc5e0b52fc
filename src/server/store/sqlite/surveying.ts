/** What the rows of a database are sealed with. */
import type { DatabaseSync } from 'node:sqlite'
import type { FoundSeed, Survey } from '../changing.ts'
import { type Keyring, masterTitle } from '../encryption.ts'
import { prefixIn } from '../providers/providers.ts'
import { seedIn, seedName } from '../providers/seeds.ts'
import { isSealed, type Vault } from '../vault.ts'
import { columns, forms, rowFrom, signerOfRow, type Row } from './rows.ts'

/** It would be sealed differently today. */
export function isStale(row: Row, vault: Vault): boolean {
  const { resource, form, value } = row
  const { ring, sealed, providers } = vault
  if (form === forms.deletion || ring === undefined) return false
  if (providers?.writer(resource) !== undefined)
    return form !== forms.provided || providers.stale(resource, value) || isSignedByOther(ring, signer(row, vault))
  return isSealed(sealed, resource) && !(form === forms.sealed && ring.isCurrent(value))
}

/** Who signed what a provider sealed. With one master key that is known without opening it. */
function signer(row: Row, vault: Vault): string | undefined {
  const [first, ...others] = vault.ring?.titles ?? []
  return others.length === 0 ? first : signerOfRow(row, vault)
}

/** What does not open now cannot be sealed anew either. */
export const isSignedByOther = (ring: Keyring, signed: string | undefined): boolean =>
  signed !== undefined && signed !== ring.titles[0]

/** Master keys that a value of a provider needs: which one is not known where it does not open now. */
export const mastersOf = (ring: Keyring | undefined, signed: string | undefined): readonly string[] =>
  signed === undefined ? (ring?.titles ?? []) : [signed]

const nameOf = ({ form, value }: Row): string =>
  form === forms.provided ? prefixIn(value) : form === forms.sealed ? masterTitle(value) : 'plain'

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
  const masters = new Set<string>()
  let stale = 0
  const statement = database.prepare(`SELECT ${columns('log')} FROM log WHERE form <> ?`)
  statement.setReturnArrays(true)
  for (const values of statement.iterate(forms.deletion)) {
    const row = rowFrom(values)
    counts.set(nameOf(row), (counts.get(nameOf(row)) ?? 0) + 1)
    if (isStale(row, vault)) stale++
    if (row.form === forms.sealed) masters.add(vault.ring?.titleOf(row.value) ?? nameOf(row))
    if (row.form === forms.provided) for (const one of mastersOf(vault.ring, signer(row, vault))) masters.add(one)
    const found = row.form === forms.provided ? seedOf(row.value) : undefined
    if (found !== undefined) seeds.set(foundName(found), found)
  }
  return { counts, stale, masters, seeds: [...seeds.values()] }
}
