/**
 * The log on disk. Events of one moment are written as one piece, before those who made them are answered: that costs a
 * system call for all of them, and the end of this process loses none. Where they are to be gathered for longer, or the file
 * is not ready, they are written off the loop. Each write begins where the last whole line ended, so that neither a full disk
 * nor a sudden end leaves half a record in the middle.
 */
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { type Format, type Link, linked } from './chain.ts'
import { type AuditRecord, truncated } from './record.ts'
import type { Lost, Sink } from './sink.ts'

/** Where lines go; see log-file.ts. */
export interface Lines {
  readonly link: Link
  /** @throws Error of the disk; then nothing of them is there */
  append(text: string, link: Link): Promise<void>
  /** The same at once. @returns false where there is something else to be done first; then nothing of them is there */
  appendNow(text: string, link: Link): boolean
  sign(occasion: 'interval'): Promise<void>
  close(): Promise<void>
}

export interface LogSinkOptions {
  readonly file: Lines
  readonly clock: Clock
  readonly log: Log
  readonly lost: Lost
  readonly format: Format
  /** Events that wait at most, and bytes of them. */
  readonly buffer: number
  /** Events of one write. */
  readonly batch: number
  /** Milliseconds that an event waits for others; 0: until all that can go on now has done so. */
  readonly wait: number
  /** Calls when all that can go on now has done so. */
  readonly soon: (call: () => void) => void
  /** Bytes of an event; absent: as long as it is. */
  readonly longest?: number
}

const mostBytes = 64 * 1024 * 1024
/** Characters that are written at once: all else waits while they are copied. */
const mostAtOnce = 128 * 1024
/** Milliseconds of a write after which the next one does not hold up all else: a disk that was slow once is slow again. */
const slow = 25
/** Milliseconds that answers wait for a write: a disk that says nothing is as one that is full. */
const patience = 2000
/** Milliseconds between signed heads, and between tries where writing fails. */
const headInterval = 30_000
const retryInterval = 1000

class LogSink implements Sink {
  readonly name = 'log'
  readonly #options: LogSinkOptions
  #waiting: AuditRecord[] = []
  #bytes = 0
  /** Records that could not be taken, and are not told of yet. */
  #lost = 0
  #failing = false
  #timer: (() => void) | undefined
  #heads: (() => void) | undefined
  #writing: Promise<void> | undefined
  /** Those who wait for what waits, where it is to be written in a moment. */
  #moment: ReturnType<typeof Promise.withResolvers<void>> | undefined
  #closed = false
  #slow = false

  constructor(options: LogSinkOptions) {
    this.#options = options
    this.#nextHead()
  }

  get failing(): boolean {
    return this.#failing
  }

