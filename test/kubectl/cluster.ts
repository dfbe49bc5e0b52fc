/** What the tests of clients share: a cluster on a port, its kubeconfig on disk, and clients bound to it. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Log, makeLog } from '#base/log.ts'
import { type Cluster, startCluster } from '#testing/startCluster.ts'
import { type Program, type Ran, type RunOptions, run } from '../tools/clients.ts'

type Options = Omit<RunOptions, 'kubeconfig'>

export interface ClientCluster {
  readonly cluster: Cluster
  /** A directory for the test's files. */
  readonly dir: string
  readonly kubeconfig: string
  /** Writes a file into the directory. @returns its path. */
  file(name: string, text: string): string
  /** Standard output of a kubectl that must succeed. */
  k(args: string, options?: Options): Promise<string>
  /** As `k`, with arguments that hold spaces. */
  ks(args: readonly string[], options?: Options): Promise<string>
  /** Whatever kubectl answers. */
  ran(program: Program, args: readonly string[], options?: Options): Promise<Ran>
  stop(): Promise<void>
}

const log: Log = makeLog(
  line => void process.stderr.write(line),
  process.env['DEBUG'] === undefined ? 'error' : 'debug',
)

export async function startClientCluster(nodes = 1): Promise<ClientCluster> {
  const cluster = await startCluster({ nodes, log })
  const dir = mkdtempSync(join(tmpdir(), 'bulwark-kubectl-'))
  const kubeconfig = join(dir, 'kubeconfig')
  writeFileSync(kubeconfig, await cluster.kubeConfig(), { mode: 0o600 })
  const ran = (program: Program, args: readonly string[], options: Options = {}): Promise<Ran> =>
    run(program, args, { ...options, kubeconfig })
  const ks = async (args: readonly string[], options: Options = {}): Promise<string> => {
    const { code, stdout, stderr } = await ran('kubectl', args, options)
    assert.equal(code, 0, `kubectl ${args.join(' ')}: ${code}\n${stdout}\n${stderr}`)
    return stdout
  }
  return {
    cluster,
    dir,
    kubeconfig,
    file: (name, text) => {
      writeFileSync(join(dir, name), text)
      return join(dir, name)
    },
    k: (args, options) => ks(args.split(' '), options),
    ks,
    ran,
    stop: async () => {
      await cluster.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
