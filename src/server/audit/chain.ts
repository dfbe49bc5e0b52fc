/**
 * Records as a chain: each line carries its number and a hash over itself and the hash before it. A line cannot be changed,
 * taken out or moved without the hashes behind it telling; the hashes themselves are told by signed heads (heads.ts).
 */
import { hash } from 'node:crypto'
import { type AuditRecord, closing } from './record.ts'

export interface Link {
  /** Of the first record: 1. */
  readonly sequence: number
  /** Hexadecimal SHA-256. */
  readonly hash: string
}

export const sequenceKey = 'audit.bulwark.dev/sequence'
export const hashKey = 'audit.bulwark.dev/hash'

const digest = (text: string): string => hash('sha256', text, 'hex')

/** What stands before the first record of a chain. */
export const genesis = (chain: string): Link => ({ sequence: 0, hash: digest(`bulwark audit chain ${chain}\n`) })

export type Format = 'json' | 'legacy'

export interface Linked {
  /** With its line break. */
  readonly line: string
  readonly link: Link
}

/** The record behind `before`. */
export function linked(before: Link, record: AuditRecord, format: Format): Linked {
  const sequence = before.sequence + 1
  const text =
    format === 'json'
      ? `${record.head}${record.objects}${record.tail},"${sequenceKey}":"${sequence}"`
      : `${record.legacy()} sequence="${sequence}"`
  const made = digest(`${before.hash}\n${text}`)
  const line = format === 'json' ? `${text},"${hashKey}":"${made}"${closing}\n` : `${text} hash="${made}"\n`
  return { line, link: { sequence, hash: made } }
}

const endings = [
  new RegExp(
    `"${sequenceKey.replaceAll('.', '\\.')}":"(\\d{1,15})"(,"${hashKey.replaceAll('.', '\\.')}":"([0-9a-f]{64})"\\}\\})$`,
  ),
  / sequence="(\d{1,15})"( hash="([0-9a-f]{64})")$/,
] as const
/** Longest end of a line, in characters. */
const longestEnding = 200

export interface ReadLink extends Link {
  /** What the hash is over, but for the one before. */
  readonly text: string
}

/** @param line without its line break. @returns undefined for what is no record of a chain */
export function linkIn(line: string): ReadLink | undefined {
  const end = line.slice(-longestEnding)
  for (const ending of endings) {
    const [, sequence, tail = '', found] = ending.exec(end) ?? []
    if (sequence === undefined || found === undefined) continue
    return { sequence: Number(sequence), hash: found, text: line.slice(0, line.length - tail.length) }
  }
  return undefined
}

/** Whether a record follows what came before it. */
export const follows = (before: Link, read: ReadLink): boolean =>
  read.sequence === before.sequence + 1 && read.hash === digest(`${before.hash}\n${read.text}`)
