/** Where calls may lead, on real sockets. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type Server, createServer } from 'node:net'
import { after, before, test } from 'node:test'
import { isReserved, namesLoopback } from './address.ts'
import { CallError, describe } from './failure.ts'
import { type Destination, makeCaller } from './https.ts'

const caller = makeCaller()
let silent: Server
let port = 0

before(async () => {
  // Accepts, and never says a word.
  silent = createServer(socket => socket.on('error', () => undefined))
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const address = silent.address()
  port = typeof address === 'object' && address !== null ? address.port : 0
})
after(() => {
  caller.close()
  silent.close()
})

async function told(destination: Destination, signal = new AbortController().signal): Promise<string> {
  try {
    await caller.post(destination, { body: '', headers: {}, limit: 10, signal })
    return 'answered'
  } catch (error) {
    assert.ok(error instanceof CallError)
    return error.message
  }
}

test('addresses that only this machine has are known in every form', () => {
  for (const address of [
    '127.0.0.1',
    '127.9.9.9',
    '169.254.169.254',
    '0.0.0.0',
    '224.0.0.1',
    '::1',
    '::',
    'fe80::1',
    '::ffff:127.0.0.1',
    '::ffff:169.254.169.254',
    'fd00:ec2::254',
    '100.100.100.200',
    '168.63.129.16',
    'no address',
    '',
  ])
    assert.ok(isReserved(address), address)
  for (const address of ['10.0.0.1', '8.8.8.8', '192.168.1.1', 'fd00::1', '2001:db8::1', '::ffff:10.0.0.1'])
    assert.ok(!isReserved(address), address)
  assert.ok(namesLoopback('localhost') && namesLoopback('a.localhost') && !namesLoopback('localhost.example.com'))
})

test('an endpoint is never an address that only this machine has', async () => {
  const url = new URL('https://hook.default.svc')
  for (const host of ['127.0.0.1', '::1', '169.254.169.254', '::ffff:127.0.0.1', 'localhost', 'a.localhost', ''])
    assert.match(await told({ url, address: { host, port: 443 } }), /an endpoint may not be such an address$/)
})

test('a name that leads to where only this machine gets is not followed, unless it says so itself', async () => {
  const leading = (...addresses: readonly string[]) =>
    makeCaller((_, __, callback) =>
      callback(
        null,
        addresses.map(address => ({ address, family: 4 })),
      ),
    )
  const ask = async (host: string, ...addresses: readonly string[]): Promise<string> => {
    const led = leading(...addresses)
    const signal = AbortSignal.timeout(5000)
    const failed = await led
      .post({ url: new URL(`https://${host}:1`) }, { body: '', headers: {}, limit: 10, signal })
      .catch((error: unknown) => error)
    led.close()
    return failed instanceof CallError ? failed.message : 'answered'
  }
  for (const addresses of [['127.0.0.1'], ['169.254.169.254'], ['10.0.0.1', '127.0.0.1']])
    assert.match(await ask('hooks.example.com', ...addresses), /leads to an address that may not be called$/)
  assert.match(await ask('localhost', '127.0.0.1'), /connection refused$/)
})

test('only https, only authorities that can be read', async () => {
  assert.equal(await told({ url: new URL('http://127.0.0.1') }), 'the only scheme that is called is https')
  assert.match(await told({ url: new URL('https://127.0.0.1'), ca: 'nonsense' }), /unable to load root certificates/)
})

test('a call ends when its time is over, also within the handshake', async () => {
  const stop = new AbortController()
  silent.once('connection', () => stop.abort())
  assert.equal(await told({ url: new URL(`https://127.0.0.1:${port}`) }, stop.signal), 'context deadline exceeded')
  assert.equal(await told({ url: new URL(`https://127.0.0.1:${port}`) }, stop.signal), 'context deadline exceeded')
})

test('failures are told in words that are known', () => {
  const coded = (code: string): Error => Object.assign(new Error('x'), { code })
  assert.equal(describe(coded('ENOTFOUND'), 'a.b:443'), 'dial tcp: lookup a.b: no such host')
  assert.equal(describe(coded('ECONNRESET'), 'a:1'), 'EOF')
  assert.equal(describe(coded('EPROTO'), 'a:1'), 'http: server gave HTTP response to HTTPS client')
  assert.match(describe(coded('HPE_INVALID_CONSTANT'), 'a:1'), /^net\/http: malformed HTTP response/)
  assert.match(describe(coded('CERT_HAS_EXPIRED'), 'a:1'), /certificate has expired or is not yet valid$/)
})
