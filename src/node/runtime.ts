/** What the runtime has of each pod, in the agent's terms. The labels and annotations are those that the kubelet writes. */
import type { Cri } from './cri/client.ts'
import { isAbsent } from './cri/client.ts'
import { ContainerState, SandboxState } from './cri/codes.ts'
import type { ContainerStatus } from './cri/cri.gen.ts'

export const label = {
  name: 'io.kubernetes.pod.name',
  namespace: 'io.kubernetes.pod.namespace',
  uid: 'io.kubernetes.pod.uid',
  container: 'io.kubernetes.container.name',
} as const
export const annotation = {
  hash: 'io.kubernetes.container.hash',
  restartCount: 'io.kubernetes.container.restartCount',
  messagePath: 'io.kubernetes.container.terminationMessagePath',
  messagePolicy: 'io.kubernetes.container.terminationMessagePolicy',
  grace: 'io.kubernetes.pod.terminationGracePeriod',
} as const

/** Times are milliseconds since the epoch, 0 where there is none. */
export interface RuntimeContainer {
  readonly id: string
  readonly name: string
  readonly sandbox: string
  readonly attempt: number
  readonly state: 'created' | 'running' | 'exited' | 'unknown'
  readonly createdAt: number
  readonly startedAt: number
  readonly finishedAt: number
  readonly exitCode: number
  readonly reason: string
  readonly message: string
  readonly image: string
  readonly imageRef: string
  readonly hash: string
  readonly logPath: string
  readonly user?: { readonly uid: number; readonly gid: number; readonly groups: readonly number[] }
}

export interface RuntimeSandbox {
  readonly id: string
  readonly attempt: number
  readonly ready: boolean
  readonly createdAt: number
  /** Empty on the host's network. */
  readonly ips: readonly string[]
}

/** Newest first. */
export interface RuntimePod {
  readonly sandboxes: readonly RuntimeSandbox[]
  readonly containers: readonly RuntimeContainer[]
}

export const noRuntime: RuntimePod = { sandboxes: [], containers: [] }

const milliseconds = (nanoseconds: bigint): number => Number(nanoseconds / 1_000_000n)
const states = new Map<number, RuntimeContainer['state']>([
  [ContainerState.CREATED, 'created'],
  [ContainerState.RUNNING, 'running'],
  [ContainerState.EXITED, 'exited'],
])

export function containerOf(status: ContainerStatus, sandbox: string): RuntimeContainer {
  const user = status.user?.linux
  return {
    id: status.id,
    name: status.metadata?.name ?? '',
    sandbox,
    attempt: status.metadata?.attempt ?? 0,
    state: states.get(status.state) ?? 'unknown',
    createdAt: milliseconds(status.createdAt),
    startedAt: milliseconds(status.startedAt),
    finishedAt: milliseconds(status.finishedAt),
    exitCode: status.exitCode,
    reason: status.reason,
    message: status.message,
    image: status.image?.image ?? '',
    imageRef: status.imageRef,
    hash: status.annotations[annotation.hash] ?? '',
    logPath: status.logPath,
    ...(user === undefined
      ? {}
      : { user: { uid: Number(user.uid), gid: Number(user.gid), groups: user.supplementalGroups.map(Number) } }),
  }
}

const absentAsUndefined = (error: unknown): undefined => {
  if (isAbsent(error)) return undefined
  throw error
}

/** Reads one pod. Containers that have ended do not change: their earlier reading is taken from `known`. */
export async function readPod(cri: Cri, uid: string, known: RuntimePod): Promise<RuntimePod> {
  const labelSelector = { [label.uid]: uid }
  const [sandboxes, containers] = await Promise.all([
    cri.runtime.listPodSandbox({ filter: { labelSelector } }),
    cri.runtime.listContainers({ filter: { labelSelector } }),
  ])
  const ended = new Map(known.containers.filter(one => one.state === 'exited').map(one => [one.id, one]))
  const ips = new Map(known.sandboxes.map(one => [one.id, one.ips]))
  const readSandboxes = sandboxes.items.map(async (item): Promise<RuntimeSandbox | undefined> => {
    const ready = item.state === SandboxState.READY
    const base = { id: item.id, attempt: item.metadata?.attempt ?? 0, ready, createdAt: milliseconds(item.createdAt) }
    const before = ips.get(item.id)
    if (before !== undefined || !ready) return { ...base, ips: before ?? [] }
    const answer = await cri.runtime.podSandboxStatus({ podSandboxId: item.id }).catch(absentAsUndefined)
    const network = answer?.status?.network
    const all = network === undefined ? [] : [network.ip, ...network.additionalIps.map(one => one.ip)]
    return answer?.status === undefined ? undefined : { ...base, ips: all.filter(ip => ip !== '') }
  })
  const readContainers = containers.containers.map(async item => {
    const before = ended.get(item.id)
    if (before !== undefined) return before
    const answer = await cri.runtime.containerStatus({ containerId: item.id }).catch(absentAsUndefined)
    return answer?.status === undefined ? undefined : containerOf(answer.status, item.podSandboxId)
  })
  return {
    sandboxes: newest(await Promise.all(readSandboxes)),
    containers: newest(await Promise.all(readContainers)),
  }
}

const newest = <T extends { readonly createdAt: number; readonly attempt: number }>(
  list: readonly (T | undefined)[],
): readonly T[] =>
  list.filter(one => one !== undefined).sort((a, b) => b.createdAt - a.createdAt || b.attempt - a.attempt)

export interface KnownPod {
  readonly uid: string
  readonly namespace: string
  readonly name: string
}

/** Every pod of which the runtime has anything. */
export async function listPods(cri: Cri): Promise<readonly KnownPod[]> {
  const { items } = await cri.runtime.listPodSandbox({})
  const pods = items.map(({ metadata }) => ({
    uid: metadata?.uid ?? '',
    namespace: metadata?.namespace ?? '',
    name: metadata?.name ?? '',
  }))
  return [...new Map(pods.map(pod => [pod.uid, pod])).values()]
}
