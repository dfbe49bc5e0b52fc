/** Times in protobuf are messages of seconds and nanoseconds; an empty one is no time at all. */
import { ProtobufError } from '../errors.ts'
import type { Reader } from './reader.ts'
import type { Writer } from './writer.ts'

/** Year 9999; RFC 3339 ends there. */
const latest = 253_402_300_799
const earliest = -62_135_596_800

/** @param digits after the second, 0 or 6. @returns undefined for no time. */
export function seconds(reader: Reader, digits: 0 | 6): string | undefined {
  let whole = 0
  let nanos = 0
  reader.message(() =>
    reader.fields((number, wire) => {
      if (number === 1 && wire === 0) whole = Number(reader.int64())
      else if (number === 2 && wire === 0) nanos = reader.int32()
      else reader.skip(wire)
    }),
  )
  if (whole === 0 && nanos === 0) return undefined
  if (whole > latest || whole < earliest || nanos < 0 || nanos > 999_999_999)
    throw new ProtobufError('time is out of range')
  const text = new Date(whole * 1000).toISOString().slice(0, 19)
  return digits === 0 ? `${text}Z` : `${text}.${String(Math.floor(nanos / 1000)).padStart(6, '0')}Z`
}

/** @param text canonical RFC 3339, as decoders leave it. */
export function writeTime(writer: Writer, text: string): void {
  const whole = Math.floor(Date.parse(text) / 1000)
  const fraction = /\.(\d+)/.exec(text)?.[1] ?? ''
  writer.integer(Number(fraction.padEnd(9, '0').slice(0, 9)))
  writer.varint(0x10)
  writer.integer(whole)
  writer.varint(0x08)
}
