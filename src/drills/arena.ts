/** A throw-away cluster with a real port, a real database and a real record, and everybody in it. Needs no root. */
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KObject } from '#api/metadata.ts'
import { StatusError } from '#api/status.ts'
import { systemClock } from '#base/clock.ts'
import { strictTls } from '#base/tls.ts'
import { silentLog } from '#base/log.ts'
import { type Client, makeClient } from '#client/client.ts'
import { httpsTransport } from '#client/https.ts'
import { clusterRoles, namespaces, roleBindings, serviceAccounts } from '#kinds/facts/generated/refs.ts'
import type { Event } from '#kinds/facts/generated/types/audit_v1.ts'
import { openAudit } from '#processes/audit.ts'
import { layout } from '#processes/layout.ts'
import { openStore } from '#processes/store.ts'
import { type ChainFiles, chainFiles, readPlace } from '#server/audit/heads.ts'
import { search } from '#server/audit/search.ts'
import { type Verdict, verifyChain } from '#server/audit/verify.ts'
import { type Cluster, type ClusterOptions, startCluster } from '#testing/startCluster.ts'

export interface Reply {
  /** `POST /api/v1/…`, or what was asked in process. */
  readonly asked: string
  readonly status: number
  /** Of a Status; '' where the answer is none. */
  readonly message: string
  readonly body: string
  readonly warnings: readonly string[]
}

/** Whom a client certificate names. */
export interface Certified {
  readonly name: string
  readonly groups: readonly string[]
}

export interface Call {
  /** Absent: no credentials at all. */
  readonly token?: string
  readonly body?: object
  readonly headers?: Readonly<Record<string, string>>
}

export interface Arena {
  readonly cluster: Cluster
  /** Acts as the administrator. */
  readonly admin: Client
  /** Over the wire. */
  call(method: string, path: string, call?: Call): Promise<Reply>
  /** Over the wire too, as somebody whom a certificate lets in, such as a node. */
  as(who: Certified, what: string, act: (client: Client) => Promise<unknown>): Promise<Reply>
  /** A namespace with a service account of it, which has a role there. @returns its token */
  tenant(namespace: string, role: string): Promise<string>
  /** A token of an account, by the administrator. */
  tokenOf(namespace: string, account: string): Promise<string>
  /** All that is on record by now. */
  events(): Promise<readonly Event[]>
  /** Where the record and the database lie, which only somebody on the machine reaches. */
  readonly files: { readonly audit: ChainFiles; readonly database: string; readonly log: () => string }
  verify(): Promise<Verdict | undefined>
  stop(): Promise<void>
}

const within = (kubeconfig: string, name: string): string =>
  Buffer.from(new RegExp(`${name}: (\\S+)`).exec(kubeconfig)?.[1] ?? '', 'base64').toString()

/** Of the text that our own server made. */
function loadedKubeconfig(text: string) {
  return {
    server: /server: (\S+)/.exec(text)?.[1] ?? '',
    authority: within(text, 'certificate-authority-data'),
    identity: { certificate: within(text, 'client-certificate-data'), key: within(text, 'client-key-data') },
  }
}

const most = 16 << 20

function messageIn(body: string): string {
  try {
    const value: unknown = JSON.parse(body)
    const message: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, 'message') : undefined
    return typeof message === 'string' ? message : ''
  } catch {
    return ''
  }
}

interface Wire {
  readonly url: URL
  readonly ca: string
}

function send(
  { url, ca }: Wire,
  target: { method: string; path: string },
  { token, body, headers = {} }: Call,
): Promise<Reply> {
  const text = body === undefined ? undefined : JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const sent = request({
      ca,
      ...strictTls,
      host: url.hostname,
      port: url.port,
      ...target,
      agent: false,
      headers: {
        ...(text === undefined
          ? {}
          : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...headers,
      },
      signal: AbortSignal.timeout(30_000),
    })
    sent.on('error', reject)
    sent.on('response', response => {
      const chunks: Buffer[] = []
      let size = 0
      response.on('data', (chunk: Buffer) => {
        size += chunk.length
        if (size <= most) chunks.push(chunk)
      })
      response.on('error', reject)
      response.on('end', () => {
        const answer = Buffer.concat(chunks).toString()
        const status = response.statusCode ?? 0
        const warning = response.headers['warning'] ?? ''
        resolve({
          asked: `${target.method} ${target.path}`,
          status,
          message: status < 400 ? '' : messageIn(answer),
          body: answer,
          warnings: warning === '' ? [] : [warning],
        })
      })
    })
    sent.end(text)
  })
}

