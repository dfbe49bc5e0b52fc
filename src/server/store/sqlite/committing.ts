/** The commit thread's work: one transaction a batch, compaction in between, sealing on the way. */
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { Failure } from '../journal.ts'
import { unpack, type Packed, type PackedWrite } from './batch.ts'
import type { CommitSettings } from './commit-protocol.ts'
import { inTransaction, pragma, revisionIn, rowOf } from './format.ts'
import { HeadFile } from '../headfile.ts'
import { sealState, sumOfRows, writeState } from './state.ts'
import { emptySum } from '../marks.ts'
import type { Rewritten } from '../changing.ts'
import { makeVault, type Vault, type VaultSettings } from '../vault.ts'
import { isRecordedBy, recordSealed } from './sealing.ts'
import { isStale } from './surveying.ts'
import { closed, columns, forms, opened, rowFrom, sumOf } from './rows.ts'
import { failureOf } from './sqlerror.ts'

const bytesPerCheckpoint = 8 * 1024 * 1024
const rowsPerCompaction = 500
const rowsPerLook = 1000

interface Statements {
  readonly log: StatementSync
  readonly current: StatementSync
  readonly gone: StatementSync
  readonly meta: StatementSync
}

const prepare = (database: DatabaseSync): Statements => ({
  log: database.prepare('INSERT INTO log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)'),
  current: database.prepare('INSERT OR REPLACE INTO current VALUES (?, ?, ?)'),
  gone: database.prepare('DELETE FROM current WHERE resource = ? AND key = ?'),
  meta: database.prepare('UPDATE meta SET value = ? WHERE name = ?'),
})

export class Committing {
  readonly #database: DatabaseSync
  readonly #statements: Statements
  readonly #head: HeadFile
  #vault: Vault
  #sinceCheckpoint = 0
  /** What the rows that are current add up to. */
  #sum = emptySum()

