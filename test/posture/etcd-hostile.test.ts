/** What poses as an etcd, or an etcd that somebody took: it costs a bounded time and memory, and moves no cursor. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createHttp2 } from 'node:http2'
import { type AddressInfo, type Server, type Socket, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { connectNodeAdapter } from '@connectrpc/connect-node'
import { systemClock } from '../../src/base/clock.ts'
import { issue, makeAuthority } from '../../src/pki/issue.ts'
import { type Cluster, etcdFacts } from '../../src/posture/etcd/facts.ts'
import type { EtcdConfig } from '../../src/processes/config.ts'
import { Cluster as ClusterService, Maintenance } from '../../src/server/store/etcd/rpc.gen.ts'

const now = systemClock.now()
const dir = mkdtempSync(join(tmpdir(), 'bulwark-hostile-'))
let cluster: Cluster
let files: Pick<EtcdConfig, 'ca' | 'cert' | 'key'>
before(async () => {
  const pair = await makeAuthority('the cluster', now)
  const { cert, key } = await issue(pair, { name: 'admin', use: 'client' }, now)
  cluster = { authority: pair.cert, identity: { certificate: cert, key } }
  files = { ca: join(dir, 'ca.pem'), cert: join(dir, 'client.pem'), key: join(dir, 'client.key') }
  for (const [name, text] of [
    ['ca.pem', pair.cert],
    ['client.pem', cert],
    ['client.key', key],
  ] as const)
    writeFileSync(join(dir, name), text)
})
after(() => rmSync(dir, { recursive: true }))

async function listening(server: Server | ReturnType<typeof createHttp2>): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Whatever connects is given to `serve`. */
async function raw(serve: (socket: Socket) => void) {
  const sockets: Socket[] = []
  const server = createServer(socket => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    serve(socket)
  })
  const port = await listening(server)
  return {
    port,
    sockets,
    stop: () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

const configOf = (scheme: string, port: number): EtcdConfig => ({
  endpoints: [`${scheme}://127.0.0.1:${port}`],
  prefix: '/registry',
  masterKey: '/k',
  ...(scheme === 'https' ? files : {}),
})

async function timed<T>(work: Promise<T>): Promise<readonly [T, number]> {
  const begun = performance.now()
  return [await work, performance.now() - begun]
}

const endless = (socket: Socket, start: string): void => {
  socket.write(start)
  const more = (): void => {
    while (!socket.destroyed && socket.write('x'.repeat(64 * 1024)));
    if (!socket.destroyed) socket.once('drain', more)
  }
  more()
}

for (const [what, serve] of [
  ['never answers', () => undefined],
  ['answers with what is nothing', (socket: Socket) => socket.end('\u0000\u0001garbage\r\n\r\n')],
  ['answers with headers without end', (socket: Socket) => endless(socket, 'HTTP/1.1 200 OK\r\nx: ')],
  ['answers with a body without end', (socket: Socket) => endless(socket, 'HTTP/1.1 200 OK\r\n\r\n')],
  [
    'answers that it is elsewhere',
    (socket: Socket) => socket.end('HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n'),
  ],
] as const)
  for (const scheme of ['http', 'https'])
    test(`one that ${what}, by ${scheme}`, { timeout: 30_000 }, async () => {
      const one = await raw(serve)
      try {
        const [facts, took] = await timed(etcdFacts(configOf(scheme, one.port), cluster))
        assert.ok(took < 14_000, `${took} ms`)
        assert.equal(facts.members, undefined)
        assert.notEqual(facts.endpoints[0]?.known.outcome, 'answered')
        assert.ok(one.sockets.length < 30, `${one.sockets.length} connections`)
      } finally {
        one.stop()
      }
    })

test('one that tells of thousands of members, and of what is not theirs', { timeout: 30_000 }, async () => {
  let dialled = 0
  const peer = await raw(socket => {
    dialled++
    socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n')
  })
  let text = ''
  const members = () =>
    Array.from({ length: 200 }, (_, at) => ({
      name: `m${at}\u001b[2J${text}`,
      peerURLs: Array.from({ length: 50 }, (_, n) => `http://eve:pw@127.0.0.1:${peer.port}/\u009b${n}?q`),
      clientURLs: ['javascript:1', 'file:///etc/passwd', 'http://169.254.169.254/latest'],
    }))
  const server = createHttp2(
    connectNodeAdapter({
      routes: router => {
        router.service(ClusterService, { memberList: () => ({ members: members() }) })
        router.service(Maintenance, { status: () => ({ version: '3.6.0' }) })
      },
    }),
  )
  const port = await listening(server)
  try {
    const facts = await etcdFacts(configOf('http', port), cluster)
    assert.ok(dialled <= 50, `${dialled} dialled`)
    assert.equal(facts.members?.length, 50)
    assert.deepEqual(new Set(facts.peers.map(({ url }) => url)), new Set([`http://127.0.0.1:${peer.port}`]))
    assert.deepEqual(facts.members?.[0]?.clients, ['http://169.254.169.254'])
    text = 'x'.repeat(1 << 20)
    assert.equal((await etcdFacts(configOf('http', port), cluster)).members, undefined)
  } finally {
    server.close()
    peer.stop()
  }
})
