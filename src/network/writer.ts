/** The one writer of a cluster's table: whole at first, then by the smallest change, again whole after any doubt. */
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { type Listing, changeText, refillText, replaceText } from './render.ts'
import type { Ruleset } from './ruleset.ts'
import type { Tool } from './tool.ts'

export interface WriterParts {
  readonly tool: Tool
  readonly clock: Clock
  readonly log: Log
}

export interface Writer {
  /** Brings the kernel to this state; while one is being written only the newest waits. */
  want(ruleset: Ruleset): void
  /** Writes everything again if the table is gone or changed by others. */
  verify(): Promise<void>
  /** Resolves when what was wanted is written, or the writer has stopped. */
  settled(): Promise<void>
  stop(): Promise<void>
}

const firstRetryMs = 100
const lastRetryMs = 10_000

interface Listed {
  readonly name: string
  readonly table: string
  readonly flags: readonly unknown[]
}

/** Entries of one type in what `nft -j list` says, of all tables. */
function parseListing(text: string, type: string): readonly Listed[] {
  const value: unknown = JSON.parse(text)
  const entries: unknown = typeof value === 'object' && value !== null && 'nftables' in value ? value.nftables : []
  return (Array.isArray(entries) ? entries : []).flatMap((entry: unknown) => {
    const found = typeof entry === 'object' && entry !== null ? new Map(Object.entries(entry)).get(type) : undefined
    const fields = new Map<string, unknown>(Object.entries(found ?? {}))
    const [name, table, flags = []] = [fields.get('name'), fields.get('table'), fields.get('flags')]
    const ours = fields.get('family') === 'inet' && typeof name === 'string' && typeof table === 'string'
    return ours ? [{ name, table, flags: [flags].flat() }] : []
  })
}

/** nft 1.0.6 lists sets that remember with the flag timeout alone.
 * What the table has by name; undefined where there is none. Listing the table itself would take all its rules along. */
export async function listTable(tool: Tool, table: string): Promise<Listing | undefined> {
  const list = async (types: string, type: string): Promise<readonly Listed[]> => {
    const all = parseListing(await tool(['nft', '-j', '-t', 'list', types, 'inet']), type)
    return all.filter(one => one.table === table)
  }
  const chains = (await list('chains', 'chain')).map(one => one.name)
  if (chains.length === 0) return undefined
  const sets = (type: 'set' | 'map', all: readonly Listed[]) =>
    all.map(({ name, flags }) => ({ name, type, dynamic: flags.includes('timeout') }))
  return { chains, sets: [...sets('set', await list('sets', 'set')), ...sets('map', await list('maps', 'map'))] }
}

export async function removeTable(tool: Tool, table: string): Promise<void> {
  await tool(['nft', '-f', '-'], `add table inet ${table}\ndelete table inet ${table}\n`)
}

class OneWriter implements Writer {
  readonly #parts: WriterParts
  #wanted: Ruleset | undefined
  /** What the kernel has; undefined when that is not known. */
  #written: Ruleset | undefined
  #running: Promise<void> | undefined
  #stopped = false
  #wake: () => void = () => undefined

  constructor(parts: WriterParts) {
    this.#parts = parts
  }

  want(ruleset: Ruleset): void {
    this.#wanted = ruleset
    this.#running ??= this.#run().finally(() => (this.#running = undefined))
  }

  async settled(): Promise<void> {
    await this.#running
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#wake()
    await this.#running
  }

  async verify(): Promise<void> {
    const wanted = this.#wanted
    if (wanted === undefined || this.#running !== undefined || this.#stopped) return
    const present = await listTable(this.#parts.tool, wanted.table)
    const chains = new Set(present?.chains ?? [])
    if (this.#running !== undefined || [...wanted.chains.keys()].every(name => chains.has(name))) return
    this.#parts.log.warn('the table was changed by somebody else; it is written again', { table: wanted.table })
    this.#written = undefined
    this.want(wanted)
  }

  async #run(): Promise<void> {
    for (let delay = firstRetryMs; !this.#stopped && this.#wanted !== this.#written;) {
      const wanted = this.#wanted
      if (wanted === undefined) return
      try {
        await this.#write(wanted)
        this.#written = wanted
        delay = firstRetryMs
      } catch (error) {
        this.#written = undefined
        this.#parts.log.error('cannot write the rules', { table: wanted.table, error: String(error) })
        await this.#pause(delay)
        delay = Math.min(delay * 2, lastRetryMs)
      }
    }
  }

  async #write(wanted: Ruleset): Promise<void> {
    if (this.#written !== undefined) {
      const text = changeText(this.#written, wanted)
      try {
        if (text !== '') await this.#load(text)
        return
      } catch (error) {
        this.#parts.log.warn('a change of the rules failed; they are written whole', { error: String(error) })
      }
    }
    const present = await listTable(this.#parts.tool, wanted.table)
    if (present !== undefined)
      try {
        await this.#load(refillText(wanted, present))
        return
      } catch (error) {
        this.#parts.log.info('the table has another form; it is replaced', { error: String(error) })
      }
    await this.#load(replaceText(wanted))
  }

  async #load(text: string): Promise<void> {
    await this.#parts.tool(['nft', '-f', '-'], text)
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise(resolve => {
      const cancel = this.#parts.clock.after(milliseconds, resolve)
      this.#wake = () => {
        cancel()
        resolve()
      }
    })
  }
}

export const makeWriter = (parts: WriterParts): Writer => new OneWriter(parts)
