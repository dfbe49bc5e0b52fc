/** `bulwark store accept`, and `bulwark store migrate`: from the database of one machine to an etcd, and back. */
import { existsSync } from 'node:fs'
import { isRunning } from '#processes/supervise.ts'
import { readConfig } from '#processes/config.ts'
import { moveStore } from '#processes/migrate.ts'
import { acceptStore } from '#processes/store.ts'
import { CommandError, type PlaceOptions, UsageError, placeOf } from './place.ts'
import type { Progress } from './progress.ts'
import { type EtcdFlags, storeAt } from './store-flags.ts'

export interface MigrateOptions extends PlaceOptions, EtcdFlags {
  readonly from: string
  readonly to: string
}

/** @throws CommandError, UsageError, StoreRefused, MigrationRefused */
export async function migrateStore(options: MigrateOptions, progress: Progress): Promise<void> {
  const at = placeOf(options)
  const flags = { ...options, usualKey: at.key }
  const from = storeAt(`--from`, options.from, flags)
  const to = storeAt('--to', options.to, flags)
  if ((from === 'sqlite') === (to === 'sqlite'))
    throw new UsageError('one of --from and --to is sqlite, the other one the addresses of an etcd')
  if (from === 'sqlite' && !existsSync(at.database))
    throw new CommandError(`there is no database of a cluster ${options.name} in ${at.dir}`)
  if (isRunning(at, 'server'))
    throw new CommandError(`cluster ${options.name} runs; stop it first: bulwark down --name ${options.name}`)
  progress.step(`Moving everything from ${options.from} to ${options.to}`)
  const onProgress = (done: number, total: number): void => progress.note(`${done} of ${total} objects`)
  const count = await moveStore({ from, to, layout: at, onProgress })
  progress.done(`${count} objects were moved, counted and found in the same order. The source is as it was.`)
}

/** @returns what to tell @throws CommandError, UsageError, StoreRefused */
export function acceptOlder(options: PlaceOptions): string {
  const at = placeOf(options)
  if (!existsSync(at.config)) throw new CommandError(`there is no cluster ${options.name} in ${at.dir}`)
  if (isRunning(at, 'server'))
    throw new CommandError(`cluster ${options.name} runs; stop it first: bulwark down --name ${options.name}`)
  return acceptStore(readConfig(at.config), at)
}
