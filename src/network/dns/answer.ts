/** What is answered to one message: from the zone, or from the machine's resolvers. Never throws. */
import { type Upstream } from './upstream.ts'
import { type Query, codes, limitOf, malformedReply, nameBytes, readQuery, types, writeReply } from './wire.ts'
import type { Found, Zone } from './zone.ts'

export interface Source {
  /** Undefined until there are data. */
  readonly zone: () => Zone | undefined
  readonly upstream: Upstream
}

const largest = 65_535
const queryOpcode = 0
const internet = 1

/** @returns undefined for what deserves no answer */
export async function answer(message: Buffer, { zone, upstream }: Source, tcp: boolean): Promise<Buffer | undefined> {
  let query: Query | undefined
  try {
    query = readQuery(message)
  } catch {
    return malformedReply(message)
  }
  if (query === undefined) return undefined
  const limit = tcp ? largest : limitOf(query)
  const say = (code: number): Buffer => writeReply(query, { code }, limit)
  if (query.opcode !== queryOpcode) return say(codes.unknown)
  if (query.class !== internet) return say(codes.refused)
  const known = zone()
  if (known === undefined) return say(codes.failed)
  const found = known.resolve(query.name, query.type)
  if (found?.alias !== undefined) return writeReply(query, await outside(query, found, { upstream, tcp }), limit)
  if (found !== undefined) return writeReply(query, found, limit)
  const reply = await upstream.ask(query, tcp)
  if (reply === undefined) return say(codes.failed)
  return reply.message.length <= limit ? reply.message : truncated(reply.message, query)
}

/** The header with TC, and the question. */
function truncated(message: Buffer, query: Query): Buffer {
  const short = Buffer.from(message.subarray(0, 12 + query.question.length))
  short[2] = (short[2] ?? 0) | 2
  short.fill(0, 6, 12)
  return short
}

/** The alias with the addresses that it has outside the cluster, when they can be had. */
async function outside(
  query: Query,
  found: Found,
  { upstream, tcp }: { upstream: Upstream; tcp: boolean },
): Promise<Found> {
  const name = found.alias ?? []
  const tail = Buffer.from([query.type >> 8, query.type & 255, 0, internet])
  const question = Buffer.concat([nameBytes(name), tail])
  const reply = await upstream.ask({ ...query, name, question }, tcp)
  const more = (reply?.scan.answers ?? []).filter(one => one.type === query.type || one.type === types.CNAME)
  return { code: codes.ok, authoritative: true, answers: [...(found.answers ?? []), ...more] }
}
