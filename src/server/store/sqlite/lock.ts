/**
 * One server per store: an exclusive lock of a small SQLite file, held by the kernel for as long as the process lives,
 * kill -9 included.
 */
import { DatabaseSync } from 'node:sqlite'
import { StoreRefused } from '../contract.ts'
import { isBusy } from './sqlerror.ts'

export interface Lock {
  release(): void
}

/** Throws StoreRefused('locked'). */
export function lock(path: string): Lock {
  const file = new DatabaseSync(path, { timeout: 0 })
  try {
    file.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    file.close()
    if (!isBusy(error)) throw error
    throw new StoreRefused(
      'locked',
      `another server uses the store of ${path}: stop it first (bulwark status names it)`,
    )
  }
  return { release: () => file.close() }
}
