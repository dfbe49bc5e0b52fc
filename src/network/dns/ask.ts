/** Questions and answers as text, for tests. */
import { type Name, nameBytes, optBytes, readName, types } from './wire.ts'

export interface Asked {
  readonly name: string
  readonly type?: keyof typeof types
  readonly id?: number
  readonly edns?: boolean
}

export function questionBytes({ name, type = 'A', id = 7, edns = false }: Asked): Buffer {
  const header = Buffer.from([id >> 8, id & 255, 1, 0, 0, 1, 0, 0, 0, 0, 0, edns ? 1 : 0])
  const labels = name.split('.').filter(label => label !== '')
  return Buffer.concat([header, nameBytes(labels), Buffer.from([0, types[type], 0, 1]), ...(edns ? [optBytes()] : [])])
}

const names = new Map<number, string>(Object.entries(types).map(([name, number]) => [number, name]))
const codeNames = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED']
const text = (name: Name): string => `${name.join('.')}.`

function dataText(message: Buffer, type: number, [start, end]: readonly [number, number]): string {
  switch (type) {
    case types.A:
      return [...message.subarray(start, end)].join('.')
    case types.CNAME:
    case types.PTR:
    case types.NS:
    case types.SOA:
      return text(readName(message, start).name)
    case types.SRV:
      return `${message.readUInt16BE(start + 4)} ${text(readName(message, start + 6).name)}`
    case types.TXT:
      return JSON.stringify(message.toString('latin1', start + 1, end))
    default:
      return message.toString('hex', start, end)
  }
}

/** The code and flags, then one line a record: section, name, type, data. */
export function replyText(message: Buffer): readonly string[] {
  const flags = message.readUInt16BE(2)
  const marks = [(flags & 0x400) === 0 ? '' : ' aa', (flags & 0x200) === 0 ? '' : ' tc']
  const lines = [`${codeNames[flags & 15]}${marks.join('')}`]
  let at = 12
  if (message.readUInt16BE(4) === 1) at = readName(message, at).end + 4
  for (const [index, section] of ['answer', 'authority', 'additional'].entries())
    for (let left = message.readUInt16BE(6 + index * 2); left > 0; left--) {
      const { name, end } = readName(message, at)
      const type = message.readUInt16BE(end)
      const next = end + 10 + message.readUInt16BE(end + 8)
      const kind = names.get(type) ?? String(type)
      lines.push(
        kind === 'OPT' ? 'opt' : `${section} ${text(name)} ${kind} ${dataText(message, type, [end + 10, next])}`,
      )
      at = next
    }
  return lines
}
