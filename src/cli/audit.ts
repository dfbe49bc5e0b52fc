/** `bulwark audit`: who did what, and whether the record of it is whole. */
import { createPublicKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { agentAudit } from '#processes/audit.ts'
import { type ChainFiles, chainFiles, loadKey, readPlace } from '#server/audit/heads.ts'
import { harmless } from '#base/harmless.ts'
import { type Entry, type Query, search } from '#server/audit/search.ts'
import { type Verdict, verifyChain } from '#server/audit/verify.ts'
import { deedOf, sinceOf, thingOf } from './audit-words.ts'
import { CommandError, type PlaceOptions, UsageError, placeOf } from './place.ts'

interface Source {
  readonly role: 'server' | 'agent'
  readonly files: ChainFiles
}

/** Everything that is on record in a cluster's directory. */
const sourcesOf = (dir: string): readonly Source[] => [
  { role: 'server', files: chainFiles(dir) },
  { role: 'agent', files: chainFiles(agentAudit(dir)) },
]

const nothing = (dir: string): CommandError => new CommandError(`there is no audit log in ${dir}`, 3)

export interface VerifyOptions extends PlaceOptions {
  /** A file: PEM of the key that must have signed, kept where the log is not. */
  readonly publicKey?: string
}

export interface Verified extends Verdict {
  readonly role: Source['role']
}

/** @throws CommandError where nothing can be told */
export async function verifyAudit(options: VerifyOptions): Promise<readonly Verified[]> {
  const dir = placeOf(options).audit
  const pinned = options.publicKey === undefined ? undefined : createPublicKey(readFileSync(options.publicKey, 'utf8'))
  const verdicts: Verified[] = []
  for (const { role, files } of sourcesOf(dir)) {
    // A key that was kept is the server's: an agent has its own.
    const found = await verifyChain(files, role === 'server' ? pinned : undefined)
    if (found !== undefined) verdicts.push({ role, ...found })
  }
  if (verdicts.length === 0) throw nothing(dir)
  return verdicts
}

/** What people read of it. */
export const verdictText = (verdict: Verified): string =>
  [
    verdict.problem === undefined
      ? `${verdict.role}: ${verdict.records} records, whole and in order up to ${verdict.last} (signed up to ${verdict.signed}, key ${verdict.key})`
      : `${verdict.role}: ${visible(verdict.problem.place)}: ${visible(verdict.problem.message)}`,
    ...verdict.notes.map(note => `  ${visible(note)}`),
  ].join('\n')

/** PEM of the public key of the server's heads. @throws CommandError */
export function auditKey(options: PlaceOptions): string {
  const dir = placeOf(options).audit
  try {
    return createPublicKey(loadKey(chainFiles(dir)))
      .export({ type: 'spki', format: 'pem' })
      .toString()
  } catch {
    throw nothing(dir)
  }
}

export interface WhoOptions extends PlaceOptions {
  readonly namespace?: string
  readonly by?: string
  readonly since?: string
}

/** @param now milliseconds since the epoch @throws UsageError */
export function questionOf(words: readonly string[], options: WhoOptions, now: number): Query {
  const [did, thing, ...more] = words
  if (more.length > 0) throw new UsageError('one deed and one thing at a time: bulwark audit who deleted deploy/x')
  if (did === undefined && options.by === undefined)
    throw new UsageError('who did what? For example: bulwark audit who deleted deploy/x')
  return {
    ...(did === undefined ? {} : deedOf(did)),
    ...(thing === undefined ? {} : thingOf(thing)),
    ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
    ...(options.by === undefined ? {} : { by: options.by }),
    ...(options.since === undefined ? {} : { since: sinceOf(options.since, now) }),
  }
}

/** Entries of all logs of a cluster. @throws CommandError */
export function askAudit(options: PlaceOptions, query: Query): AsyncGenerator<Entry> {
  const dir = placeOf(options).audit
  const paths = sourcesOf(dir).flatMap(({ files }) => {
    const place = readPlace(files)
    return place === undefined ? [] : [[...place.before, place.path]]
  })
  if (paths.length === 0) throw nothing(dir)
  return search(paths, query)
}

const unsafe = /[\p{Cc}\p{Cf}\u2028\u2029]/gu

/** Names are other people's text: what would move the cursor or turn the line is shown by its number. */
export const visible = (text: string): string =>
  text.replaceAll(unsafe, char => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`)

const clipped = (text: string, most: number): string => (text.length > most ? `${text.slice(0, most - 1)}…` : text)

export const columns = ['TIME', 'WHO', 'DID', 'WHAT', 'RESULT', 'FROM', 'WITH'] as const

/** One line of the table, a text for each column. */
export function rowOf({ event, open }: Entry): readonly string[] {
  const { user, impersonatedUser, objectRef: to, responseStatus, sourceIPs = [], userAgent = '' } = event
  const as = impersonatedUser === undefined ? '' : ` as ${impersonatedUser.username ?? ''}`
  const what = [
    `${to?.resource ?? event.requestURI}${to?.apiGroup === undefined ? '' : `.${to.apiGroup}`}`,
    to?.name ?? '',
    to?.subresource ?? '',
  ].filter(part => part !== '')
  const where = to?.namespace === undefined ? '' : ` -n ${to.namespace}`
  const { code = 0, reason } = responseStatus ?? {}
  const result = open ? 'no end' : code === 0 ? '' : `${code}${reason === undefined ? '' : ` ${reason}`}`
  return [
    event.requestReceivedTimestamp.slice(0, 19) + 'Z',
    `${user?.username ?? 'unknown'}${as}`,
    event.verb,
    clipped(`${what.join('/')}${where}`, 120),
    result,
    sourceIPs.at(-1) ?? event.annotations?.['authentication.bulwark.dev/source'] ?? '',
    clipped(userAgent, 40),
  ].map(visible)
}

export interface Output {
  readonly write: (text: string) => void
  readonly format: string
}

/** Entries that widths are taken from before the first is shown; a log has no end that could be waited for. */
const measured = 200

/** @returns how many were found */
export async function showEntries(entries: AsyncIterable<Entry>, { write, format }: Output): Promise<number> {
  let count = 0
  if (format === 'json') {
    write('[')
    for await (const { event } of entries) write(`${count++ === 0 ? '\n' : ',\n'}${harmless(JSON.stringify(event))}`)
    write(count === 0 ? ']\n' : '\n]\n')
    return count
  }
  const first: (readonly string[])[] = [columns]
  let widths: readonly number[] | undefined
  const line = (row: readonly string[], of: readonly number[]): string =>
    `${row
      .map((text, at) => text.padEnd(of[at] ?? 0))
      .join('  ')
      .trimEnd()}\n`
  const begin = (): readonly number[] => {
    const made = columns.map((_, at) => Math.max(...first.map(row => row[at]?.length ?? 0)))
    for (const row of first) write(line(row, made))
    return made
  }
  for await (const entry of entries) {
    count++
    if (widths !== undefined) write(line(rowOf(entry), widths))
    else if (first.push(rowOf(entry)) > measured) widths = begin()
  }
  if (widths === undefined && count > 0) begin()
  return count
}
