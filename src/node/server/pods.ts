/** Requests about one pod: its logs, and streams into it. */
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Agent, RunningPod } from '../agent/agent.ts'
import type { Cri } from '../cri/client.ts'
import { logDirectory, logFile, nodePaths } from '../paths.ts'
import { findContainer } from '../pod/spec.ts'
import type { RuntimeContainer } from '../runtime.ts'
import type { Exec } from './exec.ts'
import { readLog } from './read-log.ts'
import type { Route } from './route.ts'

export interface PodParts {
  readonly agent: Agent
  readonly cri: Cri
  /** The node's directory. */
  readonly dir: string
}

export class HttpError extends Error {
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.code = code
  }
}

export interface Asked {
  readonly route: Route
  readonly query: URLSearchParams
}

function findPod({ agent }: PodParts, route: { namespace: string; pod: string; uid?: string }): RunningPod {
  const found = agent
    .pods()
    .filter(({ pod }) => pod.metadata.namespace === route.namespace && pod.metadata.name === route.pod)
    .find(({ pod }) => route.uid === undefined || pod.metadata.uid === route.uid)
  if (found === undefined) throw new HttpError(404, `pod does not exist`)
  return found
}

function runningContainer(found: RunningPod, name: string): RuntimeContainer {
  const one = found.runtime.containers.find(container => container.name === name)
  if (one?.state !== 'running') throw new HttpError(404, `container not found ("${name}")`)
  return one
}

const yes = (query: URLSearchParams, ...names: readonly string[]): boolean =>
  names.some(name => ['1', 'true'].includes(query.get(name) ?? ''))

const count = (query: URLSearchParams, name: string): number | undefined => {
  const text = query.get(name)
  if (text === null || text === '') return undefined
  if (!/^\d{1,15}$/.test(text)) throw new HttpError(400, `invalid ${name}`)
  return Number(text)
}

function sinceOf(query: URLSearchParams): number | undefined {
  const seconds = count(query, 'sinceSeconds')
  if (seconds !== undefined) return Date.now() - seconds * 1000
  const time = query.get('sinceTime')
  return time === null || Number.isNaN(Date.parse(time)) ? undefined : Date.parse(time)
}

export interface LogsAsked extends Asked {
  readonly route: Extract<Route, { kind: 'logs' }>
}

function logsOf(parts: PodParts, { route, query }: LogsAsked, signal: AbortSignal): Readable {
  const found = findPod(parts, route)
  const { container: name } = route
  if (findContainer(found.pod, name) === undefined)
    throw new HttpError(404, `container "${name}" not found in pod "${route.pod}"`)
  const all = found.runtime.containers.filter(one => one.name === name && one.state !== 'created')
  const previous = yes(query, 'previous')
  const one = previous ? all[1] : all[0]
  if (one === undefined)
    throw new HttpError(
      400,
      previous
        ? `previous terminated container "${name}" in pod "${route.pod}" not found`
        : `container "${name}" in pod "${route.pod}" is waiting to start: ContainerCreating`,
    )
  const tailLines = count(query, 'tailLines')
  const limitBytes = count(query, 'limitBytes')
  const since = sinceOf(query)
  const alive = (): boolean =>
    parts.agent
      .pods()
      .some(({ runtime }) => runtime.containers.some(({ id, state }) => id === one.id && state === 'running'))
  const path = join(logDirectory(nodePaths(parts.dir), found.pod), logFile(name, one.attempt))
  return Readable.from(
    readLog(path, {
      follow: yes(query, 'follow'),
      timestamps: yes(query, 'timestamps'),
      ...(tailLines === undefined ? {} : { tailLines }),
      ...(limitBytes === undefined ? {} : { limitBytes }),
      ...(since === undefined ? {} : { since }),
      signal,
      alive,
    }),
  )
}

export async function sendLogs(parts: PodParts, asked: LogsAsked, response: ServerResponse): Promise<void> {
  const abort = new AbortController()
  response.on('close', () => abort.abort())
  const stream = logsOf(parts, asked, abort.signal)
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Transfer-Encoding': 'chunked' })
  response.flushHeaders()
  await pipeline(stream, response)
}

export async function streamUrl(parts: PodParts, { route, query }: Asked): Promise<{ url: string; exec?: Exec }> {
  const { runtime } = parts.cri
  if (route.kind === 'portForward') {
    const [sandbox] = findPod(parts, route).runtime.sandboxes
    if (sandbox?.ready !== true) throw new HttpError(404, 'pod has no sandbox')
    const port = query
      .getAll('port')
      .flatMap(text => text.split(','))
      .map(Number)
    if (port.some(one => !Number.isInteger(one) || one < 1 || one > 65_535)) throw new HttpError(400, 'invalid port')
    return { url: (await runtime.portForward({ podSandboxId: sandbox.id, port })).url }
  }
  if (route.kind !== 'exec' && route.kind !== 'attach') throw new HttpError(400, 'this path cannot be upgraded')
  const { id: containerId } = runningContainer(findPod(parts, route), route.container)
  const exec: Exec = {
    stdin: yes(query, 'input', 'stdin'),
    stdout: yes(query, 'output', 'stdout'),
    stderr: yes(query, 'error', 'stderr'),
    tty: yes(query, 'tty'),
  }
  if (!exec.stdin && !exec.stdout && !exec.stderr)
    throw new HttpError(400, 'you must specify at least 1 of stdin, stdout, stderr')
  const request = { containerId, ...exec, stderr: exec.stderr && !exec.tty }
  const asked =
    route.kind === 'exec' ? runtime.exec({ ...request, cmd: query.getAll('command') }) : runtime.attach(request)
  return { url: (await asked).url, exec }
}
