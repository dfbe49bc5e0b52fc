/** A control plane on a port, spoken to without a client's manners: any method, any path, any bytes. */
import { once } from 'node:events'
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import { Agent, request } from 'node:https'
import { decisionCause } from '#api/status.ts'
import { type Cluster, type ClusterOptions, startCluster } from '#testing/startCluster.ts'

export interface Call {
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string | Buffer | object
  /** A bearer token; the administrator's certificate is shown when there is none. '' shows nothing. */
  readonly token?: string
  /** The certificate is shown too. */
  readonly both?: boolean
}

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly bytes: Buffer
  readonly text: string
  // The tests read answers of all shapes; JSON.parse gives no better type.
  readonly json: ReturnType<typeof JSON.parse>
}

export interface Wire {
  readonly cluster: Cluster
  readonly url: URL
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string }
  call(method: string, path: string, call?: Call): Promise<Reply>
  /** A token of a new service account in `default`, with these rules in that namespace, or everywhere. */
  account(name: string, rules: readonly object[], everywhere?: boolean): Promise<string>
  stop(): Promise<void>
}

const field = (text: string, name: string): string => new RegExp(`${name}: (\\S+)`).exec(text)?.[1] ?? ''
const decoded = (text: string, name: string): string => Buffer.from(field(text, name), 'base64').toString()

const bytesOf = (body: Call['body']): string | Buffer | undefined =>
  body === undefined || typeof body === 'string' || Buffer.isBuffer(body) ? body : JSON.stringify(body)

/** Details of a refusal without its number, which is another each time. */
export function undecided(details: { readonly causes?: readonly { readonly reason?: string }[] }): object {
  const { causes, ...rest } = details
  const others = causes?.filter(one => one.reason !== decisionCause) ?? []
  return others.length === 0 ? rest : { ...rest, causes: others }
}

function parsed(text: string): Reply['json'] {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export async function openWire(options: ClusterOptions = { controllers: false }): Promise<Wire> {
  const cluster = await startCluster(options)
  const config = await cluster.kubeConfig()
  const url = new URL(field(config, 'server'))
  const tls = {
    ca: decoded(config, 'certificate-authority-data'),
    cert: decoded(config, 'client-certificate-data'),
    key: decoded(config, 'client-key-data'),
  }
  const known = new Agent({ ...tls, keepAlive: true })
  const unknown = new Agent({ ca: tls.ca, keepAlive: true })
  const call: Wire['call'] = async (method, path, { headers = {}, body, token, both = false } = {}) => {
    const bytes = bytesOf(body)
    const sent = request({
      agent: token === undefined || both ? known : unknown,
      host: url.hostname,
      port: url.port,
      method,
      path,
      headers: {
        ...(bytes === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(bytes) }),
        ...(token === undefined || token === '' ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
    })
    sent.end(bytes)
    const [response] = await once(sent, 'response')
    const parts: Buffer[] = []
    for await (const part of response) parts.push(part)
    const all = Buffer.concat(parts)
    const text = all.toString()
    return { status: response.statusCode, headers: response.headers, bytes: all, text, json: parsed(text) }
  }
  const must = async (path: string, body: object): Promise<Reply> => {
    const reply = await call('POST', path, { body })
    if (reply.status !== 201) throw new Error(`${path}: ${reply.text}`)
    return reply
  }
  const account: Wire['account'] = async (name, rules, everywhere = false) => {
    const rbac = '/apis/rbac.authorization.k8s.io/v1'
    const at = everywhere ? '' : '/namespaces/default'
    const kind = everywhere ? 'ClusterRole' : 'Role'
    await must('/api/v1/namespaces/default/serviceaccounts', { metadata: { name } })
    await must(`${rbac}${at}/${kind.toLowerCase()}s`, { metadata: { name }, rules })
    await must(`${rbac}${at}/${kind.toLowerCase()}bindings`, {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
      subjects: [{ kind: 'ServiceAccount', namespace: 'default', name }],
    })
    const { json } = await must(`/api/v1/namespaces/default/serviceaccounts/${name}/token`, {
      kind: 'TokenRequest',
      apiVersion: 'authentication.k8s.io/v1',
      spec: {},
    })
    return json.status.token
  }
  const stop = async (): Promise<void> => {
    known.destroy()
    unknown.destroy()
    await cluster.stop()
  }
  return { cluster, url, tls, call, account, stop }
}
