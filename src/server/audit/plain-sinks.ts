/** Sinks without a file of their own: standard output, and whoever looks on in the same process. */
import type { Event } from '#kinds/facts/generated/types/audit_v1.ts'
import { type AuditRecord, eventText } from './record.ts'
import type { Format } from './chain.ts'
import type { Sink } from './sink.ts'

const done = Promise.resolve()

const plain = (name: string, put: (record: AuditRecord) => void): Sink => ({
  name,
  put: record => {
    put(record)
    return true
  },
  flush: () => Promise.resolve(true),
  failing: false,
  close: () => done,
})

/** Lines as they come: whoever collects them keeps them. */
export const lineSink = (write: (line: string) => void, format: Format): Sink =>
  plain('log', record => write(`${format === 'json' ? eventText(record) : record.legacy()}\n`))

export const eventSink = (take: (event: Event) => void): Sink =>
  plain('memory', record => take(JSON.parse(eventText(record)) as Event))
