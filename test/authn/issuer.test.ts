/** Issuers that mean harm, over real connections. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type IncomingMessage, type ServerResponse } from 'node:http'
import { type Server, createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { issue, makeAuthority } from '#pki/issue.ts'
import { type IssuerKeys, issuerKeys } from '#server/authn/oidc/keys.ts'
import { type Caller, makeCaller } from '#wire/https.ts'
import { systemClock } from '#base/clock.ts'

let server: Server
let caller: Caller
let url = ''
let ca = ''
let handler: (request: IncomingMessage, response: ServerResponse) => void = () => undefined
const asked: string[] = []

before(async () => {
  const authority = await makeAuthority('issuer-ca', Date.now())
  const serving = await issue(authority, { name: 'issuer', use: 'server', hosts: ['127.0.0.1'] }, Date.now())
  server = createServer({ cert: serving.cert, key: serving.key }, (request, response) => {
    response.on('error', () => undefined)
    asked.push(request.url ?? '')
    handler(request, response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`
  ca = authority.cert
  caller = makeCaller()
})
after(() => {
  caller.close()
  server.closeAllConnections()
  server.close()
})

/** Time runs a hundred times as fast, so that nobody waits for what takes too long. */
const hasty = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic() * 100,
  after: (milliseconds: number, call: () => void) => systemClock.after(milliseconds / 100, call),
}

const keysOf = (authority = ca): IssuerKeys =>
  issuerKeys({ issuer: { url, audiences: ['me'], certificateAuthority: authority }, caller, clock: hasty })

const document = (response: ServerResponse): void =>
  void response.end(JSON.stringify({ issuer: url, jwks_uri: `${url}/keys` }))

const fails = (keys: IssuerKeys, why: RegExp) => assert.rejects(keys.candidates('k', 'ES256'), why)

test('a set of keys of 2 GB is not read', async () => {
  let sent = 0
  handler = (request, response) => {
    if (request.url !== '/keys') return document(response)
    response.setHeader('content-length', 2 ** 31)
    const part = Buffer.alloc(64 * 1024, ' ')
    const more = (): void => {
      while (!response.destroyed && sent < 2 ** 31) {
        sent += part.length
        if (!response.write(part)) return void response.once('drain', more)
      }
    }
    more()
    return undefined
  }
  await fails(keysOf(), /the response is larger than 524288 bytes/)
  assert.ok(sent < 32 * 1024 * 1024, `${sent} bytes were sent`)
})

test('one that answers a byte at a time is given up', async () => {
  handler = (_, response) => {
    const drip = setInterval(() => response.write(' '), 5)
    response.on('close', () => clearInterval(drip))
  }
  await fails(keysOf(), /context deadline exceeded/)
})

test('a redirect leads nowhere', async () => {
  for (const location of ['http://169.254.169.254/latest/meta-data', `${url}/other`, 'file:///etc/passwd']) {
    asked.length = 0
    handler = (_, response) => void response.writeHead(302, { location }).end()
    await fails(keysOf(), /answered with the status 302/)
    assert.deepEqual(asked, ['/.well-known/openid-configuration'])
  }
})

test('what is no document, and a set that is none', async () => {
  for (const body of ['', '[]', '{', '"x"', '{"issuer":"https://other"}', `${'['.repeat(1000)}${']'.repeat(1000)}`]) {
    handler = (_, response) => void response.end(body)
    await fails(keysOf(), /oidc: /)
  }
  handler = (request, response) =>
    request.url === '/keys' ? void response.end('{"keys":{"0":1}}') : document(response)
  await fails(keysOf(), /no set of keys/)
})

test('a certificate of another authority is none of the issuer', async () => {
  const other = await makeAuthority('other-ca', Date.now())
  handler = (_, response) => document(response)
  await fails(keysOf(other.cert), /certificate signed by unknown authority/)
})
