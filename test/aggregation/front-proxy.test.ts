/** Who speaks for users to this server: by the right certificate alone, and then for one user and nobody else. */
import assert from 'node:assert/strict'
import { request } from 'node:https'
import { after, before, describe, test } from 'node:test'
import { text } from 'node:stream/consumers'
import type { KObject } from '#api/metadata.ts'
import { type KeyPair, issue } from '#pki/issue.ts'
import { keysResource } from '#plane/keys.ts'
import { type Extension, flunders, noAddress, startExtension } from './extension.ts'

type Keys = KObject & { readonly data: { readonly authority: KeyPair; readonly frontProxy: KeyPair } }

describe('a server that speaks for users', { skip: noAddress }, () => {
  let other: Extension
  let authority: KeyPair
  let frontProxy: KeyPair
  before(async () => {
    other = await startExtension()
    const kept = other.wire.cluster.plane.store.snapshot(keysResource).get('cluster')
    assert.ok(kept !== undefined)
    ;({ authority, frontProxy } = (kept.object as Keys).data)
    await other.register()
  })
  after(() => other.stop())

  const review = JSON.stringify({ apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' })
  const own = '/apis/authentication.k8s.io/v1/selfsubjectreviews'

  /** Who the server takes the bearer of a certificate for. */
  async function who(pair: KeyPair, headers: Record<string, string | string[]> = {}, path = own) {
    const { url, tls } = other.wire
    const method = path === own ? 'POST' : 'GET'
    const asked = request({
      host: url.hostname,
      port: url.port,
      ca: tls.ca,
      ...pair,
      path,
      method,
      agent: false,
      headers: { ...headers, ...(method === 'POST' ? { 'content-type': 'application/json' } : {}) },
    })
    asked.end(method === 'POST' ? review : undefined)
    const { promise, resolve, reject } = Promise.withResolvers<{ code: number; body: string }>()
    asked.on(
      'response',
      answer => void text(answer).then(body => resolve({ code: answer.statusCode ?? 0, body }), reject),
    )
    asked.on('error', reject)
    const { code, body } = await promise
    return { code, user: code === 201 ? JSON.parse(body).status.userInfo : undefined, body }
  }

  const client = (by: KeyPair, name: string, groups: readonly string[] = []) =>
    issue(by, { name, groups, use: 'client' }, Date.now())

  test('names the user, with groups, uid and more', async () => {
    const pair = await client(frontProxy, 'front-proxy-client')
    const { user } = await who(pair, {
      'x-remote-user': 'jane',
      'x-remote-uid': '7',
      'x-remote-group': ['a', 'b, c'],
      'x-remote-extra-acme%2fscope': 'x',
      'x-remote-extra-__proto__': 'y',
    })
    assert.equal(user.username, 'jane')
    assert.equal(user.uid, '7')
    assert.deepEqual(user.groups, ['a', 'b, c', 'system:authenticated'])
    assert.deepEqual(user.extra['acme/scope'], ['x'])
    const nobody = await who(pair, { 'x-remote-user': 'system:anonymous', 'x-remote-group': 'system:unauthenticated' })
    assert.notEqual(nobody.code, 201)
  })

  test('is nobody itself, whatever its certificate says', async () => {
    const masters = await client(frontProxy, 'front-proxy-client', ['system:masters'])
    assert.equal((await who(masters)).code, 401)
    assert.equal((await who(masters, { 'x-remote-group': 'system:masters' })).code, 401)
    assert.deepEqual((await who(masters, { 'x-remote-user': 'jane' })).user?.groups, ['system:authenticated'])
    const admin = await client(frontProxy, 'admin', ['system:masters'])
    assert.equal((await who(admin)).code, 401)
    assert.equal((await who(admin, { 'x-remote-user': 'jane' })).code, 401)
    assert.equal((await who(masters, { 'x-remote-user': ['jane', 'admin'] })).code, 401)
  })

  test('has a certificate of the front proxy, and no other', async () => {
    const pair = await client(authority, 'front-proxy-client')
    const { user } = await who(pair, { 'x-remote-user': 'admin', 'x-remote-group': 'system:masters' })
    assert.deepEqual([user.username, user.groups], ['front-proxy-client', ['system:authenticated']])
  })

  test('is not passed on once more', async () => {
    const pair = await client(frontProxy, 'front-proxy-client')
    const { code, body } = await who(pair, { 'x-remote-user': 'x', 'x-remote-group': 'system:masters' }, flunders)
    assert.equal(code, 503)
    assert.match(body, /passed on by a server/)
  })

  test('other servers are told what to believe', async () => {
    const path = '/api/v1/namespaces/kube-system/configmaps/extension-apiserver-authentication'
    const { json } = await other.wire.call('GET', path)
    assert.equal(json.data['client-ca-file'], authority.cert)
    assert.equal(json.data['requestheader-client-ca-file'], frontProxy.cert)
    assert.equal(json.data['requestheader-allowed-names'], '["front-proxy-client"]')
    assert.equal(json.data['requestheader-username-headers'], '["X-Remote-User"]')
    const role =
      '/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system/roles/extension-apiserver-authentication-reader'
    const { json: reader } = await other.wire.call('GET', role)
    assert.deepEqual(reader.rules[0].resourceNames, ['extension-apiserver-authentication'])
  })
})
