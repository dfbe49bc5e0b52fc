/** Says of each Secret that expires or is to be replaced when that is, in a SecretStatus of the same name and in events. */
import { secrets } from '#kinds/facts/generated/refs.ts'
import type { Secret } from '#kinds/facts/generated/types/core_v1.ts'
import type { Condition } from '#kinds/facts/generated/types/meta_v1.ts'
import {
  type SecretStatus,
  type SecretVersion,
  ownApiVersion,
  secretStatuses,
  secretVersions,
} from '#kinds/facts/secrets.ts'
import { objectKey } from '#api/metadata.ts'
import { type Controller, type Decision, type Notice, type Watch, nothing, selfKey } from '#client/controller.ts'
import { at, condition, stamp, withCondition } from '../conditions.ts'
import { sameStatus } from '../equal.ts'
import { eventWriter, reading, rule } from '../rules.ts'
import { create, remove, updateStatus } from '../writes.ts'
import { type Due, dueOf, isWatched } from './due.ts'
import { versionIndex, versionsOf } from './versions.ts'

const ofVersion: Watch['keys'] = ({ object }) => {
  const { metadata, secretName } = object as SecretVersion
  return [objectKey(metadata.namespace, secretName)]
}

/** When its contents last changed. */
function changedAt(secret: Secret, versions: readonly SecretVersion[]): number {
  const times = versions
    .filter(version => version.secretUID === secret.metadata.uid)
    .map(version => at(version.metadata.creationTimestamp))
  return Math.max(at(secret.metadata.creationTimestamp), ...times)
}

type Told = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>

const day = (time: number): string => stamp(time)

function expiry({ expires, soon = 0 }: Due, now: number): readonly Told[] {
  if (expires === undefined) return []
  const over = expires <= now
  const near = !over && soon <= now
  return [
    {
      type: 'Expired',
      status: over ? 'True' : 'False',
      reason: over ? 'Expired' : 'Valid',
      message: over ? `it expired at ${day(expires)}` : `it expires at ${day(expires)}`,
    },
    {
      type: 'ExpiringSoon',
      status: near ? 'True' : 'False',
      reason: over ? 'Expired' : near ? 'ExpiresSoon' : 'Valid',
      message: `it expires at ${day(expires)}`,
    },
  ]
}

function rotation({ rotation: due }: Due, now: number): readonly Told[] {
  if (due === undefined) return []
  const over = due <= now
  return [
    {
      type: 'RotationDue',
      status: over ? 'True' : 'False',
      reason: over ? 'Overdue' : 'Fresh',
      message: over ? `it was to be replaced by ${day(due)}` : `it is to be replaced by ${day(due)}`,
    },
  ]
}

const readable = ({ unreadable }: Due): readonly Told[] => [
  unreadable.length === 0
    ? { type: 'Readable', status: 'True', reason: 'Read', message: '' }
    : { type: 'Readable', status: 'False', reason: 'Unreadable', message: `cannot be read: ${unreadable.join(', ')}` },
]

interface Looked {
  readonly due: Due
  readonly changed: number
  readonly now: number
}

type Status = NonNullable<SecretStatus['status']>

function statusOf(secret: Secret, old: Status | undefined, { due, changed, now }: Looked): Status {
  const told = [...expiry(due, now), ...rotation(due, now), ...readable(due)]
  const conditions = told.reduce<readonly Condition[]>(
    (list, one) => {
      const next = withCondition(list, { ...one, lastTransitionTime: stamp(now) })
      // A date that moved is news, too, although the answer is the same.
      return next.map(was => (was.type === one.type ? { ...was, message: one.message } : was))
    },
    (old?.conditions ?? []).filter(was => told.some(one => one.type === was.type)),
  )
  return {
    ...(secret.type === undefined ? {} : { type: secret.type }),
    changedAt: stamp(changed),
    ...(due.expires === undefined ? {} : { expiresAt: stamp(due.expires), expirySource: due.expirySource ?? '' }),
    ...(due.rotation === undefined ? {} : { rotationDueAt: stamp(due.rotation) }),
    conditions: told.flatMap(one => condition(conditions, one.type) ?? []),
  }
}

const reasons: Readonly<Record<string, string>> = {
  Expired: 'SecretExpired',
  ExpiringSoon: 'SecretExpiring',
  RotationDue: 'SecretRotationDue',
}

/** What became true. */
function noticesOf(secret: Secret, old: Status | undefined, next: Status): readonly Notice[] {
  return (next.conditions ?? []).flatMap(({ type, status, message }) => {
    const reason = reasons[type]
    if (reason === undefined || status !== 'True' || condition(old?.conditions, type)?.status === 'True') return []
    return [{ about: secret, type: 'Warning' as const, reason, message }]
  })
}

/** Timers reach this far. */
const longest = 24 * 3600 * 1000

function againIn({ due, now }: Looked): number | undefined {
  const next = [due.soon, due.expires, due.rotation].filter(time => time !== undefined && time > now)
  return next.length === 0 ? undefined : Math.min(longest, ...next.map(time => (time ?? 0) - now))
}

function decideFor(secret: Secret, had: SecretStatus | undefined, looked: Looked): Decision<never> {
  const { name = '', namespace = '', uid = '' } = secret.metadata
  const status = statusOf(secret, had?.status, looked)
  const again = againIn(looked)
  const later = again === undefined ? {} : { again }
  if (had !== undefined && sameStatus(had.status, status)) return { writes: [], ...later }
  const owner = { apiVersion: 'v1', kind: 'Secret', name, uid }
  const fresh: SecretStatus = {
    apiVersion: ownApiVersion,
    kind: secretStatuses.kind,
    metadata: { name, namespace, ownerReferences: [owner] },
    status,
  }
  const write = had === undefined ? create(secretStatuses, fresh) : updateStatus(secretStatuses, { ...had, status })
  return { writes: [[write]], events: noticesOf(secret, had?.status, status), ...later }
}

export const secretStatus: Controller = {
  name: 'secret-status-controller',
  watches: [
    { ref: secrets, keys: selfKey },
    { ref: secretVersions, keys: ofVersion },
    { ref: secretStatuses, keys: selfKey },
  ],
  indexes: [versionIndex],
  rules: [
    rule('', ['secrets'], reading),
    rule('bulwark.dev', ['secretversions'], reading),
    rule('bulwark.dev', ['secretstatuses'], ['create', 'delete', ...reading]),
    rule('bulwark.dev', ['secretstatuses/status'], ['update']),
    eventWriter,
  ],
  decide: (key, { read, now }) => {
    const secret = read.get(secrets, key)
    const had = read.get(secretStatuses, key)
    if (secret === undefined || secret.metadata.deletionTimestamp !== undefined || !isWatched(secret))
      return had === undefined ? nothing : { writes: [[remove(secretStatuses, had)]] }
    // That of a former Secret of the same name.
    if (had !== undefined && had.metadata.ownerReferences?.[0]?.uid !== secret.metadata.uid)
      return { writes: [[remove(secretStatuses, had)]] }
    const changed = changedAt(secret, versionsOf(read, key))
    return decideFor(secret, had, { due: dueOf(secret, changed), changed, now })
  },
}
