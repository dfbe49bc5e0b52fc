/** Calls to webhooks: one name, one certificate, limits. */
import assert from 'node:assert/strict'
import { type Server, createServer } from 'node:https'
import { createServer as createPlain } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { RequestListener } from 'node:http'
import { after, before, test } from 'node:test'
import { type KeyPair, issue, makeAuthority } from '#pki/issue.ts'
import { type Call, CallFailed, call } from '#wire/call.ts'

let server: Server
let authority: KeyPair
let listener: RequestListener = (_, response) => void response.end('{}')
before(async () => {
  authority = await makeAuthority('hooks', Date.now())
  const pair = await issue(authority, { name: 'hook', use: 'server', hosts: ['hook.default.svc'] }, Date.now())
  server = createServer(pair, (request, response) => listener(request, response))
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
})
after(() => {
  server.closeAllConnections()
  server.close()
})

const to = (more: Partial<Call> = {}): Call => ({
  host: '127.0.0.1',
  port: (server.address() as AddressInfo).port,
  name: 'hook.default.svc',
  path: '/x',
  authority: authority.cert,
  body: '{"a":1}',
  limits: { time: 5000, size: 1000 },
  ...more,
})
const fails = (more: Partial<Call>, why: RegExp): Promise<void> =>
  assert.rejects(call(to(more)), error => error instanceof CallFailed && why.test(error.message))

test('asks one name, whatever the address', async () => {
  listener = (request, response) => {
    let text = ''
    request.on('data', part => (text += String(part)))
    request.on('end', () =>
      response.end(`${request.method} ${request.headers.host?.split(':')[0]}${request.url} ${text}`),
    )
  }
  assert.equal(Buffer.from(await call(to())).toString(), 'POST hook.default.svc/x {"a":1}')
  await fails({ name: 'other.default.svc' }, /not in the cert's altnames/)
  const { authority: _, ...rest } = to()
  await assert.rejects(call(rest), CallFailed)
})

test('who says nothing, too much, or something else is given up on', async () => {
  listener = () => undefined
  await fails({ limits: { time: 50, size: 1000 } }, /context deadline exceeded/)
  listener = (_, response) => void response.write('x')
  await fails({ limits: { time: 50, size: 1000 } }, /context deadline exceeded/)
  listener = (_, response) => void response.end('x'.repeat(1001))
  await fails({}, /larger than 1000 bytes/)
  listener = (_, response) => void response.writeHead(301, { location: 'https://127.0.0.1/' }).end()
  await fails({}, /status code 301/)
})

test('nothing but TLS is spoken', async () => {
  const plain = createPlain((_, response) => void response.end('{}'))
  await new Promise<void>(resolve => void plain.listen(0, '127.0.0.1', resolve))
  await fails({ port: (plain.address() as AddressInfo).port }, /./)
  plain.close()
})
