/** The history thread's work: a part of the log, its values opened and checked, through a connection that cannot write. */
import { DatabaseSync } from 'node:sqlite'
import type { HistoryRequest } from '../journal.ts'
import { mostOperations } from '../compare.ts'
import type { Survey } from '../changing.ts'
import { survey } from './surveying.ts'
import { makeVault, type Vault, type VaultSettings } from '../vault.ts'
import { revisionIn, revisionOf, rowOf } from './format.ts'
import type { HistorySettings, PastPart, PastValue, PastWrite } from './history-protocol.ts'
import { columnCount, columns, forms, opened, rowFrom, RowBroken, type Row } from './rows.ts'

const rowsPerPart = 512
const bytesPerPart = 8 * 1024 * 1024

interface Some {
  readonly writes: readonly PastWrite[]
  /** The last revision that is complete in `writes`. */
  readonly through: number
}

export class Reading {
  readonly #database: DatabaseSync
  #vault: Vault

  constructor({ path, vault }: HistorySettings) {
    this.#database = new DatabaseSync(path, { readOnly: true, timeout: 10_000 })
    this.#vault = makeVault(vault, 'history')
  }

  use(vault: VaultSettings): void {
    this.#vault = makeVault(vault, 'history')
  }

  survey(): Survey {
    return survey(this.#database, this.#vault)
  }

  read(request: HistoryRequest): PastPart {
    // One read transaction, so that compaction cannot take rows away in the middle.
    this.#database.exec('BEGIN')
    try {
      if (request.after < revisionIn(this.#database, 'oldest')) return 'expired'
      const each = request.resources.map(resource => this.#some(resource, request))
      const through = Math.min(...each.map(some => some.through))
      const writes = each
        .flatMap(some => some.writes)
        .filter(write => revisionOf(write.id) <= through)
        .sort((a, b) => a.id - b.id)
      return { writes, through }
    } finally {
      this.#database.exec('COMMIT')
    }
  }

  /** Whole revisions of one resource, at least one. */
  #some(resource: string, { after, until }: HistoryRequest): Some {
    const writes: PastWrite[] = []
    let bytes = 0
    const statement = this.#database.prepare(
      `SELECT ${columns('l')}, ${columns('p')} FROM log l LEFT JOIN log p ON p.id = l.previous
       WHERE l.resource = ? AND l.id >= ? AND l.id < ? ORDER BY l.id LIMIT ?`,
    )
    statement.setReturnArrays(true)
    for (const values of statement.iterate(
      resource,
      rowOf(after + 1, 0),
      rowOf(until + 1, 0),
      rowsPerPart + mostOperations,
    )) {
      const row = rowFrom(values)
      const last = writes.at(-1)
      const full = writes.length >= rowsPerPart || bytes >= bytesPerPart
      if (full && last !== undefined && revisionOf(last.id) !== revisionOf(row.id))
        return { writes, through: revisionOf(last.id) }
      const before = row.previous === 0 ? undefined : rowFrom(values, columnCount)
      const write = this.#write(row, before)
      bytes += write.value.length + (write.previous?.value.length ?? 0)
      writes.push(write)
    }
    return { writes, through: until }
  }

  #write(row: Row, before: Row | undefined): PastWrite {
    if (before !== undefined && before.id !== row.previous) throw new RowBroken(row, 'what it replaced is missing')
    const { resource, key } = row
    const previous = before === undefined ? undefined : this.#value(before)
    return { ...this.#value(row), type: row.form === forms.deletion ? 'delete' : 'put', resource, key, previous }
  }

  #value(row: Row): PastValue {
    const { id, version, expires } = row
    return { id, version, expires, value: opened(row, this.#vault) }
  }
}
