/** The older way to name one issuer: flags, which mean an AuthenticationConfiguration as upstream reads them. */
import type { JWTAuthenticator } from '#kinds/facts/generated/types/apiserver_v1.ts'
import { ConfigurationError } from '#codec/configuration.ts'
import { type SigningAlgorithm, signingAlgorithms } from './algorithms.ts'

/** Named as the flags are, without `oidc-`. */
export interface OidcFlags {
  readonly issuerUrl?: string
  readonly clientId?: string
  /** PEM that stands in the file of the flag. */
  readonly ca?: string
  readonly usernameClaim?: string
  readonly usernamePrefix?: string
  readonly groupsClaim?: string
  readonly groupsPrefix?: string
  readonly signingAlgs?: readonly string[]
  /** `claim=value` */
  readonly requiredClaim?: readonly string[]
}

export interface OidcFromFlags {
  readonly jwt: JWTAuthenticator
  readonly algorithms: readonly SigningAlgorithm[]
}

function usernamePrefix({ issuerUrl = '', usernameClaim = 'sub', usernamePrefix = '' }: OidcFlags): string {
  if (usernamePrefix === '-') return ''
  // Whatever an issuer calls its users, it calls nobody of somebody else's.
  return usernamePrefix === '' && usernameClaim !== 'email' ? `${issuerUrl}#` : usernamePrefix
}

function requiredClaim(text: string): { claim: string; requiredValue: string } {
  const at = text.indexOf('=')
  if (at <= 0) throw new ConfigurationError(`--oidc-required-claim takes claim=value, not ${JSON.stringify(text)}`)
  return { claim: text.slice(0, at), requiredValue: text.slice(at + 1) }
}

/** @returns undefined where no flag is set. @throws ConfigurationError */
export function fromFlags(flags: OidcFlags): OidcFromFlags | undefined {
  const { issuerUrl = '', clientId = '', ca, usernameClaim = 'sub', groupsClaim = '', groupsPrefix = '' } = flags
  if (Object.values(flags).every(value => value === undefined)) return undefined
  if (issuerUrl === '' || clientId === '')
    throw new ConfigurationError(
      'oidc-issuer-url and oidc-client-id must be specified together when any oidc-* flags are set',
    )
  const algorithms = (flags.signingAlgs ?? ['RS256']).map(name => {
    const known = signingAlgorithms.find(one => one === name)
    if (known === undefined) throw new ConfigurationError(`oidc: unsupported signing alg: ${JSON.stringify(name)}`)
    return known
  })
  const jwt: JWTAuthenticator = {
    issuer: { url: issuerUrl, audiences: [clientId], ...(ca === undefined ? {} : { certificateAuthority: ca }) },
    claimMappings: {
      username: { claim: usernameClaim, prefix: usernamePrefix(flags) },
      ...(groupsClaim === '' ? {} : { groups: { claim: groupsClaim, prefix: groupsPrefix } }),
      uid: {},
    },
    claimValidationRules: (flags.requiredClaim ?? []).map(requiredClaim),
  }
  return { jwt, algorithms }
}
