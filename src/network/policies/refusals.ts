/**
 * What the kernel has refused for policies: it remembers each flow once, and is asked for the new ones now and then. A
 * pod that tries again and again is told of once an hour.
 */
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { type Field, joined } from '../ruleset.ts'
import type { Tool } from '../tool.ts'
import { refusedFlows } from './names.ts'

export interface RefusedFlow {
  readonly src: string
  readonly dst: string
  readonly proto: 'tcp' | 'udp' | 'sctp'
  readonly port: number
}

/** In this order the set has them. */
export const flowFields: readonly Field[] = ['saddr', 'daddr', 'proto', 'dport']

const everyMs = 10_000
/** Of a moment in which somebody tries everything. */
const mostAtOnce = 25

/** How long a refusal is remembered, in seconds, and how many are. */
export const rememberSeconds = 3_600
export const rememberedAtMost = 4_096
/** With more than this the kernel is made to forget, before it has no room for what others try. */
const crowded = rememberedAtMost / 2
const mostTold = 8 * rememberedAtMost

function flowOf(element: unknown): RefusedFlow | undefined {
  const outer: unknown = typeof element === 'object' && element !== null && 'elem' in element ? element.elem : element
  const inner: unknown = typeof outer === 'object' && outer !== null && 'val' in outer ? outer.val : outer
  const parts: unknown = typeof inner === 'object' && inner !== null && 'concat' in inner ? inner.concat : undefined
  if (!Array.isArray(parts)) return undefined
  const [src, dst, proto, port]: unknown[] = parts
  if (typeof src !== 'string' || typeof dst !== 'string' || typeof port !== 'number') return undefined
  return proto === 'tcp' || proto === 'udp' || proto === 'sctp' ? { src, dst, proto, port } : undefined
}

/** Reads what `nft -j list set` says. */
export function readFlows(text: string): readonly RefusedFlow[] {
  const value: unknown = JSON.parse(text)
  const entries: unknown = typeof value === 'object' && value !== null && 'nftables' in value ? value.nftables : []
  return (Array.isArray(entries) ? entries : []).flatMap((entry: unknown) => {
    const set: unknown = typeof entry === 'object' && entry !== null && 'set' in entry ? entry.set : undefined
    const elements: unknown = typeof set === 'object' && set !== null && 'elem' in set ? set.elem : []
    return (Array.isArray(elements) ? elements : []).flatMap((element: unknown) => flowOf(element) ?? [])
  })
}

export interface RefusalParts {
  readonly tool: Tool
  readonly clock: Clock
  readonly log: Log
  readonly table: string
  /** Whether anything can be refused at all. */
  readonly watched: () => boolean
  readonly tell: (flow: RefusedFlow) => void
}

/** One of each sender, then the next of each: who tries everything does not hide the others. */
function fairly(flows: readonly RefusedFlow[]): readonly RefusedFlow[] {
  const senders = [...Map.groupBy(flows, one => one.src).values()]
  const longest = senders.reduce((most, { length }) => Math.max(most, length), 0)
  const chosen: RefusedFlow[] = []
  for (let round = 0; round < longest && chosen.length < mostAtOnce; round++)
    for (const own of senders) chosen.push(...own.slice(round, round + 1))
  return chosen.slice(0, mostAtOnce)
}

const nameOf = ({ src, dst, proto, port }: RefusedFlow): string => joined(src, dst, proto, port)

export class Refusals {
  readonly #parts: RefusalParts
  /** When each was first seen, oldest first: the kernel may have forgotten it since. */
  readonly #told = new Map<string, number>()
  #cancel: () => void = () => undefined
  #work: Promise<void> = Promise.resolve()
  #stopped = false

  constructor(parts: RefusalParts) {
    this.#parts = parts
  }

  start(): void {
    if (this.#stopped) return
    this.#cancel = this.#parts.clock.after(everyMs, () => {
      this.#work = this.look().finally(() => this.start())
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancel()
    await this.#work
  }

  /** Never throws: the next look comes. */
  async look(): Promise<void> {
    const { tool, log, table, watched, tell } = this.#parts
    if (!watched()) return
    try {
      const flows = readFlows(await tool(['nft', '-j', 'list', 'set', 'inet', table, refusedFlows]))
      const fresh = this.#fresh(flows)
      const told = fairly(fresh)
      for (const flow of told) tell(flow)
      if (fresh.length > told.length) log.warn('many flows were refused', { table, untold: fresh.length - told.length })
      if (flows.length > crowded) await tool(['nft', 'flush', 'set', 'inet', table, refusedFlows])
    } catch (error) {
      log.warn('refused flows cannot be read', { table, error: String(error) })
    }
  }

  #fresh(flows: readonly RefusedFlow[]): readonly RefusedFlow[] {
    const now = this.#parts.clock.monotonic()
    for (const [name, at] of this.#told) {
      if (now - at < rememberSeconds * 1000 && this.#told.size <= mostTold) break
      this.#told.delete(name)
    }
    const fresh = flows.filter(flow => !this.#told.has(nameOf(flow)))
    for (const flow of fresh) this.#told.set(nameOf(flow), now)
    return fresh
  }
}
