/** DNS messages as bytes: just what a resolver in front of others needs. Nothing here trusts what it reads. */

/** Lower-case labels; bytes beyond ASCII stand as latin1. */
export type Name = readonly string[]

export const types = { A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, TXT: 16, AAAA: 28, SRV: 33, OPT: 41, ANY: 255 } as const
export const codes = { ok: 0, malformed: 1, failed: 2, absent: 3, unknown: 4, refused: 5 } as const

/** What cannot be read. */
export class WireError extends Error {
  override readonly name = 'WireError'
}

export interface Query {
  readonly id: number
  readonly opcode: number
  readonly recursion: boolean
  readonly name: Name
  readonly type: number
  readonly class: number
  /** The question as it came, letters' case included. */
  readonly question: Buffer
  /** What the asker can take in one datagram; undefined without EDNS. */
  readonly edns: { readonly size: number; readonly version: number; readonly dnssec: boolean } | undefined
  readonly checkingDisabled: boolean
}

export interface Resource {
  readonly name: Name
  readonly type: number
  readonly ttl: number
  readonly data: Buffer
}

export interface Reply {
  readonly code: number
  readonly authoritative?: boolean
  readonly answers?: readonly Resource[]
  readonly authority?: readonly Resource[]
  readonly additional?: readonly Resource[]
}

const headerSize = 12
const longestName = 255
const internet = 1

/** ASCII letters alone: other bytes have no case in DNS. */
const lower = (text: string): string => text.replace(/[A-Z]/g, letter => letter.toLowerCase())

export const lowerName = (text: string): Name =>
  lower(text)
    .split('.')
    .filter(label => label !== '')

/** Reads a name, following pointers that lead back. @returns where it ends in the message */
export function readName(message: Buffer, start: number): { readonly name: Name; readonly end: number } {
  const labels: string[] = []
  let end: number | undefined
  let size = 0
  for (let at = start, limit = start; ;) {
    const length = message[at]
    if (length === undefined) throw new WireError('the name ends beyond the message')
    if (length === 0) return { name: labels, end: end ?? at + 1 }
    if (length >= 0xc0) {
      const to = ((length & 0x3f) << 8) | (message[at + 1] ?? 0)
      // Each pointer leads before the place that the last one led to: no circle can be made.
      if (at + 1 >= message.length || to >= limit) throw new WireError('a pointer leads forward')
      end ??= at + 2
      at = to
      limit = to
      continue
    }
    size += length + 1
    if (length > 63 || size >= longestName || at + 1 + length > message.length)
      throw new WireError('a label is too long')
    labels.push(lower(message.toString('latin1', at + 1, at + 1 + length)))
    at += length + 1
  }
}

const readEdns = (message: Buffer, at: number): NonNullable<Query['edns']> => ({
  size: message.readUInt16BE(at + 2),
  version: message[at + 5] ?? 0,
  dnssec: ((message[at + 6] ?? 0) & 0x80) !== 0,
})

/** @returns undefined for what must not be answered at all: fragments and replies. @throws WireError for a bad query */
export function readQuery(message: Buffer): Query | undefined {
  if (message.length < headerSize || ((message[2] ?? 0) & 0x80) !== 0) return undefined
  const flags = message.readUInt16BE(2)
  const [questions, answers, authority, additional] = [4, 6, 8, 10].map(at => message.readUInt16BE(at))
  if (questions !== 1 || answers !== 0 || authority !== 0 || (additional ?? 0) > 2)
    throw new WireError('a query has one question and no answers')
  const { name, end } = readName(message, headerSize)
  if (end + 4 > message.length) throw new WireError('the question is cut off')
  if (end - headerSize !== nameBytes(name).length) throw new WireError('the question has a pointer')
  let edns: Query['edns']
  for (let at = end + 4, left = additional ?? 0; left > 0; left--) {
    const { at: fixed, next, type } = readRecord(message, at)
    if (type === types.OPT) edns = readEdns(message, fixed)
    at = next
  }
  return {
    id: message.readUInt16BE(0),
    opcode: (flags >> 11) & 15,
    recursion: (flags & 0x100) !== 0,
    checkingDisabled: (flags & 0x10) !== 0,
    name,
    type: message.readUInt16BE(end),
    class: message.readUInt16BE(end + 2),
    question: message.subarray(headerSize, end + 4),
    edns,
  }
}

interface RecordPlace {
  readonly name: Name
  /** Of the fixed part: type, class, TTL, length. */
  readonly at: number
  readonly type: number
  readonly ttl: number
  readonly data: number
  readonly next: number
}

function readRecord(message: Buffer, start: number): RecordPlace {
  const { name, end: at } = readName(message, start)
  if (at + 10 > message.length) throw new WireError('a record is cut off')
  const next = at + 10 + message.readUInt16BE(at + 8)
  if (next > message.length) throw new WireError('a record is longer than the message')
  return { name, at, type: message.readUInt16BE(at), ttl: message.readUInt32BE(at + 4), data: at + 10, next }
}

