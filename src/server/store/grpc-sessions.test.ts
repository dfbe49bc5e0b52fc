import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { test } from 'node:test'
import { EtcdClient } from './etcd/client.ts'

// An error that nobody hears fails the test, as it ends a server.
test('who answers with something else than HTTP/2 fails the calls, and nothing more', async () => {
  for (const delay of [0, 1, 20]) {
    const server = createServer(socket => {
      socket.on('error', () => undefined)
      setTimeout(() => socket.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n'), delay)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const client = new EtcdClient({ endpoints: [`http://127.0.0.1:${port}`] })
    const call = () => client.ask(peer => peer.maintenance.status({}, { timeoutMs: 3000 }))
    for (let tries = 0; tries < 5; tries++) await assert.rejects(Promise.all([call(), call(), call()]))
    client.close()
    await new Promise(later => setTimeout(later, 30))
    server.close()
  }
})
