import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StatusError } from '#api/status.ts'
import { component } from '#server/authn/user.ts'
import { escapedKey, requestHeaders, upgradeHeaders, userHeaders } from './headers.ts'

const user = component('jane', ['a'])
const passed = (...rawHeaders: string[]) => ({ ...requestHeaders({ rawHeaders }, user) })

test('keys are escaped as upstream does it, values are bytes of UTF-8', () => {
  assert.equal(escapedKey('acme.io/scope%'), 'acme.io%2Fscope%25')
  assert.equal(escapedKey('ä b'), '%C3%A4%20b')
  const headers = userHeaders({ name: 'Jürgen', groups: ['a', 'b'], extra: { 'x/y': ['1', '2'] } })
  assert.deepEqual(
    { ...headers },
    {
      'x-remote-user': Buffer.from('Jürgen').toString('latin1'),
      'x-remote-group': ['a', 'b'],
      'x-remote-extra-x%2Fy': ['1', '2'],
    },
  )
})

test('an identity that would be a header of its own is refused', () => {
  for (const name of ['a\r\nX-Remote-Group: system:masters', 'a\n', 'a\0b', 'a\x7f'])
    assert.throws(() => userHeaders({ name, groups: [] }), StatusError)
  assert.throws(() => userHeaders({ name: 'a', groups: ['b\r'] }), StatusError)
  assert.throws(() => userHeaders({ name: 'a', groups: [], extra: { k: ['\n'] } }), StatusError)
  assert.doesNotThrow(() => userHeaders({ name: 'a\tb', groups: [], extra: { 'k\r\n': ['x'] } }))
})

test('what concerns one connection, or says who asks, is not passed on', () => {
  const headers = passed(
    'Host', 'api', 'Connection', 'close, X-Hop', 'X-Hop', '1', 'Keep-Alive', '5', 'TE', 'trailers', 'Upgrade', 'h2c',
    'Transfer-Encoding', 'chunked', 'Authorization', 'Bearer x', 'X-REMOTE-USER', 'admin', 'x_remote_group', 'x',
    'X-Remote-Extra-A', 'b', 'Impersonate-User', 'root', ':path', '/', 'Accept', 'a', 'Accept', 'b', '__proto__', 'x',
  ) // prettier-ignore
  assert.deepEqual(Object.keys(headers).sort(), [
    '__proto__',
    'accept',
    'x-forwarded-host',
    'x-forwarded-proto',
    'x-forwarded-uri',
    'x-remote-group',
    'x-remote-user',
  ])
  assert.deepEqual(headers['accept'], ['a', 'b'])
  assert.equal(headers['x-remote-user'], 'jane')
})

test('a token that travels as a protocol stays here', () => {
  const protocols = 'v5.channel.k8s.io, base64url.bearer.authorization.k8s.io.c2VjcmV0'
  assert.equal(passed('Sec-WebSocket-Protocol', protocols)['sec-websocket-protocol'], 'v5.channel.k8s.io')
  const alone = passed('Sec-WebSocket-Protocol', 'base64url.bearer.authorization.k8s.io.c2VjcmV0')
  assert.equal(alone['sec-websocket-protocol'], undefined)
  const upgrade = upgradeHeaders(
    { rawHeaders: ['Connection', 'Upgrade', 'Upgrade', 'websocket', 'Content-Length', '5'] },
    user,
  )
  assert.deepEqual([upgrade['connection'], upgrade['upgrade']], ['Upgrade', 'websocket'])
  assert.equal(upgrade['content-length'], undefined)
})
