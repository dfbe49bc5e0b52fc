/** A node, its pods and a stranger as network namespaces, wired as the ptp plugin does. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { systemClock } from '#base/clock.ts'
import { makeLog } from '#base/log.ts'
import { fakeReader } from '#client/fake-reader.ts'
import type { FakeApi } from '#client/fake.ts'
import { type Network, type NetworkParts, startNetwork } from '#network/network.ts'
import { runTool, type Tool } from '#network/tool.ts'

export const skip = process.platform !== 'linux' ? 'needs Linux' : process.getuid?.() === 0 ? false : 'needs root'

export interface Heard {
  readonly text: string
  readonly ms: number
}

export const nodeIP = '10.200.7.1'
export const strangerIP = '10.200.7.2'
export const podCIDR = '10.244.7.0/24'
const gateway = '10.244.7.1'

const ip = (...argv: readonly string[]): string => execFileSync('ip', argv, { encoding: 'utf8' })
const peer = join(import.meta.dirname, 'peer.ts')

export class Lab {
  readonly #id = `bwn${process.pid}`
  readonly #children: ChildProcess[] = []
  readonly #spaces: string[] = []
  readonly node: string
  readonly stranger: string

  constructor() {
    this.node = this.#space('node')
    this.stranger = this.#space('out')
    ip('link', 'add', 'up0', 'netns', this.node, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', this.stranger)
    ip('-n', this.node, 'addr', 'add', `${nodeIP}/24`, 'dev', 'up0')
    ip('-n', this.node, 'link', 'set', 'up0', 'up')
    ip('-n', this.node, 'route', 'add', 'default', 'via', strangerIP)
    ip('-n', this.stranger, 'addr', 'add', `${strangerIP}/24`, 'dev', 'eth0')
    ip('-n', this.stranger, 'link', 'set', 'eth0', 'up')
    ip('-n', this.stranger, 'route', 'add', '10.96.0.0/16', 'via', nodeIP)
  }

  #space(name: string): string {
    const space = `${this.#id}-${name}`
    ip('netns', 'add', space)
    ip('-n', space, 'link', 'set', 'lo', 'up')
    this.#spaces.push(space)
    return space
  }

  /** Of a namespace, as a path. */
  path(space: string): string {
    return `/run/netns/${space}`
  }

  /** Runs programs in the node's namespace. */
  readonly tool: Tool = (argv, input) => runTool(['nsenter', `--net=${this.path(this.node)}`, '--', ...argv], input)

  /** @param where its node. @returns the pod's namespace */
  pod(name: string, address: string, where = this.node): string {
    const space = this.#space(name)
    const link = `veth${name}`
    ip('link', 'add', link, 'netns', where, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space)
    ip('-n', where, 'addr', 'add', `${gateway}/32`, 'dev', link)
    ip('-n', where, 'link', 'set', link, 'up')
    ip('-n', where, 'route', 'add', address, 'dev', link)
    ip('-n', space, 'addr', 'add', `${address}/32`, 'dev', 'eth0')
    ip('-n', space, 'link', 'set', 'eth0', 'up')
    ip('-n', space, 'route', 'add', gateway, 'dev', 'eth0', 'scope', 'link')
    ip('-n', space, 'route', 'add', 'default', 'via', gateway)
    return space
  }

  /** A pod on a bridge of the node. @returns its namespace */
  bridged(name: string, address: string, bridge: string): string {
    const space = this.#space(name)
    const link = `veth${name}`
    ip('link', 'add', link, 'netns', this.node, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space)
    ip('-n', this.node, 'link', 'set', link, 'master', bridge, 'up')
    ip('-n', space, 'addr', 'add', `${address}/24`, 'dev', 'eth0')
    ip('-n', space, 'link', 'set', 'eth0', 'up')
    ip('-n', space, 'route', 'add', 'default', 'via', gateway)
    return space
  }

  async serve(space: string, name: string, ...ports: readonly number[]): Promise<void> {
    const argv = [`--net=${this.path(space)}`, '--', process.execPath, peer, 'serve', name, ...ports.map(String)]
    const child = spawn('nsenter', argv, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#children.push(child)
    await new Promise(resolve => child.stdout.once('data', resolve))
  }

  async ask(space: string, proto: 'tcp' | 'udp', host: string, port: number): Promise<Heard> {
    const argv = [`--net=${this.path(space)}`, '--', process.execPath, peer, 'ask', proto, host, String(port)]
    return JSON.parse(await runTool(['nsenter', ...argv])) as Heard
  }

  /** A connection that stays; `alive` sends over it and waits for the echo. */
  async hold(space: string, host: string, port: number, on: string): Promise<{ alive(): Promise<boolean> }> {
    await this.#talk(on, ['echo', String(port)])
    const child = await this.#talk(space, ['hold', host, String(port)])
    const heard = createInterface({ input: child.stdout ?? process.stdin })
    return {
      alive: async () => {
        child.stdin?.write('ping\n')
        const [line]: unknown[] = await once(heard, 'line')
        return line === 'pong'
      },
    }
  }

  /** A pod that serves the ports, and says which targets it reaches. */
  async member(space: string, name: string, ports: readonly number[]) {
    const child = await this.#talk(space, ['member', name, ...ports.map(String)])
    const heard = createInterface({ input: child.stdout ?? process.stdin })
    return async (targets: readonly (readonly [proto: string, host: string, port: number])[]) => {
      child.stdin?.write(`${JSON.stringify(targets)}\n`)
      const [line]: unknown[] = await once(heard, 'line')
      return JSON.parse(String(line)) as readonly boolean[]
    }
  }

  /** What comes there over UDP from now on: senders, and how much they sent. */
  async listen(space: string, port: number): Promise<{ heard(): Promise<readonly string[]> }> {
    const child = await this.#talk(space, ['listen', String(port)])
    const heard: string[] = []
    createInterface({ input: child.stdout ?? process.stdin }).on('line', line => heard.push(line))
    return {
      heard: async () => {
        await new Promise(resolve => setTimeout(resolve, 200))
        return heard.splice(0)
      },
    }
  }

  /** One datagram, and nobody waits for an answer. */
  async send(space: string, to: readonly [host: string, port: number], how: { bytes?: number; from?: number } = {}) {
    const words = ['send', to[0], to[1], how.bytes ?? 1, how.from ?? 0].map(String)
    await runTool(['nsenter', `--net=${this.path(space)}`, '--', process.execPath, peer, ...words])
  }

  /** `ip` inside the space. */
  ip(space: string, ...argv: readonly string[]): void {
    ip('-n', space, ...argv)
  }

  async #talk(space: string, words: readonly string[]): Promise<ChildProcess> {
    const argv = [`--net=${this.path(space)}`, '--', process.execPath, peer, ...words]
    const child = spawn('nsenter', argv, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#children.push(child)
    await once(child.stdout, 'data')
    return child
  }

  async dig(space: string, name: string, how: { proto?: string; server: string }): Promise<string> {
    const { proto = 'udp', server } = how
    const argv = [`--net=${this.path(space)}`, '--', process.execPath, peer, 'dig', proto, server, name, 'A']
    const { text } = JSON.parse(await runTool(['nsenter', ...argv])) as Heard
    return text
  }

  [Symbol.dispose](): void {
    for (const child of this.#children) child.kill('SIGKILL')
    for (const space of this.#spaces) ip('netns', 'del', space)
  }
}

export interface LabNetwork {
  readonly api: FakeApi
  /** Warnings and errors go here. */
  readonly errors: string[]
  readonly dns?: NetworkParts['dns']
}

/** The network of the lab's node, over an API in memory. */
export const startLabNetwork = (lab: Lab, { api, errors, dns }: LabNetwork): Promise<Network> =>
  startNetwork({
    reader: fakeReader(api),
    clock: systemClock,
    log: makeLog(line => void errors.push(line), 'warn'),
    name: 'test',
    nodeName: 'worker',
    nodeIPs: [nodeIP],
    serviceCIDR: '10.96.0.0/16',
    ...(dns !== undefined && { dns }),
    tool: lab.tool,
  })
