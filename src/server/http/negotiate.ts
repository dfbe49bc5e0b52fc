/** What a client accepts: JSON, YAML or protobuf, as the object itself, as a table or as metadata alone. */
import { notAcceptable } from '#api/status.ts'

export type Encoding = 'json' | 'yaml' | 'protobuf'
export type Form = 'object' | 'Table' | 'PartialObjectMetadata'

export interface Accepted {
  readonly encoding: Encoding
  readonly form: Form
  /** Indented JSON. */
  readonly pretty: boolean
}

export const contentTypes: Readonly<Record<Encoding, string>> = {
  json: 'application/json',
  yaml: 'application/yaml',
  protobuf: 'application/vnd.kubernetes.protobuf',
}

const byType: Readonly<Record<string, Encoding>> = {
  'application/json': 'json',
  'application/yaml': 'yaml',
  'application/vnd.kubernetes.protobuf': 'protobuf',
  'application/*': 'json',
  '*/*': 'json',
}

interface Clause {
  readonly type: string
  readonly params: ReadonlyMap<string, string>
  readonly quality: number
}

/** Longest header and most clauses that are looked at. */
const longest = 4096
const most = 64

function parse(header: string): readonly Clause[] {
  const clauses = header
    .slice(0, longest)
    .split(',')
    .slice(0, most)
    .map(text => {
      const [type = '', ...rest] = text.split(';').map(part => part.trim())
      const params = new Map(
        rest.map(part => {
          const [key = '', value = ''] = part.split('=')
          return [key.trim().toLowerCase(), value.trim()] as const
        }),
      )
      const quality = Number(params.get('q') ?? '1')
      return { type: type.toLowerCase(), params, quality: Number.isFinite(quality) ? quality : 0 }
    })
  return clauses.some(clause => clause.quality !== 1) ? clauses.toSorted((a, b) => b.quality - a.quality) : clauses
}

function formOf(params: ReadonlyMap<string, string>): Form | undefined {
  const as = params.get('as')
  if (as === undefined) return 'object'
  if (params.get('g') !== 'meta.k8s.io' || !['v1', 'v1beta1'].includes(params.get('v') ?? '')) return undefined
  if (as === 'Table') return 'Table'
  return as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList' ? 'PartialObjectMetadata' : undefined
}

/** The headers that real clients send repeat for ever. */
const known = new Map<string, Accepted>()

/** What is asked for may lack: custom resources have no protobuf, reviews are no rows of a table. */
export interface Offers {
  readonly protobuf: boolean
  readonly table: boolean
}

const everything: Offers = { protobuf: true, table: true }

/** @throws StatusError NotAcceptable */
export function negotiate(header: string | undefined, pretty: boolean, offers = everything): Accepted {
  if (header === undefined || header === '') return { encoding: 'json', form: 'object', pretty }
  const id = `${pretty} ${offers.protobuf} ${offers.table} ${header}`
  const had = known.get(id)
  if (had !== undefined) return had
  const found = find(header, pretty, offers)
  if (known.size < 1000 && header.length < 500) known.set(id, found)
  return found
}

function find(header: string, pretty: boolean, offers: Offers): Accepted {
  for (const { type, params } of parse(header)) {
    const encoding = Object.hasOwn(byType, type) ? byType[type] : undefined
    const form = formOf(params)
    if (encoding === 'protobuf' && (!offers.protobuf || form !== 'object')) continue
    if (form === 'Table' && !offers.table) continue
    if (encoding !== undefined && form !== undefined) return { encoding, form, pretty }
  }
  throw notAcceptable(Object.values(contentTypes))
}

const gzipClause = /(^|[\s,])gzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/

/** @param header accept-encoding */
export const takesGzip = (header: string | undefined): boolean =>
  header !== undefined && header.length <= longest && gzipClause.test(header)
