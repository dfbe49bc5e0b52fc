/** Types of what our own group keeps about Secrets; their facts stand in bulwark.ts. */
import type { KObject, ResourceRef } from '#api/metadata.ts'
import { bulwarkGroup, bulwarkVersion } from './bulwark.ts'
import type { Condition } from './generated/types/meta_v1.ts'

export const ownApiVersion = `${bulwarkGroup}/${bulwarkVersion}`

/** What a Secret held before a write replaced it. Named `SECRET:REVISION`, which no Secret can be called. */
export interface SecretVersion extends KObject {
  readonly secretName: string
  readonly secretUID: string
  /** Counts up from 1 for each name; the Secret itself is the next one. */
  readonly revision: number
  readonly type?: string
  /** Absent where contents are not kept. */
  readonly data?: Readonly<Record<string, string>>
  /** Who replaced it, at `metadata.creationTimestamp`. */
  readonly replacedBy?: string
  /** Set on the last one of a Secret that was deleted: until when all of them are kept. */
  readonly expiresAt?: string
}

export const secretVersions: ResourceRef<SecretVersion> = {
  group: bulwarkGroup,
  version: bulwarkVersion,
  resource: 'secretversions',
  kind: 'SecretVersion',
  namespaced: true,
}

/** What is to be done about the Secret of the same name, without anything that is in it. */
export interface SecretStatus extends KObject {
  readonly status?: {
    readonly type?: string
    /** When its contents last changed. */
    readonly changedAt?: string
    readonly expiresAt?: string
    /** `Annotation` or `Certificate`. */
    readonly expirySource?: string
    readonly rotationDueAt?: string
    readonly conditions?: readonly Condition[]
  }
}

export const secretStatuses: ResourceRef<SecretStatus> = {
  group: bulwarkGroup,
  version: bulwarkVersion,
  resource: 'secretstatuses',
  kind: 'SecretStatus',
  namespaced: true,
}

/** The Secret that the version of this name is one of. */
export const secretOf = (version: string): string => {
  const end = version.lastIndexOf(':')
  return end < 0 ? version : version.slice(0, end)
}
