/** An outcome as the bytes that the client asked for. */
import type { Clock } from '#base/clock.ts'
import type { Served } from '#api/kind.ts'
import { columnsOf } from '#api/served.ts'
import type { KObject } from '#api/metadata.ts'
import { notAcceptable } from '#api/status.ts'
import { parseOwnJson, stringifyJson } from '#codec/json.ts'
import type { Outcome } from '../outcome.ts'
import { type IncludeObject, partial, tableColumns, tableRow } from '#server/registry/table.ts'
import type { Listed } from '#server/registry/list.ts'
import type { Kept } from '#server/store/contract.ts'
import { inVersion } from '../converting.ts'
import { type ListMeta, complete, jsonBytes, jsonFrame, jsonList, objectList, sharedFrame } from './encode.ts'
import { type Accepted, contentTypes, takesGzip } from './negotiate.ts'
import { sendParts, sendWhole } from './parts.ts'
import { type Response, common, send, sendObject } from './respond.ts'
import { type Framing, jsonOther, streamWatch } from './watching.ts'

/** Protobuf of objects, lists and frames; given by the codec. */
export interface ProtobufEncoder {
  object(object: object, served: Served | undefined): Uint8Array | undefined
  /** In parts, of which each is to be used before the next is asked for. */
  list(items: readonly Kept[], served: Served, meta: ListMeta): Promise<Iterable<Uint8Array>> | undefined
  frame(type: string, object: object, served: Served | undefined): Uint8Array | undefined
}

export interface AnswerInput {
  readonly response: Response
  readonly accepted: Accepted
  /** The header accept-encoding. */
  readonly acceptEncoding: string | undefined
  readonly query: URLSearchParams
  readonly outcome: Outcome
  /** Called when a watch has begun. */
  readonly begun?: (() => void) | undefined
}
export type Answering = (input: AnswerInput) => Promise<void>

export interface AnswerDeps {
  readonly clock: Clock
  readonly protobuf: ProtobufEncoder
  /** From 0 to 1. */
  readonly random: () => number
}

export const makeAnswer =
  (deps: AnswerDeps): Answering =>
  async input => {
    const { outcome, response, accepted } = input
    switch (outcome.type) {
      case 'made':
        return made(deps, input, outcome)
      case 'kept':
        return one(deps, input, outcome)
      case 'list':
        return many(deps, input, outcome)
      case 'watch':
        return streamWatch(response, outcome.start, {
          served: outcome.served,
          framing: framing(deps, accepted, { query: input.query, served: outcome.served }),
          clock: deps.clock,
          bookmarks:
            input.query.get('allowWatchBookmarks') === 'true' || input.query.get('allowWatchBookmarks') === '1',
          timeout: timeoutOf(input.query, deps.random),
          begun: input.begun,
        })
    }
  }

function timeoutOf(query: URLSearchParams, random: () => number): number {
  const asked = Number(query.get('timeoutSeconds') ?? '0')
  return Number.isInteger(asked) && asked > 0 ? asked : 1800 + Math.floor(random() * 1800)
}

const unacceptable = () => notAcceptable([contentTypes.json, contentTypes.yaml, contentTypes.protobuf])

function made(deps: AnswerDeps, { response, accepted }: AnswerInput, outcome: Outcome & { type: 'made' }): void {
  const { code, object, warnings } = outcome
  const bytes = accepted.encoding === 'protobuf' ? deps.protobuf.object(object, undefined) : undefined
  if (bytes !== undefined) send(response, { code, contentType: contentTypes.protobuf, body: bytes, warnings })
  else
    sendObject(response, code, {
      object,
      accepted: { ...accepted, encoding: accepted.encoding === 'yaml' ? 'yaml' : 'json' },
      warnings,
    })
}

async function one(deps: AnswerDeps, input: AnswerInput, outcome: Outcome & { type: 'kept' }): Promise<void> {
  const { response, accepted } = input
  const { kept, served, code, warnings } = outcome
  if (accepted.form === 'Table')
    return sendObject(response, code, {
      object: table(deps, {
        input,
        served,
        items: [kept],
        meta: { resourceVersion: kept.object.metadata.resourceVersion ?? '' },
      }),
      accepted,
      warnings,
    })
  if (accepted.form === 'PartialObjectMetadata')
    return sendObject(response, code, { object: partial(complete(kept, served)), accepted, warnings })
  if (accepted.encoding === 'protobuf') {
    const body = deps.protobuf.object(complete(kept, served), served)
    if (body === undefined) throw unacceptable()
    return sendWhole(response, { code, contentType: contentTypes.protobuf, body, warnings }, zips(input))
  }
  if (accepted.encoding === 'yaml' || accepted.pretty)
    return sendObject(response, code, { object: complete(kept, served), accepted, warnings })
  await sendWhole(
    response,
    { code, contentType: contentTypes.json, body: jsonBytes(kept, served), warnings },
    zips(input),
  )
}

const zips = ({ acceptEncoding }: AnswerInput): boolean => takesGzip(acceptEncoding)

const listMeta = (listed: Listed): ListMeta => ({
  resourceVersion: String(listed.revision),
  ...(listed.continue === undefined ? {} : { continue: listed.continue }),
  ...(listed.remaining === undefined ? {} : { remainingItemCount: listed.remaining }),
})

