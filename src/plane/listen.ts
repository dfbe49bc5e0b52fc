/** The plane on a port: certificates of its own authority, kubeconfigs for who may come in. */
import type { KeyPair } from '#pki/issue.ts'
import { dumpYaml } from '#codec/yaml.ts'
import { makeAuthenticate } from '#server/authn/authenticate.ts'
import { makeSessions } from '#server/authn/sessions.ts'
import { bodyCodec } from '#server/coding.ts'
import { makeAnswer } from '#server/http/answer.ts'
import type { Handling } from '#server/http/handler.ts'
import { type Listening, listen } from '#server/http/listen.ts'
import { type LoopDelay, watchLoop } from '#server/http/loop-delay.ts'
import { type Paths, paths } from '#server/http/paths.ts'
import { openapiPaths } from '#server/openapi/handler.ts'
import { takes } from '#server/subresources/takes.ts'
import { protobuf } from '#server/protobuf.ts'
import { connect, upgrade } from '#server/nodes/connect.ts'
import { makeDialer } from '#server/nodes/dial.ts'
import { frontProxyOf } from '#server/authn/front-proxy.ts'
import { frontProxyName } from './front-proxy.ts'
import { kubeletClient } from './policy.ts'
import type { Plane } from './plane.ts'

export interface ServerCertificates {
  /** What the API shows to clients. */
  readonly serving: KeyPair
  /** What the API shows to nodes. */
  readonly kubelet: KeyPair
}

/** @param names names and addresses that the serving certificate is for */
export async function issueServerCertificates(
  authority: KeyPair,
  names: readonly string[],
  now: number,
): Promise<ServerCertificates> {
  const { issue } = await import('#pki/issue.ts')
  return {
    serving: await issue(authority, { name: 'kube-apiserver', use: 'server', hosts: [...names, ...alwaysHosts] }, now),
    kubelet: await issue(authority, { name: kubeletClient, groups: [kubeletClient], use: 'client' }, now),
  }
}

export interface ListenOptions {
  /** Addresses to listen on. */
  readonly hosts: readonly string[]
  /** 0: any, for a single host. */
  readonly port: number
  /** PEM of further authorities whose client certificates are accepted. */
  readonly clientAuthorities?: string
  readonly certificates: ServerCertificates
  /** What else must work for this server to be ready; that it fails is no reason to start it again. */
  readonly checks?: () => ReadonlyMap<string, boolean>
  /** Lines of what else is counted. */
  readonly metrics?: () => Iterable<string>
}

export interface Listener {
  readonly url: string
  readonly port: number
  kubeConfig(user: {
    readonly name: string
    readonly groups: readonly string[]
    readonly context?: string
    readonly server?: string
  }): Promise<string>
  /** New connections are shown these, and trust the authorities of now; established ones stay. */
  renew(certificates: ServerCertificates): void
  close(): Promise<void>
}

const alwaysHosts = [
  'kubernetes',
  'kubernetes.default',
  'kubernetes.default.svc',
  'kubernetes.default.svc.cluster.local',
]

interface Around {
  readonly address: string
  readonly loop: LoopDelay
  readonly more: Pick<ListenOptions, 'checks' | 'metrics'>
}

/** Everything that is no resource. */
function pathsOf({ server, scheme, clock, store, aggregation }: Plane, { address, loop, more }: Around): Paths {
  const { remotes } = aggregation
  return paths({
    scheme,
    remotes,
    clock,
    address,
    checks: () =>
      new Map([
        ['ping', true],
        ['store', store.healthy?.() ?? true],
      ]),
    ...(more.checks === undefined ? {} : { readiness: more.checks }),
    more: openapiPaths(scheme, remotes),
    metrics: function* () {
      yield* server.metrics()
      yield* server.flow.metrics()
      yield* aggregation.metrics()
      yield* loop.lines()
      yield* more.metrics?.() ?? []
    },
  })
}

export async function listenPlane(plane: Plane, options: ListenOptions): Promise<Listener> {
  const { server, clock, log } = plane
  let { serving, kubelet } = options.certificates
  const { keys } = plane
  const { remotes } = plane.aggregation
  const loop = watchLoop()
  const address = `${options.hosts[0] ?? '127.0.0.1'}:${options.port}`
  const known = pathsOf(plane, { address, loop, more: options })
  const dialer = makeDialer(plane.store, () => ({ authority: keys.authorities, ...kubelet }))
  server.usage.reach(dialer)
  const { tokens, people } = server
  const sessions = makeSessions(people)
  const authenticating = () =>
    makeAuthenticate({
      tokens,
      clock,
      people,
      frontProxy: frontProxyOf(keys.frontProxies, [frontProxyName]),
      anonymous: plane.authentication.anonymous,
    })
  let authenticateNow = authenticating()
  const authenticate: typeof authenticateNow = (...asked) => authenticateNow(...asked)
  const { registry, authorize } = server.serving
  const parts = {
    registry,
    remotes,
    store: plane.store,
    directory: server.directory,
    dialer,
    authenticate,
    sessions,
    authorize,
    clock,
    log,
    random: Math.random,
    audit: plane.audit,
  }
  const handling: Handling = {
    serving: server.serving,
    authenticate,
    sessions,
    codec: bodyCodec,
    answer: makeAnswer({ clock, protobuf, random: Math.random }),
    clock,
    log,
    open: known.open,
    path: known.path,
    takes: takes(plane.scheme),
    connect: connect(parts),
    observe: known.observe,
    flow: server.flow,
    remotes,
    audit: plane.audit,
    sizeOf: resource => plane.store.snapshot(resource).size,
  }
  const certificates = () => ({
    cert: serving.cert,
    key: serving.key,
    clientCA: [keys.authorities, options.clientAuthorities ?? '', keys.frontProxies].join('\n'),
  })
  const listenings: Listening[] = []
  for (const host of options.hosts)
    listenings.push(
      await listen(handling, { host, port: options.port, certificates: certificates(), upgrade: upgrade(parts) }),
    )
  const port = listenings[0]?.port ?? options.port
  const url = `https://${options.hosts[0] ?? '127.0.0.1'}:${port}`
  return {
    url,
    port,
    kubeConfig: async user => {
      const { issue } = await import('#pki/issue.ts')
      const pair = await issue(keys.authority, { ...user, use: 'client' }, clock.now())
      return kubeConfig({
        context: user.context ?? 'bulwark',
        server: user.server ?? url,
        authority: keys.authorities,
        pair,
      })
    },
    renew: fresh => {
      serving = fresh.serving
      kubelet = fresh.kubelet
      authenticateNow = authenticating()
      for (const one of listenings) one.renew(certificates())
    },
    close: async () => {
      loop.stop()
      dialer.close()
      sessions.close()
      await Promise.all(listenings.map(one => one.close()))
    },
  }
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')

interface KubeConfig {
  readonly context: string
  readonly server: string
  readonly authority: string
  readonly pair: KeyPair
}

export const kubeConfig = ({ context, server, authority, pair }: KubeConfig): string =>
  dumpYaml({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: context, cluster: { server, 'certificate-authority-data': base64(authority) } }],
    users: [
      { name: context, user: { 'client-certificate-data': base64(pair.cert), 'client-key-data': base64(pair.key) } },
    ],
    contexts: [{ name: context, context: { cluster: context, user: context } }],
    'current-context': context,
    preferences: {},
  })
