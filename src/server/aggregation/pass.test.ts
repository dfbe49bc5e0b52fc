/** How long things may take, on real sockets and a clock that the test moves. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type IncomingMessage, type Server, type ServerResponse, createServer, request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import type { Attributes } from '#api/request.ts'
import { StatusError } from '#api/status.ts'
import { component } from '#server/authn/user.ts'
import { sendError } from '#server/http/respond.ts'
import { to } from './fixture.ts'
import type { DialParts } from './dial.ts'
import { pass } from './pass.ts'

let backend: Server
let front: Server
let answer: (request: IncomingMessage, response: ServerResponse) => void = () => undefined
let asked: Pick<Attributes, 'verb' | 'subresource'> = { verb: 'list', subresource: '' }
let running = 0
const timers = new Set<() => void>()
/** Everything that waits has waited long enough. */
const elapse = (): void => {
  for (const timer of timers) timer()
}
const portOf = (server: Server): number => {
  const place = server.address()
  return typeof place === 'object' && place !== null ? place.port : 0
}

const objects = new Map<string, object>([
  ['a/b', { metadata: { namespace: 'a', name: 'b' }, spec: { ports: [{ port: 443 }] } }],
])
const parts = (): DialParts => ({
  opener: {
    open: async (_, { method, path, headers }) =>
      httpRequest({
        host: '127.0.0.1',
        port: portOf(backend),
        method,
        path,
        agent: false,
        headers: { ...headers } as Record<string, string>,
      }),
    close: () => undefined,
  },
  directory: {
    get: (_, key) => objects.get(key) as never,
    list: () => [
      {
        metadata: { namespace: 'a', labels: { 'kubernetes.io/service-name': 'b' } },
        addressType: 'IPv4',
        endpoints: [{ addresses: ['10.0.0.1'] }],
        ports: [{ port: 1 }],
      } as never,
    ],
  },
  clock: {
    now: () => 0,
    monotonic: () => 0,
    after: (_, call) => {
      timers.add(call)
      return () => void timers.delete(call)
    },
  },
  random: () => 0,
})

before(async () => {
  backend = createServer((request, response) => answer(request, response))
  front = createServer((request, response) => {
    const attributes: Attributes = {
      resourceRequest: true, group: 'x', version: 'v1', resource: 'y', namespace: '', name: '', ...asked,
    } // prettier-ignore
    const passing = {
      user: component('jane'),
      asked: attributes,
      query: new URLSearchParams(),
      request,
      response,
      running: () => void running++,
    }
    pass(parts(), to, passing).catch((error: unknown) => {
      assert.ok(error instanceof StatusError, String(error))
      sendError(response, error)
    })
  })
  for (const server of [backend, front]) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
})
after(() => {
  for (const server of [backend, front]) {
    server.closeAllConnections()
    server.close()
  }
})

function ask(method = 'GET') {
  const asking = httpRequest({ host: '127.0.0.1', port: portOf(front), path: '/apis/x/v1/y', method, agent: false })
  asking.on('error', () => undefined)
  return asking
}

test('who never begins to answer is waited for no longer than anybody', async () => {
  const reached = Promise.withResolvers<IncomingMessage>()
  answer = request => reached.resolve(request)
  const asking = ask()
  asking.end()
  const gone = once((await reached.promise).socket, 'close')
  elapse()
  const [response] = await once(asking, 'response')
  assert.equal(response.statusCode, 504)
  await gone
  assert.equal(timers.size, 0)
})

test('an answer that never ends is cut off and looks so, unless it is meant to be long', async () => {
  answer = (_, response) => void response.write('{')
  const asking = ask()
  asking.end()
  const [response] = await once(asking, 'response')
  response.on('error', () => undefined)
  await once(response, 'data')
  const closed = Promise.withResolvers<void>()
  response.on('close', () => closed.resolve())
  elapse()
  await closed.promise
  assert.equal(response.complete, false)
  asked = { verb: 'watch', subresource: '' }
  const watching = ask()
  watching.end()
  const [events] = await once(watching, 'response')
  assert.equal(timers.size, 0)
  assert.equal(running, 1)
  events.on('error', () => undefined)
  watching.destroy()
  asked = { verb: 'list', subresource: '' }
})

test('a client that goes while it waits takes its request along', async () => {
  const reached = Promise.withResolvers<IncomingMessage>()
  answer = request => reached.resolve(request)
  const asking = ask()
  asking.end()
  const gone = once((await reached.promise).socket, 'close')
  asking.destroy()
  await gone
})

test('bodies have a limit also when nobody says how long they are', async () => {
  const broken = Promise.withResolvers<void>()
  answer = request => {
    request.on('error', () => broken.resolve())
    request.resume()
  }
  const asking = ask('POST')
  const answered = once(asking, 'response')
  const part = Buffer.alloc(1 << 20)
  for (let sent = 0; sent < 4; sent++) asking.write(part)
  const [response] = await answered
  assert.equal(response.statusCode, 413)
  await broken.promise
})

test('a body never becomes a request of its own, whatever the method and however it is sent', async () => {
  const seen: string[] = []
  answer = (request, response) => {
    let body = ''
    request.on('data', part => (body += String(part)))
    request.on('end', () => {
      seen.push(`${request.method} ${request.url} ${body.length}`)
      response.end()
    })
  }
  const hidden = 'GET /hidden HTTP/1.1\r\nhost: x\r\nx-remote-user: admin\r\n\r\n'
  const size = hidden.length
  for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS', 'POST', 'PUT'])
    for (const framing of [
      `transfer-encoding: chunked\r\n\r\n${size.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`,
      `content-length: ${size}\r\n\r\n${hidden}`,
    ]) {
      const socket = connect(portOf(front), '127.0.0.1')
      socket.write(`${method} /apis/x/v1/y HTTP/1.1\r\nhost: a\r\nconnection: close\r\n${framing}`)
      socket.resume()
      await once(socket, 'close')
      assert.deepEqual(seen.splice(0), [`${method} /apis/x/v1/y ${size}`], method)
    }
})
