/**
 * What a Secret held before is kept in the same transaction as the write that replaces it: there is no moment in which it is
 * lost, and no version of a write that did not happen.
 */
import type { Namespace, Secret } from '#kinds/facts/generated/types/core_v1.ts'
import { type SecretVersion, ownApiVersion, secretVersions } from '#kinds/facts/secrets.ts'
import { type Clock, timestamp } from '#base/clock.ts'
import { equal } from '#base/equal.ts'
import { type Draft, type KObject, groupResource, objectKey } from '#api/metadata.ts'
import { copy } from '#server/registry/build.ts'
import type { Reservations } from '#server/registry/deps.ts'
import type { Kept, Operation, Store } from '#server/store/contract.ts'
import { type SecretVersionSettings, keepAnnotation, keepIn } from './settings.ts'

export interface HistoryParts {
  readonly store: Store
  readonly clock: Clock
  readonly uid: () => string
  readonly settings: SecretVersionSettings
}

const resource = groupResource(secretVersions)

/** Characters of all contents of one Secret that are kept, in base64: twice the largest Secret. */
const mostText = 3 * 1024 * 1024

/** Kept by who writes them, as releases are, or of no use to anybody who may not use them, as tokens are. */
const unkept: ReadonlySet<string> = new Set([
  'bootstrap.kubernetes.io/token',
  'helm.sh/release.v1',
  'kubernetes.io/service-account-token',
])

/** @returns undefined where nothing at all is kept */
function keptOf({ settings }: HistoryParts, secret: Secret): number | undefined {
  const asked = secret.metadata.annotations?.[keepAnnotation]
  const said = asked === undefined ? undefined : keepIn(asked)
  if (said !== undefined) return said
  return unkept.has(secret.type ?? '') ? undefined : settings.keep
}

export const isSecrets = (kind: { readonly group: string; readonly plural: string }): boolean =>
  kind.group === '' && kind.plural === 'secrets'

const versionOf = (kept: Kept): SecretVersion => kept.object as SecretVersion

/** Those of a Secret, oldest first. */
function before({ store }: HistoryParts, { metadata }: KObject): readonly Kept[] {
  const prefix = `${objectKey(metadata.namespace, metadata.name ?? '')}:`
  return [...store.snapshot(resource).range({ prefix })].sort((a, b) => versionOf(a).revision - versionOf(b).revision)
}

const remove = ({ key, revision }: Kept): Operation => ({ type: 'delete', resource, key, expect: revision })

const length = (data: SecretVersion['data']): number =>
  Object.values(data ?? {}).reduce((sum, value) => sum + value.length, 0)

interface Replacing {
  readonly old: Secret
  readonly by?: string
  readonly contents: boolean
  readonly expiresAt?: string
}

function version(parts: HistoryParts, revision: number, { old, by, contents, expiresAt }: Replacing): Operation {
  const { name = '', namespace = '', uid = '' } = old.metadata
  const own = `${name}:${revision}`
  const object: SecretVersion = {
    apiVersion: ownApiVersion,
    kind: secretVersions.kind,
    metadata: { name: own, namespace, uid: parts.uid(), creationTimestamp: timestamp(parts.clock.now()) },
    secretName: name,
    secretUID: uid,
    revision,
    ...(old.type === undefined ? {} : { type: old.type }),
    ...(contents && old.data !== undefined ? { data: old.data } : {}),
    ...(by === undefined ? {} : { replacedBy: by }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  }
  return {
    type: 'put',
    resource,
    key: objectKey(namespace, own),
    expect: 0,
    object: copy(object) as Draft<KObject>,
    managed: '',
  }
}

/** Those that have to go when another one comes. */
function surplus(had: readonly Kept[], keep: number, coming: number): readonly Kept[] {
  let [left, text] = [keep - 1, mostText - coming]
  return had.toReversed().filter(kept => {
    text -= length(versionOf(kept).data)
    return --left < 0 || text < 0
  })
}

function pushed(parts: HistoryParts, replacing: Omit<Replacing, 'contents'>, keep: number): readonly Operation[] {
  const had = before(parts, replacing.old)
  const last = had.at(-1)
  const revision = (last === undefined ? 0 : versionOf(last).revision) + 1
  // One stays in any case: it says when the Secret last changed, and which revision that was.
  const gone = surplus(had, Math.max(keep, 1), length(replacing.old.data))
  return [version(parts, revision, { ...replacing, contents: keep > 0 }), ...gone.map(remove)]
}

const isNoChange = (old: Secret, next: Secret): boolean =>
  old.data === next.data || equal(old.data ?? {}, next.data ?? {})

/** For the write that makes `next` of `old`. */
export function replaced(
  parts: HistoryParts,
  change: { readonly old: Secret; readonly next: Secret; readonly by: string },
): readonly Operation[] {
  const { old, next, by } = change
  if (isNoChange(old, next)) return []
  const keep = keptOf(parts, next)
  if (keep === undefined) return []
  // Who switches it off wants what there is gone as well.
  const bare = keep === 0 ? before(parts, old).filter(kept => versionOf(kept).data !== undefined) : []
  const operations = pushed(parts, { old, by }, keep)
  const touched = new Set(operations.map(one => one.key))
  return [...operations, ...bare.filter(({ key }) => !touched.has(key)).map(remove)]
}

const isLeaving = ({ store }: HistoryParts, namespace: string): boolean =>
  (store.snapshot('namespaces').get(namespace)?.object as Namespace | undefined)?.metadata.deletionTimestamp !==
  undefined

/** For the write that removes `old`. */
export function removed(parts: HistoryParts, old: Secret): readonly Operation[] {
  const keep = keptOf(parts, old)
  const { afterDeletion } = parts.settings
  if (keep === undefined || keep === 0 || afterDeletion === 0 || isLeaving(parts, old.metadata.namespace ?? ''))
    return before(parts, old).map(remove)
  const expiresAt = timestamp(parts.clock.now() + afterDeletion * 1000)
  // Its last contents are one more than those that are kept of it.
  return pushed(parts, { old, expiresAt }, keep + 1)
}

/** The same reservations; a Secret that goes leaves its contents for a while. */
export const withHistory = (reservations: Reservations, parts: HistoryParts): Reservations => ({
  take: (served, draft, old) => reservations.take(served, draft, old),
  release: (served, old) =>
    isSecrets(served.kind)
      ? [...reservations.release(served, old), ...removed(parts, old as Secret)]
      : reservations.release(served, old),
})
