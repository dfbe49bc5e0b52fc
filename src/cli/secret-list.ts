/** `bulwark secret list`: what Secrets there are, how old their contents are, until when they are good, who uses and who read them. */
import { isTerminal } from '#kinds/facts/pods.ts'
import { pods, secrets } from '#kinds/facts/generated/refs.ts'
import { type SecretStatus, secretOf, secretStatuses, secretVersions } from '#kinds/facts/secrets.ts'
import type { Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { objectKey } from '#api/metadata.ts'
import { referenced } from '#node/pod/references.ts'
import { since as ageOf } from '#kinds/columns.ts'
import { askAudit, visible } from './audit.ts'
import { sinceOf } from './audit-words.ts'
import { CommandError } from './place.ts'
import { type Reached, reached } from './reach.ts'
import type { Row } from './rows.ts'
import { lined } from './table.ts'
import { reachOf } from './secret-readers.ts'
import { type SecretOptions, withNamespace } from './secret-versions.ts'

export interface ListOptions extends SecretOptions {
  readonly allNamespaces?: boolean
  /** How far back the record is read. */
  readonly since?: string
}

export interface Listed {
  readonly namespace: string
  readonly name: string
  readonly type: string
  readonly created: string
  readonly changed: string
  readonly expires?: string
  readonly expired: boolean
  readonly rotationDue?: string
  readonly overdue: boolean
  readonly pods: readonly string[]
  readonly lastReadBy?: string
  readonly lastReadAt?: string
}

interface Last {
  readonly by: string
  readonly at: string
}

interface Read {
  /** By `namespace/name`, of those that were read by name. */
  readonly named: ReadonlyMap<string, Last>
  /** Of many at once. */
  readonly many: Last | undefined
}

const reads = new Set(['get', 'list', 'watch'])
const usually = '7d'

/** @returns undefined where no record is on this machine. */
async function lastReads(options: ListOptions, now: number): Promise<Read | undefined> {
  const since = sinceOf(options.since ?? usually, now)
  const named = new Map<string, Last>()
  let many: Last | undefined
  try {
    for await (const { event } of askAudit(options, { verbs: reads, resource: 'secrets', group: '', since })) {
      if ((event.responseStatus?.code ?? 200) >= 400) continue
      const { namespace, name } = reachOf(event)
      const as = event.impersonatedUser?.username
      const last = {
        by: `${event.user?.username ?? 'unknown'}${as === undefined ? '' : ` as ${as}`}`,
        at: `${event.requestReceivedTimestamp.slice(0, 19)}Z`,
      }
      if (name === undefined) many = last
      else named.set(objectKey(namespace, name), last)
    }
  } catch (error) {
    if (error instanceof CommandError) return undefined
    throw error
  }
  return { named, many }
}

function usersOf(all: readonly Pod[]): ReadonlyMap<string, readonly string[]> {
  const users = new Map<string, string[]>()
  for (const pod of all) {
    if (isTerminal(pod)) continue
    for (const name of referenced(pod).secrets) {
      const key = objectKey(pod.metadata.namespace, name)
      const known = users.get(key)
      if (known === undefined) users.set(key, [pod.metadata.name ?? ''])
      else known.push(pod.metadata.name ?? '')
    }
  }
  return users
}

/** When each Secret last changed, as far as a version of it says so; by its uid nothing is known here. */
function changesOf(versions: readonly Row[]): ReadonlyMap<string, string> {
  const changes = new Map<string, string>()
  for (const { metadata } of versions) {
    const key = objectKey(metadata.namespace, secretOf(metadata.name ?? ''))
    const time = metadata.creationTimestamp ?? ''
    if (time > (changes.get(key) ?? '')) changes.set(key, time)
  }
  return changes
}

const isTrue = (one: SecretStatus | undefined, type: string): boolean =>
  one?.status?.conditions?.some(condition => condition.type === type && condition.status === 'True') === true

interface Gathered {
  readonly rows: readonly Row[]
  readonly statuses: ReadonlyMap<string, SecretStatus>
  readonly changes: ReadonlyMap<string, string>
  readonly users: ReadonlyMap<string, readonly string[]>
}

const keyOf = ({ metadata }: { readonly metadata: { readonly namespace?: string; readonly name?: string } }): string =>
  objectKey(metadata.namespace, metadata.name ?? '')

async function gathered({ client, tables, namespace }: Reached, everywhere: boolean): Promise<Gathered> {
  const where = everywhere ? {} : { namespace }
  const [rows, versions, statuses, running] = await Promise.all([
    tables().list(secrets, where),
    tables().list(secretVersions, where),
    client.list(secretStatuses, where),
    client.list(pods, where),
  ])
  return {
    // Only their metadata and cells came.
    rows: rows.items as readonly unknown[] as readonly Row[],
    changes: changesOf(versions.items as readonly unknown[] as readonly Row[]),
    statuses: new Map(statuses.items.map(one => [keyOf(one), one])),
    users: usersOf(running.items),
  }
}

function entryOf(row: Row, { statuses, changes, users }: Gathered, read: Read | undefined): Listed {
  const { name = '', namespace = '', creationTimestamp: created = '' } = row.metadata
  const key = keyOf(row)
  const one = statuses.get(key)
  const last = read?.named.get(key)
  const changed = changes.get(key) ?? ''
  return {
    namespace,
    name,
    type: typeof row.cells[1] === 'string' ? row.cells[1] : '',
    created,
    // Versions of a former Secret of this name are older.
    changed: changed > created ? changed : created,
    ...(one?.status?.expiresAt === undefined ? {} : { expires: one.status.expiresAt }),
    expired: isTrue(one, 'Expired'),
    ...(one?.status?.rotationDueAt === undefined ? {} : { rotationDue: one.status.rotationDueAt }),
    overdue: isTrue(one, 'RotationDue'),
    pods: users.get(key) ?? [],
    ...(last === undefined ? {} : { lastReadBy: last.by, lastReadAt: last.at }),
  }
}

const day = (time: string | undefined): string => time?.slice(0, 10) ?? '-'
const podsShown = 2
const shownPods = (names: readonly string[]): string =>
  names.length === 0
    ? '-'
    : [...names.slice(0, podsShown), ...(names.length > podsShown ? [`+${names.length - podsShown}`] : [])].join(',')

const head = ['NAMESPACE', 'NAME', 'TYPE', 'AGE', 'CHANGED', 'EXPIRES', 'ROTATION', 'USED BY', 'LAST READ BY', 'AT']

export interface Shown {
  readonly text: string
  /** For people: what the table cannot say. */
  readonly note: string
}

/** @param now milliseconds since the epoch @throws CommandError, UsageError */
export async function listSecrets(options: ListOptions, now: number): Promise<Shown> {
  // Before this command itself is on record.
  const read = await lastReads(options, now)
  const all = await reached(options, async at => {
    const found = await gathered(withNamespace(at, options), options.allNamespaces === true)
    return found.rows.map(row => entryOf(row, found, read))
  })
  if (options.output === 'json') return { text: `${JSON.stringify(all, undefined, 2)}\n`, note: '' }
  const rows = all.map(one => [
    one.namespace,
    one.name,
    one.type,
    ageOf(one.created, now),
    ageOf(one.changed, now),
    `${day(one.expires)}${one.expired ? ' expired' : ''}`,
    `${day(one.rotationDue)}${one.overdue ? ' due' : ''}`,
    shownPods(one.pods),
    one.lastReadBy ?? '-',
    one.lastReadAt ?? '-',
  ])
  const columns = (row: readonly string[]): readonly string[] => (options.allNamespaces === true ? row : row.slice(1))
  const many = read?.many
  return {
    text: all.length === 0 ? '' : lined([head, ...rows.map(row => row.map(visible))].map(columns)),
    note:
      read === undefined
        ? 'there is no audit log on this machine: who read them is not known\n'
        : many === undefined
          ? ''
          : `many at once were last read by ${visible(many.by)} at ${many.at}\n`,
  }
}
