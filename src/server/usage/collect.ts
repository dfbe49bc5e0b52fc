/** Asks the nodes what is used, for as long as somebody wants to know. */
import { request as httpsRequest } from 'node:https'
import type { IncomingMessage } from 'node:http'
import type { Node } from '#kinds/facts/generated/types/core_v1.ts'
import type { Clock } from '#base/clock.ts'
import { parseBounded } from '#codec/bounded-json.ts'
import type { NodeDialer } from '../nodes/dial.ts'
import type { Store } from '#server/store/contract.ts'
import { type Sample, sampleOf } from './sample.ts'

/** Milliseconds. */
const interval = 15_000
/** The first two reports lie so far apart, so that who asks first need not wait for long. */
const first = 1000
/** Nobody has asked for so long: nobody wants to know. */
const patience = 120_000
const answerWithin = 5000
/** Of some hundred pods, many times over. */
const bounds = { depth: 50, values: 500_000 }
const largest = 16 * 1024 * 1024
const atOnce = 32

async function read(answer: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = []
  let size = 0
  for await (const part of answer) {
    size += Buffer.byteLength(part)
    if (size > largest) throw new Error('the report is too large')
    parts.push(part)
  }
  return parseBounded(Buffer.concat(parts), bounds)
}

export type Report = (node: Node) => Promise<Sample>

/** The node's own report. @throws Error */
export const reportThrough =
  (dialer: NodeDialer, clock: Clock): Report =>
  async node => {
    const asking = httpsRequest({ ...dialer.toNode(node), method: 'GET', path: '/stats/summary' })
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    asking.on('response', resolve)
    asking.on('error', reject)
    const cancel = clock.after(answerWithin, () => asking.destroy(new Error('the node did not answer in time')))
    asking.end()
    try {
      const answer = await promise
      if (answer.statusCode !== 200) throw new Error(`the node answered ${answer.statusCode}`)
      return sampleOf(await read(answer))
    } finally {
      cancel()
      asking.destroy()
    }
  }

/** The last two reports of a node. */
export interface Pair {
  readonly before: Sample | undefined
  readonly after: Sample
}

export interface Collecting {
  /** By node. Resolves as soon as something can be told, and in any case soon. */
  pairs(): Promise<ReadonlyMap<string, Pair>>
  close(): void
}

export const isSimulated = ({ status }: Node): boolean =>
  status?.nodeInfo?.containerRuntimeVersion?.startsWith('simulated://') === true

class Collector implements Collecting {
  readonly #store: Store
  readonly #clock: Clock
  readonly #report: () => Report | undefined
  #pairs = new Map<string, Pair>()
  #asked = -Infinity
  #closed = false
  #cancel: (() => void) | undefined
  #starting: Promise<void> | undefined

  constructor(store: Store, clock: Clock, report: () => Report | undefined) {
    this.#store = store
    this.#clock = clock
    this.#report = report
  }

  async pairs(): Promise<ReadonlyMap<string, Pair>> {
    this.#asked = this.#clock.monotonic()
    if (this.#cancel === undefined) this.#starting ??= this.#start()
    await this.#starting
    return this.#pairs
  }

  async #start(): Promise<void> {
    this.#pairs = new Map()
    await this.#round()
    if (this.#pairs.size > 0) {
      await this.#pause(first)
      await this.#round()
    }
    this.#starting = undefined
    this.#again()
  }

  #pause(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#clock.after(milliseconds, resolve)
    return promise
  }

  #again(): void {
    if (this.#closed) return
    this.#cancel = this.#clock.after(interval, () => {
      this.#cancel = undefined
      if (this.#clock.monotonic() - this.#asked > patience) return this.#pairs.clear()
      void this.#round().then(() => this.#again())
      this.#cancel ??= () => undefined
    })
  }

  async #round(): Promise<void> {
    const report = this.#report()
    const nodes = [...this.#store.snapshot('nodes').range()].map(kept => kept.object as Node)
    const waiting = report === undefined ? [] : nodes.filter(node => !isSimulated(node))
    const names = new Set(waiting.map(node => node.metadata.name ?? ''))
    for (const name of this.#pairs.keys()) if (!names.has(name)) this.#pairs.delete(name)
    const worker = async (): Promise<void> => {
      for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) await this.#ask(node, report)
    }
    await Promise.all(Array.from({ length: Math.min(atOnce, waiting.length) }, worker))
  }

  /** Of a node that does not answer nothing is known any more. */
  async #ask(node: Node, report: Report | undefined): Promise<void> {
    const name = node.metadata.name ?? ''
    try {
      const after = await report?.(node)
      if (after !== undefined) this.#pairs.set(name, { before: this.#pairs.get(name)?.after, after })
    } catch {
      this.#pairs.delete(name)
    }
  }

  close(): void {
    this.#closed = true
    this.#cancel?.()
  }
}

/** @param report undefined as long as nodes cannot be reached */
export const collecting = (store: Store, clock: Clock, report: () => Report | undefined): Collecting =>
  new Collector(store, clock, report)