export interface Scan {
  readonly code: number
  readonly truncated: boolean
  /** Where answers' and others' TTLs stand. */
  readonly ttls: readonly number[]
  /** Seconds that the whole may be kept. */
  readonly lifetime: number
  /** A, AAAA and CNAME records, their names written out. */
  readonly answers: readonly Resource[]
}

/** Reads a reply of another resolver. @throws WireError */
export function scanReply(message: Buffer): Scan {
  if (message.length < headerSize) throw new WireError('the reply is cut off')
  const [questions = 0, answers = 0, authority = 0, additional = 0] = [4, 6, 8, 10].map(at => message.readUInt16BE(at))
  let at = headerSize
  for (let left = questions; left > 0; left--) at = readName(message, at).end + 4
  const places: RecordPlace[] = []
  for (let left = answers + authority + additional; left > 0; left--) {
    const place = readRecord(message, at)
    places.push(place)
    at = place.next
  }
  const timed = places.filter(place => place.type !== types.OPT)
  return {
    code: (message[3] ?? 0) & 15,
    truncated: ((message[2] ?? 0) & 2) !== 0,
    ttls: timed.map(place => place.at + 4),
    lifetime: timed.length === 0 ? 0 : Math.min(...timed.map(place => place.ttl)),
    answers: places.slice(0, answers).flatMap(place => copyRecord(message, place)),
  }
}

function copyRecord(message: Buffer, { name, type, ttl, data, next }: RecordPlace): readonly Resource[] {
  if (type === types.CNAME) return [{ name, type, ttl, data: nameBytes(readName(message, data).name) }]
  return type === types.A || type === types.AAAA ? [{ name, type, ttl, data: message.subarray(data, next) }] : []
}

export const nameBytes = (name: Name): Buffer =>
  Buffer.concat([
    ...name.map(label => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')])),
    Buffer.from([0]),
  ])

const sameName = (a: Name, b: Name): boolean => a.length === b.length && a.every((label, at) => label === b[at])
const toQuestion = Buffer.from([0xc0, headerSize])

function recordBytes({ name, type, ttl, data }: Resource, question: Name): Buffer {
  const fixed = Buffer.alloc(10)
  fixed.writeUInt16BE(type, 0)
  fixed.writeUInt16BE(internet, 2)
  fixed.writeUInt32BE(ttl, 4)
  fixed.writeUInt16BE(data.length, 8)
  return Buffer.concat([sameName(name, question) ? toQuestion : nameBytes(name), fixed, data])
}

/** Ours, when the asker speaks EDNS; 1232 bytes pass every path without fragments. */
export const datagramSize = 1232
export const optBytes = (code = 0, dnssec = false): Buffer =>
  Buffer.from([0, 0, types.OPT, datagramSize >> 8, datagramSize & 255, code, 0, dnssec ? 0x80 : 0, 0, 0, 0])

/** What the asker takes over UDP. */
export const limitOf = ({ edns }: Query): number => Math.min(Math.max(edns?.size ?? 512, 512), datagramSize)

function header(query: Query, flags: number, counts: readonly number[]): Buffer {
  const bytes = Buffer.alloc(headerSize)
  bytes.writeUInt16BE(query.id, 0)
  bytes.writeUInt16BE(0x8080 | (query.opcode << 11) | (query.recursion ? 0x100 : 0) | flags, 2)
  for (const [at, count] of counts.entries()) bytes.writeUInt16BE(count, 4 + at * 2)
  return bytes
}

/** A reply that fits; where the answers do not, none are sent and the asker is told to come by TCP. */
export function writeReply(query: Query, reply: Reply, limit: number): Buffer {
  const { answers = [], authority = [], additional = [] } = reply
  const opt = query.edns === undefined ? [] : [optBytes(0, query.edns.dnssec)]
  const flags = (reply.code & 15) | (reply.authoritative ? 0x400 : 0)
  const build = (sections: readonly (readonly Resource[])[], more: number): Buffer => {
    const [a = [], n = [], x = []] = sections
    const counts = [1, a.length, n.length, x.length + opt.length]
    const records = [...a, ...n, ...x].map(one => recordBytes(one, query.name))
    return Buffer.concat([header(query, flags | more, counts), query.question, ...records, ...opt])
  }
  const full = build([answers, authority, additional], 0)
  if (full.length <= limit) return full
  const bare = build([answers, authority, []], 0)
  return bare.length <= limit ? bare : build([], 0x200)
}

/** For what could not be read: the header alone. */
export function malformedReply(message: Buffer): Buffer {
  const bytes = Buffer.alloc(headerSize)
  message.copy(bytes, 0, 0, 2)
  bytes[2] = 0x80 | ((message[2] ?? 0) & 0x79)
  bytes[3] = codes.malformed
  return bytes
}
