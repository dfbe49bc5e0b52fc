/** The agent's paths: what is asked, and what right it takes. */

export type Route =
  | { readonly kind: 'healthz' | 'pods' | 'summary' | 'resource' }
  | { readonly kind: 'logs'; readonly namespace: string; readonly pod: string; readonly container: string }
  | {
      readonly kind: 'exec' | 'attach'
      readonly namespace: string
      readonly pod: string
      readonly uid?: string
      readonly container: string
    }
  | { readonly kind: 'portForward'; readonly namespace: string; readonly pod: string; readonly uid?: string }
  /** Not by a path: by the method, to the address of a pod. */
  | { readonly kind: 'connect'; readonly namespace: string; readonly pod: string }

/** What is asked about `nodes/SUBRESOURCE` of this node. */
export interface Right {
  readonly verb: 'get' | 'create'
  readonly subresource: 'proxy' | 'stats' | 'metrics' | 'log' | 'pods' | 'healthz'
}

const plain = new Map<string, 'healthz' | 'pods' | 'summary' | 'resource'>([
  ['/healthz', 'healthz'],
  ['/pods', 'pods'],
  ['/stats/summary', 'summary'],
  ['/metrics/resource', 'resource'],
])

function decode(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return ''
  }
}

export function routeOf(path: string): Route | undefined {
  const known = plain.get(path)
  if (known !== undefined) return { kind: known }
  const [, kind, ...rest] = path.split('/').map(decode)
  const [namespace = '', pod = '', third = '', fourth] = rest
  if (namespace === '' || pod === '' || rest.length > 4 || rest.includes('')) return undefined
  if (kind === 'containerLogs' && rest.length === 3) return { kind: 'logs', namespace, pod, container: third }
  if (kind === 'exec' || kind === 'attach') {
    if (rest.length === 3) return { kind, namespace, pod, container: third }
    return fourth === undefined ? undefined : { kind, namespace, pod, uid: third, container: fourth }
  }
  if (kind === 'portForward' && rest.length === 2) return { kind, namespace, pod }
  if (kind === 'portForward' && rest.length === 3) return { kind, namespace, pod, uid: third }
  return undefined
}

/** Streams into a pod are creations even where they are asked for by GET, as WebSockets are. */
export function rightOf(route: Route): Right {
  switch (route.kind) {
    case 'healthz':
      return { verb: 'get', subresource: 'healthz' }
    case 'pods':
      return { verb: 'get', subresource: 'pods' }
    case 'summary':
      return { verb: 'get', subresource: 'stats' }
    case 'resource':
      return { verb: 'get', subresource: 'metrics' }
    case 'logs':
      return { verb: 'get', subresource: 'proxy' }
    case 'exec':
    case 'attach':
    case 'portForward':
    case 'connect':
      return { verb: 'create', subresource: 'proxy' }
  }
}
