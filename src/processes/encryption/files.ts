/** What the command line and the server tell each other about keys: files that only their owner reads. */
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Layout } from '../layout.ts'

export interface RotationRequest {
  /** Values that are sealed anew in a second. */
  readonly perSecond: number
}

export interface EncryptionStatus {
  /** `waiting`: asked for, and not begun. */
  readonly state: 'idle' | 'waiting' | 'rotating' | 'failed'
  /** Values by what they were sealed with. */
  readonly sealed: Readonly<Record<string, number>>
  /** Name of the master key that seals. */
  readonly key: string
  /** Values that would be sealed differently today. */
  readonly stale: number
  readonly done: number
  readonly total: number
  /** RFC 3339. */
  readonly updated: string
  readonly error?: string
}

const folder = (layout: Layout): string => join(layout.dir, 'server')
export const requestFile = (layout: Layout): string => join(folder(layout), 'encryption-rotate.json')
export const statusFile = (layout: Layout): string => join(folder(layout), 'encryption-status.json')

function read(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return undefined
  }
}

function write(file: string, value: object): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(value)}\n`, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}

export function readRequest(layout: Layout): RotationRequest | undefined {
  const value = read(requestFile(layout))
  if (typeof value !== 'object' || value === null || !('perSecond' in value)) return undefined
  const perSecond = Number(value.perSecond)
  return { perSecond: perSecond >= 1 ? Math.min(perSecond, 100_000) : 500 }
}

export const writeRequest = (layout: Layout, request: RotationRequest): void => write(requestFile(layout), request)
export const dropRequest = (layout: Layout): void => rmSync(requestFile(layout), { force: true })

export const readStatus = (layout: Layout): EncryptionStatus | undefined =>
  read(statusFile(layout)) as EncryptionStatus | undefined
export const writeStatus = (layout: Layout, status: EncryptionStatus): void => write(statusFile(layout), status)
