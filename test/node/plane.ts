/** A node with real containers under an API in memory. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { systemClock } from '#base/clock.ts'
import { makeLog } from '#base/log.ts'
import { type Client, makeClient } from '#client/client.ts'
import { fakeReader } from '#client/fake-reader.ts'
import { type FakeApi, makeFakeApi } from '#client/fake.ts'
import { pods } from '#kinds/facts/generated/refs.ts'
import type { Pod, PodSpec } from '#kinds/facts/generated/types/core_v1.ts'
import { type Agent, startAgent } from '#node/agent/agent.ts'
import { type Containerd, type ContainerdOptions, startContainerd } from '#node/containerd/instance.ts'
import { purgeContainerd } from '#node/containerd/purge.ts'
import { buildImages } from '../images/build.ts'
import { cache, privateNode } from './engines.ts'

export interface Plane {
  readonly api: FakeApi
  readonly client: Client
  readonly options: ContainerdOptions
  readonly containerd: Containerd
  agent: Agent
  startAgent(): Promise<void>
  create(name: string, spec: Partial<PodSpec>): Promise<Pod>
  /** Waits until the pod is as wanted. */
  until(name: string, wanted: (pod: Pod) => boolean, limitMs?: number): Promise<Pod>
  gone(name: string): Promise<void>
  exec(name: string, command: readonly string[]): Promise<string>
  stop(): Promise<void>
}

export const busybox = 'docker.io/library/busybox:1.37'
export const nodeName = 'worker'

class Machine implements Plane {
  readonly api = makeFakeApi(systemClock)
  readonly client = makeClient(this.api.transport)
  readonly options: ContainerdOptions
  readonly containerd: Containerd
  readonly #subnet: number
  agent!: Agent
  constructor(options: ContainerdOptions, containerd: Containerd, subnet: number) {
    this.options = options
    this.containerd = containerd
    this.#subnet = subnet
  }
  async startAgent(): Promise<void> {
    const log = makeLog(line => void process.stderr.write(line), process.env['DEBUG'] === undefined ? 'error' : 'debug')
    this.agent = await startAgent({
      client: this.client,
      reader: fakeReader(this.api),
      clock: systemClock,
      log,
      random: Math.random,
      containerd: this.containerd,
      nodeName,
      dir: this.options.dir,
      cgroup: `/${this.options.name}`,
      hostIPs: ['127.0.0.1'],
      clusterDNS: ['10.96.0.10'],
      clusterDomain: 'cluster.local',
      version: 'v1.36.0',
      port: 0,
      podCIDR: `10.251.${this.#subnet}.0/24`,
    })
  }
  async create(name: string, spec: Partial<PodSpec>): Promise<Pod> {
    return await this.client.create(pods, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default', labels: { app: name } },
      spec: { nodeName, terminationGracePeriodSeconds: 1, containers: [], ...spec },
    })
  }
  async until(name: string, wanted: (pod: Pod) => boolean, limitMs = 20_000): Promise<Pod> {
    let pod: Pod | undefined
    for (const end = Date.now() + limitMs; Date.now() < end; await sleep(5)) {
      pod = await this.client.find(pods, `default/${name}`)
      if (pod !== undefined && wanted(pod)) return pod
    }
    throw new Error(`${name} is not as wanted: ${JSON.stringify(pod?.status, null, 1)}`)
  }
  async gone(name: string): Promise<void> {
    for (const end = Date.now() + 20_000; Date.now() < end; await sleep(10))
      if ((await this.client.find(pods, `default/${name}`)) === undefined) return
    throw new Error(`${name} is still there`)
  }
  async exec(name: string, command: readonly string[]): Promise<string> {
    const found = this.agent.pods().find(({ pod }) => pod.metadata.name === name)
    const container = found?.runtime.containers.find(one => one.state === 'running')
    const request = { containerId: container?.id ?? '', cmd: [...command], timeout: 10n }
    const { stdout, stderr } = await this.containerd.cri.runtime.execSync(request)
    return Buffer.concat([stdout, stderr]).toString().trim()
  }
  async stop(): Promise<void> {
    await this.agent.stop()
    await this.containerd.stop()
    await purgeContainerd(this.options, `/${this.options.name}`)
  }
}

/** @param subnet of 10.251.0.0/16, one for each test file */
export async function startPlane(subnet: number, images: readonly string[] = ['busybox']): Promise<Plane> {
  const options = await privateNode()
  const archives = await buildImages(join(cache, 'images'), images)
  const containerd = await startContainerd(options)
  await Promise.all(archives.map(archive => containerd.importImage(archive)))
  const machine = new Machine(options, containerd, subnet)
  await machine.startAgent()
  return machine
}

export const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some(one => one.type === 'Ready' && one.status === 'True') === true

/** Whatever of a node is left on this machine. */
export const processes = (): string => execFileSync('ps', ['ax', '-o', 'args'], { encoding: 'utf8' })
