/** The floor of a pod's start: the three calls that the agent makes of the runtime, made by nobody else. */
import { randomUUID } from 'node:crypto'
import { type Cri, connectCri } from '../src/node/cri/client.ts'
import type { SandboxConfig } from '../src/node/pod/configs.ts'

export interface BareRuntime {
  /** Milliseconds from the first call to a container that runs. */
  one(): Promise<number>
  /** Milliseconds until `count` pods run, so many under way at a time. */
  many(count: number, parallel: number): Promise<number>
  close(): void
}

interface BareOptions {
  readonly socket: string
  readonly image: string
  /** Below which the pods' control groups are made, for example `/bulwark-bench`. */
  readonly cgroup: string
}

function configOf({ cgroup }: BareOptions): SandboxConfig {
  const uid = randomUUID()
  return {
    metadata: { name: `bare-${uid}`, namespace: 'default', uid, attempt: 0 },
    hostname: 'bare',
    logDirectory: '/tmp',
    dnsConfig: { servers: ['10.96.0.10'], searches: ['default.svc.cluster.local'], options: ['ndots:5'] },
    linux: { cgroupParent: `${cgroup}/bare-${uid}`, securityContext: { seccomp: { profileType: 0 } } },
  }
}

async function start(cri: Cri, options: BareOptions): Promise<string> {
  const sandboxConfig = configOf(options)
  const { podSandboxId } = await cri.runtime.runPodSandbox({ config: sandboxConfig })
  const { containerId } = await cri.runtime.createContainer({
    podSandboxId,
    sandboxConfig,
    config: {
      metadata: { name: 'main', attempt: 0 },
      image: { image: options.image },
      command: ['sleep', '3600'],
      logPath: `${sandboxConfig.metadata?.name}.log`,
      linux: { resources: { cpuShares: 2n }, securityContext: { seccomp: { profileType: 0 } } },
    },
  })
  await cri.runtime.startContainer({ containerId })
  return podSandboxId
}

async function end(cri: Cri, podSandboxId: string): Promise<void> {
  await cri.runtime.stopPodSandbox({ podSandboxId })
  await cri.runtime.removePodSandbox({ podSandboxId })
}

export function bareRuntime(options: BareOptions): BareRuntime {
  const cri = connectCri(options.socket)
  const many = async (count: number, parallel: number): Promise<number> => {
    const [ids, from] = [[] as string[], performance.now()]
    let begun = 0
    const worker = async (): Promise<void> => {
      while (begun++ < count) ids.push(await start(cri, options))
    }
    await Promise.all(Array.from({ length: parallel }, worker))
    const took = performance.now() - from
    for (const id of ids) await end(cri, id)
    return took
  }
  return { one: () => many(1, 1), many, close: () => cri.close() }
}
