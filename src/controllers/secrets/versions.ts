/** Removes what Secrets held some time after they were deleted. */
import { secrets } from '#kinds/facts/generated/refs.ts'
import { type SecretVersion, secretVersions } from '#kinds/facts/secrets.ts'
import { type KObject, groupResource, objectKey } from '#api/metadata.ts'
import type { Index, Reader } from '#api/reader.ts'
import { type Controller, type Watch, nothing, selfKey } from '#client/controller.ts'
import { at } from '../conditions.ts'
import { reading, rule } from '../rules.ts'
import { remove } from '../writes.ts'

const bySecret = 'secret'
const secretKeyOf = (version: SecretVersion): string => objectKey(version.metadata.namespace, version.secretName)

/** Versions by the Secret that they are of. */
export const versionIndex: Index = {
  name: bySecret,
  resource: groupResource(secretVersions),
  of: object => [secretKeyOf(object as SecretVersion)],
}

/** @param secret `namespace/name` */
export const versionsOf = (read: Reader, secret: string): readonly SecretVersion[] =>
  read.byIndex(secretVersions, bySecret, secret)

const keyOf = ({ metadata }: KObject): string => objectKey(metadata.namespace, metadata.name ?? '')

/** Only a deletion makes versions go. */
const deletions: Watch['keys'] = ({ type, key }, read) =>
  type === 'delete' ? versionsOf(read, key).map(version => keyOf(version)) : []

/** Timers reach this far. */
const longest = 24 * 3600 * 1000

export const secretVersionExpiry: Controller = {
  name: 'secret-version-controller',
  watches: [
    { ref: secretVersions, keys: selfKey },
    { ref: secrets, keys: deletions },
  ],
  indexes: [versionIndex],
  rules: [rule('', ['secrets'], reading), rule('bulwark.dev', ['secretversions'], ['delete', ...reading])],
  decide: (key, { read, now, asked }) => {
    const version = read.get(secretVersions, key)
    if (version === undefined) return nothing
    const secret = secretKeyOf(version)
    if (read.get(secrets, secret)?.metadata.uid === version.secretUID) return nothing
    const family = versionsOf(read, secret).filter(one => one.secretUID === version.secretUID)
    const until = family.map(one => at(one.expiresAt)).find(time => !Number.isNaN(time))
    if (until !== undefined)
      return until > now
        ? { writes: [], again: Math.min(until - now, longest) }
        : { writes: [[remove(secretVersions, version)]] }
    // Nobody said how long: only where the Secret is certainly gone.
    if (!asked.has(secrets, secret)) return { writes: [], ask: [{ ref: secrets, key: secret }] }
    if (asked.get(secrets, secret)?.metadata.uid === version.secretUID) return nothing
    return { writes: [[remove(secretVersions, version)]] }
  },
}
