/** `bulwark encryption status` and `bulwark encryption rotate`. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { readConfig } from '#processes/config.ts'
import { type EncryptionStatus, readRequest, readStatus, writeRequest } from '#processes/encryption/files.ts'
import type { Layout } from '#processes/layout.ts'
import { isRunning } from '#processes/supervise.ts'
import { keyBytes, loadKeys, replaceKeys } from '#server/store/keyfile.ts'
import { CommandError, type PlaceOptions, UsageError, placeOf } from './place.ts'
import type { Progress } from './progress.ts'

export interface EncryptionOptions extends PlaceOptions {
  /** Where the key is not in the data directory: of a server around an etcd. */
  readonly keyFile?: string
}

export interface RotateOptions extends EncryptionOptions {
  readonly perSecond: string
  /** Keep the master key: only what is sealed otherwise than it would be today. */
  readonly keepKey?: boolean
  readonly detach?: boolean
}

export interface EncryptionReport extends EncryptionStatus {
  readonly running: boolean
  readonly keys: number
}

/** @throws CommandError */
export function encryptionStatus(options: EncryptionOptions): EncryptionReport {
  const at = placeOf(options)
  const found = readStatus(at)
  if (found === undefined)
    throw new CommandError(`nothing is known of the encryption of cluster ${options.name}: it has not run yet`, 3)
  const state = found.state === 'idle' && readRequest(at) !== undefined ? 'waiting' : found.state
  return { ...found, state, running: isRunning(at, 'server'), keys: loadKeys(keyFileOf(options, at)).length }
}

export function encryptionText(report: EncryptionReport): string {
  const { state, key, keys, sealed, done, total, error, updated } = report
  const lines = Object.entries(sealed).map(([name, count]) => `  ${name.padEnd(40)} ${count}`)
  return [
    `State    ${state}${total > 0 ? `, ${done} of ${total} values sealed anew` : ''}${error === undefined ? '' : `: ${error}`}`,
    `Key      ${key}${keys > 1 ? `, and ${keys - 1} that still open${keys === 2 ? 's' : ''}` : ''}`,
    ...(lines.length === 0 ? [] : ['Values', ...lines]),
    `As of    ${updated}${report.running ? '' : ' (the server does not run)'}`,
  ].join('\n')
}

function keyFileOf({ keyFile }: EncryptionOptions, at: Layout): string {
  if (keyFile !== undefined) return keyFile
  return existsSync(at.config) ? (readConfig(at.config).etcd?.masterKey ?? at.key) : at.key
}

/** @throws CommandError, UsageError, StoreRefused */
export async function rotateEncryption(options: RotateOptions, progress: Progress): Promise<void> {
  const at = placeOf(options)
  const perSecond = Number(options.perSecond)
  if (!Number.isInteger(perSecond) || perSecond < 1 || perSecond > 100_000)
    throw new UsageError(`--per-second must be a number from 1 to 100000, not ${JSON.stringify(options.perSecond)}`)
  if (readRequest(at) !== undefined) progress.note('A rotation is under way already; this goes on with it.')
  else if (options.keepKey !== true && !addKey(options, at, progress)) return
  writeRequest(at, { perSecond })
  if (options.detach === true || !isRunning(at, 'server'))
    return progress.done('Asked for. The server begins when it runs; see: bulwark encryption status')
  progress.step('Sealing everything anew')
  await follow(at, progress)
}

/** @returns whether the new key may be used by now: several servers need it first */
function addKey(options: RotateOptions, at: Layout, progress: Progress): boolean {
  const file = keyFileOf(options, at)
  const keys = loadKeys(file)
  const shared = options.keyFile !== undefined || (existsSync(at.config) && readConfig(at.config).etcd !== undefined)
  const [first, second] = keys
  if (shared && first !== undefined && second === undefined) {
    replaceKeys(file, [first, randomBytes(keyBytes)])
    progress.done(
      `A second key was added to ${file}; it opens and does not seal yet. Copy the file to every other server, wait some seconds, then run this again.`,
    )
    return false
  }
  replaceKeys(
    file,
    shared && second !== undefined ? [second, ...keys.filter(key => key !== second)] : [randomBytes(keyBytes), ...keys],
  )
  return true
}

async function follow(at: Layout, progress: Progress): Promise<void> {
  for (let seen = -1; ;) {
    await sleep(300)
    const found = readStatus(at)
    if (found?.state === 'failed') throw new CommandError(`sealing anew failed: ${found.error ?? ''}`)
    if (found?.state === 'rotating' && found.done !== seen) {
      seen = found.done
      progress.note(`${found.done} of ${found.total} values`)
    }
    if (readRequest(at) === undefined)
      return progress.done(`${found?.done ?? 0} values were sealed anew. Keys that nothing uses any more were dropped.`)
    if (!isRunning(at, 'server'))
      throw new CommandError('the server ended; it goes on where it was when it runs again', 3)
  }
}
