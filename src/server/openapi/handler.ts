/** `/openapi/v2` and `/openapi/v3`: what the API serves, for clients that check, explain or generate. */
import type { Scheme } from '#api/kind.ts'
import { StatusError, notAcceptable } from '#api/status.ts'
import { type Remotes, noRemotes } from '../remotes.ts'
import type { PathHandler, PathRequest } from '../http/handler.ts'
import { takesGzip } from '../http/negotiate.ts'
import { header, send } from '../http/respond.ts'
import { type Document, decompress, makeDocuments } from './documents.ts'

const gnostic = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'
/** The second is what Go clients ask for; `@` is not legal in a media type, so it is never answered. */
const gnosticTypes = [gnostic, 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf']
const json = 'application/json'
const anything = new Set(['*/*', 'application/*', json])
const longest = 4096

const typesOf = (accept: string | undefined): readonly string[] =>
  accept === undefined || accept === ''
    ? [json]
    : accept
        .slice(0, longest)
        .split(',')
        .map(clause => clause.split(';')[0]?.trim().toLowerCase() ?? '')

/** @throws StatusError NotAcceptable */
function formOf(accept: string | undefined, protobuf: boolean): { form: 'json' | 'protobuf'; contentType: string } {
  for (const type of typesOf(accept)) {
    if (anything.has(type)) return { form: 'json', contentType: json }
    if (protobuf && gnosticTypes.includes(type)) return { form: 'protobuf', contentType: gnostic }
  }
  throw notAcceptable(protobuf ? [json, ...gnosticTypes] : [json])
}

interface Sent {
  readonly document: Document
  readonly contentType: string
  readonly headers?: Readonly<Record<string, string>>
}

async function sendDocument(
  { request, response }: PathRequest,
  { document, contentType, headers }: Sent,
): Promise<void> {
  const etag = `"${document.hash}"`
  const common = { etag, vary: 'Accept, Accept-Encoding', ...headers }
  const had = header(request.headers, 'if-none-match')
    ?.split(',')
    .map(tag => tag.trim().replace(/^W\//, ''))
  if (had?.some(tag => tag === etag || tag === '*') === true)
    return send(response, { code: 304, contentType, body: '', headers: common })
  if (takesGzip(header(request.headers, 'accept-encoding')))
    return send(response, {
      code: 200,
      contentType,
      body: document.gzipped,
      headers: { ...common, 'content-encoding': 'gzip' },
    })
  send(response, { code: 200, contentType, body: await decompress(document.gzipped), headers: common })
}

const notFound = (): StatusError =>
  new StatusError({ reason: 'NotFound', message: 'the server could not find the requested resource', details: {} })

/** Such a URL names its content, so that it may be kept for ever. */
const immutable = { 'cache-control': 'public, max-age=31536000, immutable' }

/** @returns handlers by path, undefined for paths that are not OpenAPI's. */
export function openapiPaths(scheme: Scheme, remotes: Remotes = noRemotes): (path: string) => PathHandler | undefined {
  const documents = makeDocuments(scheme, remotes)
  const hashed = (place: string, hash: string): string => `/openapi/v3/${place}?hash=${encodeURIComponent(hash)}`
  const index: PathHandler = async ({ response }) => {
    const paths: Record<string, object> = {}
    for (const place of documents.places()) {
      const document = await documents.version3(place)
      if (document !== undefined) paths[place] = { serverRelativeURL: hashed(place, document.hash) }
    }
    for (const [place, hash] of remotes.openapi()) paths[place] = { serverRelativeURL: hashed(place, hash) }
    send(response, { code: 200, contentType: json, body: `${JSON.stringify({ paths })}\n` })
  }
  const one =
    (place: string): PathHandler =>
    async asked => {
      const { contentType } = formOf(header(asked.request.headers, 'accept'), false)
      const document = await documents.version3(place)
      if (document === undefined) throw notFound()
      const hash = asked.info.query.get('hash')
      if (hash !== null && hash !== document.hash)
        return send(asked.response, {
          code: 301,
          contentType,
          body: '',
          headers: { location: hashed(place, document.hash) },
        })
      await sendDocument(asked, { document, contentType, ...(hash === null ? {} : { headers: immutable }) })
    }
  const version2: PathHandler = async asked => {
    const { form, contentType } = formOf(header(asked.request.headers, 'accept'), true)
    await sendDocument(asked, { document: await documents.version2(form), contentType })
  }
  return path => {
    if (path === '/openapi/v2') return version2
    if (path === '/openapi/v3') return index
    const place = path.startsWith('/openapi/v3/') ? path.slice('/openapi/v3/'.length) : ''
    return place !== '' && documents.version3(place) !== undefined ? one(place) : undefined
  }
}
