/** What is shown is what runs: settings are compared with a server that is asked, not with another list. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { getCiphers } from 'node:tls'
import { test } from 'node:test'
import { cipherSuites } from '#base/tls.ts'
import type { ClusterConfig } from '../config.ts'
import { config } from '../fixture.ts'
import { layout } from '../layout.ts'
import { effectiveFlags } from './effective.ts'
import { type Component, duration, valueOf } from './flag.ts'
import { registeredName } from './tls.ts'

const shown = (component: Component, name: string, other: Partial<ClusterConfig> = {}): string | undefined =>
  valueOf(effectiveFlags({ ...config, ...other }, layout('/data/default'))[component], name)

test('the hard settings, under the names of upstream', () => {
  assert.equal(shown('kube-apiserver', 'anonymous-auth'), 'false')
  assert.equal(shown('kube-apiserver', 'authorization-mode'), 'Node,RBAC')
  assert.equal(shown('kube-apiserver', 'tls-min-version'), 'VersionTLS12')
  assert.equal(shown('kube-apiserver', 'bind-address'), '127.0.0.1,192.0.2.7')
  assert.equal(shown('kube-apiserver', 'audit-log-path'), '/data/default/audit/audit.log')
  assert.equal(shown('kube-apiserver', 'audit-log-maxage'), '30')
  assert.equal(shown('kube-apiserver', 'service-account-extend-token-expiration'), 'false')
  assert.equal(shown('kube-controller-manager', 'use-service-account-credentials'), 'true')
  assert.equal(shown('kube-controller-manager', 'cluster-signing-duration'), '8760h0m0s')
  assert.equal(shown('kubelet', 'anonymous-auth'), 'false')
  assert.equal(shown('kubelet', 'seccomp-default'), 'true')
  assert.equal(shown('kube-apiserver', 'token-auth-file'), undefined)
})

test('what is configured shows', () => {
  const plugins = { enable: ['AlwaysPullImages'], disable: ['PodSecurity'] }
  const on = shown('kube-apiserver', 'enable-admission-plugins', { plugins })?.split(',') ?? []
  assert.ok(on.includes('AlwaysPullImages') && on.includes('NodeRestriction') && !on.includes('PodSecurity'))
  assert.match(shown('kube-apiserver', 'disable-admission-plugins', { plugins }) ?? '', /PodSecurity/)
  const audit = { 'audit-log-path': '-', 'audit-log-maxage': '7' }
  assert.equal(shown('kube-apiserver', 'audit-log-path', { audit }), '-')
  assert.equal(shown('kube-apiserver', 'audit-log-maxage', { audit }), '7')
  const etcd = { endpoints: ['https://10.0.0.1:2379'], prefix: '/registry', masterKey: '/k', ca: '/ca.pem' }
  assert.equal(shown('kube-apiserver', 'etcd-cafile', { etcd }), '/ca.pem')
  assert.equal(shown('kube-apiserver', 'etcd-certfile', { etcd }), undefined)
  assert.equal(shown('kube-scheduler', 'leader-elect', { etcd }), 'true')
  const signingSeconds = 5400
  assert.equal(shown('kube-controller-manager', 'cluster-signing-duration', { signingSeconds }), '1h30m0s')
  assert.equal(shown('kubelet', 'port', { nodes: { simulated: 1 } }), undefined)
})

test('every suite is one that this runtime has, and none is of an older kind', () => {
  const known = new Set(getCiphers())
  for (const suite of cipherSuites) assert.ok(known.has(suite.toLowerCase()), suite)
  assert.ok(cipherSuites.map(registeredName).every(name => /_(GCM|CHACHA20_POLY1305)_SHA\d+$/.test(name)))
  assert.throws(() => registeredName('AES128-SHA'))
})

test('durations as Go writes them', () => {
  assert.deepEqual([60, 3600, 5, 90].map(duration), ['1m0s', '1h0m0s', '5s', '1m30s'])
})

test('an agent speaks no older TLS than it says', async () => {
  const { createServer } = await import('node:tls')
  const { connect } = await import('node:tls')
  const { nodeTls } = await import('#node/server/server.ts')
  const { issue, makeAuthority } = await import('#pki/issue.ts')
  const authority = await makeAuthority('a', Date.now())
  const pair = await issue(authority, { name: 'n', use: 'server', hosts: ['127.0.0.1'] }, Date.now())
  const server = createServer({ ...pair, ca: authority.cert, ...nodeTls }).on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  const refused = async (options: object): Promise<string> => {
    const socket = connect({ host: '127.0.0.1', port, ca: authority.cert, ...options })
    const [error] = await once(socket, 'error')
    return String(error)
  }
  assert.match(
    await refused({ maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }),
    /version|alert/i,
  )
  assert.match(await refused({ maxVersion: 'TLSv1.2', ciphers: 'ECDHE-ECDSA-AES128-SHA256' }), /handshake|alert/i)
  server.close()
})
