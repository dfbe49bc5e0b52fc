/**
 * Bytes of what is kept. An object is encoded once per version and encoding and the bytes stay with it; a list is the
 * concatenation of kept bytes, a watch event those bytes in a frame that all its watchers share.
 */
import type { KObject } from '#api/metadata.ts'
import type { Kind, Scheme, Served } from '#api/kind.ts'
import { parseOwnJson, stringifyJson } from '#codec/json.ts'
import { storedKinds } from '../stored.ts'
import { inVersion } from '../converting.ts'
import { withMetadata } from '#server/registry/build.ts'
import type { Kept } from '#server/store/contract.ts'
import type { OnBytes } from '#server/store/sqlite/batch.ts'
import { keepEncoding, keepFresh, keepItem } from './kept-encodings.ts'

const opening = '"metadata":{'

/** managedFields are text until here: spliced in as the first field of metadata. */
export const jsonText = (object: object, managed: string): string => spliced(stringifyJson(object), managed)

function spliced(text: string, managed: string): string {
  if (managed === '') return text
  const at = text.indexOf(opening) + opening.length
  const rest = text.slice(at)
  return `${text.slice(0, at)}"managedFields":${managed}${rest.startsWith('}') ? '' : ','}${rest}`
}

/** As `inVersion`, with managedFields: for the encoders that walk the object. */
export function complete(kept: Kept, served: Served): KObject {
  const object = inVersion(kept.object, served)
  if (kept.managed === '') return object
  return withMetadata(object, { ...object.metadata, managedFields: parseOwnJson(kept.managed) as never })
}

const jsonId = (kind: Kind, version: string): string => `json ${version} ${kind.group} ${kind.generation}`

const before = Buffer.from('"managedFields":')
const openingBytes = Buffer.from(opening)
const closingBrace = 0x7d

/** As `spliced`, of bytes. Up to the metadata all text is ASCII. */
function splicedBytes(text: Buffer, managed: Buffer): Buffer {
  const at = text.indexOf(openingBytes) + openingBytes.length
  const separator = text[at] === closingBrace ? 0 : 1
  const made = Buffer.allocUnsafeSlow(text.length + before.length + managed.length + separator)
  text.copy(made, 0, 0, at)
  before.copy(made, at)
  managed.copy(made, at + before.length)
  const rest = at + before.length + managed.length
  if (separator === 1) made[rest] = 0x2c
  text.copy(made, rest + separator, at)
  return made
}

/** Keeps the bytes that the store made of a write, so that nobody makes them again. */
export const keepBytes = (scheme: Scheme): OnBytes => {
  const kindOf = storedKinds(scheme)
  return (kept, { managed, text }) => {
    const kind = kindOf(kept.resource)
    if (kind === undefined) return
    const bytes = managed.length === 0 ? Buffer.from(text) : splicedBytes(text, managed)
    keepFresh(kept, jsonId(kind, kind.hub), bytes)
  }
}

/** JSON of one object, with apiVersion and kind. */
export function jsonBytes(kept: Kept, served: Served, keep = keepEncoding): Uint8Array {
  const id = jsonId(served.kind, served.version.name)
  const had = kept.encodings.get(id)
  if (had !== undefined) return had
  const bytes = Buffer.from(jsonText(inVersion(kept.object, served), kept.managed))
  keep(kept, id, bytes)
  return bytes
}

const brace = Buffer.from('{')
const comma = Buffer.from(',')

/** How long `{"apiVersion":"v1","kind":"Pod",` is: items of built-in lists go without it. */
const headLength = (served: Served): number => {
  const { group } = served.kind
  const apiVersion = group === '' ? served.version.name : `${group}/${served.version.name}`
  return Buffer.byteLength(`{"apiVersion":${JSON.stringify(apiVersion)},"kind":${JSON.stringify(served.kind.kind)},`)
}

export interface ListMeta {
  readonly resourceVersion: string
  readonly continue?: string
  readonly remainingItemCount?: number
}

export function* jsonList(items: readonly Kept[], served: Served, meta: ListMeta): Generator<Uint8Array> {
  const { kind, version } = served
  const apiVersion = kind.group === '' ? version.name : `${kind.group}/${version.name}`
  yield Buffer.from(
    `{"kind":${JSON.stringify(kind.listKind)},"apiVersion":${JSON.stringify(apiVersion)},"metadata":${JSON.stringify(meta)},"items":[`,
  )
  const skip = kind.custom ? 0 : headLength(served)
  let first = true
  for (const kept of items) {
    if (!first) yield comma
    first = false
    const bytes = jsonBytes(kept, served, keepItem)
    if (skip === 0) yield bytes
    else {
      yield brace
      yield bytes.subarray(skip)
    }
  }
  yield Buffer.from(']}\n')
}

/** A list of what is made for it, object by object. @param shell all of it but these. */
export function* objectList(shell: object, field: string, objects: Iterable<object>): Generator<Uint8Array> {
  const { [field]: _, ...rest } = shell as Readonly<Record<string, unknown>>
  yield Buffer.from(`${stringifyJson(rest).slice(0, -1)},"${field}":[`)
  let first = true
  for (const object of objects) {
    yield Buffer.from(`${first ? '' : ','}${stringifyJson(object)}`)
    first = false
  }
  yield Buffer.from(']}\n')
}

/** Frames of the newest events, shared by all watchers of a kind. A handful is enough: watchers get them in the same turn. */
class Frames {
  readonly #frames = new Map<Kept, Map<string, Uint8Array>>()
  get(kept: Kept, id: string, make: () => Uint8Array): Uint8Array {
    let frames = this.#frames.get(kept)
    if (frames === undefined) {
      frames = new Map()
      if (this.#frames.size >= 256) this.#frames.delete(this.#frames.keys().next().value ?? kept)
      this.#frames.set(kept, frames)
    }
    let frame = frames.get(id)
    if (frame === undefined) {
      frame = make()
      frames.set(id, frame)
    }
    return frame
  }
}
const frames = new Frames()

/** A frame that all watchers of an encoding get. @param id of type, encoding and version. */
export const sharedFrame = (kept: Kept, id: string, make: () => Uint8Array): Uint8Array => frames.get(kept, id, make)

/** One line of a JSON watch. */
export const jsonFrame = (type: string, kept: Kept, served: Served): Uint8Array =>
  frames.get(kept, `${type} ${served.kind.group} ${served.version.name} ${served.kind.generation}`, () =>
    Buffer.concat([Buffer.from(`{"type":"${type}","object":`), jsonBytes(kept, served), Buffer.from('}\n')]),
  )
