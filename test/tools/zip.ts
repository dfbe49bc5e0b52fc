/** Reads one file out of a zip archive: as much of the format as a package from the registry needs. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { inflateRawSync } from 'node:zlib'

const endMark = 0x06054b50
const entryMark = 0x02014b50
/** The end record is 22 bytes and may be followed by a comment of at most 65,535. */
const longestEnd = 22 + 65_535

/** @throws Error when the archive is no zip or lacks the file. */
export function readFromZip(archive: string, name: string): Buffer {
  const file = openSync(archive, 'r')
  const read = (at: number, length: number): Buffer => {
    const bytes = Buffer.alloc(length)
    if (readSync(file, bytes, 0, length, at) !== length) throw new Error(`${archive} ends too early`)
    return bytes
  }
  try {
    const { size } = fstatSync(file)
    const tail = read(Math.max(0, size - longestEnd), Math.min(size, longestEnd))
    const end = tail.lastIndexOf(Buffer.from(Uint32Array.of(endMark).buffer))
    if (end < 0) throw new Error(`${archive} is no zip archive`)
    const directory = read(tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12))
    const { method, packed, offset } = findEntry(directory, name)
    const local = read(offset, 30)
    const bytes = read(offset + 30 + local.readUInt16LE(26) + local.readUInt16LE(28), packed)
    return method === 0 ? bytes : inflateRawSync(bytes)
  } finally {
    closeSync(file)
  }
}

function findEntry(directory: Buffer, wanted: string) {
  for (let at = 0; at + 46 <= directory.length && directory.readUInt32LE(at) === entryMark;) {
    const length = directory.readUInt16LE(at + 28)
    if (directory.toString('utf8', at + 46, at + 46 + length) === wanted)
      return {
        method: directory.readUInt16LE(at + 10),
        packed: directory.readUInt32LE(at + 20),
        offset: directory.readUInt32LE(at + 42),
      }
    at += 46 + length + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32)
  }
  throw new Error(`the archive has no ${wanted}`)
}
