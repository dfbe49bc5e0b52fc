/**
 * The record of a sealed database that is written with every batch: how far it is and what its current rows add up to. Under
 * seal, so that rows that were taken away, put back or exchanged are noticed although each of them is whole.
 */
import type { DatabaseSync } from 'node:sqlite'
import { StoreRefused } from '../contract.ts'
import { SealBroken, type Keyring } from '../encryption.ts'
import { emptySum } from '../marks.ts'
import { meta, revisionIn } from './format.ts'
import { damaged } from './sqlerror.ts'

const record = { resource: '', key: 'state', version: 0, id: 0 }

export interface State {
  readonly head: number
  /** See marks.ts. */
  readonly sum: Buffer
  /** The head file was there when this was written: without it the database is not gone on with. */
  readonly anchored: boolean
}

export const sealState = ({ head, sum, anchored }: State, ring: Keyring): Buffer =>
  ring.seal(record, Buffer.from(`${head} ${sum.toString('hex')} ${anchored ? 1 : 0}`))

/** Undefined where there is none. Throws SealBroken. */
export function stateIn(database: DatabaseSync, ring: Keyring): State | undefined {
  const stored = meta(database, 'state')
  if (!(stored instanceof Uint8Array)) return undefined
  const [head = '', sum = '', anchored] = ring.open(record, stored).toString().split(' ')
  return { head: Number(head), sum: Buffer.from(sum, 'hex'), anchored: anchored === '1' }
}

/** Throws StoreRefused where it is missing or not the database's. */
export function requireState(database: DatabaseSync, path: string, ring: Keyring): State {
  const state = opened(database, path, ring)
  if (state === undefined) throw damaged(path, 'the record of its state is missing')
  if (state.head !== revisionIn(database, 'head')) throw damaged(path, 'its revision is not the one that was written')
  return state
}

function opened(database: DatabaseSync, path: string, ring: Keyring): State | undefined {
  try {
    return stateIn(database, ring)
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error
    throw error.message.includes('another key')
      ? new StoreRefused('key', `${path} was sealed under another key: give the key file it was written with`)
      : damaged(path, 'the record of its state was altered')
  }
}

/** What the rows that are current add up to under the first key. */
export function sumOfRows(database: DatabaseSync, ring: Keyring): Buffer {
  const rows = database.prepare('SELECT id FROM current').all()
  return (
    ring.marks()?.changed(
      emptySum(),
      rows.map(({ id }) => Number(id)),
    ) ?? emptySum()
  )
}

/** Throws StoreRefused where the current rows are not those that were written last. */
export function proveRows(database: DatabaseSync, path: string, ring: Keyring): void {
  const state = requireState(database, path, ring)
  const stored = meta(database, 'state')
  const marks = stored instanceof Uint8Array ? ring.marks(stored) : undefined
  const rows = database.prepare('SELECT id FROM current').all()
  const sum = marks?.changed(
    emptySum(),
    rows.map(({ id }) => Number(id)),
  )
  if (sum === undefined || !sum.equals(state.sum)) throw damaged(path, 'objects were taken away, put back or exchanged')
}

export function writeState(database: DatabaseSync, state: State, ring: Keyring): void {
  database.prepare("INSERT OR REPLACE INTO meta VALUES ('state', ?)").run(sealState(state, ring))
}
