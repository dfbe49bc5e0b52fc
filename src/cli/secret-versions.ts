/** `bulwark secret history` and `rollback`: what a Secret held, and back to it. Values are never shown. */
import { secrets } from '#kinds/facts/generated/refs.ts'
import type { Secret } from '#kinds/facts/generated/types/core_v1.ts'
import { type SecretVersion, secretVersions } from '#kinds/facts/secrets.ts'
import { visible } from './audit.ts'
import { CommandError, UsageError } from './place.ts'
import { type ReachOptions, type Reached, reached } from './reach.ts'
import { lined } from './table.ts'

export interface SecretOptions extends ReachOptions {
  readonly namespace?: string
  readonly output?: string
}

/** @returns the namespace that is asked about */
export const withNamespace = (at: Reached, { namespace }: SecretOptions): Reached => ({
  ...at,
  namespace: namespace ?? at.namespace,
})

export interface Revision {
  readonly revision: number
  /** When it was written. */
  readonly written: string
  /** When it was replaced, and by whom; absent for what the Secret holds now. */
  readonly replaced?: string
  readonly by?: string
  readonly keys: readonly string[]
  /** Nothing but the time is kept. */
  readonly bare: boolean
}

const listed = async ({ client, namespace }: Reached, name: string): Promise<readonly SecretVersion[]> => {
  const { items } = await client.list(secretVersions, { namespace, fieldSelector: `secretName=${name}` })
  return items.toSorted((a, b) => a.revision - b.revision)
}

/** Contents from the oldest to what the Secret holds now. */
export function revisionsOf(versions: readonly SecretVersion[], secret: Secret | undefined): readonly Revision[] {
  const past = versions.map((version, at): Revision => {
    const before = versions[at - 1]
    const same = before?.secretUID === version.secretUID && before.revision === version.revision - 1
    return {
      revision: version.revision,
      written: same ? (before?.metadata.creationTimestamp ?? '') : '',
      replaced: version.metadata.creationTimestamp ?? '',
      ...(version.expiresAt === undefined ? {} : { by: `deleted, kept until ${version.expiresAt}` }),
      ...(version.replacedBy === undefined ? {} : { by: version.replacedBy }),
      keys: Object.keys(version.data ?? {}).sort(),
      bare: version.data === undefined,
    }
  })
  if (secret === undefined) return past
  const last = versions.at(-1)
  const own = last?.secretUID === secret.metadata.uid ? last?.metadata.creationTimestamp : undefined
  const written = own ?? secret.metadata.creationTimestamp ?? ''
  return [
    ...past,
    { revision: (last?.revision ?? 0) + 1, written, keys: Object.keys(secret.data ?? {}).sort(), bare: false },
  ]
}

const noSuch = (name: string, namespace: string): CommandError =>
  new CommandError(
    `there is no Secret ${JSON.stringify(name)} in ${JSON.stringify(namespace)}, and nothing is kept of one`,
  )

/** @returns what is to be printed. */
export async function secretHistory(name: string, options: SecretOptions): Promise<string> {
  const revisions = await reached(options, async reach => {
    const at = withNamespace(reach, options)
    const secret = await at.client.find(secrets, `${at.namespace}/${name}`)
    const all = revisionsOf(await listed(at, name), secret)
    if (all.length === 0) throw noSuch(name, at.namespace)
    return all
  })
  if (options.output === 'json') return `${JSON.stringify(revisions, undefined, 2)}\n`
  const rows = revisions.map(({ revision, written, replaced, by, keys, bare }) => [
    String(revision),
    written === '' ? '-' : written,
    replaced ?? 'now',
    by ?? '-',
    bare ? 'not kept' : keys.join(','),
  ])
  return lined([['REVISION', 'WRITTEN', 'UNTIL', 'REPLACED BY', 'KEYS'], ...rows.map(row => row.map(visible))])
}

export interface RollbackOptions extends SecretOptions {
  readonly to: string
}

const same = (a: Secret['data'] = {}, b: Secret['data'] = {}): boolean =>
  Object.keys(a).length === Object.keys(b).length && Object.keys(a).every(key => a[key] === b[key])

/** @throws CommandError, where somebody else has changed the Secret meanwhile as well. @returns what happened. */
export async function rollbackSecret(name: string, options: RollbackOptions): Promise<string> {
  if (!/^[1-9]\d{0,8}$/.test(options.to))
    throw new UsageError(`--to is a revision such as 3, not ${JSON.stringify(options.to)}`)
  return reached(options, async reach => {
    const at = withNamespace(reach, options)
    const { client, namespace } = at
    const secret = await client.find(secrets, `${namespace}/${name}`)
    const version = await client.find(secretVersions, `${namespace}/${name}:${options.to}`)
    if (version === undefined) throw await unknown(at, name, secret)
    const { data, type } = version
    if (data === undefined) throw new CommandError(`of revision ${options.to} of ${name} nothing but the time is kept`)
    if (secret === undefined) {
      const metadata = { name, namespace }
      await client.create(secrets, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata,
        data,
        ...(type === undefined ? {} : { type }),
      })
      return `secret/${name} was made anew with what it held in revision ${options.to}; labels and annotations are not kept\n`
    }
    if (same(secret.data, data)) return `secret/${name} holds what it held in revision ${options.to}\n`
    // With the resourceVersion that was read: what somebody else writes in between is not overwritten.
    await client.update(secrets, { ...secret, data })
    return `secret/${name} holds again what it held in revision ${options.to}\n`
  })
}

async function unknown(at: Reached, name: string, secret: Secret | undefined): Promise<CommandError> {
  const revisions = revisionsOf(await listed(at, name), undefined).map(one => one.revision)
  if (revisions.length > 0) return new CommandError(`of ${name} these revisions are kept: ${revisions.join(', ')}`)
  return secret === undefined
    ? noSuch(name, at.namespace)
    : new CommandError(`nothing is kept of what ${name} held before`)
}
