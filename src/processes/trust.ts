/** Whom a server believes and whom it asks about rights besides itself: files and flags, by upstream's names. */
import { readFile } from 'node:fs/promises'
import { loadWebhookKubeconfig } from '#client/kubeconfig.ts'
import type { AuthenticationOptions } from '#server/authn/configured.ts'
import type { OidcFlags } from '#server/authn/oidc/flags.ts'
import type { WebhookPlace } from '#server/authn/remote.ts'
import type { AuthorizationOptions } from '#server/authz/configured.ts'
import type { AuthorizationFlags } from '#server/authz/flags.ts'

/** All files are absolute paths. */
export interface TrustConfig {
  readonly authenticationConfig?: string
  readonly oidc?: Omit<OidcFlags, 'ca'> & { readonly caFile?: string }
  readonly tokenWebhook?: { readonly configFile: string; readonly version?: string; readonly cacheTtl?: string }
  readonly authorizationConfig?: string
  readonly authorization?: AuthorizationFlags
  readonly everythingAllowed?: boolean
}

const reading = (file: string) => (): Promise<string> => readFile(file, 'utf8')

/** @throws Error that says what is missing. */
export async function webhookAt(file: string): Promise<WebhookPlace> {
  const { server, authority, serverName, identity } = await loadWebhookKubeconfig(file)
  const { certificate, key, token } = identity
  return {
    destination: {
      url: new URL(server),
      ...(authority === undefined ? {} : { ca: authority }),
      ...(serverName === undefined ? {} : { serverName }),
      ...(certificate === undefined || key === undefined ? {} : { client: { cert: certificate, key } }),
    },
    ...(token === undefined ? {} : { token }),
  }
}

async function oidcOf({ caFile, ...flags }: NonNullable<TrustConfig['oidc']>): Promise<OidcFlags> {
  return caFile === undefined ? flags : { ...flags, ca: await readFile(caFile, 'utf8') }
}

export async function authenticationOptions(trust: TrustConfig): Promise<AuthenticationOptions> {
  const { authenticationConfig, oidc, tokenWebhook } = trust
  return {
    ...(authenticationConfig === undefined ? {} : { configuration: reading(authenticationConfig) }),
    ...(oidc === undefined ? {} : { oidc: await oidcOf(oidc) }),
    ...(tokenWebhook === undefined
      ? {}
      : {
          webhook: {
            place: await webhookAt(tokenWebhook.configFile),
            ...(tokenWebhook.version === undefined ? {} : { version: tokenWebhook.version }),
            ...(tokenWebhook.cacheTtl === undefined ? {} : { cacheTtl: tokenWebhook.cacheTtl }),
          },
        }),
  }
}

export const authorizationOptions = (trust: TrustConfig): AuthorizationOptions => ({
  webhookAt,
  ...(trust.authorizationConfig === undefined ? {} : { configuration: reading(trust.authorizationConfig) }),
  ...(trust.authorization === undefined ? {} : { flags: trust.authorization }),
  ...(trust.everythingAllowed === undefined ? {} : { everythingAllowed: trust.everythingAllowed }),
})
