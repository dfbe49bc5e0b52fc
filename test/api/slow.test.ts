/** Clients that never finish what they say are let go. Takes a minute of waiting. */
import assert from 'node:assert/strict'
import { connect } from 'node:http2'
import { describe, test } from 'node:test'
import { configMaps } from '#kinds/facts/generated/refs.ts'
import { startTarget } from './https.ts'

describe('slow clients', { concurrency: true }, () => {
  test('headers that do not end get 408 and the connection is closed', async () => {
    const target = await startTarget()
    const socket = target.raw(true)
    const { promise, resolve } = Promise.withResolvers<void>()
    let text = ''
    socket.on('data', part => (text += String(part)))
    socket.on('error', () => undefined)
    socket.on('close', () => resolve())
    socket.write('GET /api HTTP/1.1\r\nHost: x\r\nX-Slow: ')
    const timer = setTimeout(() => socket.destroy(), 95_000)
    await promise
    clearTimeout(timer)
    await target.stop()
    assert.match(text, /^HTTP\/1\.1 408 /)
  })

  test('a body over HTTP/2 that does not end is answered 504, and nothing is made of it', async () => {
    const target = await startTarget()
    const { client } = target.cluster
    const { KubeConfig } = await import('@kubernetes/client-node')
    const config = new KubeConfig()
    config.loadFromString(await target.cluster.kubeConfig())
    const pem = (text: string | undefined): string => Buffer.from(text ?? '', 'base64').toString()
    const user = config.getCurrentUser()
    const session = connect(`https://${target.host}:${target.port}`, {
      ca: pem(config.getCurrentCluster()?.caData),
      cert: pem(user?.certData),
      key: pem(user?.keyData),
    })
    const stream = session.request({
      ':path': '/api/v1/namespaces/default/configmaps',
      ':method': 'POST',
      'content-type': 'application/json',
    })
    stream.write('{"apiVersion":"v1"')
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    stream.on('response', headers => resolve(headers[':status'] ?? 0))
    stream.on('error', reject)
    const timer = setTimeout(() => reject(new Error('no answer')), 95_000)
    assert.equal(await promise, 504)
    clearTimeout(timer)
    session.destroy()
    assert.equal((await client.list(configMaps, { namespace: 'default' })).items.length, 0)
    await target.stop()
  })
})
