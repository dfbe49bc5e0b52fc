/** What pods and the node use, as the metrics server and `kubectl top` read it. */
import { cpus, freemem, totalmem } from 'node:os'
import type { Cri } from '../cri/client.ts'
import type { ContainerStats, PodSandboxStats } from '../cri/cri.gen.ts'

interface Usage {
  readonly time: string
  readonly usageCoreNanoSeconds: number
  readonly workingSetBytes: number
}

const iso = (nanoseconds: bigint): string => new Date(Number(nanoseconds / 1_000_000n)).toISOString()
const number = (value: { readonly value: bigint } | undefined): number => Number(value?.value ?? 0n)

function usage(stats: Pick<ContainerStats, 'cpu' | 'memory'>): Usage {
  return {
    time: iso(stats.cpu?.timestamp ?? 0n),
    usageCoreNanoSeconds: number(stats.cpu?.usageCoreNanoSeconds),
    workingSetBytes: number(stats.memory?.workingSetBytes),
  }
}

/** All CPU time since boot, in nanoseconds, without idling. */
const nodeCpu = (): number =>
  cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0) * 1_000_000

const summaryOf = (one: Usage) => ({
  cpu: { time: one.time, usageCoreNanoSeconds: one.usageCoreNanoSeconds },
  memory: { time: one.time, workingSetBytes: one.workingSetBytes },
})

export async function summary(cri: Cri, nodeName: string): Promise<unknown> {
  const { stats } = await cri.runtime.listPodSandboxStats({})
  const now = new Date().toISOString()
  const memory = { workingSetBytes: totalmem() - freemem(), availableBytes: freemem() }
  return {
    node: {
      nodeName,
      cpu: { time: now, usageCoreNanoSeconds: nodeCpu() },
      memory: { time: now, ...memory },
    },
    pods: stats.map(pod => ({
      podRef: {
        name: pod.attributes?.metadata?.name ?? '',
        namespace: pod.attributes?.metadata?.namespace ?? '',
        uid: pod.attributes?.metadata?.uid ?? '',
      },
      containers: (pod.linux?.containers ?? []).map(one => ({
        name: one.attributes?.metadata?.name ?? '',
        ...summaryOf(usage(one)),
      })),
      ...summaryOf(usage(pod.linux ?? {})),
      ...network(pod),
    })),
  }
}

function network(pod: PodSandboxStats) {
  const found = pod.linux?.network?.defaultInterface
  if (found === undefined) return {}
  const time = iso(pod.linux?.network?.timestamp ?? 0n)
  return {
    network: { time, name: found.name, rxBytes: number(found.rxBytes), txBytes: number(found.txBytes) },
  }
}

const quote = (text: string): string => JSON.stringify(text)

/** Prometheus text in upstream's names. */
export async function resourceMetrics(cri: Cri): Promise<string> {
  const { stats } = await cri.runtime.listPodSandboxStats({})
  const [cpu, memory, podCpu, podMemory]: string[][] = [[], [], [], []]
  for (const pod of stats) {
    const { name = '', namespace = '' } = pod.attributes?.metadata ?? {}
    const own = usage(pod.linux ?? {})
    const where = `namespace=${quote(namespace)},pod=${quote(name)}`
    podCpu?.push(`pod_cpu_usage_seconds_total{${where}} ${own.usageCoreNanoSeconds / 1e9}`)
    podMemory?.push(`pod_memory_working_set_bytes{${where}} ${own.workingSetBytes}`)
    for (const one of pod.linux?.containers ?? []) {
      const labels = `container=${quote(one.attributes?.metadata?.name ?? '')},${where}`
      const used = usage(one)
      cpu?.push(`container_cpu_usage_seconds_total{${labels}} ${used.usageCoreNanoSeconds / 1e9}`)
      memory?.push(`container_memory_working_set_bytes{${labels}} ${used.workingSetBytes}`)
    }
  }
  const section = (name: string, type: string, lines: readonly string[]): readonly string[] => [
    `# TYPE ${name} ${type}`,
    ...lines,
  ]
  return [
    ...section('container_cpu_usage_seconds_total', 'counter', cpu ?? []),
    ...section('container_memory_working_set_bytes', 'gauge', memory ?? []),
    ...section('pod_cpu_usage_seconds_total', 'counter', podCpu ?? []),
    ...section('pod_memory_working_set_bytes', 'gauge', podMemory ?? []),
    ...section('node_cpu_usage_seconds_total', 'counter', [`node_cpu_usage_seconds_total ${nodeCpu() / 1e9}`]),
    ...section('node_memory_working_set_bytes', 'gauge', [`node_memory_working_set_bytes ${totalmem() - freemem()}`]),
    '',
  ].join('\n')
}
