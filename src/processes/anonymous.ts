/** Whether an AuthenticationConfiguration lets in whoever says nothing. */
import { readFileSync } from 'node:fs'
import { issuer } from '#plane/plane.ts'
import { readAuthentication } from '#server/authn/oidc/configuration.ts'
import type { TrustConfig } from './trust.ts'

export type Anonymous =
  | { readonly enabled: false }
  /** No paths: all of them. */
  | { readonly enabled: true; readonly paths: readonly string[] }

/** @throws ConfigurationError, and what reading the file throws */
export function anonymousIn({ authenticationConfig }: TrustConfig = {}): Anonymous {
  if (authenticationConfig === undefined) return { enabled: false }
  const { anonymous } = readAuthentication(readFileSync(authenticationConfig, 'utf8'), [issuer])
  if (anonymous?.enabled !== true) return { enabled: false }
  return { enabled: true, paths: (anonymous.conditions ?? []).map(one => one.path) }
}

/** To more than a few paths. */
export const isOpenToAll = (found: Anonymous): boolean => found.enabled && found.paths.length === 0
