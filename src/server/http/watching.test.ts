/** A watch over HTTP/1.1 with clients that do not behave: slow ones, ones that leave, ones that want the connection again. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type Server, createServer } from 'node:http'
import { type AddressInfo, type Socket, connect } from 'node:net'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Clock, systemClock } from '#base/clock.ts'
import type { Served } from '#api/kind.ts'
import type { Kept } from '#server/store/contract.ts'
import type { WatchSink } from '#server/registry/watch.ts'
import { jsonOther, streamWatch } from './watching.ts'

const served = { kind: { kind: 'Thing', group: '' }, version: { name: 'v1' } } as unknown as Served
const seen = { type: 'ADDED', kept: {} as Kept } as const

interface Stand {
  readonly server: Server
  readonly sinks: WatchSink[]
  /** Watches that are over, and what they ended with. */
  readonly over: unknown[]
  /** What was to be called after so many milliseconds. */
  readonly due: Map<number, () => void>
  readonly trouble: unknown[]
  frame: Buffer
  client(request: string): Socket
  push(): void
}

async function stand(more: { readonly bookmarks?: boolean } = {}): Promise<Stand> {
  const due = new Map<number, () => void>()
  const clock: Clock = {
    ...systemClock,
    after: (milliseconds, call) => {
      due.set(milliseconds, call)
      return () => void due.delete(milliseconds)
    },
  }
  const server = createServer((_, response) => {
    const start = (sink: WatchSink) => {
      at.sinks.push(sink)
      return Promise.resolve({ stop: () => undefined, revision: () => 7 })
    }
    const framing = { contentType: 'application/json', event: () => at.frame, other: jsonOther }
    const settings = { served, framing, clock, bookmarks: more.bookmarks ?? false, timeout: 100 }
    streamWatch(response, start, settings).then(
      () => at.over.push('end'),
      (error: unknown) => at.over.push(error),
    )
  })
  const at: Stand = {
    server,
    sinks: [],
    over: [],
    due,
    trouble: [],
    frame: Buffer.from('{"a":1}\n'),
    client: request => {
      const { port } = server.address() as AddressInfo
      const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
      socket.on('error', () => undefined)
      socket.write(request)
      return socket
    },
    push: () => {
      for (const sink of at.sinks) sink.events([seen])
    },
  }
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    // That of whoever leaves without a word.
    if (error.code !== 'ECONNRESET') at.trouble.push(error)
    socket.destroy()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  return at
}

const get = (rest = ''): string => `GET / HTTP/1.1\r\nhost: x\r\n${rest}\r\n`

async function until(what: string, is: () => boolean): Promise<void> {
  for (let tries = 0; !is(); tries++) {
    assert.ok(tries < 500, what)
    await sleep(10)
  }
}

test('a client that reads nothing is too slow at some point, and is put out where it does not even take the end', async () => {
  const at = await stand()
  const socket = at.client(get())
  socket.pause()
  await until('it began', () => at.sinks.length === 1)
  await sleep(20)
  at.frame = Buffer.alloc(1024 * 1024, 'x')
  let pushed = 0
  for (; at.over.length === 0 && pushed < 60; pushed++) {
    at.push()
    await sleep(1)
  }
  assert.deepEqual(at.over, ['end'])
  assert.ok(pushed < 40, String(pushed))
  assert.deepEqual([...at.due.keys()], [30_000])
  at.due.get(30_000)?.()
  const connections = async (): Promise<number> => {
    const { promise, resolve } = Promise.withResolvers<number>()
    at.server.getConnections((_, count) => resolve(count))
    return promise
  }
  await sleep(50)
  assert.equal(await connections(), 0)
  socket.destroy()
})

test('a client that reads again in time gets the end, and its connection is good for more', async () => {
  const at = await stand({ bookmarks: true })
  const socket = at.client(get())
  let text = ''
  socket.on('data', part => (text += String(part)))
  await until('it began', () => text.includes('\r\n\r\n') && at.sinks.length === 1)
  at.push()
  at.due.get(100_000)?.()
  await until('it is over', () => at.over.length === 1)
  await until('all came', () => text.endsWith('0\r\n\r\n'))
  assert.match(text, /\r\n8\r\n\{"a":1\}\n\r\n[0-9a-f]+\r\n\{"type":"BOOKMARK".*\n\r\n0\r\n\r\n$/)
  assert.deepEqual([...at.due.keys()], [])
  // What comes late from the watch that is over goes nowhere.
  at.push()
  text = ''
  socket.write(get('connection: close\r\n'))
  await until('the next began', () => at.sinks.length === 2)
  await sleep(10)
  at.push()
  at.due.get(100_000)?.()
  await once(socket, 'end')
  assert.match(text, /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\n8\r\n\{"a":1\}\n\r\n[0-9a-f]+\r\n\{.*\n\r\n0\r\n\r\n$/)
  socket.destroy()
})

test('one that says it will send no more, or goes in the middle of a chunk, ends its watch and troubles nobody', async () => {
  const at = await stand()
  const [half, gone, well] = [at.client(get()), at.client(get()), at.client(get())]
  let text = ''
  well.on('data', part => (text += String(part)))
  await until('they began', () => at.sinks.length === 3 && text.includes('\r\n\r\n'))
  at.frame = Buffer.alloc(3 * 1024 * 1024, 'y')
  gone.once('data', () => gone.destroy())
  // So much waits for it that it is not gone yet when more comes.
  for (let round = 0; round < 3; round++) at.push()
  half.end()
  await sleep(30)
  for (let round = 0; round < 2; round++) {
    at.push()
    await new Promise(later => setImmediate(later))
  }
  half.resume()
  await until('they are over', () => at.over.length === 2)
  await until('the third has all', () => text.length > 15 * 1024 * 1024)
  assert.deepEqual([at.over, at.trouble], [['end', 'end'], []])
  well.destroy()
})

test('HEAD has no body, and HTTP/1.0 no frames', async () => {
  const at = await stand()
  const answers: string[] = []
  for (const request of ['HEAD / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n', 'GET / HTTP/1.0\r\n\r\n']) {
    const socket = at.client(request)
    let text = ''
    socket.on('data', part => (text += String(part)))
    await until('it began', () => text.includes('\r\n\r\n'))
    at.push()
    at.due.get(100_000)?.()
    await once(socket, 'end')
    answers.push(text.slice(text.indexOf('\r\n\r\n') + 4))
    socket.destroy()
  }
  assert.deepEqual(answers, ['', '{"a":1}\n'])
})
