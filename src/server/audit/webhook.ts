/** Events to somebody else's server, in lists. What it does not take is tried again, and in the end counted as lost. */
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { CallError } from '#wire/failure.ts'
import type { Caller, Destination } from '#wire/https.ts'
import { type AuditRecord, eventText, truncated } from './record.ts'
import type { Lost, Sink } from './sink.ts'

export interface WebhookOptions {
  readonly caller: Pick<Caller, 'post'>
  readonly destination: Destination
  /** Authorization, where it is asked for. */
  readonly headers: Readonly<Record<string, string>>
  readonly clock: Clock
  readonly log: Log
  readonly lost: Lost
  /** From 0 to 1. */
  readonly random: () => number
  /** Events that wait at most. */
  readonly buffer: number
  /** Events of a list, and milliseconds that it waits to be full. */
  readonly batch: number
  readonly wait: number
  /** Lists a second, and how many more after a quiet time; absent: as many as there are. */
  readonly throttle?: { readonly qps: number; readonly burst: number }
  /** Milliseconds before the first second try. */
  readonly backoff: number
  /** Bytes of an event and of a list; absent: as they are. */
  readonly truncate?: { readonly event: number; readonly list: number }
}

const mostBytes = 64 * 1024 * 1024
/** Upstream's: five tries, each pause half as long again. */
const tries = 5
const factor = 1.5
const jitter = 0.2
const patience = 30_000
const longestAnswer = 64 * 1024
/** Milliseconds that the end waits for what is not delivered. */
const lastPatience = 5000

class WebhookSink implements Sink {
  readonly name = 'webhook'
  readonly #options: WebhookOptions
  #waiting: AuditRecord[] = []
  #bytes = 0
  #lost = 0
  #failing = false
  #timer: (() => void) | undefined
  #sending: Promise<void> | undefined
  #tokens: number
  #counted: number
  /** Ends pauses and calls that are under way. */
  readonly #stop = new AbortController()
  #closed = false

  constructor(options: WebhookOptions) {
    this.#options = options
    this.#tokens = options.throttle?.burst ?? 0
    this.#counted = options.clock.monotonic()
  }

  get failing(): boolean {
    return this.#failing
  }

  put(record: AuditRecord): boolean {
    const { truncate, buffer, batch, wait, clock } = this.#options
    const short = truncate === undefined ? record : truncated(record, truncate.event)
    if (short === undefined || this.#closed) return this.#lose(1)
    if (this.#waiting.length >= buffer || this.#bytes + short.bytes > mostBytes) return this.#lose(1)
    this.#waiting.push(short)
    this.#bytes += short.bytes
    if (this.#waiting.length >= batch) void this.#run()
    else this.#timer ??= clock.after(wait, () => void this.#run())
    return true
  }

  #lose(events: number): false {
    this.#options.lost(this.name, events)
    this.#lost += events
    return false
  }

  #run(): Promise<void> {
    this.#timer?.()
    this.#timer = undefined
    this.#sending ??= this.#drain().finally(() => {
      this.#sending = undefined
    })
    return this.#sending
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0 && !this.#stop.signal.aborted) {
      const records = this.#take()
      await this.#turn()
      await this.#deliver(records)
    }
  }

  #take(): readonly AuditRecord[] {
    const { batch, truncate } = this.#options
    const most = truncate?.list ?? Infinity
    let [count, size] = [0, 0]
    for (const { bytes } of this.#waiting) {
      if (count >= batch || (count > 0 && size + bytes > most)) break
      count++
      size += bytes
    }
    this.#bytes -= size
    return this.#waiting.splice(0, count)
  }

  /** Waits until another list may be sent. */
  async #turn(): Promise<void> {
    const { throttle, clock } = this.#options
    if (throttle === undefined) return
    for (;;) {
      const now = clock.monotonic()
      this.#tokens = Math.min(throttle.burst, this.#tokens + ((now - this.#counted) / 1000) * throttle.qps)
      this.#counted = now
      if (this.#tokens >= 1 || this.#stop.signal.aborted) break
      await this.#pause(Math.ceil(((1 - this.#tokens) / throttle.qps) * 1000))
    }
    this.#tokens--
  }

  #pause(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const cancel = this.#options.clock.after(milliseconds, resolve)
    const { signal } = this.#stop
    const stopped = (): void => resolve()
    signal.addEventListener('abort', stopped)
    if (signal.aborted) resolve()
    return promise.finally(() => {
      cancel()
      signal.removeEventListener('abort', stopped)
    })
  }

  async #deliver(records: readonly AuditRecord[]): Promise<void> {
    const { backoff, random, log } = this.#options
    const body = `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[${records.map(eventText).join(',')}]}\n`
    let pause = backoff
    for (let at = 1; ; at++) {
      const why = await this.#send(body)
      if (why === undefined) {
        this.#failing = false
        return
      }
      this.#failing = true
      if (at === tries || this.#stop.signal.aborted) {
        log.error('audit events could not be delivered', { events: records.length, error: why })
        this.#lose(records.length)
        return
      }
      await this.#pause(pause * (1 + random() * jitter))
      pause *= factor
    }
  }

  /** @returns what was wrong, without anything of the answer's own text: that is somebody else's. */
  async #send(body: string): Promise<string | undefined> {
    const { caller, destination, headers, clock } = this.#options
    const late = new AbortController()
    const cancel = clock.after(patience, () => late.abort())
    try {
      const { status } = await caller.post(destination, {
        body,
        headers: {
          'content-type': 'application/json',
          accept: 'application/json',
          'user-agent': 'bulwark',
          ...headers,
        },
        limit: longestAnswer,
        signal: AbortSignal.any([late.signal, this.#stop.signal]),
      })
      return status >= 200 && status <= 299 ? undefined : `the server answered ${status}`
    } catch (error) {
      if (error instanceof CallError) return error.message
      throw error
    } finally {
      cancel()
    }
  }

  async flush(): Promise<boolean> {
    const before = this.#lost
    await this.#run()
    if (this.#waiting.length > 0) await this.#run()
    return this.#lost === before
  }

  async close(): Promise<void> {
    const cancel = this.#options.clock.after(lastPatience, () => this.#stop.abort())
    await this.#run()
    cancel()
    this.#closed = true
    if (this.#waiting.length > 0) this.#lose(this.#waiting.length)
    this.#waiting = []
  }
}

export const makeWebhookSink = (options: WebhookOptions): Sink => new WebhookSink(options)
