/**
 * JSON from outsiders: JSON.parse, guarded by one scan of the bytes. JSON.parse silently drops duplicate keys, rounds
 * integers beyond 2^53 and makes infinities; where the scan finds signs of any, the exact reader (exactJson.ts) reads the text again.
 *
 * And the V8 of Node 24 and 26 (https://github.com/nodejs/node/issues/63785) may take a key for another one: where a key with an escape comes after keys that it has met before, it is
 * compared as it is written with the key that came next then, over as many characters as it has when it is read. Whoever sends
 * `{"a":1,"\\":2}` once makes `{"a":1,"\"":2}` of everybody else in the process read as that, too. Keys of managedFields have
 * escapes. So no text with such a key is left to JSON.parse.
 */
import { readExactly, type Parsed } from './exactJson.ts'
import { JsonError } from './errors.ts'

export interface JsonLimits {
  /** Objects and arrays inside each other. */
  readonly depth?: number
}

/** Deep enough for everything real; recursive walkers of what is let in stay far from the end of the stack. */
const defaultDepth = 500
/** Fewer digits are always exact. */
const riskyDigits = 16

interface Scan {
  readonly keys: number
  readonly deepest: number
  /** Numbers that may not be exact, finite or more than nothing, escapes that may be half a character, keys with escapes. */
  readonly risky: boolean
}

const quote = 0x22
const backslash = 0x5c
const minus = 0x2d
/** A letter in lower case. */
const lower = (byte = 0): number => byte | 0x20

/** Counts what matters outside strings. Text that is no JSON gives any numbers: JSON.parse refuses it afterwards. */
function scan(bytes: Uint8Array): Scan {
  let keys = 0
  let depth = 0
  let deepest = 0
  let digits = 0
  let risky = false
  /** In the string that was read last. */
  let escapes = false
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0
    if (byte === quote) {
      escapes = false
      for (let inner = bytes[++at]; inner !== quote && inner !== undefined; inner = bytes[++at])
        if (inner === backslash) {
          escapes = true
          if (bytes[++at] === 0x75 && lower(bytes[at + 1]) === 0x64) risky = true
        }
      digits = 0
    } else if (byte >= 0x30 && byte <= 0x39) {
      if (++digits >= riskyDigits) risky = true
    } else {
      if ((digits > 0 && lower(byte) === 0x65) || (byte === minus && bytes[at + 1] === 0x30)) risky = true
      digits = 0
      if (byte === 0x3a) {
        keys++
        if (escapes) risky = true
      } else if (byte === 0x7b || byte === 0x5b) {
        if (++depth > deepest) deepest = depth
      } else if (byte === 0x7d || byte === 0x5d) depth--
    }
  }
  return { keys, deepest, risky }
}

function countKeys(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let keys = 0
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') keys += countKeys(item)
    return keys
  }
  const object = value as Readonly<Record<string, unknown>>
  for (const key in object) {
    keys++
    const field = object[key]
    if (typeof field === 'object') keys += countKeys(field)
  }
  return keys
}

/**
 * The value of a JSON text, made for the caller alone, and the paths of keys that came twice (the last one counts).
 * Integers beyond 2^53 are bigints. A key like `__proto__` is an own property like any other.
 * @throws JsonError for what is no JSON, nests too deeply or has a number that is not finite.
 */
export function parseJson(input: Uint8Array | string, limits: JsonLimits = {}): Parsed {
  const depth = limits.depth ?? defaultDepth
  const bytes = typeof input === 'string' ? Buffer.from(input) : input
  const found = scan(bytes)
  if (found.deepest > depth) throw new JsonError('exceeded max depth')
  const text = typeof input === 'string' ? input : textOf(input)
  if (found.risky) return readExactly(text, depth)
  const value = parse(text, depth)
  return found.keys === countKeys(value) ? { value, duplicates: [] } : readExactly(text, depth)
}

const longDigits = /\d{16}/

/** Whether any key of an object holds an escape. Text that is no JSON gives any answer. */
export function hasEscapedKey(text: string): boolean {
  for (let at = text.indexOf('\\'); at >= 0; at = text.indexOf('\\', at)) {
    // To the end of the string, over all its escapes.
    for (let code = text.charCodeAt(at); code !== quote && at < text.length; code = text.charCodeAt(at))
      at += code === backslash ? 2 : 1
    do at++
    while (text.charCodeAt(at) === 0x20)
    if (text.charCodeAt(at) === 0x3a) return true
  }
  return false
}

/** The value of a text that stringifyJson wrote: no key comes twice, only long integers and keys with escapes need care. @throws JsonError */
export function parseOwnJson(text: string): unknown {
  const careful = longDigits.test(text) || hasEscapedKey(text)
  return careful ? readExactly(text, defaultDepth * 2).value : parse(text, defaultDepth * 2)
}

const textOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')

function parse(text: string, depth: number): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The exact reader says what is wrong without repeating the text, which may hold secrets.
    readExactly(text, depth)
    throw new JsonError('invalid JSON')
  }
}

const exact = (_: string, value: unknown): unknown => (typeof value === 'bigint' ? JSON.rawJSON(String(value)) : value)

/** The JSON text of a value; bigints as the integers they are. @param indent spaces a level, for people. */
export function stringifyJson(value: unknown, indent?: number): string {
  try {
    return JSON.stringify(value, undefined, indent)
  } catch (error) {
    if (error instanceof TypeError && error.message.includes('BigInt')) return JSON.stringify(value, exact, indent)
    throw error
  }
}
