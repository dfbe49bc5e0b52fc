/** OpenAPI over HTTPS: negotiation, entity tags, hashed addresses. */
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Target, startTarget } from './https.ts'

describe('OpenAPI over HTTPS', () => {
  let target: Target
  before(async () => void (target = await startTarget()))
  after(() => target.stop())

  test('the index names each version by the hash of its document', async () => {
    const { paths } = JSON.parse((await target.send('/openapi/v3')).text) as {
      paths: Record<string, { serverRelativeURL: string }>
    }
    assert.ok(Object.keys(paths).includes('api/v1'))
    const url = paths['apis/apps/v1']?.serverRelativeURL ?? ''
    assert.match(url, /^\/openapi\/v3\/apis\/apps\/v1\?hash=[0-9A-F]{128}$/)
    const document = await target.send(url)
    assert.equal(document.headers['content-type'], 'application/json')
    assert.match(document.headers['cache-control'] ?? '', /immutable/)
    assert.equal((JSON.parse(document.text) as { openapi: string }).openapi, '3.0.0')
    const old = await target.send('/openapi/v3/apis/apps/v1?hash=OLD')
    assert.equal(old.code, 301)
    assert.equal(old.headers.location, url)
    assert.equal((await target.send('/openapi/v3/apis/nothing/v1')).code, 404)
  })

  test('a document that the client has is not sent again', async () => {
    const { etag = '' } = (await target.send('/openapi/v2')).headers
    const again = await target.send('/openapi/v2', { headers: { 'if-none-match': etag } })
    assert.deepEqual([again.code, again.text], [304, ''])
    assert.equal((await target.send('/openapi/v2', { headers: { 'if-none-match': '"x"' } })).code, 200)
  })

  test('version 2 in protobuf has a media type that clients can parse', async () => {
    const accept = 'application/com.github.proto-openapi.spec.v2@v1.0+protobuf'
    const { code, headers } = await target.send('/openapi/v2', { headers: { accept, 'accept-encoding': 'gzip' } })
    assert.equal(code, 200)
    assert.equal(headers['content-type'], 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf')
    assert.equal(headers['content-encoding'], 'gzip')
    assert.equal((await target.send('/openapi/v2', { headers: { accept: 'image/png' } })).code, 406)
    assert.equal((await target.send('/openapi/v2', { nobody: true })).code, 401)
  })
})
