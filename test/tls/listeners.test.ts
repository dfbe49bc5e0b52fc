/** Each listener of ours before a client, and each client of ours before a server, that only know how things were done. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer as createHttps } from 'node:https'
import { createSecureServer } from 'node:http2'
import { after, before, test } from 'node:test'
import { networkInterfaces } from 'node:os'
import { type ConnectionOptions, type SecureVersion, connect } from 'node:tls'
import { httpsTransport } from '#client/https.ts'
import { startNodeServer, type NodeServer } from '#node/server/server.ts'
import { type KeyPair, issue, makeAuthority } from '#pki/issue.ts'
import { EtcdClient } from '#server/store/etcd/client.ts'
import { startCluster } from '#testing/startCluster.ts'
import { makeCaller } from '#wire/https.ts'
import { makeOpener } from '#wire/mutual.ts'

/** Suites without AEAD, for ECDSA certificates as ours are. */
const oldSuites = 'ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA384:@SECLEVEL=0'
type Old = Pick<ConnectionOptions, 'minVersion' | 'maxVersion' | 'ciphers'>
const oldClients: readonly Old[] = [
  { minVersion: 'TLSv1', maxVersion: 'TLSv1', ciphers: oldSuites },
  { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: oldSuites },
  { maxVersion: 'TLSv1.2', ciphers: oldSuites },
]

let authority: KeyPair
let pair: KeyPair
let cluster: Awaited<ReturnType<typeof startCluster>>
let node: NodeServer
let apiPort = 0
before(async () => {
  authority = await makeAuthority('test', Date.now())
  pair = await issue(authority, { use: 'server', name: 'localhost', hosts: ['127.0.0.1', 'localhost'] }, Date.now())
  cluster = await startCluster({ controllers: false })
  const [, port = ''] = /server: https:\/\/127\.0\.0\.1:(\d+)/.exec(await cluster.kubeConfig()) ?? []
  apiPort = Number(port)
  const parts = { nodeName: 'n', host: '127.0.0.1', port: 0, tls: { ...pair, clientCA: authority.cert } }
  node = await startNodeServer({ ...parts, authorize: () => Promise.resolve(false) } as never)
})
after(async () => {
  await node.close()
  await cluster.stop()
})

/** @returns the version that was agreed upon, or undefined */
async function hello(port: number, options: ConnectionOptions): Promise<string | undefined> {
  const client = await issue(authority, { use: 'client', name: 'c' }, Date.now())
  return new Promise(resolve => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...client, ...options })
    socket.on('secureConnect', () => {
      resolve(socket.getProtocol() ?? undefined)
      socket.destroy()
    })
    socket.on('error', () => resolve(undefined))
  })
}

test('the API, with clients and front proxies, and the node answer no old client', async () => {
  for (const [what, port] of [
    ['API', apiPort],
    ['node', node.port],
  ] as const) {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const satisfies readonly SecureVersion[])
      assert.equal(await hello(port, { maxVersion }), maxVersion, what)
    for (const options of oldClients)
      assert.equal(await hello(port, options), undefined, `${what} ${options.maxVersion}`)
  }
})

/** A server whose certificate is as it should be, and whose TLS is not. */
async function oldServer(options: Old, h2 = false): Promise<{ readonly port: number; close(): void }> {
  const settings = { ...pair, minVersion: 'TLSv1', ...options } as const
  const server = h2
    ? createSecureServer(settings, (_, response) => response.end())
    : createHttps(settings, (_, response) => response.end('{}'))
  server.on('tlsClientError', () => undefined)
  server.listen(0, '0.0.0.0')
  await once(server, 'listening')
  const address = server.address()
  return { port: typeof address === 'object' ? (address?.port ?? 0) : 0, close: () => void server.close() }
}

/** Servers that the API is led to are never on loopback. */
const outside = Object.values(networkInterfaces())
  .flatMap(list => list ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address

const handshake = /gave HTTP response|handshake|alert|protocol version|EPROTO|unsupported|no ciphers|TLS|ssl/i

/** Where a webhook and an aggregated API would lead us. */
async function led(port: number, host: string): Promise<void> {
  const caller = makeCaller()
  const to = { url: new URL(`https://localhost:${port}`), address: { host, port }, ca: authority.cert }
  const signal = AbortSignal.timeout(10_000)
  await assert.rejects(caller.post(to, { body: '', headers: {}, limit: 100, signal }), handshake)
  caller.close()
  const opener = makeOpener(() => issue(authority, { use: 'client', name: 'front-proxy-client' }, Date.now()))
  const backend = { name: 'localhost', host, port, ca: authority.cert }
  const request = await opener.open(backend, { method: 'GET', path: '/', headers: {} })
  request.end()
  await assert.rejects(once(request, 'response'), handshake)
  opener.close()
}

test('nothing of ours speaks to an old server: API clients, webhooks, aggregated servers, etcd', async () => {
  for (const options of oldClients) {
    const server = await oldServer(options)
    const url = `https://localhost:${server.port}`
    const client = httpsTransport({ server: url, authority: authority.cert, identity: () => ({}), userAgent: 'test' })
    await assert.rejects(
      client.send({ verb: 'get', group: '', version: 'v1', resource: 'pods', name: 'a', namespace: 'b' }),
      handshake,
    )
    client.close()
    if (outside !== undefined) await led(server.port, outside)
    server.close()
    const etcd = await oldServer(options, true)
    const endpoints = [`https://127.0.0.1:${etcd.port}`]
    const store = new EtcdClient({ endpoints, ca: authority.cert })
    await assert.rejects(
      store.ask((peer, more) => peer.kv.range({ key: new Uint8Array([1]) }, { ...more, timeoutMs: 3000 })),
      handshake,
    )
    store.close()
    etcd.close()
  }
})

test('what is refused above is answered when it is new enough: the refusals come from TLS alone', async () => {
  const server = await oldServer({ minVersion: 'TLSv1.2' })
  const url = `https://localhost:${server.port}`
  const client = httpsTransport({ server: url, authority: authority.cert, identity: () => ({}), userAgent: 'test' })
  await client.send({ verb: 'get', group: '', version: 'v1', resource: 'pods', name: 'a', namespace: 'b' })
  client.close()
  if (outside !== undefined) await assert.rejects(led(server.port, outside), { code: 'ERR_ASSERTION' })
  server.close()
})
