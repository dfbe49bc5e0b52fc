/** The bytes on the wire, as a client that reads them one by one sees them. */
import assert from 'node:assert/strict'
import { type ServerResponse, createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { test } from 'node:test'
import { writeShared } from './shared-chunk.ts'

/** What a server that answers so sends back. */
async function wire(request: string, answer: (response: ServerResponse, at: number) => void): Promise<string> {
  let count = 0
  const server = createServer((_, response) => answer(response, count++))
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const socket = connect(port, '127.0.0.1')
  socket.write(request)
  let text = ''
  for await (const data of socket) text += String(data)
  server.close()
  return text
}
const get = (rest = ''): string => `GET / HTTP/1.1\r\nhost: x\r\n${rest}\r\n`
const [hello, long] = [Buffer.from('hello\n'), Buffer.from('x'.repeat(300))]

/** The chunks of a body. */
function chunks(text: string): readonly string[] {
  const found: string[] = []
  for (let at = text.indexOf('\r\n\r\n') + 4; ;) {
    const line = text.indexOf('\r\n', at)
    const size = Number.parseInt(text.slice(at, line), 16)
    assert.equal(text.slice(line + 2 + size, line + 4 + size), '\r\n')
    if (size === 0) return found
    found.push(text.slice(line + 2, line + 2 + size))
    at = line + 4 + size
  }
}

test('chunks among those that the response writes itself, in order', async () => {
  const later = () => new Promise(resolve => setImmediate(resolve))
  const answer = async (response: ServerResponse): Promise<void> => {
    response.flushHeaders()
    await later()
    writeShared(response, hello)
    writeShared(response, hello)
    writeShared(response, Buffer.alloc(0))
    response.write('between')
    writeShared(response, long)
    await later()
    writeShared(response, long)
    response.end('last')
  }
  const text = await wire(get('connection: close\r\n'), response => void answer(response))
  assert.deepEqual(chunks(text), ['hello\n', 'hello\n', `between${String(long)}`, String(long), 'last'])
})

test('an answer that waits behind another on its connection keeps its place', async () => {
  const held: ServerResponse[] = []
  const text = await wire(get() + get('connection: close\r\n'), response => {
    held.push(response)
    if (held.length < 2) return
    const [one, two] = held
    two?.flushHeaders()
    if (two !== undefined) writeShared(two, Buffer.from('second'))
    two?.end()
    one?.flushHeaders()
    if (one !== undefined) writeShared(one, Buffer.from('first'))
    one?.end()
  })
  assert.ok(text.indexOf('first') < text.indexOf('second'))
  assert.match(text, /5\r\nfirst\r\n0\r\n\r\nHTTP[^]*6\r\nsecond\r\n0\r\n\r\n$/)
})

test('a client of HTTP/1.0 gets bytes without frames', async () => {
  const text = await wire('GET / HTTP/1.0\r\n\r\n', response => {
    response.flushHeaders()
    writeShared(response, hello)
    response.end()
  })
  assert.match(text, /\r\n\r\nhello\n$/)
})
