/** A conversion webhook for tests: an HTTPS server that answers as it is told. */
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { issue, makeAuthority } from '#pki/issue.ts'
import { widget } from './definitions.ts'
import type { Reply } from './wire.ts'

export type Review = { request: { uid: string; desiredAPIVersion: string; objects: Reply['json'][] } }
export type Respond = (review: Review, response: ServerResponse, request: IncomingMessage) => void

/** v1 has `spec.hostPort: "h:p"`, v2 has `spec.host` and `spec.port`. */
export function convert(object: Reply['json'], apiVersion: string): Reply['json'] {
  const { spec = {}, ...rest } = object
  if (apiVersion === object.apiVersion) return object
  const [host, port] = String(spec.hostPort ?? '').split(':')
  const next = apiVersion.endsWith('v2') ? { host, port } : { hostPort: `${spec.host}:${spec.port}` }
  return { ...rest, apiVersion, spec: next }
}

export const answer = (response: ServerResponse, uid: string, rest: object): void =>
  void response.end(
    JSON.stringify({ apiVersion: 'apiextensions.k8s.io/v1', kind: 'ConversionReview', response: { uid, ...rest } }),
  )

export const honest: Respond = ({ request: { uid, desiredAPIVersion, objects } }, response) =>
  answer(response, uid, {
    result: { status: 'Success' },
    convertedObjects: objects.map(one => convert(one, desiredAPIVersion)),
  })

export interface Hook {
  readonly port: number
  respond: Respond
  calls: Review[]
  /** `spec.conversion` of a definition. */
  conversion(config?: object): object
  stop(): void
}

export async function startHook(): Promise<Hook> {
  const authority = await makeAuthority('hooks', Date.now())
  const hosts = ['127.0.0.1', 'hook.default.svc']
  const pair = await issue(authority, { name: 'hook', use: 'server', hosts }, Date.now())
  const server = createServer(pair, (request, response) => {
    let text = ''
    request.on('data', part => (text += String(part)))
    request.on('end', () => {
      const review: Review = JSON.parse(text)
      hook.calls.push(review)
      hook.respond(review, response, request)
    })
  })
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const caBundle = Buffer.from(authority.cert).toString('base64')
  const hook: Hook = {
    port,
    respond: honest,
    calls: [],
    conversion: (config = {}) => ({
      conversion: {
        strategy: 'Webhook',
        webhook: {
          conversionReviewVersions: ['v1'],
          clientConfig: { url: `https://127.0.0.1:${port}/convert`, caBundle, ...config },
        },
      },
    }),
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  }
  return hook
}

export const text = { type: 'string' }
const schema = (properties: object, required: readonly string[]): object => ({
  openAPIV3Schema: { type: 'object', properties: { spec: { type: 'object', properties, required } } },
})

export const versions = (stored: 'v1' | 'v2'): readonly object[] => [
  {
    name: 'v1',
    served: true,
    storage: stored === 'v1',
    schema: schema({ hostPort: { ...text, pattern: '^.+:.+$' } }, ['hostPort']),
    additionalPrinterColumns: [{ name: 'HostPort', type: 'string', jsonPath: '.spec.hostPort' }],
  },
  {
    name: 'v2',
    served: true,
    storage: stored === 'v2',
    schema: schema({ host: text, port: { ...text, maxLength: 5 } }, ['host', 'port']),
    additionalPrinterColumns: [{ name: 'Host', type: 'string', jsonPath: '.spec.host' }],
  },
]

export const one = '/apis/example.com/v1/namespaces/default/widgets'
export const two = '/apis/example.com/v2/namespaces/default/widgets'
export const v1 = (name: string, hostPort = 'h:1'): object => widget(name, { spec: { hostPort } })
export const v2 = (name: string, spec: object = { host: 'h', port: '2' }): object =>
  widget(name, { spec }, 'example.com/v2')