  put(record: AuditRecord): boolean {
    const { longest, buffer, wait, batch, clock } = this.#options
    const short = longest === undefined ? record : truncated(record, longest)
    if (short === undefined || this.#closed) return this.#lose(1)
    if (this.#waiting.length >= buffer || this.#bytes + short.bytes > mostBytes) return this.#lose(1)
    this.#waiting.push(short)
    this.#bytes += short.bytes
    if (this.#failing) return true
    if (wait === 0) this.#inAMoment()
    else if (this.#waiting.length >= batch) this.#begin()
    else this.#timer ??= clock.after(wait, () => this.#begin())
    return true
  }

  written(): Promise<void> | undefined {
    return this.#moment?.promise
  }

  #inAMoment(): void {
    if (this.#moment !== undefined) return
    this.#moment = Promise.withResolvers()
    this.#options.soon(() => this.#now())
  }

  #now(): void {
    const moment = this.#moment
    this.#moment = undefined
    if (this.#writing === undefined && this.#atOnce()) return moment?.resolve()
    const cancel = this.#options.clock.after(patience, () => {
      this.#fail(new Error('the disk does not answer'))
      moment?.resolve()
    })
    void this.flush().then(() => {
      cancel()
      moment?.resolve()
    })
  }

  /** @returns whether nothing waits any more */
  #atOnce(): boolean {
    if (this.#waiting.length === 0) return true
    const { file, batch, clock } = this.#options
    if (this.#slow || this.#waiting.length > batch || this.#bytes > mostAtOnce) return false
    const begun = clock.monotonic()
    const told = this.#lost
    const { text, link } = this.#text(this.#waiting, told)
    try {
      if (!file.appendNow(text, link)) return false
    } catch (error) {
      this.#fail(error)
      return true
    } finally {
      this.#slow = clock.monotonic() - begun > slow
    }
    this.#waiting = []
    this.#bytes = 0
    this.#recovered(told)
    return true
  }

  #lose(events: number): false {
    this.#options.lost(this.name, events)
    this.#lost += events
    return false
  }

  #begin(): void {
    void this.#run()
  }

  /** One writer at a time; what comes meanwhile is its next piece. */
  #run(): Promise<void> {
    this.#timer?.()
    this.#timer = undefined
    this.#writing ??= this.#drain().finally(() => {
      this.#writing = undefined
    })
    return this.#writing
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      if (!(await this.#piece())) return
    }
  }

  /** @returns whether it is on its way to the disk. What was not written waits for the next try. */
  async #piece(): Promise<boolean> {
    const { file, batch, clock } = this.#options
    const begun = clock.monotonic()
    const records = this.#waiting.slice(0, Math.max(batch, 1))
    const told = this.#lost
    const { text, link } = this.#text(records, told)
    try {
      await file.append(text, link)
    } catch (error) {
      this.#fail(error)
      return false
    } finally {
      this.#slow = clock.monotonic() - begun > slow
    }
    // Only what was written goes: events that came meanwhile stand behind it.
    this.#waiting.splice(0, records.length)
    for (const { bytes } of records) this.#bytes -= bytes
    this.#recovered(told)
    return true
  }

  #text(records: readonly AuditRecord[], lost: number): { readonly text: string; readonly link: Link } {
    const { file, format } = this.#options
    let link = file.link
    let text = ''
    for (const [at, record] of records.entries()) {
      const next = linked(link, at === 0 && lost > 0 ? withLost(record, lost) : record, format)
      text += next.line
      link = next.link
    }
    return { text, link }
  }

  #fail(error: unknown): void {
    const { log, clock, lost } = this.#options
    // Said once, not each second.
    if (!this.#failing)
      log.error('the audit log cannot be written', { error: error instanceof Error ? error.message : 'unknown' })
    lost(this.name, 1)
    this.#failing = true
    if (!this.#closed) this.#timer ??= clock.after(retryInterval, () => this.#begin())
  }

  #recovered(told: number): void {
    if (this.#failing) this.#options.log.info('the audit log is written again', { lost: told })
    this.#failing = false
    this.#lost -= told
  }

  async flush(): Promise<boolean> {
    await this.#run()
    // A write that was under way may have been begun before the last event came.
    if (this.#waiting.length > 0 && !this.#failing) await this.#run()
    return !this.#failing
  }

  #nextHead(): void {
    this.#heads = this.#options.clock.after(headInterval, () => {
      void this.#sign().finally(() => {
        if (!this.#closed) this.#nextHead()
      })
    })
  }

  async #sign(): Promise<void> {
    const { file, log } = this.#options
    await this.#run()
    await file
      .sign('interval')
      .catch((error: unknown) => log.error('the audit log cannot be signed', { error: String(error) }))
  }

  async close(): Promise<void> {
    await this.#run()
    this.#closed = true
    this.#heads?.()
    this.#timer?.()
    if (this.#waiting.length > 0) this.#options.lost(this.name, this.#waiting.length)
    await this.#options.file.close()
  }
}

/** The first record after a time in which some could not be kept says how many. */
const withLost = (record: AuditRecord, lost: number): AuditRecord => ({
  ...record,
  tail: `${record.tail},"audit.bulwark.dev/lost":"${lost}"`,
})

export const makeLogSink = (options: LogSinkOptions): Sink => new LogSink(options)
