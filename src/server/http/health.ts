/** Whether this server lives and is ready: all of it, or one check by its name, in the words that probes and people know. */
import type { PathHandler } from './handler.ts'
import { send } from './respond.ts'

/** Names of what must work, and whether it does. */
export type Checks = () => ReadonlyMap<string, boolean>

export interface HealthParts {
  /** Where one fails, a restart is in order. */
  readonly checks: Checks
  /** Where one fails, a restart changes nothing: no matter of /livez. */
  readonly readiness?: Checks
}

export const healthPaths = ['/healthz', '/livez', '/readyz'] as const

const respond = (response: Parameters<typeof send>[0], healthy: boolean, body: string): void =>
  send(response, {
    code: healthy ? 200 : 500,
    contentType: 'text/plain; charset=utf-8',
    body,
    headers: { 'x-content-type-options': 'nosniff' },
  })

const checksOf = ({ checks, readiness }: HealthParts, path: string): ReadonlyMap<string, boolean> =>
  new Map([...checks(), ...(path === '/livez' ? [] : (readiness?.() ?? []))])

const whole =
  (parts: HealthParts, path: string): PathHandler =>
  ({ response, info }) => {
    const excluded = new Set(info.query.getAll('exclude'))
    const results = checksOf(parts, path)
    const lines: string[] = []
    let healthy = true
    for (const [name, works] of results) {
      const counts = !excluded.has(name)
      healthy &&= works || !counts
      lines.push(counts ? (works ? `[+]${name} ok` : `[-]${name} failed: reason withheld`) : `[+]${name} excluded: ok`)
    }
    const unknown = [...excluded].filter(name => !results.has(name)).toSorted()
    if (unknown.length > 0) {
      const quoted = unknown.map(name => JSON.stringify(name)).join(',')
      lines.push(`warn: some health checks cannot be excluded: no matches for ${quoted}`)
    }
    lines.push(`${path.slice(1)} check ${healthy ? 'passed' : 'failed'}`)
    const verbose = info.query.has('verbose') || !healthy
    respond(response, healthy, verbose ? `${lines.join('\n')}\n` : 'ok')
  }

const single =
  (parts: HealthParts, path: string, name: string): PathHandler =>
  ({ response }) => {
    const works = checksOf(parts, path).get(name) === true
    respond(response, works, works ? 'ok' : `internal server error: ${name} failed\n`)
  }

/** Of the paths and of those below them, one a check. What there is to check may change while the server runs. */
export function healthHandler(parts: HealthParts, path: string): PathHandler | undefined {
  const root = healthPaths.find(one => path === one || path.startsWith(`${one}/`))
  if (root === undefined) return undefined
  if (path === root) return whole(parts, root)
  const name = path.slice(root.length + 1)
  return checksOf(parts, root).has(name) ? single(parts, root, name) : undefined
}

/** Of all checks of now. */
export const singlePaths = (parts: HealthParts): readonly string[] =>
  healthPaths.flatMap(path => [...checksOf(parts, path).keys()].map(name => `${path}/${name}`))
