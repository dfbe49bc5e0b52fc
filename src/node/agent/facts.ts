/** What this machine tells about itself as a node. */
import { readFileSync, statfsSync } from 'node:fs'
import { arch, availableParallelism, release, totalmem } from 'node:os'
import type { ContainerImage } from '#kinds/facts/generated/types/core_v1.ts'
import type { Cri } from '../cri/client.ts'
import type { NodeFacts } from '../registration.ts'

const text = (path: string): string => {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

export interface MachineInput {
  readonly name: string
  readonly dir: string
  readonly hostIPs: readonly string[]
  readonly version: string
  readonly runtimeVersion: string
  readonly port: number
  readonly maxPods: number
  readonly labels?: Readonly<Record<string, string>>
}

const kibi = (bytes: number): string => `${Math.floor(bytes / 1024)}Ki`
/** Memory kept back so that the node ends pods before the kernel must. */
const reserve = 100 << 20

export function machineFacts(input: MachineInput): NodeFacts {
  const disk = statfsSync(input.dir)
  const bytes = disk.blocks * disk.bsize
  const common = { cpu: String(availableParallelism()), 'hugepages-2Mi': '0', pods: String(input.maxPods) }
  return {
    ...(input.labels === undefined ? {} : { labels: input.labels }),
    addresses: [
      ...input.hostIPs.map(address => ({ type: 'InternalIP' as const, address })),
      { type: 'Hostname', address: input.name },
    ],
    capacity: { ...common, memory: kibi(totalmem()), 'ephemeral-storage': kibi(bytes) },
    allocatable: {
      ...common,
      memory: kibi(totalmem() - reserve),
      'ephemeral-storage': String(Math.floor(bytes * 0.9)),
    },
    info: {
      machineID: text('/etc/machine-id'),
      systemUUID: text('/sys/class/dmi/id/product_uuid') || text('/etc/machine-id'),
      bootID: text('/proc/sys/kernel/random/boot_id'),
      kernelVersion: release(),
      osImage: /^PRETTY_NAME="?([^"\n]*)/m.exec(text('/etc/os-release'))?.[1] ?? 'Linux',
      containerRuntimeVersion: input.runtimeVersion,
      kubeletVersion: input.version,
      kubeProxyVersion: input.version,
      operatingSystem: 'linux',
      architecture: arch() === 'x64' ? 'amd64' : arch(),
    },
    port: input.port,
  }
}

const mostImages = 50

/** The largest images, under all their names. */
export async function nodeImages(cri: Cri): Promise<readonly ContainerImage[]> {
  const { images } = await cri.images.listImages({})
  return images
    .map(one => ({ names: [...one.repoDigests, ...one.repoTags], sizeBytes: Number(one.size) }))
    .filter(one => one.names.length > 0)
    .sort((a, b) => b.sizeBytes - a.sizeBytes)
    .slice(0, mostImages)
}

/** Why the runtime cannot give pods a network, in its own words; undefined where it can. */
export async function networkTrouble(cri: Cri): Promise<string | undefined> {
  const { status } = await cri.runtime.status({})
  const network = status?.conditions.find(one => one.type === 'NetworkReady')
  return network === undefined || network.status
    ? undefined
    : `container runtime network not ready: NetworkReady=false reason:${network.reason} message:${network.message}`
}
