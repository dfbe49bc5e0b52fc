/** A real OpenID provider on loopback. People say yes on a device of their own (CIBA), so that no browser is needed. */
import { generateKeyPairSync } from 'node:crypto'
import { type Server, createServer, request } from 'node:https'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'
import { issue, makeAuthority } from '#pki/issue.ts'

export interface OpenIdProvider {
  readonly url: string
  /** PEM of the authority of its certificate. */
  readonly ca: string
  /** An ID token for somebody. */
  tokenFor(person: string): Promise<string>
  stop(): Promise<void>
}

export const clientId = 'kubernetes'
const client = {
  client_id: clientId,
  client_secret: 'a secret of the test alone',
  grant_types: ['urn:openid:params:grant-type:ciba'],
  redirect_uris: [],
  response_types: [],
  backchannel_token_delivery_mode: 'poll',
  id_token_signed_response_alg: 'RS256',
}

function configuration(made: () => Provider): object {
  const jwk = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })
  return {
    clients: [client],
    jwks: { keys: [{ ...jwk, use: 'sig', alg: 'RS256' }] },
    conformIdTokenClaims: false,
    claims: { openid: ['sub', 'email', 'email_verified', 'groups'] },
    findAccount: (_: unknown, id: string) => ({
      accountId: id,
      claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true, groups: ['dev', `of-${id}`] }),
    }),
    features: {
      devInteractions: { enabled: false },
      ciba: {
        enabled: true,
        deliveryModes: ['poll'],
        processLoginHint: (_: unknown, hint: string) => hint,
        validateRequestContext: () => undefined,
        validateBindingMessage: () => undefined,
        verifyUserCode: () => undefined,
        triggerAuthenticationDevice: async (_: unknown, asked: { readonly accountId: string }) => {
          const grant = new (made().Grant)({ clientId, accountId: asked.accountId })
          grant.addOIDCScope('openid')
          await grant.save()
          await made().backchannelResult(asked, grant)
        },
      },
    },
  }
}

interface Answer {
  readonly auth_req_id?: string
  readonly id_token?: string
}

export async function startProvider(): Promise<OpenIdProvider> {
  const authority = await makeAuthority('provider-ca', Date.now())
  const serving = await issue(authority, { name: 'provider', use: 'server', hosts: ['127.0.0.1'] }, Date.now())
  const server: Server = createServer({ cert: serving.cert, key: serving.key })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const url = `https://127.0.0.1:${port}`
  const provider: Provider = new Provider(
    url,
    configuration(() => provider),
  )
  server.on('request', provider.callback())
  const post = (path: string, fields: Readonly<Record<string, string>>): Promise<Answer> => {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const body = new URLSearchParams({ ...fields }).toString()
    const secret = Buffer.from(`${clientId}:${encodeURIComponent(client.client_secret)}`).toString('base64')
    const headers = { 'content-type': 'application/x-www-form-urlencoded', authorization: `Basic ${secret}` }
    const asking = request(`${url}${path}`, { method: 'POST', ca: authority.cert, headers, agent: false }, answer => {
      let text = ''
      answer.setEncoding('utf8').on('data', (part: string) => (text += part))
      answer.on('end', () =>
        answer.statusCode === 200 ? resolve(JSON.parse(text) as Answer) : reject(new Error(`${path}: ${text}`)),
      )
    })
    asking.on('error', reject)
    asking.end(body)
    return promise
  }
  return {
    url,
    ca: authority.cert,
    tokenFor: async person => {
      const { auth_req_id = '' } = await post('/backchannel', { scope: 'openid', login_hint: person })
      const grant = 'urn:openid:params:grant-type:ciba'
      const { id_token = '' } = await post('/token', { grant_type: grant, auth_req_id })
      return id_token
    },
    stop: async () => {
      const closed = new Promise(resolve => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
