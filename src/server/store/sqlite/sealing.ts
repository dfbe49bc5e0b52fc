/**
 * Which resources the database holds sealed, itself under seal: opening it proves the key, and values that are plain where
 * all are sealed are not ours. A resource that is to be sealed from now on has its rows rewritten first.
 */
import type { DatabaseSync } from 'node:sqlite'
import { StoreRefused } from '../contract.ts'
import { SealBroken, type Keyring } from '../encryption.ts'
import { isSealed, sealedFrom, type Sealed, type Vault } from '../vault.ts'
import { inTransaction, meta } from './format.ts'
import { columns, forms, opened, rowFrom, sumOf } from './rows.ts'

const record = { resource: '', key: 'sealed', version: 0 }

/** Throws StoreRefused('key') for the wrong key or none. */
export function provideSeal(database: DatabaseSync, path: string, { ring, sealed }: Vault): void {
  const stored = meta(database, 'sealed')
  if (ring === undefined) {
    if (stored === undefined) return
    throw new StoreRefused('key', `${path} holds sealed values: give the key file it was written with`)
  }
  const before = stored instanceof Uint8Array ? recorded(ring, stored, path) : []
  if (JSON.stringify(before) === JSON.stringify(sealed)) return
  const plain = resourcesIn(database).filter(resource => isSealed(sealed, resource) && !isSealed(before, resource))
  // Overwrites what the plain values leave on free pages.
  database.exec('PRAGMA secure_delete = ON')
  inTransaction(database, () => {
    for (const resource of plain) sealRows(database, resource, ring)
    const value = ring.seal(record, Buffer.from(JSON.stringify(sealed)))
    database.prepare("INSERT OR REPLACE INTO meta VALUES ('sealed', ?)").run(value)
  })
  database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
}

function recorded(ring: Keyring, stored: Uint8Array, path: string): Sealed {
  try {
    return sealedFrom(ring.open(record, stored).toString())
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error
    throw new StoreRefused('key', `${path} was sealed under another key: give the key file it was written with`)
  }
}

const resourcesIn = (database: DatabaseSync): readonly string[] =>
  database
    .prepare('SELECT DISTINCT resource FROM log')
    .all()
    .map(row => String(row['resource']))

function sealRows(database: DatabaseSync, resource: string, ring: Keyring): void {
  const ids = database.prepare('SELECT id FROM log WHERE resource = ? AND form = ?').all(resource, forms.plain)
  const read = database.prepare(`SELECT ${columns('log')} FROM log WHERE id = ?`)
  const write = database.prepare('UPDATE log SET form = ?, sum = ?, value = ? WHERE id = ?')
  for (const { id } of ids) {
    const row = rowFrom(Object.values(read.get(Number(id)) ?? {}))
    const value = ring.seal(row, opened(row, { ring: undefined, sealed: [] }))
    write.run(forms.sealed, sumOf(row, forms.sealed, value), value, row.id)
  }
}
