/** Who read a Secret and when, from the record: by name, or with all others of its namespace or of the cluster. */
import type { Event } from '#kinds/facts/generated/types/audit_v1.ts'
import type { Entry } from '#server/audit/search.ts'
import { secretOf } from '#kinds/facts/secrets.ts'
import { askAudit, visible } from './audit.ts'
import { sinceOf } from './audit-words.ts'
import type { PlaceOptions } from './place.ts'
import { lined } from './table.ts'

export type How = 'by name' | 'with its namespace' | 'with all Secrets' | 'what it held before'

export interface Reading {
  readonly who: string
  /** Whom they acted as. */
  readonly as?: string
  readonly verb: string
  readonly how: How
  /** False where it was refused. */
  readonly read: boolean
  readonly times: number
  readonly first: string
  readonly last: string
  /** Of the last one. */
  readonly from: string
}

/** What a request for Secrets, or for versions of them, reaches. */
export interface Reach {
  readonly namespace?: string
  readonly name?: string
  readonly versions: boolean
}

export function reachOf({ objectRef }: Event): Reach {
  const versions = objectRef?.resource === 'secretversions'
  const name = objectRef?.name
  return {
    versions,
    ...(objectRef?.namespace === undefined ? {} : { namespace: objectRef.namespace }),
    ...(name === undefined ? {} : { name: versions ? secretOf(name) : name }),
  }
}

const howOf = ({ versions, name, namespace }: Reach): How =>
  versions
    ? 'what it held before'
    : name !== undefined
      ? 'by name'
      : namespace === undefined
        ? 'with all Secrets'
        : 'with its namespace'

export const sourceOf = ({ sourceIPs, annotations }: Event): string =>
  sourceIPs?.at(-1) ?? annotations?.['authentication.bulwark.dev/source'] ?? ''

/** Ways of reading that are told apart; a record may be of any length. */
const most = 10_000

/** @param reaches whether a request reached the Secret that is asked about */
export async function collectReadings(
  entries: AsyncIterable<Entry>,
  reaches: (reach: Reach) => boolean,
): Promise<readonly Reading[]> {
  const found = new Map<string, Reading>()
  for await (const { event } of entries) {
    const reach = reachOf(event)
    if (!reaches(reach)) continue
    const who = event.user?.username ?? 'unknown'
    const as = event.impersonatedUser?.username
    const how = howOf(reach)
    const read = (event.responseStatus?.code ?? 200) < 400
    const key = JSON.stringify([who, as, event.verb, how, read])
    const had = found.get(key)
    if (had === undefined && found.size >= most) continue
    const time = event.requestReceivedTimestamp
    found.set(key, {
      who,
      ...(as === undefined ? {} : { as }),
      verb: event.verb,
      how,
      read,
      times: (had?.times ?? 0) + 1,
      first: had?.first ?? time,
      last: time,
      from: sourceOf(event),
    })
  }
  return [...found.values()].sort((a, b) => (a.last < b.last ? 1 : a.last > b.last ? -1 : 0))
}

/** Writes answer what they leave, or what they took away: who may patch a Secret reads it with a patch of nothing. */
const verbs = new Set(['get', 'list', 'watch', 'update', 'patch', 'delete', 'deletecollection'])

export interface ReadersOptions extends PlaceOptions {
  readonly namespace?: string
  readonly since?: string
  readonly output?: string
}

/** @throws CommandError, UsageError */
export async function readingsOf(name: string, options: ReadersOptions, now: number): Promise<readonly Reading[]> {
  const { namespace = 'default', since } = options
  const reaches = (reach: Reach): boolean =>
    (reach.namespace === undefined || reach.namespace === namespace) &&
    (reach.name === undefined || reach.name === name)
  const when = since === undefined ? {} : { since: sinceOf(since, now) }
  const own = await collectReadings(askAudit(options, { verbs, resource: 'secrets', group: '', ...when }), reaches)
  const before = { verbs, resource: 'secretversions', group: 'bulwark.dev', ...when }
  const versions = await collectReadings(askAudit(options, before), reaches)
  return [...own, ...versions].sort((a, b) => (a.last < b.last ? 1 : a.last > b.last ? -1 : 0))
}

const second = (time: string): string => `${time.slice(0, 19)}Z`

/** @returns what is to be printed, '' where nothing is on record */
export async function secretReaders(name: string, options: ReadersOptions, now: number): Promise<string> {
  const all = await readingsOf(name, options, now)
  if (options.output === 'json') return `${JSON.stringify(all, undefined, 2)}\n`
  if (all.length === 0) return ''
  const rows = all.map(({ who, as, verb, how, read, times, first, last, from }) => [
    as === undefined ? who : `${who} as ${as}`,
    `${verb} ${how}`,
    read ? 'read' : 'refused',
    String(times),
    second(first),
    second(last),
    from,
  ])
  return lined([['WHO', 'HOW', 'RESULT', 'TIMES', 'FIRST', 'LAST', 'FROM'], ...rows.map(row => row.map(visible))])
}
