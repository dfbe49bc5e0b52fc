/** What the runtime is told about a pod's sandbox and containers. */
import type { MessageInitShape } from '@bufbuild/protobuf'
import type { Container, Pod } from '#kinds/facts/generated/types/core_v1.ts'
import { cpuPeriod, cpuQuota, cpuShares } from '../cgroups.ts'
import { PortProtocol } from '../cri/codes.ts'
import type { ContainerConfigSchema, MountSchema, PodSandboxConfigSchema } from '../cri/cri.gen.ts'
import { annotation, label } from '../runtime.ts'
import { type Amounts, bytesOf, milliOf } from './amounts.ts'
import { expand } from './env.ts'
import type { Resolver } from './names.ts'
import { containerSecurity, sandboxSecurity } from './security.ts'
import { initContainers, qosClass } from './spec.ts'

export type SandboxConfig = MessageInitShape<typeof PodSandboxConfigSchema>
export type ContainerConfig = MessageInitShape<typeof ContainerConfigSchema>
export type Mount = MessageInitShape<typeof MountSchema>

const podLabels = ({ metadata }: Pod): Record<string, string> => ({
  [label.name]: metadata.name ?? '',
  [label.namespace]: metadata.namespace ?? '',
  [label.uid]: metadata.uid ?? '',
})

export interface SandboxInput {
  readonly pod: Pod
  readonly attempt: number
  readonly hostname: string
  readonly resolver: Resolver
  readonly logDirectory: string
  readonly cgroup: string
}

const protocols = new Map<string, number>(Object.entries(PortProtocol))

function portMappings(pod: Pod): SandboxConfig['portMappings'] {
  if (pod.spec.hostNetwork === true) return []
  return [...pod.spec.containers, ...initContainers(pod)].flatMap(one =>
    (one.ports ?? [])
      .filter(port => (port.hostPort ?? 0) > 0)
      .map(port => ({
        protocol: protocols.get(port.protocol ?? 'TCP') ?? PortProtocol.TCP,
        containerPort: port.containerPort,
        hostPort: port.hostPort ?? 0,
        hostIp: port.hostIP ?? '',
      })),
  )
}

export function sandboxConfig(input: SandboxInput): SandboxConfig {
  const { pod, resolver } = input
  const { name = '', namespace = '', uid = '', labels, annotations } = pod.metadata
  return {
    metadata: { name, namespace, uid, attempt: input.attempt },
    // The host's own name stays where the pod shares its network.
    hostname: pod.spec.hostNetwork === true ? '' : input.hostname,
    logDirectory: input.logDirectory,
    dnsConfig: {
      servers: [...resolver.servers],
      searches: [...resolver.searches],
      options: [...resolver.options],
    },
    portMappings: portMappings(pod) ?? [],
    labels: { ...labels, ...podLabels(pod) },
    annotations: { ...annotations },
    linux: {
      cgroupParent: input.cgroup,
      securityContext: sandboxSecurity(pod),
      sysctls: Object.fromEntries((pod.spec.securityContext?.sysctls ?? []).map(one => [one.name, one.value])),
    },
  }
}

/** How soon the kernel ends a container when memory runs out: guaranteed pods last, best effort ones first. */
export function oomScore(pod: Pod, container: Container, capacity: number): number {
  const qos = qosClass(pod)
  if (qos === 'Guaranteed') return -997
  const request = bytesOf(container.resources?.requests ?? container.resources?.limits)
  if (qos === 'BestEffort' || capacity <= 0) return 1000
  const score = 1000 - Math.floor((1000 * request) / capacity)
  return Math.min(999, Math.max(3, score))
}

export function linuxResources(pod: Pod, container: Container, capacity: number) {
  const { limits, requests } = container.resources ?? {}
  const asked: Amounts = requests?.['cpu'] === undefined ? limits : requests
  const quota = milliOf(limits)
  return {
    cpuShares: BigInt(cpuShares(milliOf(asked))),
    ...(quota === 0 ? {} : { cpuPeriod: BigInt(cpuPeriod), cpuQuota: BigInt(cpuQuota(quota)) }),
    memoryLimitInBytes: BigInt(bytesOf(limits)),
    oomScoreAdj: BigInt(oomScore(pod, container, capacity)),
  }
}

export interface ContainerInput {
  readonly pod: Pod
  readonly container: Container
  readonly attempt: number
  readonly env: ReadonlyMap<string, string>
  readonly mounts: readonly Mount[]
  readonly imageRef: string
  readonly hash: string
  readonly logPath: string
  readonly seccomp: string
  /** Bytes of memory of the node. */
  readonly capacity: number
}

export function containerConfig(input: ContainerInput): ContainerConfig {
  const { pod, container, env } = input
  const fill = (texts: readonly string[] | undefined): string[] => (texts ?? []).map(text => expand(text, env))
  return {
    metadata: { name: container.name, attempt: input.attempt },
    image: { image: input.imageRef, userSpecifiedImage: container.image ?? '' },
    command: fill(container.command),
    args: fill(container.args),
    workingDir: container.workingDir ?? '',
    envs: [...env].map(([key, value]) => ({ key, value: Buffer.from(value) })),
    mounts: [...input.mounts],
    labels: { ...podLabels(pod), [label.container]: container.name },
    annotations: {
      [annotation.hash]: input.hash,
      [annotation.restartCount]: String(input.attempt),
      [annotation.messagePath]: container.terminationMessagePath ?? '/dev/termination-log',
      [annotation.messagePolicy]: container.terminationMessagePolicy ?? 'File',
      [annotation.grace]: String(pod.spec.terminationGracePeriodSeconds ?? 30),
    },
    logPath: input.logPath,
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    linux: {
      resources: linuxResources(pod, container, input.capacity),
      securityContext: containerSecurity(pod, container, input.seccomp),
    },
  }
}
