/**
 * Going on from a database that is older than the one before it, on purpose: after a restore. Whoever may do that has the
 * key. Revisions that were reached are not given again: the head becomes the highest that is known, and watches start anew.
 */
import { existsSync, realpathSync, rmSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { StoreRefused } from '../contract.ts'
import { makeVault } from '../vault.ts'
import { inTransaction, pragma, revisionIn } from './format.ts'
import { anchor, readHead } from '../headfile.ts'
import { lock } from './lock.ts'
import { refusing } from './sqlerror.ts'
import { proveRows, sumOfRows, writeState } from './state.ts'

export interface Accepted {
  /** Of the database. */
  readonly found: number
  /** From here it goes on. */
  readonly head: number
}

/** The store must not be in use. Throws StoreRefused where the database is not whole, or not sealed with these keys. */
export function acceptDatabase(at: string, keys: readonly Uint8Array[]): Accepted {
  if (!existsSync(at) || statSync(at).size === 0)
    throw new StoreRefused('foreign', `there is no database ${at}: restore it first`)
  const path = realpathSync(at)
  const held = lock(`${path}.lock`)
  try {
    return refusing(path, () => accept(path, keys))
  } finally {
    held.release()
  }
}

function accept(path: string, keys: readonly Uint8Array[]): Accepted {
  const { ring } = makeVault({ keys, sealed: 'all' })
  if (ring === undefined) throw new StoreRefused('key', `${path} cannot be accepted without its key`)
  const database = new DatabaseSync(path, { timeout: 10_000 })
  try {
    const format = pragma(database, 'user_version')
    const found = revisionIn(database, 'head')
    const told = toldBy(`${path}.head`, keys)
    const head = Math.max(found, told)
    // An older format has no state yet: its upgrade, after this, makes it.
    if (format > 1) proveRows(database, path, ring)
    inTransaction(database, () => {
      database.prepare("UPDATE meta SET value = ? WHERE name IN ('head', 'oldest')").run(head)
      const state = { head, sum: sumOfRows(database, ring), anchored: false }
      if (format > 1) writeState(database, state, ring)
    })
    if (format === 1) rmSync(`${path}.head`, { force: true })
    else {
      anchor(`${path}.head`, head, ring)
      inTransaction(database, () =>
        writeState(database, { head, sum: sumOfRows(database, ring), anchored: true }, ring),
      )
    }
    return { found, head }
  } finally {
    database.close()
  }
}

/** 0 where nobody trustworthy says anything. */
function toldBy(headPath: string, keys: readonly Uint8Array[]): number {
  try {
    return readHead(headPath, makeVault({ keys, sealed: 'all' }).ring).revision
  } catch (error) {
    if (error instanceof StoreRefused) return 0
    throw error
  }
}
