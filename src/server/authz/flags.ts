/** The older way to say who is asked about rights: flags, which mean an AuthorizationConfiguration as upstream reads them. */
import type { AuthorizationConfiguration } from '#kinds/facts/generated/types/apiserver_v1.ts'
import { ConfigurationError } from '#codec/configuration.ts'

/** Named as the flags are, without `authorization-`. */
export interface AuthorizationFlags {
  readonly modes?: readonly string[]
  /** Absolute. */
  readonly webhookConfigFile?: string
  readonly webhookVersion?: string
  /** Durations as Go writes them. */
  readonly webhookAuthorizedTtl?: string
  readonly webhookUnauthorizedTtl?: string
}

/** Where nobody says otherwise. */
export const usualModes = ['Node', 'RBAC'] as const

const modes = new Set(['AlwaysAllow', 'AlwaysDeny', 'Webhook', 'RBAC', 'Node'])

const isZero = (duration: string | undefined): boolean => duration !== undefined && /^0+[a-zµ]*$/.test(duration)

function webhookOf(
  flags: AuthorizationFlags,
): NonNullable<AuthorizationConfiguration['authorizers'][number]['webhook']> {
  const { webhookConfigFile = '', webhookVersion, webhookAuthorizedTtl, webhookUnauthorizedTtl } = flags
  return {
    timeout: '30s',
    authorizedTTL: webhookAuthorizedTtl ?? '5m',
    cacheAuthorizedRequests: !isZero(webhookAuthorizedTtl),
    unauthorizedTTL: webhookUnauthorizedTtl ?? '30s',
    cacheUnauthorizedRequests: !isZero(webhookUnauthorizedTtl),
    subjectAccessReviewVersion: webhookVersion ?? 'v1beta1',
    matchConditionSubjectAccessReviewVersion: '',
    failurePolicy: 'NoOpinion',
    connectionInfo: { type: 'KubeConfigFile', kubeConfigFile: webhookConfigFile },
    matchConditions: [],
  }
}

/** @returns undefined where no flag is set. @throws ConfigurationError */
export function fromFlags(flags: AuthorizationFlags): AuthorizationConfiguration | undefined {
  if (Object.values(flags).every(value => value === undefined)) return undefined
  const list = flags.modes ?? usualModes
  const seen = new Set<string>()
  for (const mode of list) {
    if (!modes.has(mode)) throw new ConfigurationError(`authorization-mode ${JSON.stringify(mode)} is not a valid mode`)
    if (seen.has(mode))
      throw new ConfigurationError(`authorization-mode ${JSON.stringify(mode)} has mode specified more than once`)
    seen.add(mode)
  }
  if (seen.has('Webhook') && flags.webhookConfigFile === undefined)
    throw new ConfigurationError("authorization-mode Webhook's authorization config file not passed")
  if (!seen.has('Webhook') && flags.webhookConfigFile !== undefined)
    throw new ConfigurationError('cannot specify --authorization-webhook-config-file without mode Webhook')
  const authorizers = list.map(type => ({
    type,
    name: type === 'Webhook' ? 'default' : type.toLowerCase(),
    ...(type === 'Webhook' ? { webhook: webhookOf(flags) } : {}),
  }))
  return { authorizers }
}
