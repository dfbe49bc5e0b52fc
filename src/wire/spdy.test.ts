import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { test } from 'node:test'
import { inflateSync } from 'node:zlib'
import { headerDictionary } from './spdy-dictionary.ts'
import { headerBlock, makeParser, SpdyConnection } from './spdy.ts'

test('a header block is what zlib reads with the dictionary', () => {
  const block = headerBlock({ streamtype: 'stdin' }, true)
  const raw = inflateSync(block, { dictionary: headerDictionary, finishFlush: 2 })
  assert.equal(raw.toString('latin1'), '\0\0\0\x01\0\0\0\x0astreamtype\0\0\0\x05stdin')
})

test('frames come out whole however the bytes arrive', () => {
  const frame = Buffer.concat([Buffer.from([0, 0, 0, 3, 1, 0, 0, 2]), Buffer.from('hi')])
  const ping = Buffer.from([0x80, 3, 0, 6, 0, 0, 0, 4, 0, 0, 0, 2])
  const bytes = Buffer.concat([frame, ping, frame])
  for (let size = 1; size <= bytes.length; size++) {
    const parse = makeParser()
    const frames = []
    for (let at = 0; at < bytes.length; at += size) frames.push(...parse(bytes.subarray(at, at + size)))
    assert.deepEqual(
      frames.map(({ type, stream, flags, body }) => [type, stream, flags, body.toString('hex')]),
      [
        [undefined, 3, 1, '6869'],
        [6, 0, 0, '00000002'],
        [undefined, 3, 1, '6869'],
      ],
    )
  }
})

test('a frame beyond the limit is refused', () => {
  assert.throws(() => makeParser()(Buffer.from([0, 0, 0, 1, 0, 0xff, 0xff, 0xff])), RangeError)
})

test('what a peer sends after it has ended a stream does not count', async () => {
  const reply = Buffer.from([0x80, 3, 0, 2, 0, 0, 0, 4, 0, 0, 0, 1])
  const data = (flags: number): Buffer => Buffer.from([0, 0, 0, 1, flags, 0, 0, 1, 0x61])
  const server = createServer(socket => {
    socket.on('error', () => undefined)
    socket.end(
      Buffer.concat([
        reply,
        data(0),
        data(1),
        data(0),
        data(1),
        Buffer.from([0x80, 3, 0, 3, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 5]),
      ]),
    )
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  const socket = connect(address.port, '127.0.0.1')
  const connection = new SpdyConnection(socket, Buffer.alloc(0))
  const stream = await connection.open({ streamtype: 'stdout' })
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk)
  assert.equal(Buffer.concat(chunks).toString(), 'aa')
  connection.close()
  await connection.closed
  server.close()
})
