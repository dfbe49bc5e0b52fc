/** Durations are text in JSON, `1m30s`, and a message of nanoseconds in protobuf. */
import type { Reader } from './reader.ts'
import type { Writer } from './writer.ts'

const units: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1000,
  µs: 1000,
  μs: 1000,
  ms: 1_000_000,
  s: 1_000_000_000,
  m: 60_000_000_000,
  h: 3_600_000_000_000,
}
const part = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g
const second = units['s'] ?? 0

/** @param text as decoders leave it. */
export function nanoseconds(text: string): number {
  let sum = 0
  for (const [, amount = '', unit = ''] of text.matchAll(part)) sum += Number(amount) * (units[unit] ?? 0)
  return Math.round(text.startsWith('-') ? -sum : sum)
}

/** As Go prints it. */
export function durationOf(nanos: number): string {
  if (nanos === 0) return '0s'
  if (nanos < 0) return `-${durationOf(-nanos)}`
  if (nanos < 1000) return `${nanos}ns`
  if (nanos < 1_000_000) return `${nanos / 1000}µs`
  if (nanos < second) return `${nanos / 1_000_000}ms`
  const minutes = Math.floor(nanos / (60 * second))
  const rest = `${(nanos - minutes * 60 * second) / second}s`
  if (minutes === 0) return rest
  const hours = Math.floor(minutes / 60)
  return hours === 0 ? `${minutes}m${rest}` : `${hours}h${minutes % 60}m${rest}`
}

export function readDuration(reader: Reader): string {
  let nanos = 0
  reader.message(() =>
    reader.fields((number, wire) => {
      if (number === 1 && wire === 0) nanos = Number(reader.int64())
      else reader.skip(wire)
    }),
  )
  return durationOf(nanos)
}

export function writeDuration(writer: Writer, text: string): void {
  writer.integer(nanoseconds(text))
  writer.varint(0x08)
}
