import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answerHeaders, requestHeaders, withUpgrade } from './headers.ts'

test('an answer keeps what is for the client', () => {
  const raw = [
    'Content-Type',
    'a',
    'Set-Cookie',
    '1',
    'set-cookie',
    '2',
    'Connection',
    'x',
    'X',
    '1',
    'Access-Control-Allow-Origin',
    '*',
  ]
  assert.deepEqual({ ...answerHeaders(raw) }, { 'content-type': 'a', 'set-cookie': ['1', '2'] })
})

test('a request that names two hosts is refused: each server would believe another one', () => {
  const asked = (...rawHeaders: string[]) => requestHeaders({ rawHeaders })
  assert.throws(() => asked('Host', 'a', 'HOST', 'b'), { reason: 'BadRequest' })
  assert.throws(() => asked(':authority', 'a', 'host', 'b'), { reason: 'BadRequest' })
  assert.equal(asked(':authority', 'a', 'host', 'a')['x-forwarded-host'], 'a')
})

test('what a client says of the way that its request took is put right', () => {
  const raw = ['Host', 'api', 'X-Forwarded-Host', 'evil', 'X-Forwarded-Proto', 'ftp', 'X-Forwarded-For', '10.1.1.1']
  const headers = requestHeaders({ rawHeaders: raw, url: '/a?token=b', remoteAddress: '10.0.0.9' })
  assert.deepEqual(
    { ...headers },
    {
      'x-forwarded-for': '10.1.1.1, 10.0.0.9',
      'x-forwarded-host': 'api',
      'x-forwarded-proto': 'https',
      'x-forwarded-uri': '/a',
    },
  )
})

test('an upgrade has no body', () => {
  const raw = ['Upgrade', 'websocket', 'Content-Length', '5', 'Transfer-Encoding', 'chunked']
  assert.deepEqual(
    { ...withUpgrade(requestHeaders({ rawHeaders: raw }), raw) },
    { 'x-forwarded-proto': 'https', 'x-forwarded-uri': '', connection: 'Upgrade', upgrade: 'websocket' },
  )
})
