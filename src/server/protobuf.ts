/** Protobuf answers. An item of a list is encoded once per version and the bytes stay with it. */
import { Breaks, pause } from '#base/breaks.ts'
import type { Served } from '#api/kind.ts'
import type { Schema } from '#api/schema.ts'
import { type TypeMeta, encodeList, encodeMessage, encodeProtobuf, encodeWatchFrame } from '#codec/protobuf.ts'
import { findType } from '#kinds/facts/read.ts'
import type { Kept } from '#server/store/contract.ts'
import { keepItem } from './http/kept-encodings.ts'
import type { ProtobufEncoder } from './http/answer.ts'
import { complete } from './http/encode.ts'

/** Schema of a published type by what an object says of itself; Status and its like are of meta. */
function schemaOf({ apiVersion, kind }: TypeMeta): Schema | undefined {
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['core', apiVersion]
  return findType(`${group.split('.')[0] ?? ''}_${version}.${kind}`) ?? findType(`meta_${version}.${kind}`)
}

const isTyped = (object: object): object is TypeMeta => 'apiVersion' in object && 'kind' in object

function encoded(object: object, served: Served | undefined): Uint8Array | undefined {
  const schema = served?.version.schema() ?? (isTyped(object) ? schemaOf(object) : undefined)
  return schema === undefined || served?.kind.custom === true || !isTyped(object)
    ? undefined
    : encodeProtobuf(schema, object)
}

function itemOf(kept: Kept, served: Served): Uint8Array {
  const id = `protobuf ${served.kind.group} ${served.version.name}`
  const had = kept.encodings.get(id)
  if (had !== undefined) return had
  const bytes = encodeMessage(served.version.schema(), complete(kept, served))
  keepItem(kept, id, bytes)
  return bytes
}

/** Items after which others have their turn: the length of all stands at the beginning, so all are made before anything is sent. */
const turn = 100

async function messages(items: readonly Kept[], served: Served): Promise<readonly Uint8Array[]> {
  const breaks = new Breaks(pause, turn)
  const made: Uint8Array[] = []
  for (const kept of items) {
    made.push(itemOf(kept, served))
    const wait = breaks.after(1)
    if (wait !== undefined) await wait
  }
  return made
}

const listType = ({ kind, version }: Served): TypeMeta => ({
  apiVersion: kind.group === '' ? version.name : `${kind.group}/${version.name}`,
  kind: kind.listKind,
})

export const protobuf: ProtobufEncoder = {
  object: encoded,
  list: (items, served, meta) => {
    const metadata = findType('meta_v1.ListMeta')
    if (metadata === undefined || served.kind.custom) return undefined
    return messages(items, served).then(all => encodeList(listType(served), encodeMessage(metadata, meta), all))
  },
  frame: (type, object, served) => {
    const envelope = encoded(object, served)
    return envelope === undefined ? undefined : encodeWatchFrame(type, envelope)
  },
}
