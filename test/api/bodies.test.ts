/** Long answers: every form of a list, compressed or not, to readers that are quick, slow or gone. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { decodeProtobuf, readEnvelope } from '#codec/protobuf.ts'
import { configMaps } from '#kinds/facts/generated/refs.ts'
import { findType } from '#kinds/facts/read.ts'
import { type Answered, type Target, startTarget } from './https.ts'

const unzip = promisify(gunzip)
const count = 300
const path = '/api/v1/namespaces/default/configmaps'
const accepts = {
  json: 'application/json',
  protobuf: 'application/vnd.kubernetes.protobuf',
  table: 'application/json;as=Table;g=meta.k8s.io;v=v1',
  metadata: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
} as const
type Form = keyof typeof accepts

let target: Target
before(async () => {
  target = await startTarget()
  const text = 'a line of text that repeats itself '.repeat(60)
  for (let at = 0; at < count; at++)
    await target.cluster.client.create(configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: `m${String(at).padStart(3, '0')}`,
        namespace: 'default',
        annotations: { note: text },
        labels: { at: `l${at}` },
      },
      data: { text },
    })
})
after(() => target.stop())

const ask = (form: Form, query = '', headers: Record<string, string> = {}): Promise<Answered> =>
  target.send(`${path}?labelSelector=at${query}`, { headers: { accept: accepts[form], ...headers } })

interface Named {
  readonly metadata: { readonly name: string }
}
interface Read {
  readonly kind: string
  readonly items?: readonly Named[]
  readonly rows?: readonly { readonly object: Named }[]
}

function read(form: Form, bytes: Buffer): Read {
  if (form !== 'protobuf') return JSON.parse(bytes.toString()) as Read
  const schema = findType('core_v1.ConfigMapList')
  assert.ok(schema)
  return decodeProtobuf(schema, readEnvelope(bytes)) as unknown as Read
}

const wanted = Array.from({ length: count }, (_, at) => `m${String(at).padStart(3, '0')}`)
const namesOf = ({ items, rows }: Read): readonly string[] =>
  (items ?? rows?.map(row => row.object) ?? []).map(one => one.metadata.name)

test('every form of a list is whole, and the same when it is compressed', async () => {
  for (const form of Object.keys(accepts) as Form[]) {
    const plain = await ask(form)
    assert.equal(plain.headers['content-encoding'], undefined)
    assert.ok(plain.bytes.length > 256 * 1024, `${form}: ${plain.bytes.length}`)
    assert.deepEqual(namesOf(read(form, plain.bytes)), wanted, form)
    const zipped = await ask(form, '', { 'accept-encoding': 'gzip' })
    assert.equal(zipped.headers['content-encoding'], 'gzip', form)
    assert.equal(zipped.headers['vary'], 'Accept-Encoding')
    assert.ok(zipped.bytes.length < plain.bytes.length / 2)
    assert.deepEqual(await unzip(zipped.bytes), plain.bytes, form)
  }
})

test('small answers, and clients that do not want it, get no compression', async () => {
  for (const [query, encoding] of [
    ['&limit=3', 'gzip'],
    ['', 'gzip;q=0'],
    ['', 'br'],
    ['', 'identity'],
  ] as const) {
    const { headers, bytes } = await ask('json', query, { 'accept-encoding': encoding })
    assert.equal(headers['content-encoding'], undefined, `${query} ${encoding}`)
    assert.equal(namesOf(read('json', bytes)).length, query === '' ? count : 3)
  }
})

test('one large object is compressed too', async () => {
  const { client } = target.cluster
  await client.create(configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'large', namespace: 'default' },
    data: { text: 'x'.repeat(200_000) },
  })
  for (const accept of [accepts.json, accepts.protobuf]) {
    const plain = await target.send(`${path}/large`, { headers: { accept } })
    const zipped = await target.send(`${path}/large`, { headers: { accept, 'accept-encoding': 'gzip, deflate' } })
    assert.equal(zipped.headers['content-encoding'], 'gzip')
    assert.deepEqual(await unzip(zipped.bytes), plain.bytes)
  }
})

test('an empty list is a list', async () => {
  for (const form of Object.keys(accepts) as Form[]) {
    const { code, bytes } = await target.send('/api/v1/namespaces/default/configmaps?labelSelector=nobody', {
      headers: { accept: accepts[form], 'accept-encoding': 'gzip' },
    })
    assert.equal(code, 200)
    assert.deepEqual(namesOf(read(form, bytes)), [], form)
  }
})

test('readers that stop reading or go away spoil no answer of others', async () => {
  const sockets = await Promise.all(
    Array.from({ length: 8 }, async (_, at) => {
      const socket = target.raw()
      await new Promise(resolve => socket.once('secureConnect', resolve))
      socket.on('error', () => undefined)
      socket.write(
        `GET ${path} HTTP/1.1\r\nhost: x\r\naccept: ${at % 2 === 0 ? accepts.json : accepts.protobuf}\r\n\r\n`,
      )
      await new Promise(resolve => socket.once('data', resolve))
      socket.pause()
      return socket
    }),
  )
  const forms = Object.keys(accepts) as Form[]
  const reads = Array.from({ length: 12 }, async (_, at) => {
    const form = forms[at % forms.length] ?? 'json'
    if (at === 4) for (const socket of sockets.slice(0, 4)) socket.destroy()
    const { bytes } = await ask(form, '', at % 3 === 0 ? { 'accept-encoding': 'gzip' } : {})
    return [form, at % 3 === 0 ? await unzip(bytes) : bytes] as const
  })
  for (const [form, bytes] of await Promise.all(reads)) assert.deepEqual(namesOf(read(form, bytes)), wanted, form)
  for (const socket of sockets) socket.destroy()
})

test('a watch begins with a state that is larger than what a watcher may let wait, and goes on', async () => {
  const { client } = target.cluster
  const [many, text] = [100, 'y'.repeat(250_000)]
  for (let at = 0; at < many; at++)
    await client.create(configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: `big-${at}`, namespace: 'default', labels: { big: 'yes' } },
      data: { text },
    })
  const socket = target.raw()
  await new Promise(resolve => socket.once('secureConnect', resolve))
  socket.write(
    `GET ${path}?watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&labelSelector=big HTTP/1.1\r\nhost: x\r\n\r\n`,
  )
  let [heard, ended] = ['', false]
  socket.on('end', () => (ended = true))
  socket.on('data', (part: Buffer) => (heard += part.toString('latin1')))
  const until = async (what: RegExp): Promise<void> => {
    for (let tries = 0; !what.test(heard) && tries < 300; tries++) await new Promise(resolve => setTimeout(resolve, 50))
    assert.match(heard.slice(-5000), what)
  }
  await until(/initial-events-end/)
  assert.equal([...heard.matchAll(/"type":"ADDED"/g)].length, many)
  await client.patch(configMaps, 'default/big-7', {
    type: 'merge',
    content: { metadata: { labels: { more: 'yes' } }, data: null },
  })
  await until(/"type":"MODIFIED"/)
  assert.equal(ended, false)
  socket.destroy()
})

test('a watcher that never reads its beginning is let go, and hurts nobody', async () => {
  const socket = target.raw()
  await new Promise(resolve => socket.once('secureConnect', resolve))
  socket.pause()
  const begin = 'watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan'
  socket.write(
    `GET ${path}?${begin}&timeoutSeconds=1&labelSelector=big HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`,
  )
  await new Promise(resolve => setTimeout(resolve, 1500))
  assert.equal((await ask('json')).code, 200)
  const over = new Promise(resolve => socket.once('end', resolve))
  let heard = 0
  socket.on('data', (part: Buffer) => (heard += part.length))
  socket.resume()
  await over
  assert.ok(heard > 0 && heard < 25_000_000, String(heard))
})
