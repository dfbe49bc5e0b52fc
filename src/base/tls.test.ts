/** Every place of ours that opens or listens for TLS keeps to the one set of rules, and old peers find nothing to agree upon. */
import assert from 'node:assert/strict'
import { readFileSync, globSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { type ConnectionOptions, type TlsOptions, connect, createServer, getCiphers } from 'node:tls'
import { strictTls } from './tls.ts'

const root = join(import.meta.dirname, '..')

test('no file that makes TLS sockets does so by rules of its own', () => {
  const makes =
    /createSecureServer\(|createSecureContext\(|setSecureContext\(|from 'node:https'|from 'node:tls'|(?:Http2SessionManager|GrpcSessions)\(/
  for (const file of globSync('**/*.ts', { cwd: root })) {
    if (file.endsWith('.test.ts') || file === 'base/tls.ts') continue
    const text = readFileSync(join(root, file), 'utf8')
    assert.doesNotMatch(text, /minVersion|maxVersion|secureProtocol/, file)
    assert.doesNotMatch(text, /NODE_TLS_REJECT_UNAUTHORIZED/, file)
    // Types, and asking whether a socket is one.
    const quiet = /import (type \{[^}]*\}|\{ (TLSSocket|type \w+)(, type \w+)* \}) from 'node:(tls|https)'/g
    if (!makes.test(text.replaceAll(quiet, ''))) continue
    // Over a unix socket there is nobody in between; and some only pass on what another made.
    if (/createConnection: \(\) => connect\(/.test(text) || passing.has(file)) continue
    assert.match(text, /\.\.\.strictTls/, file)
  }
})

/** They send through an agent or options that another file made, or look at a socket that is there. */
const passing: ReadonlySet<string> = new Set([
  'server/nodes/streams.ts',
  'server/proxy/proxy.ts',
  'server/proxy/reach.ts',
  'server/usage/collect.ts',
])

test('only suites that encrypt and authenticate in one are offered, and this Node knows them', () => {
  const known = new Set(getCiphers().map(name => name.toUpperCase()))
  for (const suite of strictTls.ciphers.split(':')) {
    assert.match(suite, /GCM|POLY1305/)
    assert.match(suite, /^TLS_|^ECDHE/)
    assert.ok(known.has(suite.toUpperCase()), suite)
  }
})

/** Whether a server and a client that are set up so come to talk. Anonymous suites do: no certificate is needed. */
function talk(server: TlsOptions, client: ConnectionOptions): Promise<boolean> {
  return new Promise(resolve => {
    const listening = createServer(server, socket => socket.end())
    listening.on('tlsClientError', () => undefined)
    listening.listen(0, '127.0.0.1', () => {
      const { port } = listening.address() as AddressInfo
      const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...client })
      const done = (talked: boolean) => (): void => {
        socket.destroy()
        listening.close(() => resolve(talked))
      }
      socket.on('secureConnect', done(true))
      socket.on('error', done(false))
    })
  })
}

const psk = {
  pskCallback: () => ({ psk: Buffer.alloc(32, 1), identity: 'test' }),
  checkServerIdentity: () => undefined,
}
const serverPsk = { pskCallback: () => Buffer.alloc(32, 1), pskIdentityHint: 'test' }

test('what is set up is what is kept to: an old version or suite ends in a refusal, both ways', async () => {
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'PSK@SECLEVEL=0' } as const
  assert.ok(await talk({ ...old, ...serverPsk }, { ...old, ...psk }), 'the test itself can speak old TLS')
  const mixed = { ...strictTls, ciphers: `${strictTls.ciphers}:PSK@SECLEVEL=0` }
  assert.ok(!(await talk({ ...mixed, ...serverPsk }, { ...old, ...psk })))
  assert.ok(!(await talk({ ...old, ...serverPsk }, { ...mixed, ...psk })))
  const cbc = { maxVersion: 'TLSv1.2', ciphers: 'PSK-AES128-CBC-SHA' } as const
  assert.ok(await talk({ ...cbc, ...serverPsk }, { ...cbc, ...psk }))
  assert.ok(!(await talk({ ...strictTls, ...serverPsk }, { ...cbc, ...psk })))
  assert.ok(!(await talk({ ...cbc, ...serverPsk }, { ...strictTls, ...psk })))
})