const tokenIn = (object: KObject): string => {
  const status: unknown = Reflect.get(object, 'status')
  const token: unknown = typeof status === 'object' && status !== null ? Reflect.get(status, 'token') : undefined
  if (typeof token !== 'string') throw new Error('the answer has no token')
  return token
}

class Prepared implements Arena {
  readonly cluster: Cluster
  readonly files: Arena['files']
  readonly #wire: Wire
  readonly #end: () => Promise<void>

  constructor(
    cluster: Cluster,
    parts: { readonly wire: Wire; readonly files: Arena['files']; readonly end: () => Promise<void> },
  ) {
    this.cluster = cluster
    this.files = parts.files
    this.#wire = parts.wire
    this.#end = parts.end
  }
  get admin(): Client {
    return this.cluster.client
  }
  call(method: string, path: string, call: Call = {}): Promise<Reply> {
    return send(this.#wire, { method, path }, call)
  }
  async as(who: Certified, what: string, act: (client: Client) => Promise<unknown>): Promise<Reply> {
    const asked = `${who.name} ${what}`
    const { server, authority: ca, identity } = loadedKubeconfig(await this.cluster.kubeConfig(who))
    const transport = httpsTransport({ server, authority: ca, identity: () => identity, userAgent: 'drill' })
    try {
      await act(makeClient(transport.send))
      return { asked, status: 200, message: '', body: '', warnings: [] }
    } catch (error) {
      if (!(error instanceof StatusError)) throw error
      return { asked, status: error.code, message: error.message, body: '', warnings: [] }
    } finally {
      transport.close()
    }
  }
  async tenant(namespace: string, role: string): Promise<string> {
    await this.admin.create(namespaces, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace },
      spec: {},
    })
    await this.admin.create(serviceAccounts, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'app', namespace },
    })
    await this.admin.get(clusterRoles, role)
    await this.admin.create(roleBindings, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'app', namespace },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'ServiceAccount', name: 'app', namespace }],
    })
    return this.tokenOf(namespace, 'app')
  }
  async tokenOf(namespace: string, account: string): Promise<string> {
    const body: KObject & { readonly spec: object } = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: {},
      spec: {},
    }
    return tokenIn(await this.admin.post(serviceAccounts, `${namespace}/${account}`, { subresource: 'token', body }))
  }
  async events(): Promise<readonly Event[]> {
    await sleep(settle)
    const place = readPlace(this.files.audit)
    if (place === undefined) return []
    const found: Event[] = []
    for await (const { event } of search([[...place.before, place.path]], {})) found.push(event)
    return found
  }
  async verify(): Promise<Verdict | undefined> {
    return verifyChain(this.files.audit)
  }
  stop(): Promise<void> {
    return this.#end()
  }
}

/** Milliseconds until what has happened is on record: a batch waits for 25. */
const settle = 120

export type Weaker = Pick<ClusterOptions, 'plugins' | 'admissionConfiguration'>

/** @param weaker for tests: a cluster that is not as it usually is */
export async function openArena(weaker: Weaker = {}): Promise<Arena> {
  const dir = await mkdtemp(join(tmpdir(), 'bulwark-drill-'))
  const at = layout(dir)
  const clock = systemClock
  const record = await openAudit({}, { dir: at.audit, clock, log: silentLog })
  const cluster = await startCluster({
    ...weaker,
    nodes: 2,
    record,
    open: decode => openStore({ config: {}, layout: at, decode, clock, log: silentLog }),
  })
  const { server, authority } = loadedKubeconfig(await cluster.kubeConfig())
  const wire = { url: new URL(server), ca: authority }
  const audit = chainFiles(at.audit)
  return new Prepared(cluster, {
    wire,
    files: { audit, database: at.database, log: () => readPlace(audit)?.path ?? '' },
    end: async () => {
      await cluster.stop()
      await record.close()
      await rm(dir, { recursive: true, force: true })
    },
  })
}
