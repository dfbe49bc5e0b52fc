/** Through the API to what runs in pods: what they are asked, what comes back, and what is said when they cannot be reached. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { after, before, beforeEach, describe, test } from 'node:test'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { Wire } from '../api/wire.ts'
import {
  type Backend,
  address,
  endpoint,
  noAddress,
  openProxyWire,
  pods,
  runPod,
  says,
  serve,
  services,
  startBackend,
} from './backend.ts'

describe('proxy', { skip: noAddress }, () => {
  let wire: Wire
  let backend: Backend
  let secure: Backend
  const web = `${pods}/web/proxy`

  before(async () => {
    wire = await openProxyWire()
    ;[backend, secure] = await Promise.all([startBackend(), startBackend(true)])
    await runPod(wire, {
      name: 'web',
      ports: [
        { name: 'page', containerPort: backend.port },
        { name: 'tls', containerPort: secure.port },
      ],
    })
    await serve(wire, 'web', {
      ports: [
        { name: 'page', port: 80, to: backend.port },
        { name: 'tls', port: 443, to: secure.port },
      ],
      endpoints: [endpoint('web')],
    })
  })
  after(async () => {
    backend.stop()
    secure.stop()
    await wire.stop()
  })
  beforeEach(() => {
    backend.answer = () => false
    backend.seen.length = 0
  })

  const last = () => backend.seen.at(-1)
  const refusal = async (path: string) => {
    const { status, json } = await wire.call('GET', path)
    assert.equal(json.kind, 'Status')
    return [status, json.reason, json.message]
  }

  test('each way to name a pod or a service leads there', async () => {
    for (const [path, url] of [
      [`${web}/`, '/'],
      [`${pods}/web:/proxy/x`, '/x'],
      [`${pods}/web:page/proxy/x`, '/x'],
      [`${pods}/web:${backend.port}/proxy/x`, '/x'],
      [`${pods}/http:web:${backend.port}/proxy/x`, '/x'],
      [`${pods}/:web:/proxy/x`, '/x'],
      [`${pods}/https:web:${secure.port}/proxy/x`, '/x'],
      [`${pods}/https:web:tls/proxy/x`, '/x'],
      [`${services}/web:page/proxy/x`, '/x'],
      [`${services}/web:80/proxy/x`, '/x'],
      [`${services}/http:web:80/proxy/x`, '/x'],
      [`${services}/https:web:443/proxy/x`, '/x'],
      [`${services}/https%3Aweb%3Atls/proxy/x`, '/x'],
    ] as const) {
      const { status, json } = await wire.call('GET', path)
      assert.deepEqual([status, json?.url], [200, url], path)
    }
  })

  test('path and query go as they were sent', async () => {
    for (const url of ['/a%2Fb//c%20d/?q=%26&q=a+b&watch=true&timeout=1s', '/%2525', '/proxy/', '/?', "/a;b='c'"]) {
      await wire.call('GET', `${web}${url}`)
      assert.equal(last()?.url, url)
    }
  })

  test('every method, with its body', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'GET']) {
      const { status, json } = await wire.call(method, `${web}/x`, { body: 'hello' })
      assert.deepEqual([status, json.Method, json.body], [200, method, 'hello'])
    }
    const head = await wire.call('HEAD', `${web}/x`)
    assert.deepEqual([head.status, head.text, last()?.method], [200, '', 'HEAD'])
    const big = await wire.call('POST', `${web}/x`, { body: Buffer.alloc(8 << 20, 97) })
    assert.equal(big.status, 200)
    assert.equal(last()?.body.length, 8 << 20)
    const odd = await wire.call('REPORT', `${web}/x`)
    assert.deepEqual([odd.status, odd.json.reason], [405, 'MethodNotAllowed'])
    assert.equal((await wire.call('POST', `${web}/x?dryRun=All`)).json.message, 'dryRun is not supported')
  })

  test('a path without a slash leads to the one that has it, unless something is sent', async () => {
    for (const method of ['GET', 'HEAD']) {
      const { status, headers } = await wire.call(method, `${web}?a=b`)
      assert.deepEqual([status, headers.location], [301, `${web}/?a=b`])
    }
    assert.equal(backend.seen.length, 0)
    assert.equal((await wire.call('POST', `${web}?a=b`)).json.url, '/?a=b')
  })

  test('hears nothing of who asks', async () => {
    const token = await wire.account('asker', [
      { apiGroups: [''], resources: ['pods/proxy', 'services/proxy'], verbs: ['get'] },
    ])
    const headers = {
      cookie: 'a=b',
      'x-custom': 'kept',
      'X-Remote-User': 'admin',
      'x-forwarded-proto': 'gopher',
      'x-forwarded-uri': '/elsewhere',
      'x-forwarded-for': '10.9.9.9',
      connection: 'x-hop, keep-alive',
      'x-hop': '1',
      'proxy-authorization': 'x',
    }
    assert.equal((await wire.call('GET', `${web}/x?q=1`, { token, headers })).status, 200)
    const seen = last()
    assert.ok(seen)
    assert.ok(!seen.raw.some(one => one.includes(token)))
    for (const name of ['authorization', 'x-remote-user', 'x-hop', 'proxy-authorization'])
      assert.equal(seen.headers[name], undefined, name)
    assert.equal(seen.headers.cookie, 'a=b')
    assert.equal(seen.headers['x-custom'], 'kept')
    assert.equal(seen.headers.host, `${wire.url.hostname}:${wire.url.port}`)
    assert.equal(seen.headers['x-forwarded-for'], '10.9.9.9, 127.0.0.1')
    assert.equal(seen.headers['x-forwarded-proto'], 'https')
    assert.equal(seen.headers['x-forwarded-uri'], `${web}/x`)
  })

  test('links and redirects lead through the proxy, and none is followed', async () => {
    const body = '<html><a href="/rewriteme">test</a><a href="x">y</a></html>'
    const there = `<html><a href="${web}/rewriteme">test</a><a href="x">y</a></html>`
    const type = { 'content-type': 'text/html; charset=utf-8' }
    backend.answer = says(
      (_, response) => void response.writeHead(200, { ...type, 'content-length': body.length }).end(body),
    )
    assert.equal((await wire.call('GET', `${web}/`)).text, there)
    backend.answer = says(
      (_, response) => void response.writeHead(200, { ...type, 'content-encoding': 'gzip' }).end(gzipSync(body)),
    )
    assert.equal(String(gunzipSync((await wire.call('GET', `${web}/`)).bytes)), there)
    backend.answer = says(
      (_, response) => void response.writeHead(200, { ...type, 'content-encoding': 'br' }).end('odd'),
    )
    assert.equal((await wire.call('GET', `${web}/`)).text, 'odd')
    for (const [location, led] of [
      ['/login', `${web}/login`],
      [`http://${address}:${backend.port}/a?b`, `${web}/a?b`],
      ['https://elsewhere.example.com/a', 'https://elsewhere.example.com/a'],
      ['http://169.254.169.254/latest', 'http://169.254.169.254/latest'],
    ] as const) {
      backend.answer = says((_, response) => void response.writeHead(302, { location }).end())
      backend.seen.length = 0
      const { status, headers } = await wire.call('GET', `${web}/`)
      assert.deepEqual([status, headers.location, backend.seen.length], [302, led, 1])
    }
  })

  test('an answer comes as it is, but for what concerns one connection', async () => {
    backend.answer = (_, response) => {
      response.writeHead(418, {
        'x-own': 'yes',
        'set-cookie': ['a', 'b'],
        'access-control-allow-origin': '*',
        connection: 'x-hop',
        'x-hop': '1',
      })
      response.end('short')
      return true
    }
    const { status, text, headers } = await wire.call('GET', `${web}/`)
    assert.deepEqual([status, text, headers['x-own']], [418, 'short', 'yes'])
    assert.deepEqual(headers['set-cookie'], ['a', 'b'])
    assert.deepEqual([headers['access-control-allow-origin'], headers['x-hop']], [undefined, undefined])
  })

  test('what cannot be reached is told in the words that clients know', async () => {
    await runPod(wire, { name: 'deaf', ports: [{ containerPort: 1 }] })
    await runPod(wire, { name: 'new', ip: '' })
    await serve(wire, 'empty', { ports: [{ port: 80, to: 1 }], endpoints: [] })
    const away = [503, 'ServiceUnavailable']
    const reach = 'error trying to reach service: '
    assert.deepEqual(await refusal(`${pods}/deaf/proxy/`), [
      ...away,
      `${reach}dial tcp ${address}:1: connect: connection refused`,
    ])
    assert.deepEqual(await refusal(`${pods}/web:nope/proxy/`), [
      ...away,
      `${reach}dial tcp: lookup tcp/nope: unknown port`,
    ])
    assert.deepEqual(await refusal(`${pods}/web:70000/proxy/`), [
      ...away,
      `${reach}dial tcp: address ${address}:70000: invalid port`,
    ])
    assert.deepEqual(await refusal(`${pods}/new/proxy/`), [400, 'BadRequest', 'address not allowed'])
    assert.deepEqual(await refusal(`${pods}/nobody/proxy/`), [404, 'NotFound', 'pods "nobody" not found'])
    assert.deepEqual(await refusal(`${pods}/ftp:web:80/proxy/`), [
      400,
      'BadRequest',
      'invalid pod request "ftp:web:80"',
    ])
    assert.deepEqual(await refusal(`${services}/a:b:c:d/proxy/`), [
      400,
      'BadRequest',
      'invalid service request "a:b:c:d"',
    ])
    assert.deepEqual(await refusal(`/api/v1/nodes/:/proxy/`), [400, 'BadRequest', 'invalid node request ":"'])
    assert.deepEqual(await refusal(`${services}/nobody/proxy/`), [404, 'NotFound', 'endpoints "nobody" not found'])
    assert.deepEqual(await refusal(`${services}/nobody:80/proxy/`), [404, 'NotFound', 'services "nobody" not found'])
    assert.deepEqual(await refusal(`${services}/web:81/proxy/`), [
      ...away,
      'no service port 81 found for service "web"',
    ])
    assert.deepEqual(await refusal(`${services}/web/proxy/`), [...away, 'no endpoints available for service "web"'])
    assert.deepEqual(await refusal(`${services}/empty:80/proxy/`), [
      ...away,
      'no endpoints available for service "empty:80"',
    ])
    assert.deepEqual(await refusal(`/api/v1/nodes/nobody/proxy/`), [404, 'NotFound', 'nodes "nobody" not found'])
    backend.answer = says(request => void request.socket.destroy())
    assert.deepEqual(await refusal(`${web}/`), [...away, `${reach}EOF`])
    backend.answer = says(request => void request.socket.end('SMTP ready\r\n'))
    const [status] = await refusal(`${web}/`)
    assert.equal(status, 503)
  })

  const asked = (path: string, headers: Record<string, string> = {}) => {
    const sent = httpsRequest({
      ...wire.tls, host: wire.url.hostname, port: wire.url.port, path, agent: false,
      headers: { connection: 'Upgrade', upgrade: 'echo', ...headers },
    }) // prettier-ignore
    sent.end()
    return sent
  }

  test('an upgrade is joined when the other side agrees, through pods and services', async () => {
    backend.upgrade = (request, socket) => {
      socket.on('error', () => undefined)
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: echo\r\n\r\n`)
      socket.on('data', part => void socket.write(`${request.url} ${String(part)}`))
    }
    for (const path of [`${web}/ws?a=b`, `${services}/web:80/proxy/ws?a=b`]) {
      const [, socket] = await once(asked(path), 'upgrade')
      socket.write('hello')
      const [said] = await once(socket, 'data')
      assert.equal(String(said), '/ws?a=b hello')
      socket.destroy()
    }
  })

  test('an upgrade that is not agreed to is none', async () => {
    const answered = async (raw: string, headers?: Record<string, string>) => {
      backend.upgrade = (_, socket) => void socket.end(raw)
      const [response] = await once(asked(`${web}/ws`, headers), 'response')
      let text = ''
      for await (const part of response) text += String(part)
      return [response.statusCode, text]
    }
    assert.deepEqual(await answered('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno'), [403, 'no'])
    for (const code of ['200 OK', '302 Found']) {
      const [status, text] = await answered(`HTTP/1.1 ${code}\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n`)
      assert.equal(status, 500)
      assert.match(String(text), /invalid upgrade response: status code [23]0[02]/)
    }
    backend.seen.length = 0
    for (const upgrade of ['h2c', 'websocket, h2c', 'HTTP/2.0', 'TLS/1.2'])
      assert.equal((await answered('', { upgrade }))[0], 400)
    assert.equal(backend.seen.length, 0)
  })

  test('over HTTP/2 as well', async () => {
    const session = connect(wire.url.href, wire.tls)
    const post = session.request({ ':path': `${web}/two`, ':method': 'POST' })
    post.end('two')
    const [headers] = await once(post, 'response')
    assert.equal(headers[':status'], 200)
    assert.deepEqual([last()?.url, last()?.body, last()?.headers.host], ['/two', 'two', wire.url.host])
    session.destroy()
  })
})
