import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseRequest } from './requestinfo.ts'

const asked = (method: string, url: string): string => {
  const { verb, resourceRequest, group, version, resource, subresource, namespace, name } = parseRequest(
    method,
    url,
  ).asked
  return resourceRequest ? [verb, group, version, namespace, resource, name, subresource].join('|') : `${verb} plain`
}

test('the parts of resource paths', () => {
  assert.equal(asked('GET', '/api/v1/pods'), 'list||v1||pods||')
  assert.equal(asked('GET', '/api/v1/namespaces/a/pods?watch=1'), 'watch||v1|a|pods||')
  assert.equal(asked('GET', '/api/v1/watch/namespaces/a/pods'), 'watch||v1|a|pods||')
  assert.equal(
    asked('PUT', '/apis/apps/v1/namespaces/a/deployments/web/scale'),
    'update|apps|v1|a|deployments|web|scale',
  )
  assert.equal(asked('DELETE', '/api/v1/namespaces/a/pods'), 'deletecollection||v1|a|pods||')
  assert.equal(asked('GET', '/api/v1/namespaces/a'), 'get||v1|a|namespaces|a|')
  assert.equal(asked('PUT', '/api/v1/namespaces/a/finalize'), 'update||v1|a|namespaces|a|finalize')
  assert.equal(asked('POST', '/api/v1/namespaces'), 'create||v1||namespaces||')
  assert.equal(asked('GET', '/healthz'), 'get plain')
  assert.equal(asked('GET', '/apis/apps/v1'), 'get plain')
})

test('exec is a create whatever the method', () => {
  for (const method of ['GET', 'POST'])
    for (const stream of ['exec', 'attach', 'portforward'])
      assert.equal(asked(method, `/api/v1/namespaces/a/pods/p/${stream}`), `create||v1|a|pods|p|${stream}`)
})

test('paths that try to be something else are refused', () => {
  for (const path of [
    '/api/v1/../secrets',
    '/api/v1/namespaces/%2e%2e/pods',
    '/api//v1/pods',
    '/api/v1/namespaces/a%2fb/pods',
    '/api/v1/pods/%zz',
    '/a\\b',
    '/api/v1/namespaces/a\u0000b/pods',
    '/apis/a%0Ab/v1/pods',
    '/api/v1/namespaces/a%C2%9Bb/pods',
  ])
    assert.throws(() => parseRequest('GET', path), { reason: 'BadRequest' }, path)
})

test('what lies below proxy stays as it was sent', () => {
  const { asked: proxied, tail } = parseRequest('GET', '/api/v1/namespaces/a/services/http:web:80/proxy/x/y%20z')
  assert.equal(proxied.subresource, 'proxy')
  assert.equal(proxied.name, 'http:web:80')
  assert.equal(tail, '/x/y%20z')
})

test('the way through a proxy is found where it is, not where something is called so', () => {
  const of = (url: string): string => {
    const { asked: proxied, tail } = parseRequest('GET', url)
    return `${proxied.resource} ${proxied.name} ${proxied.subresource} ${tail}`
  }
  assert.equal(of('/api/v1/namespaces/proxy/pods/proxy-1/proxy/x'), 'pods proxy-1 proxy /x')
  assert.equal(of('/api/v1/namespaces/a/pods/p/proxy'), 'pods p proxy ')
  assert.equal(of('/api/v1/namespaces/a/pods/p/proxy/'), 'pods p proxy /')
  assert.equal(of('/api/v1/namespaces/a/pods/p/proxy//a//%2Fb%25/proxy/'), 'pods p proxy //a//%2Fb%25/proxy/')
  assert.equal(of('/api/v1/nodes/n/proxy/pods/'), 'nodes n proxy /pods/')
  assert.equal(of('/api/v1/nodes/proxy/proxy?x=/proxy/y'), 'nodes proxy proxy ')
  for (const url of [
    '/api/v1/namespaces/a/pods/p/proxy/../../secrets',
    '/api/v1/namespaces/a/pods/p/proxy/%2E%2e/x',
    '/api/v1/namespaces/a/pods/p/proxy/.%2e',
    '/api/v1/namespaces/a/pods/p/proxy/a\\b',
    '/api/v1/namespaces/a/pods/p/proxy/a b',
    '/api/v1/namespaces/a/pods/p/proxy/\r\nx',
    '/api/v1/namespaces/a/pods/p%2fproxy/x/../y',
    '/api/v1/namespaces/a/pods//proxy/x',
    '/api/v1/namespaces/a/pods/p/log//x',
    '/apis/x/v1/namespaces/a/pods/p/proxy//x',
  ])
    assert.throws(() => parseRequest('GET', url), { reason: 'BadRequest' }, url)
})
