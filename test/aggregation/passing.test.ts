/** Requests that go to somebody else's server: who is told to ask, what comes back, and what does not get through. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { after, before, beforeEach, describe, test } from 'node:test'
import { type Extension, base, flunders, group, noAddress, startExtension, until } from './extension.ts'

describe('another server', { skip: noAddress }, () => {
  let other: Extension
  before(async () => {
    other = await startExtension()
    await other.register()
  })
  after(() => other.stop())
  beforeEach(() => {
    other.answer = () => false
    other.seen.length = 0
  })

  test('is told who asks, by a server that shows the certificate for it', async () => {
    const { wire } = other
    const answer = await wire.call('GET', flunders, { headers: { 'x-custom': 'kept' } })
    assert.equal(answer.status, 200)
    assert.equal(answer.json.items.length, 2)
    const seen = other.last()
    assert.ok(seen.authorized)
    assert.equal(seen.client, 'front-proxy-client')
    assert.equal(seen.headers['x-remote-user'], 'bulwark:test')
    assert.equal(seen.headers['x-remote-group'], 'system:masters, system:authenticated')
    assert.equal(seen.raw.filter(one => one.toLowerCase() === 'x-remote-group').length, 2)
    const extra = 'x-remote-extra-authentication.kubernetes.io%2fcredential-id'
    assert.match(String(seen.headers[extra]), /^X509SHA256=/)
    assert.equal(seen.headers['x-custom'], 'kept')
    assert.equal(seen.headers.host, 'wardle.default.svc')
    assert.equal(seen.headers['x-forwarded-proto'], 'https')
  })

  test('never hears what a client says of itself, nor its credentials', async () => {
    const { wire } = other
    const rules = [{ apiGroups: [group], resources: ['flunders'], verbs: ['list'] }]
    const token = await wire.account('reader', rules)
    const headers = {
      'X-Remote-User': 'admin',
      'X-Remote-Group': 'system:masters',
      'x-remote-extra-scope': 'all',
      'X-Remote-Uid': '0',
      X_Remote_User: 'admin',
      Connection: 'x-secret, keep-alive',
      'x-secret': 'of this connection',
      'proxy-authorization': 'x',
    }
    const answer = await wire.call('GET', flunders, { token, headers })
    assert.equal(answer.status, 200)
    const seen = other.last()
    assert.equal(seen.headers['x-remote-user'], 'system:serviceaccount:default:reader')
    assert.doesNotMatch(String(seen.headers['x-remote-group']), /masters/)
    for (const name of ['authorization', 'x-remote-extra-scope', 'x_remote_user', 'x-secret', 'proxy-authorization'])
      assert.equal(seen.headers[name], undefined, name)
    assert.ok(!seen.raw.some(one => one.includes(token)))
  })

  test('is asked only what the user may ask', async () => {
    const { wire } = other
    const token = await wire.account('nobody', [])
    for (const path of [
      flunders,
      `${flunders}/one`,
      `${flunders}/one/status`,
      `${flunders}/one/sub/22/tcp`,
      `${base}/x/y/z/a/b`,
    ])
      assert.equal((await wire.call('GET', path, { token })).status, 403, path)
    assert.equal((await wire.call('GET', flunders, { token: '' })).status, 401)
    const spoofed = { 'x-remote-user': 'bulwark:test', 'x-remote-group': 'system:masters' }
    assert.equal((await wire.call('GET', flunders, { token: '', headers: spoofed })).status, 401)
    assert.equal((await wire.call('GET', flunders, { token, headers: spoofed })).status, 403)
    assert.ok(!other.seen.some(one => one.headers['x-remote-user'] !== 'system:kube-aggregator'))
  })

  test('is told whom somebody acts as', async () => {
    const headers = { 'impersonate-user': 'jane', 'impersonate-group': 'developers', 'impersonate-extra-a%2fb': 'ü' }
    const rule = { apiGroups: [group], resources: ['*'], verbs: ['*'] }
    await other.wire.call('POST', '/apis/rbac.authorization.k8s.io/v1/clusterroles', {
      body: { metadata: { name: 'fl' }, rules: [rule] },
    })
    await other.wire.call('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      body: {
        metadata: { name: 'fl' },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'fl' },
        subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'jane' }],
      },
    })
    const answer = await other.wire.call('GET', flunders, { headers })
    assert.equal(answer.status, 200, answer.text)
    const seen = other.last()
    assert.equal(seen.headers['x-remote-user'], 'jane')
    assert.equal(seen.headers['x-remote-group'], 'developers, system:authenticated')
    assert.ok(!seen.raw.some(one => one.toLowerCase().startsWith('impersonate-')))
  })

  test('gets bodies, and its answers come back as they are', async () => {
    const answer = await other.wire.call('POST', `${flunders}?dryRun=All`, { body: { hello: 'world' } })
    assert.equal(answer.status, 201)
    assert.equal(answer.text, '{"made":true}')
    assert.equal(answer.headers['x-own'], 'yes')
    assert.equal(answer.headers['access-control-allow-origin'], undefined)
    const seen = await until(
      () => other.seen.at(-1),
      one => one?.method === 'POST',
    )
    assert.equal(seen?.body, '{"hello":"world"}')
    assert.equal(seen?.url, `${flunders}?dryRun=All`)
    assert.equal((await other.wire.call('GET', `${base}/namespaces/default/others`)).text, 'nothing here')
    const head = await other.wire.call('HEAD', `${flunders}/one`)
    assert.deepEqual([head.status, head.text], [200, ''])
    const gone = await other.wire.call('DELETE', `${flunders}/one`, { body: { gracePeriodSeconds: 0 } })
    assert.equal(gone.status, 200)
    assert.equal(other.last().body, '{"gracePeriodSeconds":0}')
    const big = await other.wire.call('POST', flunders, { body: Buffer.alloc(4 << 20, 32) })
    assert.equal(big.status, 413)
  })

  test('a watch comes as it is sent, and ends there when the client goes', async () => {
    const { url, tls } = other.wire
    const gone = Promise.withResolvers<void>()
    other.answer = (request, response) => {
      if (request.url?.includes('watch') === true) response.on('close', () => gone.resolve())
      return false
    }
    const asked = httpsRequest({
      ...tls,
      host: url.hostname,
      port: url.port,
      path: `${flunders}?watch=true`,
      agent: false,
    })
    asked.end()
    const [response] = await once(asked, 'response')
    const [first] = await once(response, 'data')
    assert.equal(JSON.parse(String(first)).type, 'ADDED')
    asked.on('error', () => undefined)
    response.on('error', () => undefined)
    asked.destroy()
    await gone.promise
  })

  test('redirects are refused, promises that are broken look broken', async () => {
    other.answer = (_, response) => {
      response.writeHead(302, { location: 'https://169.254.169.254/latest' })
      response.end()
      return true
    }
    const redirected = await other.wire.call('GET', flunders)
    assert.equal(redirected.status, 502)
    assert.equal(redirected.headers.location, undefined)
    assert.match(redirected.text, /attempted to redirect/)
    other.answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
      response.write('{"items":')
      setImmediate(() => response.destroy())
      return true
    }
    await assert.rejects(other.wire.call('GET', flunders))
    other.answer = request => {
      request.socket.destroy()
      return true
    }
    const closed = await other.wire.call('GET', flunders)
    assert.equal(closed.status, 503)
    assert.match(closed.text, /^error trying to reach service: /)
    other.answer = request => {
      request.socket.end('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n')
      return true
    }
    assert.equal((await other.wire.call('GET', flunders)).status, 503)
    other.answer = request => {
      request.socket.end('SMTP ready\r\n')
      return true
    }
    assert.equal((await other.wire.call('GET', flunders)).status, 503)
    other.answer = (_, response) => {
      response.writeHead(200, {
        'content-type': 'application/json',
        'x-long': 'x'.repeat(10_000),
        connection: 'x-hop',
        'x-hop': '1',
      })
      response.end('{}')
      return true
    }
    const long = await other.wire.call('GET', flunders)
    assert.deepEqual([long.status, long.headers['x-hop']], [200, undefined])
  })

  test('a long answer is passed on no faster than it is read', async () => {
    let sent = 0
    const size = 64 << 20
    other.answer = (_, response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream' })
      const part = Buffer.alloc(1 << 20, 'x')
      const more = (): void => {
        while (sent < size) {
          sent += part.length
          if (!response.write(part)) return void response.once('drain', more)
        }
        response.end()
      }
      more()
      return true
    }
    const { url, tls } = other.wire
    const asked = httpsRequest({ ...tls, host: url.hostname, port: url.port, path: flunders, agent: false })
    asked.end()
    const [response] = await once(asked, 'response')
    response.pause()
    let before = -1
    await until(
      () => [before, (before = sent)],
      ([a, b]) => a === b,
    )
    assert.ok(sent < size, 'all of it lies somewhere')
    let read = 0
    for await (const part of response) read += part.length
    assert.equal(read, size)
  })

  test('an upgrade is joined when both have agreed', async () => {
    const { url, tls } = other.wire
    other.upgrade = (request, socket) => {
      assert.equal(request.headers['x-remote-user'], 'bulwark:test')
      assert.equal(request.headers['authorization'], undefined)
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n')
      socket.on('data', part => void socket.write(`again ${String(part)}`))
      socket.on('error', () => undefined)
    }
    const ask = (headers: Record<string, string>) => {
      const asked = httpsRequest({
        ...tls,
        host: url.hostname,
        port: url.port,
        path: `${flunders}/one/exec`,
        agent: false,
        headers: { connection: 'Upgrade', upgrade: 'echo', ...headers },
      })
      asked.end()
      return asked
    }
    const [, socket] = await once(ask({ 'x-remote-user': 'admin' }), 'upgrade')
    socket.write('hello')
    const [said] = await once(socket, 'data')
    assert.equal(String(said), 'again hello')
    socket.destroy()
    other.upgrade = (_, raw) =>
      void raw.end('HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nno')
    const [refused] = await once(ask({}), 'response')
    assert.equal(refused.statusCode, 403)
    other.upgrade = (_, raw) =>
      void raw.end('HTTP/1.1 302 Found\r\nlocation: https://127.0.0.1/\r\ncontent-length: 0\r\n\r\n')
    const [redirected] = await once(ask({}), 'response')
    assert.equal(redirected.statusCode, 502)
  })

  test('over HTTP/2 as well, also where the other server has nothing to say yet', async () => {
    const { url, tls } = other.wire
    other.answer = (request, response) => {
      if (request.url?.includes('watch') !== true) return false
      response.writeHead(200, {
        'content-type': 'application/json',
        'keep-alive': 'timeout=5',
        'set-cookie': ['a', 'b'],
      })
      response.flushHeaders()
      return true
    }
    const session = connect(url.href, tls)
    session.on('error', () => undefined)
    const watching = session.request({ ':path': `${flunders}?watch=true`, 'x-remote-user': 'admin' })
    const [headers] = await once(watching, 'response')
    assert.equal(headers[':status'], 200)
    assert.equal(headers['keep-alive'], undefined)
    assert.deepEqual(headers['set-cookie'], ['a', 'b'])
    watching.close()
    const posting = session.request({ ':path': flunders, ':method': 'POST', 'content-type': 'application/json' })
    posting.end('{"over":"two"}')
    const [posted] = await once(posting, 'response')
    assert.equal(posted[':status'], 201)
    const seen = await until(
      () => other.seen.at(-1),
      one => one?.method === 'POST',
    )
    assert.equal(seen?.body, '{"over":"two"}')
    assert.equal(seen?.headers['x-remote-user'], 'bulwark:test')
    assert.ok(!other.seen.some(one => one.headers['x-remote-user'] === 'admin'))
    session.destroy()
  })

  test('a body is as long as it says, so that none holds a request of its own', async () => {
    const { url, tls } = other.wire
    const hidden = `GET ${flunders}/hidden HTTP/1.1\r\nhost: x\r\nx-remote-user: admin\r\nx-remote-group: system:masters\r\n\r\n`
    for (const [length, body] of [
      ['5', `hello${hidden}`],
      ['5000', 'hello'],
      ['0', hidden],
    ] as const) {
      const session = connect(url.href, tls)
      session.on('error', () => undefined)
      const posting = session.request({ ':path': flunders, ':method': 'POST', 'content-length': length })
      const over = Promise.withResolvers<void>()
      posting.on('error', () => undefined)
      posting.on('close', () => over.resolve())
      posting.resume()
      posting.end(body)
      await over.promise
      session.destroy()
      await other.wire.call('GET', flunders)
    }
    assert.deepEqual(
      other.seen.filter(one => one.url.includes('hidden') || one.headers['x-remote-user'] === 'admin'),
      [],
    )
  })

  test('headers that cannot be passed on harm nobody', async () => {
    const { url, tls } = other.wire
    const session = connect(url.href, tls)
    session.on('error', () => undefined)
    const status = async (): Promise<number> => {
      const asked = session.request({ ':path': flunders })
      const found = Promise.withResolvers<number>()
      asked.on('response', headers => found.resolve(Number(headers[':status'])))
      asked.on('error', () => found.resolve(0))
      asked.on('close', () => found.resolve(0))
      asked.resume()
      return found.promise
    }
    for (const head of [
      'content-type: a\r\ncontent-type: b\r\netag: 1\r\netag: 2\r\ndate: x\r\ndate: y',
      'http2-settings: x\r\nproxy-connection: close\r\nte: gzip\r\nhost: x',
      'x-odd: \u00e4\u00ff\r\nset-cookie: a\r\nset-cookie: b',
      `${Array.from({ length: 1500 }, (_, at) => `x-${at}: y`).join('\r\n')}`,
      ':status: 200\r\n__proto__: x',
      'trailer: x\r\nconnection: content-type, x-a\r\nx-a: 1',
    ]) {
      other.answer = request => {
        request.socket.end(Buffer.from(`HTTP/1.1 200 OK\r\n${head}\r\ncontent-length: 2\r\n\r\n{}`, 'latin1'))
        return true
      }
      assert.ok([0, 200, 503].includes(await status()), head.slice(0, 100))
      assert.ok([200, 503].includes((await other.wire.call('GET', flunders)).status), head.slice(0, 100))
    }
    other.answer = () => false
    assert.equal(await status(), 200)
    session.destroy()
  })
})
