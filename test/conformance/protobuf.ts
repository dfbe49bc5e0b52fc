/** Go's clients speak protobuf of all built-in kinds: the same objects, there and back, in lists and in watches. */
import assert from 'node:assert/strict'
import { request } from 'node:https'
import { stringifyJson } from '#codec/json.ts'
import { decodeProtobuf, decodeWatchEvent, encodeProtobuf, readEnvelope } from '#codec/protobuf.ts'
import type { Schema } from '#api/schema.ts'
import { findType } from '#kinds/facts/read.ts'
import { type Api, type Json, withQuery } from './api.ts'
import type { Sample } from './operations.ts'

const protobuf = 'application/vnd.kubernetes.protobuf'
const streamed = 'application/vnd.kubernetes.protobuf;stream=watch'

export interface Where {
  readonly sample: Sample
  /** Of the collection. */
  readonly path: string
  readonly namespace: string
  readonly label: string
  /** Query that finds the sample's objects. */
  readonly mine: string
  /** A revision before the first change. */
  readonly since: string
}

export const withoutNulls = (value: object): object =>
  JSON.parse(JSON.stringify(value, (_, part: unknown) => (part === null ? undefined : part)))

function schemaOf({ at, kind }: Sample): { readonly one: Schema; readonly list: Schema } {
  const [, second = '', third] = at.split('/')
  const [group, version] = third === undefined ? ['core', second] : [second.split('.')[0], third]
  const one = findType(`${group}_${version}.${kind}`)
  const list = findType(`${group}_${version}.${kind}List`)
  assert.ok(one && list, kind)
  return { one, list }
}

const plain = (schema: Schema, envelope: ReturnType<typeof readEnvelope>): Json =>
  JSON.parse(stringifyJson(decodeProtobuf(schema, envelope)))

/** The first event of a watch. */
function firstFrame({ wire }: Api, path: string): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
  const where = { ...wire.tls, host: wire.url.hostname, port: wire.url.port, agent: false as const }
  const sent = request(
    { ...where, path: withQuery(path, 'watch=true'), headers: { accept: `${streamed},${protobuf}` } },
    response => {
      let bytes = Buffer.alloc(0)
      response.on('data', (part: Buffer) => {
        bytes = Buffer.concat([bytes, part])
        const end = bytes.length < 4 ? Infinity : 4 + bytes.readUInt32BE()
        if (bytes.length < end) return
        resolve(bytes.subarray(4, end))
        response.destroy()
      })
      response.on('error', reject)
    },
  )
  sent.on('error', reject).end()
  return promise
}

async function assertCreates(api: Api, { sample, path, namespace, label }: Where, { apiVersion }: Json): Promise<void> {
  const schema = schemaOf(sample).one
  const name = sample.names?.[3] ?? 'e2e-protobuf'
  const metadata = { name, labels: { 'e2e-protobuf': label } }
  const object = { ...withoutNulls(sample.object(namespace)), apiVersion, kind: sample.kind, metadata }
  const made = await api.call('POST', path, {
    headers: { accept: protobuf, 'content-type': protobuf },
    body: encodeProtobuf(schema, object),
  })
  assert.equal(made.status, 201, made.text)
  const kept = await api.get(`${path}/${name}`)
  assert.deepEqual(said(sample, plain(schema, readEnvelope(made.bytes))), said(sample, kept))
  assert.partialDeepStrictEqual(kept, withoutNulls(sample.object(namespace)))
  await api.delete(`${path}/${name}`)
}

/** What a client has said of an object: where the server answers in its status, two readings may differ by that. */
export function said({ answered }: Pick<Sample, 'answered'>, object: Json): Json {
  if (answered !== true) return object
  const { status: _, metadata, ...rest } = object
  const { resourceVersion: _version, managedFields: _fields, ...kept } = metadata
  return { ...rest, metadata: kept }
}

/** @throws AssertionError where protobuf says something else than JSON. */
export async function assertProtobuf(api: Api, where: Where, one: Json): Promise<void> {
  const { sample, path, mine, since } = where
  const schemas = schemaOf(sample)
  const headers = { accept: `${protobuf},application/json` }
  const own = `${path}/${one.metadata.name}`
  const [read, list] = [await api.call('GET', own, { headers }), await api.call('GET', `${path}?${mine}`, { headers })]
  for (const reply of [read, list]) assert.equal(reply.headers['content-type'], protobuf)
  assert.deepEqual(said(sample, plain(schemas.one, readEnvelope(read.bytes))), said(sample, await api.get(own)))
  assert.deepEqual(
    plain(schemas.list, readEnvelope(list.bytes)).items.map((item: Json) => said(sample, item)),
    (await api.items(`${path}?${mine}`)).map(item => said(sample, item)),
  )
  const event = decodeWatchEvent(await firstFrame(api, `${path}?${mine}&resourceVersion=${since}`))
  assert.equal(event.type, 'MODIFIED')
  assert.equal(plain(schemas.one, event.object).metadata.uid, one.metadata.uid)
  await assertCreates(api, where, one)
}