async function many(
  deps: AnswerDeps,
  input: AnswerInput,
  { listed, served }: Outcome & { type: 'list' },
): Promise<void> {
  const { response, accepted } = input
  const meta = listMeta(listed)
  const { items } = listed
  if (accepted.encoding === 'protobuf') {
    const parts = deps.protobuf.list(items, served, meta)
    if (parts === undefined) throw unacceptable()
    const found = await parts
    common(response, 200, { 'content-type': contentTypes.protobuf })
    return sendParts(response, found, zips(input))
  }
  const parts =
    accepted.form === 'Table'
      ? objectList(table(deps, { input, served, items: [], meta }), 'rows', rows(deps, { input, served, items, meta }))
      : accepted.form === 'PartialObjectMetadata'
        ? objectList(partialList(meta), 'items', partials(items, served))
        : jsonList(items, served, meta)
  if (accepted.encoding === 'yaml' || accepted.pretty)
    return sendObject(response, 200, { object: parseOwnJson(Buffer.concat([...parts]).toString()) as object, accepted })
  common(response, 200, { 'content-type': contentTypes.json })
  await sendParts(response, parts, zips(input))
}

const partialList = (metadata: ListMeta): object => ({
  kind: 'PartialObjectMetadataList',
  apiVersion: 'meta.k8s.io/v1',
  metadata,
})

function* partials(items: readonly Kept[], served: Served): Generator<object> {
  for (const kept of items) yield partial(complete(kept, served))
}

interface TableInput {
  readonly input: { readonly query: URLSearchParams }
  readonly served: Served
  readonly items: readonly Kept[]
  readonly meta: ListMeta
}

function includeOf(query: URLSearchParams): IncludeObject {
  const value = query.get('includeObject')
  return value === 'None' || value === 'Object' ? value : 'Metadata'
}

function* rows(deps: AnswerDeps, { input, served, items }: TableInput): Generator<object> {
  const now = deps.clock.now()
  const include = includeOf(input.query)
  for (const kept of items)
    yield tableRow({ served, object: rowObject(kept, served), shown: () => complete(kept, served), include, now })
}

const table = (deps: AnswerDeps, input: TableInput): object => ({
  kind: 'Table',
  apiVersion: 'meta.k8s.io/v1',
  metadata: input.meta,
  columnDefinitions: tableColumns(input.served),
  rows: [...rows(deps, input)],
})

/** Columns read the hub's form, or where versions have columns of their own, that version's. */
const rowObject = (kept: Kept, served: Served): KObject =>
  served.version.columns === undefined ? kept.object : inVersion(kept.object, served)

interface FramingInput {
  readonly query: URLSearchParams
  readonly served: Served
}

function framing(deps: AnswerDeps, accepted: Accepted, { query, served }: FramingInput): Framing {
  if (accepted.form === 'object' && accepted.encoding === 'protobuf') return protobufFraming(deps, served)
  if (accepted.form === 'object')
    return { contentType: contentTypes.json, event: (type, kept) => jsonFrame(type, kept, served), other: jsonOther }
  const encoded = (type: string, kept: Kept): Uint8Array =>
    Buffer.from(`{"type":"${type}","object":${stringifyJson(wrapped(kept))}}\n`)
  const name = `partial ${served.kind.group} ${served.version.name} ${served.kind.generation}`
  const wrapped = (kept: Kept): object =>
    accepted.form === 'Table'
      ? table(deps, {
          input: { query },
          served,
          items: [kept],
          meta: { resourceVersion: kept.object.metadata.resourceVersion ?? '' },
        })
      : partial(complete(kept, served))
  const bookmark = (object: object): object =>
    accepted.form === 'Table'
      ? emptyTable(served, object)
      : { ...object, kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' }
  return {
    contentType: contentTypes.json,
    // A table shows an age, which is another for each.
    event: (type, kept) =>
      accepted.form === 'Table' ? encoded(type, kept) : sharedFrame(kept, `${type} ${name}`, () => encoded(type, kept)),
    other: (type, object) => jsonOther(type, type === 'BOOKMARK' ? bookmark(object) : object),
  }
}

const emptyTable = (served: Served, object: object): object => ({
  kind: 'Table',
  apiVersion: 'meta.k8s.io/v1',
  metadata: { resourceVersion: (object as KObject).metadata.resourceVersion ?? '' },
  columnDefinitions: tableColumns(served),
  rows: [{ cells: columnsOf(served).map(() => ''), object: partial(object as KObject) }],
})

function protobufFraming(deps: AnswerDeps, served: Served): Framing {
  const name = `protobuf ${served.kind.group} ${served.version.name}`
  const frame = (type: string, object: object, of: Served | undefined): Uint8Array => {
    const bytes = deps.protobuf.frame(type, object, of)
    if (bytes === undefined) throw unacceptable()
    return bytes
  }
  return {
    contentType: `${contentTypes.protobuf};stream=watch`,
    event: (type, kept) => sharedFrame(kept, `${type} ${name}`, () => frame(type, complete(kept, served), served)),
    other: (type, object) => frame(type, object, type === 'BOOKMARK' ? served : undefined),
  }
}
