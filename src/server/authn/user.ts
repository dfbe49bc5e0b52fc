/** The only maker of users. Nothing outside server/authn imports it. */
import type { User } from '#api/request.ts'

export interface Identity {
  readonly name: string
  readonly uid?: string
  readonly groups: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
  readonly source: string
}

export const identified = (identity: Identity): User => identity as User

/** With the group that everybody has who is not anonymous. */
export const authenticatedUser = (identity: Identity): User =>
  identified({
    ...identity,
    groups: identity.groups.includes('system:authenticated')
      ? identity.groups
      : [...identity.groups, 'system:authenticated'],
  })

/** One of our own components, in this process. */
export const component = (name: string, groups: readonly string[] = []): User =>
  authenticatedUser({ name, groups, source: 'component' })
