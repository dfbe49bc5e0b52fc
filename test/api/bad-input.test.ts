/** What bad input gets over HTTPS: a Status with upstream's reason and code, nothing stored, and a server that lives. */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, afterEach, before, describe, test } from 'node:test'
import { type Answered, type Sent, type Target, startTarget } from './https.ts'

const configMaps = '/api/v1/namespaces/default/configmaps'
const json = { 'content-type': 'application/json' }
const yaml = { 'content-type': 'application/yaml' }
const protobuf = { 'content-type': 'application/vnd.kubernetes.protobuf' }

describe('bad input', () => {
  let target: Target
  before(async () => void (target = await startTarget()))
  after(() => target.stop())
  afterEach(async () => {
    const { code, text } = await target.send(configMaps)
    assert.equal(code, 200, 'the server lives')
    const { items } = JSON.parse(text) as { items: { metadata: { name: string } }[] }
    assert.deepEqual(
      items.map(item => item.metadata.name).filter(name => name.startsWith('bad')),
      [],
      'nothing is stored',
    )
  })

  const post = (body: string | Uint8Array, headers: Readonly<Record<string, string>> = json, query = '') =>
    target.send(`${configMaps}${query}`, { method: 'POST', headers, body })
  const refused = (answer: Answered, code: number, reason: string, message: RegExp): void => {
    assert.equal(`${answer.code} ${answer.reason}`, `${code} ${reason}`, answer.text.slice(0, 300))
    assert.match(answer.message, message)
    const status = JSON.parse(answer.text) as { kind: string; status: string; code: number }
    assert.deepEqual([status.kind, status.status, status.code], ['Status', 'Failure', code])
  }
  const bad = (rest: string): string => `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"bad"}${rest}}`

  test('malformed bodies', async () => {
    for (const body of ['', '{', 'nonsense', '[]', '"text"', 'null', bad(',"data":{"a":"b"'), bad('} trailing')])
      refused(await post(body), 400, 'BadRequest', /./)
    for (const body of ['a: [', '\t- x', 'a: b\n c: d', '&a [*a', 'a: !!js/function "x"', '- 1'])
      refused(await post(body, yaml), 400, 'BadRequest', /./)
    for (const body of [Buffer.from('k8s\0\xff\xff\xff', 'latin1'), Buffer.from('{}')])
      refused(await post(body, protobuf), 400, 'BadRequest', /./)
    refused(await post('{}', { 'content-type': 'text/html' }), 415, 'UnsupportedMediaType', /accepted media types/)
  })

  test('unknown and repeated fields are refused when asked to', async () => {
    const strict = '?fieldValidation=Strict'
    refused(
      await post(bad(',"dota":{}'), json, strict),
      400,
      'BadRequest',
      /strict decoding error: unknown field "dota"/,
    )
    refused(await post(bad(',"data":{"a":"1","a":"2"}'), json, strict), 400, 'BadRequest', /duplicate field "data\.a"/)
    refused(
      await post('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bad}\ndata: {a: "1", a: "2"}\n', yaml, strict),
      400,
      'BadRequest',
      /a/,
    )
    refused(
      await post(bad(''), json, '?fieldValidation=Maybe'),
      422,
      'Invalid',
      /fieldValidation: Unsupported value: "Maybe"/,
    )
    const warned = await post(bad(',"dota":{}'), json, '?dryRun=All')
    assert.equal(warned.code, 201)
    assert.equal(warned.headers['warning'], '299 - "unknown field \\"dota\\""')
  })

  test('wrong types and values', async () => {
    refused(
      await post(bad(',"data":["a"]')),
      400,
      'BadRequest',
      /cannot unmarshal array into Go struct field ConfigMap\.data/,
    )
    refused(
      await post(bad(',"data":{"a":1}')),
      400,
      'BadRequest',
      /cannot unmarshal number into Go struct field ConfigMap\.data of type string/,
    )
    refused(
      await post('{"kind":"Secret","apiVersion":"v1"}'),
      400,
      'BadRequest',
      /Secret in version "v1" cannot be handled as a ConfigMap/,
    )
    refused(
      await post('{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"Bad"}}'),
      422,
      'Invalid',
      /metadata\.name: Invalid value: "Bad"/,
    )
    refused(await post('{"metadata":{}}'), 422, 'Invalid', /name or generateName is required/)
    refused(
      await post('{"metadata":{"name":"bad","namespace":"other"}}'),
      400,
      'BadRequest',
      /the namespace of the provided object does not match the namespace sent on the request/,
    )
    refused(
      await post(`{"metadata":{"name":"bad","labels":{"a b":"c"}}}`),
      422,
      'Invalid',
      /metadata\.labels: Invalid value: "a b"/,
    )
  })

  test('numbers beyond what their field holds', async () => {
    const pod = (number: string): string =>
      `{"metadata":{"name":"bad"},"spec":{"containers":[{"name":"a","image":"b"}],"activeDeadlineSeconds":${number}}}`
    const pods = '/api/v1/namespaces/default/pods'
    const sent = (number: string) => target.send(pods, { method: 'POST', headers: json, body: pod(number) })
    for (const number of ['9223372036854775808', '1e400', '-9223372036854775809', '1.5', '99999999999999999999999'])
      refused(await sent(number), 400, 'BadRequest', /cannot unmarshal number|does not fit in 64 bits/)
    const lease = await target.send('/apis/coordination.k8s.io/v1/namespaces/default/leases', {
      method: 'POST',
      headers: json,
      body: '{"metadata":{"name":"bad"},"spec":{"leaseDurationSeconds":2147483648}}',
    })
    refused(
      lease,
      400,
      'BadRequest',
      /cannot unmarshal number 2147483648 into Go struct field LeaseSpec\.spec\.leaseDurationSeconds of type int32/,
    )
  })

  test('bodies that are too large or too deep', async () => {
    refused(
      await post(bad(`,"data":{"a":"${'x'.repeat(3 * 1024 * 1024)}"}`)),
      413,
      'RequestEntityTooLarge',
      /limit is 3145728/,
    )
    refused(
      await post(bad(`,"data":{"a":"${'x'.repeat(1024 * 1024 + 1)}"}`)),
      422,
      'Invalid',
      /Too long: may not be more than 1048576 bytes/,
    )
    for (const [open, close] of [
      ['{"a":', '}'],
      ['[', ']'],
    ] as const)
      refused(await post(`${open.repeat(10_001)}1${close.repeat(10_001)}`), 400, 'BadRequest', /./)
    refused(await post(`${'['.repeat(10_001)}${']'.repeat(10_001)}`, yaml), 400, 'BadRequest', /./)
    refused(
      await post(`{"metadata":{"name":"bad","managedFields":${'['.repeat(5000)}${']'.repeat(5000)}}}`),
      400,
      'BadRequest',
      /./,
    )
    const bomb = [
      'a: &a [x,x,x,x,x,x,x,x,x]',
      ...'bcdefghij'.split('').map((name, at) => `${name}: &${name} [${`*${'abcdefghi'[at]},`.repeat(9)}]`),
    ].join('\n')
    refused(await post(bomb, yaml), 400, 'BadRequest', /./)
  })

  test('names that mean something to JavaScript', async () => {
    const data = '{"__proto__":"1","constructor":"2","toString":"3"}'
    const kept = await post(`{"metadata":{"name":"proto","labels":{"constructor":"a"}},"data":${data}}`)
    assert.equal(kept.code, 201, kept.text)
    const { text } = await target.send(`${configMaps}/proto`)
    assert.match(text, /"data":\{"__proto__":"1","constructor":"2","toString":"3"\}/)
    assert.equal(({} as Record<string, unknown>)['1'], undefined)
    refused(
      await post(bad(',"__proto__":{"a":1}'), json, '?fieldValidation=Strict'),
      400,
      'BadRequest',
      /unknown field "__proto__"/,
    )
    const patch = (type: string, body: string) =>
      target.send(`${configMaps}/proto`, { method: 'PATCH', headers: { 'content-type': type }, body })
    await patch('application/merge-patch+json', '{"__proto__":{"polluted":"yes"},"data":{"__proto__":"4"}}')
    await patch('application/json-patch+json', '[{"op":"add","path":"/__proto__/polluted","value":"yes"}]')
    await patch('application/strategic-merge-patch+json', '{"data":{"$patch":"replace","__proto__":"5"}}')
    assert.equal(Reflect.get({}, 'polluted'), undefined)
    for (const path of [
      '/apis/__proto__/v1/constructor',
      '/api/v1/namespaces/default/__proto__',
      '/api/v1/constructor',
    ])
      assert.equal((await target.send(path)).code, 404)
    await target.send(`${configMaps}/proto`, { method: 'DELETE' })
  })

  test('patches that are none', async () => {
    await post('{"metadata":{"name":"patched"}}')
    const patch = (type: string, body: string) =>
      target.send(`${configMaps}/patched`, { method: 'PATCH', headers: { 'content-type': type }, body })
    refused(await patch('application/json', '{}'), 415, 'UnsupportedMediaType', /application\/merge-patch\+json/)
    refused(await patch('application/json-patch+json', '{}'), 400, 'BadRequest', /./)
    refused(await patch('application/merge-patch+json', '['), 400, 'BadRequest', /./)
    refused(await patch('application/json-patch+json', '[{"op":"remove","path":"/data/none"}]'), 422, 'Invalid', /./)
    refused(
      await patch('application/apply-patch+yaml', '{"apiVersion":"v1","kind":"ConfigMap"}'),
      422,
      'Invalid',
      /fieldManager: Required value/,
    )
    const operations = `[${'{"op":"add","path":"/metadata/labels","value":{}},'.repeat(10_001).slice(0, -1)}]`
    refused(await patch('application/json-patch+json', operations), 413, 'RequestEntityTooLarge', /10000/)
  })

  test('paths that are not plain', async () => {
    for (const path of [
      '/api/v1/../v1/pods',
      '/api/v1/%2e%2e/pods',
      '/api/v1/namespaces/default%2Fpods',
      '/api//v1/pods',
      '/api/v1/%zz',
      '/api/v1/a%00b',
      '/api/v1/namespaces/..%5cx',
    ])
      refused(await target.send(path), 400, 'BadRequest', /./)
    refused(await target.send('/nothing/here'), 404, 'NotFound', /could not find the requested resource/)
    refused(
      await target.send('/api/v1/namespaces/default/unknown'),
      404,
      'NotFound',
      /could not find the requested resource/,
    )
    refused(
      await target.send('/api/v1/pods', { method: 'POST', headers: json, body: '{}' }),
      405,
      'MethodNotAllowed',
      /./,
    )
    refused(await target.send(configMaps, { method: 'TRACE' }), 405, 'MethodNotAllowed', /./)
    refused(await target.send(`${configMaps}?limit=x`), 400, 'BadRequest', /./)
    refused(
      await target.send(`${configMaps}?labelSelector=a%20b%20c`),
      400,
      'BadRequest',
      /unable to parse requirement|./,
    )
    refused(await target.send(`${configMaps}?fieldSelector=data.x%3D1`), 400, 'BadRequest', /field label not supported/)
    refused(await target.send(`${configMaps}?resourceVersion=x`), 400, 'BadRequest', /./)
    refused(await target.send(`${configMaps}?continue=%7B%7D&limit=1`), 400, 'BadRequest', /continue/)
    refused(
      await target.send(configMaps, { headers: { accept: 'image/png' } }),
      406,
      'NotAcceptable',
      /only the following media types/,
    )
  })

  test('without credentials: 401 and nothing more', async () => {
    const nobody = (path: string, sent: Sent = {}) => target.send(path, { ...sent, nobody: true })
    const bearer = (token: string): Sent => ({ headers: { authorization: `Bearer ${token}` } })
    const answers = [
      await nobody('/'),
      await nobody('/api'),
      await nobody('/version'),
      await nobody('/metrics'),
      await nobody('/openapi/v2'),
      await nobody('/openapi/v3'),
      await nobody(configMaps),
      await nobody('/no/such/path'),
      await nobody(configMaps, { method: 'POST', headers: json, body: bad('') }),
      await nobody('/api', bearer('x')),
      await nobody('/api', bearer('a.b.c')),
      await nobody('/api', { headers: { authorization: 'Basic YTpi' } }),
      await nobody('/api', { headers: { 'impersonate-user': 'admin', 'impersonate-group': 'system:masters' } }),
      await nobody('/api', { headers: { 'x-remote-user': 'admin', 'x-remote-group': 'system:masters' } }),
    ]
    for (const answer of answers) {
      refused(answer, 401, 'Unauthorized', /^Unauthorized$/)
      assert.equal(answer.text.trim(), answers[0]?.text.trim())
    }
    for (const path of ['/livez', '/readyz', '/healthz']) assert.equal((await nobody(path)).text, 'ok')
  })

  test('impersonation without a name is refused', async () => {
    refused(
      await target.send(configMaps, { headers: { 'impersonate-group': 'system:masters' } }),
      400,
      'BadRequest',
      /without impersonating a user/,
    )
  })

  test('plain HTTP gets nothing', async () => {
    const socket = connect(target.port, target.host)
    socket.end('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n')
    let text = ''
    socket.setEncoding('latin1').on('data', part => (text += String(part)))
    socket.on('error', () => undefined)
    await closed(socket)
    assert.doesNotMatch(text, /HTTP\/1\.1 200|ok/)
  })

  test('many slow and broken connections do not keep others from being answered', async () => {
    const slow = Array.from({ length: 50 }, () => {
      const socket = target.raw(true)
      socket.on('error', () => undefined)
      socket.write('GET /api HTTP/1.1\r\nHost: x\r\nX-Slow: ')
      return socket
    })
    const broken = target.raw()
    broken.on('error', () => undefined)
    broken.write(
      `POST ${configMaps} HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    )
    await closed(broken)
    assert.equal((await target.send('/readyz')).code, 200)
    for (const socket of slow) socket.destroy()
    const headers = target.raw()
    headers.on('error', () => undefined)
    headers.write(`GET /api HTTP/1.1\r\nHost: x\r\n${'X-Many: '.concat('y'.repeat(1000), '\r\n').repeat(200)}\r\n`)
    const text = await readAll(headers)
    assert.match(text, /^(HTTP\/1\.1 431|$)/)
  })
})

async function closed(socket: NodeJS.ReadableStream): Promise<void> {
  socket.resume()
  const { promise, resolve } = Promise.withResolvers<void>()
  socket.once('close', () => resolve())
  const timer = setTimeout(resolve, 15_000)
  await promise
  clearTimeout(timer)
}

async function readAll(socket: NodeJS.ReadableStream): Promise<string> {
  let text = ''
  socket.on('data', part => (text += String(part)))
  await closed(socket)
  return text
}
