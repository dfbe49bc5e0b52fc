/** Flags that say whom a server believes and asks, by upstream's names. */
import { resolve } from 'node:path'
import type { TrustConfig } from '#processes/trust.ts'
import { UsageError } from './place.ts'

export interface TrustFlags {
  readonly authenticationConfig?: string
  readonly oidcIssuerUrl?: string
  readonly oidcClientId?: string
  readonly oidcCaFile?: string
  readonly oidcUsernameClaim?: string
  readonly oidcUsernamePrefix?: string
  readonly oidcGroupsClaim?: string
  readonly oidcGroupsPrefix?: string
  readonly oidcSigningAlgs?: string
  readonly oidcRequiredClaim?: readonly string[]
  readonly authenticationTokenWebhookConfigFile?: string
  readonly authenticationTokenWebhookCacheTtl?: string
  readonly authenticationTokenWebhookVersion?: string
  readonly authorizationConfig?: string
  readonly authorizationMode?: string
  readonly authorizationWebhookConfigFile?: string
  readonly authorizationWebhookVersion?: string
  readonly authorizationWebhookCacheAuthorizedTtl?: string
  readonly authorizationWebhookCacheUnauthorizedTtl?: string
  readonly insecureAllowEverything?: boolean
}

const words = (text: string | undefined): readonly string[] | undefined =>
  text?.split(',').flatMap(word => (word.trim() === '' ? [] : [word.trim()]))

const file = (path: string | undefined): string | undefined => (path === undefined ? undefined : resolve(path))

/** Without what is not set; undefined where nothing is. */
function given<T extends object>(fields: { readonly [K in keyof T]: T[K] | undefined }): T | undefined {
  const set = Object.entries(fields).filter(([, value]) => value !== undefined)
  return set.length === 0 ? undefined : (Object.fromEntries(set) as T)
}

function tokenWebhook(flags: TrustFlags): TrustConfig['tokenWebhook'] {
  const configFile = file(flags.authenticationTokenWebhookConfigFile)
  const { authenticationTokenWebhookVersion: version, authenticationTokenWebhookCacheTtl: cacheTtl } = flags
  if (configFile !== undefined) return { configFile, ...given<object>({ version, cacheTtl }) }
  if (version !== undefined || cacheTtl !== undefined)
    throw new UsageError('--authentication-token-webhook-config-file is missing: where the webhook is')
  return undefined
}

/** @returns undefined where no flag is set. @throws UsageError */
export const trustOf = (flags: TrustFlags): TrustConfig | undefined =>
  given<TrustConfig>({
    authenticationConfig: file(flags.authenticationConfig),
    oidc: given<NonNullable<TrustConfig['oidc']>>({
      issuerUrl: flags.oidcIssuerUrl,
      clientId: flags.oidcClientId,
      caFile: file(flags.oidcCaFile),
      usernameClaim: flags.oidcUsernameClaim,
      usernamePrefix: flags.oidcUsernamePrefix,
      groupsClaim: flags.oidcGroupsClaim,
      groupsPrefix: flags.oidcGroupsPrefix,
      signingAlgs: words(flags.oidcSigningAlgs),
      requiredClaim: flags.oidcRequiredClaim,
    }),
    tokenWebhook: tokenWebhook(flags),
    authorizationConfig: file(flags.authorizationConfig),
    authorization: given<NonNullable<TrustConfig['authorization']>>({
      modes: words(flags.authorizationMode),
      webhookConfigFile: file(flags.authorizationWebhookConfigFile),
      webhookVersion: flags.authorizationWebhookVersion,
      webhookAuthorizedTtl: flags.authorizationWebhookCacheAuthorizedTtl,
      webhookUnauthorizedTtl: flags.authorizationWebhookCacheUnauthorizedTtl,
    }),
    everythingAllowed: flags.insecureAllowEverything,
  })
