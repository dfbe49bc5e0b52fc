/** The real kubectl against a cluster. */
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Ran, type RunOptions, run } from '../tools/clients.ts'
import { type Api, openApi } from './api.ts'

export interface Session {
  readonly api: Api
  /** For the test's files. */
  readonly dir: string
  readonly kubeconfig: string
  readonly namespace: string
  /** Whatever kubectl answers. */
  readonly ran: (args: readonly string[], options?: Partial<RunOptions>) => Promise<Ran>
  /** What a kubectl that must succeed printed. */
  readonly kubectl: (args: readonly string[], input?: string) => Promise<string>
  readonly stop: () => Promise<void>
}

/** @param nodes that are simulated. */
export async function openSession(nodes = 0): Promise<Session> {
  const api = await openApi({ nodes })
  const dir = await mkdtemp(join(tmpdir(), 'bulwark-conformance-'))
  const kubeconfig = join(dir, 'kubeconfig')
  await writeFile(kubeconfig, await api.wire.cluster.kubeConfig(), { mode: 0o600 })
  const namespace = await api.namespace()
  const ran: Session['ran'] = (args, options = {}) =>
    run('kubectl', ['--namespace', namespace, ...args], { kubeconfig, ...options })
  return {
    api,
    dir,
    kubeconfig,
    namespace,
    ran,
    kubectl: async (args, input) => {
      const { code, stdout, stderr } = await ran(args, input === undefined ? {} : { input })
      assert.equal(code, 0, `kubectl ${args.join(' ')}: ${stdout}${stderr}`)
      return stdout
    },
    stop: async () => {
      await api.stop()
      await rm(dir, { recursive: true })
    },
  }
}
