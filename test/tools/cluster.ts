/** A cluster as a user has it: made by the command line, in a directory and on a port of the test's own. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { cannotRunPods } from '../../src/setup/node.ts'
import { buildImages } from '../images/build.ts'
import { kubectl } from './clients.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')

/** Why no container can run here; false where one can. For `skip`. */
export const noContainers: string | false =
  cannotRunPods({ platform: process.platform, uid: process.getuid?.() }) ?? false

export interface Process {
  readonly role: string
  readonly pid: number
}

export interface UserCluster {
  readonly dir: string
  readonly kubeconfig: string
  /** Runs kubectl and answers what it printed. */
  kubectl(...args: readonly string[]): Promise<string>
  /** Runs a command of the command line. */
  bulwark(...args: readonly string[]): Promise<string>
  processes(): Promise<readonly Process[]>
  /** Takes it down and leaves nothing. */
  purge(): Promise<void>
}

const imageCache = (): string =>
  join(process.env['BULWARK_TEST_CACHE'] ?? join(homedir(), '.cache', 'bulwark'), 'images')

export interface ClusterOptions {
  readonly port: number
  readonly images: readonly string[]
  readonly name?: string
  /** More of `up`. */
  readonly flags?: readonly string[]
}

async function command(args: readonly string[], kubeconfig: string): Promise<string> {
  const { stdout } = await run(join(root, 'bulwark'), [...args], {
    timeout: 240_000,
    maxBuffer: 16 << 20,
    env: { ...process.env, KUBECONFIG: kubeconfig },
  })
  return stdout
}

/** `npm start`, as a new user types it, and the images that a closed network cannot pull. */
export async function startUserCluster({
  port,
  images,
  name = 'default',
  flags = [],
}: ClusterOptions): Promise<UserCluster> {
  const dir = await mkdtemp(join(tmpdir(), 'bw-'))
  const kubeconfig = join(dir, 'user.kubeconfig')
  const where = ['--name', name, '--data-dir', dir]
  const env = { ...process.env, KUBECONFIG: kubeconfig }
  const bulwark = (...args: readonly string[]): Promise<string> => command([...args, ...where], kubeconfig)
  const purge = async (): Promise<void> => {
    try {
      await bulwark('down', '--purge')
    } finally {
      await rm(dir, { recursive: true, force: true })
    }
  }
  try {
    await run('npm', ['start', '--', ...where, '--port', String(port), ...flags], {
      cwd: root,
      timeout: 240_000,
      maxBuffer: 16 << 20,
      env,
    })
    const archives = await buildImages(imageCache(), images)
    if (archives.length > 0) await bulwark('image', 'import', ...archives)
  } catch (error) {
    await purge().catch(() => undefined)
    throw error
  }
  return {
    dir,
    kubeconfig,
    bulwark,
    purge,
    kubectl: async (...args) => {
      const { code, stdout, stderr } = await kubectl(args, { kubeconfig })
      if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${code}: ${stderr}${stdout}`)
      return stdout
    },
    processes: async () =>
      (JSON.parse(await bulwark('status', '-o', 'json')) as { processes: readonly Process[] }).processes,
  }
}

/** Asks again until it is so. @throws Error with the last answer when it takes longer than `seconds`. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T>,
  options: { readonly until: (answer: T) => boolean; readonly seconds: number },
): Promise<T> {
  const end = performance.now() + options.seconds * 1000
  for (;;) {
    const answer = await ask().catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))))
    if (!(answer instanceof Error) && options.until(answer)) return answer
    if (performance.now() > end)
      throw new Error(
        `${what}: not within ${options.seconds} s; last: ${answer instanceof Error ? answer.message : JSON.stringify(answer)}`,
      )
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}