  constructor(settings: CommitSettings) {
    this.#database = new DatabaseSync(settings.path, { timeout: 10_000 })
    this.#database.exec('PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -16000')
    if (settings.maxBytes > 0)
      this.#database.exec(
        `PRAGMA max_page_count = ${Math.floor(settings.maxBytes / pragma(this.#database, 'page_size'))}`,
      )
    this.#statements = prepare(this.#database)
    this.#vault = makeVault(settings.vault, 'commit')
    const { ring } = this.#vault
    this.#head = new HeadFile(settings.headPath, ring)
    // Under the key that seals from now on, which need not be the one that it was written under.
    if (ring !== undefined) this.#sum = sumOfRows(this.#database, ring)
  }

  head(): number {
    return revisionIn(this.#database, 'head')
  }

  /** All of it or nothing. Where the commit itself fails, the database is asked what became of it. */
  write(packed: Packed, head: number): Failure | undefined {
    let sum = this.#sum
    try {
      inTransaction(this.#database, () => {
        const rows: number[] = []
        for (const write of unpack(packed)) {
          this.#row(write)
          if (write.type === 'put') rows.push(write.id)
          if (write.previous > 0) rows.push(write.previous)
        }
        this.#statements.meta.run(head, 'head')
        sum = this.#state(rows, head)
      })
    } catch (error) {
      if (this.#headOr(0) < head) return failureOf(error)
    }
    this.#sum = sum
    try {
      this.#head.write(head)
    } catch {
      // It may lag; the next commit writes it again.
    }
    this.#sinceCheckpoint += packed.used
    return undefined
  }

  /** Copies the log into the database when it has grown; called when nobody waits for an answer. */
  checkpoint(): void {
    if (this.#sinceCheckpoint < bytesPerCheckpoint) return
    this.#sinceCheckpoint = 0
    try {
      this.#database.exec('PRAGMA wal_checkpoint(PASSIVE)')
    } catch {
      // A full disk: the log keeps everything until there is room.
    }
  }

  /** One step of dropping history up to `revision`; false when there is nothing left to drop. */
  compactSome(revision: number): boolean {
    const database = this.#database
    return inTransaction(database, () => {
      const from = revisionIn(database, 'compacted')
      const end = rowOf(revision + 1, 0) - 1
      const next = database
        .prepare('SELECT id FROM log WHERE id > ? AND id <= ? ORDER BY id LIMIT 1 OFFSET ?')
        .get(from, end, rowsPerCompaction)?.['id']
      const until = typeof next === 'number' ? next : end
      database.exec(`UPDATE meta SET value = max(value, ${revision}) WHERE name = 'oldest'`)
      if (from >= until) return false
      database
        .prepare('DELETE FROM log WHERE id IN (SELECT previous FROM log WHERE id > ? AND id <= ? AND previous > 0)')
        .run(from, until)
      database.prepare('DELETE FROM log WHERE id > ? AND id <= ? AND form = ?').run(from, until, forms.deletion)
      this.#statements.meta.run(until, 'compacted')
      return until < end
    })
  }

  /**
   * From now on it seals so: what says how the store is goes first. When this returns neither that nor the head file needs
   * another key than the first, whatever ends the process or the machine.
   */
  use(settings: VaultSettings): void {
    const vault = makeVault(settings, 'commit')
    const { ring } = vault
    if (ring === undefined) throw new TypeError('a sealed store stays sealed')
    const head = this.head()
    const same = this.#vault.ring?.name.equals(ring.name) === true
    if (!same || !isRecordedBy(this.#database, ring)) {
      const sum = sumOfRows(this.#database, ring)
      inTransaction(this.#database, () => {
        writeState(this.#database, { head, sum, anchored: true }, ring)
        recordSealed(this.#database, vault)
      })
      this.#sum = sum
    }
    this.#vault = vault
    this.#head.use(ring, head)
  }

  /** Looks at rows from the one after `from` until so many were sealed anew, or some thousands were looked at. */
  rewrite(from: number, most: number): Rewritten {
    const statement = this.#database.prepare(`SELECT ${columns('log')} FROM log WHERE id > ? ORDER BY id LIMIT ?`)
    statement.setReturnArrays(true)
    const update = this.#database.prepare('UPDATE log SET form = ?, sum = ?, value = ? WHERE id = ?')
    return inTransaction(this.#database, () => {
      let rewritten = 0
      const rows = statement.all(from, rowsPerLook)
      for (const [i, answer] of rows.entries()) {
        const row = rowFrom(answer)
        if (!isStale(row, this.#vault)) continue
        if (rewritten === most) return { next: String(rowFrom(rows[i - 1]).id || from), rewritten }
        const { form, value } = closed(row, opened(row, this.#vault), this.#vault)
        update.run(form, sumOf(row, form, value), value, row.id)
        rewritten++
      }
      const last = rows.at(-1)
      return { next: last === undefined ? undefined : String(rowFrom(last).id), rewritten }
    })
  }

  close(): void {
    try {
      this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    } catch {
      // The next start does it.
    }
    this.#database.close()
    this.#head.close()
  }

  #row(write: PackedWrite): void {
    const { id, resource, key, version, previous, expires } = write
    const { log, current, gone } = this.#statements
    if (write.type === 'delete') {
      log.run(
        id,
        resource,
        key,
        version,
        previous,
        expires,
        forms.deletion,
        sumOf(write, forms.deletion, write.value),
        null,
      )
      gone.run(resource, key)
      return
    }
    const { form, value } = closed(write, write.value, this.#vault)
    log.run(id, resource, key, version, previous, expires, form, sumOf(write, form, value), value)
    current.run(resource, key, id)
  }

  /** @returns what the rows add up to from now on */
  #state(rows: readonly number[], head: number): Buffer {
    const { ring } = this.#vault
    if (ring === undefined) return this.#sum
    const sum = ring.marks()?.changed(this.#sum, rows) ?? this.#sum
    this.#statements.meta.run(sealState({ head, sum, anchored: true }, ring), 'state')
    return sum
  }

  #headOr(otherwise: number): number {
    try {
      return this.head()
    } catch {
      return otherwise
    }
  }
}
