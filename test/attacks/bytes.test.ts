/** Paths, upgrades, redirects and texts that mean one thing to one reader and another to the next. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type FalseNode, type Siege, besiege, falseNode, must } from './siege.ts'

const core = '/api/v1/namespaces/default'
const exec = `${core}/pods/web/exec?command=id&stdout=1`

let siege: Siege
let node: FalseNode
before(async () => {
  siege = await besiege()
  node = await falseNode(siege)
  await must(siege.wire, `${core}/secrets`, { metadata: { name: 'gold' }, stringData: { key: 's3cr3t-value' } })
})
after(async () => {
  node.stop()
  await siege.stop()
})

test('a path that would lead elsewhere when it is decoded or cleaned', async () => {
  const token = await siege.wire.account('reader', [
    { apiGroups: [''], resources: ['configmaps', 'pods/proxy'], verbs: ['get'] },
  ])
  for (const path of [
    `${core}/configmaps/../secrets/gold`,
    `${core}/configmaps/%2e%2e/secrets/gold`,
    `${core}/configmaps/..%2fsecrets%2fgold`,
    `${core}/configmaps/%252e%252e%252fsecrets/gold`,
    `${core}/configmaps/..%5csecrets%5cgold`,
    `${core}/configmaps/.%2e/secrets/gold`,
    `${core}//configmaps/../secrets/gold`,
    `${core}/pods/web/proxy/../../../secrets/gold`,
    `${core}/pods/web/proxy/%2e%2e/%2e%2e/%2e%2e/secrets/gold`,
    `${core}/pods/..%2f..%2fsecrets%2fgold/proxy/x`,
    `${core}/pods/web%00/proxy/x`,
    '/healthz/../api/v1/secrets',
    '/livez/%2e%2e/metrics',
    '/apis/%2e%2e/api/v1/secrets',
  ]) {
    await siege.refused({ path, code: 400, reason: 'BadRequest', token })
    const { status, text } = await siege.wire.call('GET', path, { token: '' })
    assert.ok(status === 400 || status === 401, `${path} ${status}`)
    siege.silent(text)
  }
  assert.deepEqual(node.seen, [])
})

const upgrading = (path: string, more = ''): string =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n${more}\r\n`
const hidden = `GET ${core}/secrets/gold HTTP/1.1\r\nHost: a\r\n\r\n`

test('a request that hides behind an upgrade is nobody’s: neither the server’s nor the node’s', async () => {
  for (const answer of [
    'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n',
    'HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno',
    'HTTP/1.1 426 Upgrade Required\r\ncontent-length: 0\r\n\r\n',
  ]) {
    node.answer = answer
    node.seen.length = 0
    for (const more of ['', `Content-Length: ${hidden.length}\r\n`]) {
      const said = await siege.bytes(`${upgrading(exec, more)}${hidden}`)
      assert.equal(said.match(/HTTP\/1\.1 \d/g)?.length, 1, said)
      assert.doesNotMatch(said, /^HTTP\/1\.1 [12]/)
      siege.silent(said)
    }
    assert.ok(
      node.seen.every(one => !one.includes('secrets')),
      node.seen.join('\n'),
    )
    assert.ok(node.seen.length > 0)
  }
})

test('what cannot be upgraded is not: bytes behind it are not read as anything', async () => {
  for (const path of [`${core}/secrets`, `${core}/pods/web`, `${core}/pods/web/log`, '/healthz', '/version']) {
    const said = await siege.bytes(`${upgrading(path)}${hidden}`)
    assert.match(said, /^HTTP\/1\.1 400 /, path)
    assert.equal(said.match(/HTTP\/1\.1 \d/g)?.length, 1)
    siege.silent(said)
  }
})

test('a redirect from a node is an error, and leads nobody anywhere', async () => {
  for (const location of [
    'https://169.254.169.254/latest/meta-data',
    `https://127.0.0.1:${siege.wire.url.port}/api/v1/secrets`,
    '/exec/kube-system/x/y',
  ]) {
    node.answer = `HTTP/1.1 302 Found\r\nlocation: ${location}\r\ncontent-length: 0\r\n\r\n`
    node.seen.length = 0
    const log = await siege.wire.call('GET', `${core}/pods/web/log`)
    assert.deepEqual([log.status, log.json.reason], [500, 'InternalError'])
    assert.equal(log.headers.location, undefined)
    assert.ok(!log.text.includes(location))
    const said = await siege.bytes(upgrading(exec))
    assert.match(said, /^HTTP\/1\.1 500 /)
    assert.doesNotMatch(said, /location/i)
    assert.equal(siege.events.findLast(one => one.requestURI === exec)?.responseStatus?.code, 500)
    assert.equal(node.seen.filter(one => one.startsWith('/')).length, 2)
  }
})

// oxlint-disable-next-line no-control-regex
const moving = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/

test('texts that would move a cursor, or be a line of their own, are shown by their numbers', async () => {
  const evil = '\u009b31m\u202eowned\u0085{"level":"info"}'
  const agent = Buffer.from(evil, 'utf8').toString('latin1')
  await siege.refused({
    path: `${core}/configmaps/${encodeURIComponent(evil)}`,
    code: 400,
    reason: 'BadRequest',
    headers: { 'user-agent': agent },
  })
  const turned = await siege.wire.call('GET', `${core}/secrets/${encodeURIComponent('\u202e')}x`)
  assert.equal(turned.status, 404)
  for (const path of ['%1b%5b2J', 'a%0d%0aSet-Cookie:%20x=y', '%0a%7b%22level%22%3a%22error%22%7d'])
    await siege.refused({ path: `${core}/configmaps/${path}`, code: 400, reason: 'BadRequest' })
  const named = await siege.wire.call('POST', `${core}/configmaps`, { body: { metadata: { name: `x\u001b[2J\n` } } })
  assert.equal(named.status, 422)
  for (const text of [named.text, ...siege.log]) assert.doesNotMatch(text.trimEnd(), moving)
  for (const line of siege.log) assert.ok(JSON.parse(line).level)
  siege.silent()
})

test('keys that somebody has sent before do not become the keys of others', async () => {
  // Whatever reads JSON in this process has met these: see src/codec/json.ts.
  const key = 'k:{"containerPort":80,"protocol":"TCP"}'
  const other = JSON.stringify(key).slice(1, -1).slice(0, key.length)
  for (let times = 0; times < 3; times++) JSON.parse(JSON.stringify({ '.': {}, [other]: {} }))
  const container = { name: 'web', image: 'a', ports: [{ containerPort: 80, protocol: 'TCP' }] }
  await must(siege.wire, `${core}/pods`, { metadata: { name: 'keys' }, spec: { containers: [container] } })
  // As text: this test reads JSON with the same program.
  const { text } = await siege.wire.call('GET', `${core}/pods/keys`, { headers: { accept: 'application/yaml' } })
  assert.ok(text.includes(` ${key}:`), text)
})
