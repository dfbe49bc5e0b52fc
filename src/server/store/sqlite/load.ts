/** Reads what is current: keys and revisions at once, values as bytes that are decoded when somebody asks. */
import type { DatabaseSync } from 'node:sqlite'
import type { GroupResource } from '#api/metadata.ts'
import type { Loaded } from '../durable.ts'
import { SealBroken } from '../encryption.ts'
import { Entry, StoredBody, type Reading } from '../entry.ts'
import { Tree } from '../tree.ts'
import type { Vault } from '../vault.ts'
import { placeOf, revisionIn, revisionOf } from './format.ts'
import { columnCount, columns, forms, opened, RowBroken, rowFrom, type Row } from './rows.ts'
import { damaged } from './sqlerror.ts'
import { proveRows } from './state.ts'

export interface LoadOptions {
  readonly path: string
  readonly vault: Vault
  readonly reading: Reading
}

/** Throws StoreRefused('corrupt') where a row is not what was written. */
export function load(database: DatabaseSync, { path, vault, reading }: LoadOptions): Loaded {
  if (vault.ring !== undefined) proveRows(database, path, vault.ring)
  const pairs = new Map<GroupResource, (readonly [string, Entry])[]>()
  try {
    const statement = database.prepare(
      `SELECT ${columns('l')}, c.resource, c.key FROM current c LEFT JOIN log l ON l.id = c.id ORDER BY c.resource, c.key`,
    )
    statement.setReturnArrays(true)
    for (const values of statement.iterate()) {
      const entry = entryFrom(values, vault, reading)
      const list = pairs.get(entry.resource)
      if (list === undefined) pairs.set(entry.resource, [[entry.key, entry]])
      else list.push([entry.key, entry])
    }
  } catch (error) {
    if (error instanceof RowBroken || error instanceof SealBroken) throw damaged(path, error.message)
    throw error
  }
  return {
    revision: revisionIn(database, 'head'),
    oldest: revisionIn(database, 'oldest'),
    trees: new Map([...pairs].map(([resource, list]) => [resource, Tree.of(list)])),
  }
}

function entryFrom(answer: unknown, vault: Vault, reading: Reading): Entry {
  const row: Row = rowFrom(answer)
  const [resource, key]: readonly unknown[] = Array.isArray(answer) ? answer.slice(columnCount) : []
  if (row.resource !== resource || row.key !== key || row.form === forms.deletion)
    throw new RowBroken(row, `it stands for ${String(resource)} ${String(key)}`)
  const revision = revisionOf(row.id)
  const { version, expires } = row
  const body = new StoredBody(opened(row, vault), { resource: row.resource, revision }, reading)
  return new Entry({ resource: row.resource, key: row.key, revision, place: placeOf(row.id), version, expires }, body)
}
