/** Everything that is no resource: discovery, health, version, metrics. */
import type { Clock } from '#base/clock.ts'
import type { Scheme } from '#api/kind.ts'
import type { Attributes } from '#api/request.ts'
import { StatusError } from '#api/status.ts'
import type { Remotes } from '../remotes.ts'
import { apiVersions, groupList, makeAggregated, oneGroup } from '../discovery/groups.ts'
import { resourceList } from '../discovery/resources.ts'
import { negotiate } from './negotiate.ts'
import type { PathHandler, PathRequest } from './handler.ts'
import { type HealthParts, healthHandler, healthPaths, singlePaths } from './health.ts'
import { makeMetrics } from './metrics.ts'
import { header, send, sendObject } from './respond.ts'

export interface PathParts extends HealthParts {
  readonly scheme: Scheme
  /** What other servers serve as a part of this API. */
  readonly remotes: Remotes
  readonly clock: Clock
  /** `host:port` as clients reach it. */
  readonly address: string
  /** Lines of metrics that others keep. */
  readonly metrics?: () => Iterable<string>
  /** More handlers: OpenAPI. */
  readonly more?: (path: string) => PathHandler | undefined
}

export interface Paths {
  readonly open: ReadonlySet<string>
  readonly path: (path: string) => PathHandler | undefined
  readonly observe: (asked: Attributes | undefined, code: number, seconds: number) => void
}

export const version = {
  major: '1',
  minor: '36',
  gitVersion: 'v1.36.0',
  gitCommit: '0000000000000000000000000000000000000000',
  gitTreeState: 'clean',
  buildDate: '2026-04-22T00:00:00Z',
  goVersion: 'go1.26.0',
  compiler: 'gc',
  platform: 'linux/amd64',
}

const json =
  (object: object): PathHandler =>
  ({ request, response, info }) =>
    sendObject(response, 200, {
      object,
      accepted: negotiate(jsonOnly(header(request.headers, 'accept')), info.query.get('pretty') === 'true'),
    })

/** Discovery is asked for in protobuf too; clients that do also take JSON. */
const jsonOnly = (accept: string | undefined): string | undefined =>
  accept?.includes('yaml') === true ? 'application/yaml' : undefined

const aggregatedType = /application\/json;.*g=apidiscovery\.k8s\.io/

function discovery(parts: PathParts, root: 'api' | 'apis', aggregated: ReturnType<typeof makeAggregated>): PathHandler {
  const classic = root === 'api' ? () => apiVersions(parts.address) : () => groupList(parts.scheme, parts.remotes)
  return asked => {
    const accept = header(asked.request.headers, 'accept') ?? ''
    const clause = accept
      .split(',')
      .find(
        one =>
          aggregatedType.test(one.trim()) && /v=v2(;|$)/.test(one.trim()) && one.includes('as=APIGroupDiscoveryList'),
      )
    if (clause === undefined) return json(classic())(asked)
    const { body, etag } = aggregated(root)
    const headers = { etag, vary: 'Accept' }
    const contentType = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList'
    if (header(asked.request.headers, 'if-none-match') === etag)
      return send(asked.response, { code: 304, contentType, body: '', headers })
    send(asked.response, { code: 200, contentType, body, headers })
  }
}

function below({ scheme, remotes }: PathParts, path: string): object | undefined {
  const [root, group = '', versionName, ...rest] = path.split('/').filter(part => part !== '')
  if (rest.length > 0) return undefined
  if (root === 'api') return versionName === undefined ? resourceList(scheme, '', group) : undefined
  if (root !== 'apis') return undefined
  return versionName === undefined ? oneGroup(scheme, remotes, group) : resourceList(scheme, group, versionName)
}

const readOnly =
  (handler: PathHandler): PathHandler =>
  (asked: PathRequest) => {
    if (asked.request.method !== 'GET' && asked.request.method !== 'HEAD')
      throw new StatusError({
        reason: 'MethodNotAllowed',
        message: 'the server does not allow this method on the requested resource',
        details: {},
      })
    return handler(asked)
  }

export function paths(parts: PathParts): Paths {
  const metrics = makeMetrics()
  const aggregated = makeAggregated(parts.scheme, parts.remotes)
  const fixed = new Map<string, PathHandler>([
    ['/version', json(version)],
    [
      '/metrics',
      ({ response }: PathRequest) =>
        send(response, {
          code: 200,
          contentType: 'text/plain; version=0.0.4; charset=utf-8',
          body: [metrics.text().trimEnd(), ...(parts.metrics?.() ?? []), ''].join('\n'),
        }),
    ],
    ['/api', discovery(parts, 'api', aggregated)],
    ['/apis', discovery(parts, 'apis', aggregated)],
  ])
  fixed.set('/', asked => {
    const all = [...fixed.keys(), ...healthPaths, ...singlePaths(parts)].filter(path => path !== '/')
    return json({ paths: all.sort() })(asked)
  })
  const find = (path: string): PathHandler | undefined => {
    const clean = path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path
    const known = fixed.get(clean) ?? healthHandler(parts, clean)
    const object = known === undefined ? below(parts, clean) : undefined
    return known ?? (object === undefined ? parts.more?.(clean) : json(object))
  }
  return {
    open: new Set(healthPaths),
    path: path => {
      const found = find(path)
      return found === undefined ? undefined : readOnly(found)
    },
    observe: metrics.observe,
  }
}
