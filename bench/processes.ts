/** Starts what is measured, each in a process of its own, and the load against it. */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { get } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { loadKubeconfig } from '../src/client/kubeconfig.ts'
import { serverFlags } from '../src/processes/supervise.ts'
import type { Job, Result } from './load.ts'

const root = join(import.meta.dirname, '..')

export interface Target {
  readonly host: string
  readonly port: number
  readonly ca: string
  readonly cert?: string
  readonly key?: string
}

export interface Started {
  readonly target: Target
  readonly pid: number
  stop(): Promise<void>
}

async function firstLine(child: ChildProcess): Promise<string> {
  let text = ''
  for await (const part of child.stdout ?? []) if ((text += String(part)).includes('\n')) break
  return text
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGTERM')
  await once(child, 'exit')
}

export async function startFloor(): Promise<Started> {
  const child = spawn(process.execPath, [join(root, 'bench/floor.ts')], { stdio: ['ignore', 'pipe', 'inherit'] })
  const { port, ca } = JSON.parse(await firstLine(child)) as { port: number; ca: string }
  return { target: { host: '127.0.0.1', port, ca }, pid: child.pid ?? 0, stop: () => end(child) }
}

export async function fromKubeconfig(file: string): Promise<Target> {
  const access = await loadKubeconfig(file)
  const url = new URL(access.server)
  const { certificate, key } = access.identity
  return {
    host: url.hostname,
    port: Number(url.port),
    ca: access.authority,
    ...(certificate === undefined ? {} : { cert: certificate, key: key ?? '' }),
  }
}

export interface ServerOptions {
  readonly dir?: string
  readonly port: number
  readonly nodes: number
  /** Flags of audit, without the dashes. */
  readonly audit?: Readonly<Record<string, string>>
}

export interface StartedServer extends Started {
  readonly dir: string
  /** Milliseconds from spawn until /readyz answered. */
  readonly readyAfter: number
  readonly kubeconfig: string
}

/** The built package's server process on a directory, a new one when none is named. */
export async function startServer(options: ServerOptions): Promise<StartedServer> {
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'bulwark-bench-')))
  const config = {
    name: 'bench',
    port: options.port,
    nodes: { simulated: options.nodes },
    address: '127.0.0.1',
    serverAddress: '127.0.0.1',
    nodeName: 'bench',
    serviceCIDR: '10.96.0.0/16',
    podCIDR: '10.244.0.0/24',
    dns: '10.96.0.10',
    kubeletPort: 10_250,
    ...(options.audit === undefined ? {} : { audit: options.audit }),
  }
  await writeFile(join(dir, 'cluster.json'), JSON.stringify(config), { mode: 0o600 })
  const started = performance.now()
  const child = spawn(process.execPath, [...serverFlags, join(root, 'dist/main.js'), 'server', '--dir', dir], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const readyAfter = await ready(options.port, started)
  return {
    dir,
    readyAfter,
    pid: child.pid ?? 0,
    kubeconfig: join(dir, 'kubeconfig'),
    target: await fromKubeconfig(join(dir, 'kubeconfig')),
    stop: () => end(child),
  }
}

async function ready(port: number, started: number): Promise<number> {
  const { request } = await import('node:https')
  const asks = (): Promise<boolean> =>
    new Promise(resolve => {
      // Only readiness is asked for here, and no secret is sent: the certificate is not known yet.
      const asking = request(
        { host: '127.0.0.1', port, path: '/readyz', rejectUnauthorized: false, agent: false },
        answer => {
          answer.resume()
          resolve(answer.statusCode === 200)
        },
      )
      asking.on('error', () => resolve(false))
      asking.end()
    })
  while (!(await asks())) {
    if (performance.now() - started > 60_000) throw new Error('the server did not become ready')
    await sleep(5)
  }
  return performance.now() - started
}

/** Megabytes that a process holds. */
export const residentMegabytes = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024

/** Milliseconds that the server's event loop was late, since the last call; NaN where it does not say. */
export async function loopDelay(target: Target): Promise<{ readonly p99: number; readonly max: number }> {
  const text = await new Promise<string>((resolve, reject) => {
    get({ ...target, path: '/metrics', agent: false }, answer => {
      let all = ''
      answer.setEncoding('utf8').on('data', (part: string) => (all += part))
      answer.on('end', () => resolve(all))
    }).on('error', reject)
  })
  const read = (name: string): number =>
    Number(new RegExp(`^nodejs_eventloop_lag_${name}_seconds (\\S+)`, 'm').exec(text)?.[1] ?? Number.NaN) * 1000
  return { p99: read('p99'), max: read('max') }
}

export const discard = (dir: string): Promise<void> => rm(dir, { recursive: true, force: true })

export function runLoad(job: Job): Promise<Result> {
  const { promise, resolve, reject } = Promise.withResolvers<Result>()
  const child = execFile(process.execPath, [join(root, 'bench/load.ts')], { maxBuffer: 1 << 20 }, (error, stdout) => {
    if (error === null) resolve(JSON.parse(stdout) as Result)
    else reject(error)
  })
  child.stdin?.end(JSON.stringify(job))
  return promise
}
