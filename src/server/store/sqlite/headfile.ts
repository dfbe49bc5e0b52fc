/**
 * The newest durable revision in a small file beside the database, so that an older copy of the database put in its place
 * is noticed. Written after each commit, never before: it may lag the database, it cannot lead it. Two slots are written in
 * turn, so that a write cut short leaves the other one.
 */
import { closeSync, constants, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { StoreRefused } from '../contract.ts'

const slotBytes = 32
const slot = (revision: number): string => {
  const text = String(revision).padStart(20, '0')
  return `${text} ${crc32(text).toString(16).padStart(8, '0')}\n`.padEnd(slotBytes, '\n')
}

function slotRevision(text: string): number | undefined {
  const revision = Number(text.slice(0, 20))
  return text.length === slotBytes && slot(revision) === text ? revision : undefined
}

/** The revision it tells; 0 where there is no file. Throws StoreRefused where no slot can be read. */
export function readHead(path: string): number {
  let text: string
  try {
    text = readFileSync(path, 'latin1')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0
    throw error
  }
  if (text === '') return 0
  const known = [text.slice(0, slotBytes), text.slice(slotBytes, 2 * slotBytes)].map(slotRevision)
  const newest = Math.max(...known.map(revision => revision ?? -1))
  if (newest < 0)
    throw new StoreRefused(
      'corrupt',
      `${path} cannot be read: make sure the database is the newest, then delete this file`,
    )
  return newest
}

export class HeadFile {
  readonly #file: number
  #turn = 0

  constructor(path: string) {
    this.#file = openSync(path, constants.O_WRONLY | constants.O_CREAT, 0o600)
  }

  /** Without waiting for the disk: after a loss of power it lags, which is allowed. */
  write(revision: number): void {
    writeSync(this.#file, slot(revision), this.#turn * slotBytes, 'latin1')
    this.#turn = 1 - this.#turn
  }

  close(): void {
    fsyncSync(this.#file)
    closeSync(this.#file)
  }
}
