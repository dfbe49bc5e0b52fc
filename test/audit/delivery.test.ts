/** The webhook of a kubeconfig, over TLS: whom it believes, what it shows, what it never follows. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type Server, createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { systemClock } from '#base/clock.ts'
import { type Log, makeLog } from '#base/log.ts'
import { type KeyPair, issue, makeAuthority } from '#pki/issue.ts'
import { openAudit } from '#processes/audit.ts'

const dir = mkdtempSync(join(tmpdir(), 'audit-webhook-'))
let authority: KeyPair
let mine: KeyPair
let server: Server
let answer: (response: ServerResponse) => void
const seen: { readonly who: string; readonly token: string; readonly list: { items: { auditID: string }[] } }[] = []

async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let text = ''
  for await (const part of request) text += String(part)
  const who = String((request.socket as TLSSocket).getPeerCertificate().subject?.CN ?? '')
  seen.push({ who, token: request.headers.authorization ?? '', list: JSON.parse(text) })
  answer(response)
}

before(async () => {
  authority = await makeAuthority('sink authority', Date.now())
  mine = await issue(authority, { use: 'client', name: 'auditor' }, Date.now())
  const own = await issue(authority, { use: 'server', name: 'sink', hosts: ['127.0.0.1'] }, Date.now())
  server = createServer(
    { ...own, ca: authority.cert, requestCert: true, rejectUnauthorized: false },
    (request, response) => void take(request, response).catch(() => response.destroy()),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
after(() => {
  server.closeAllConnections()
  server.close()
})

const base64 = (text: string): string => Buffer.from(text).toString('base64')

function kubeconfig(name: string, cluster: object, user: object): string {
  const { port } = server.address() as AddressInfo
  const config = {
    clusters: [{ name: 'c', cluster: { server: `https://127.0.0.1:${port}/audit`, ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  }
  writeFileSync(join(dir, name), JSON.stringify(config))
  return join(dir, name)
}

const flagsFor = (file: string) => ({
  'audit-log-path': '',
  'audit-webhook-config-file': file,
  'audit-webhook-initial-backoff': '1ms',
  'audit-webhook-mode': 'blocking',
})

async function deliver(file: string, log: Log): Promise<string> {
  const audit = await openAudit(flagsFor(file), { dir: join(dir, 'a'), clock: systemClock, log })
  const trail = audit.open({ id: 'one', uri: '/x', agent: '', sourceIPs: () => [], attempted: () => '' })
  const to = { group: '', version: 'v1', resource: 'pods', subresource: '', namespace: 'a', name: 'b' }
  const asked = { ...to, verb: 'delete', resourceRequest: true, path: '/x' } as const
  await trail.identify({ name: 'eve', groups: [], source: 'x509' }, asked, false)
  const metrics = [...audit.metrics()].join('\n')
  await audit.close()
  return metrics
}

const lines: string[] = []
const log = makeLog(line => void lines.push(line), 'error')

test('shows its certificate and token to who must be there', async () => {
  answer = response => void response.end('{}')
  const user = { 'client-certificate-data': base64(mine.cert), 'client-key-data': base64(mine.key), token: 'let-me' }
  await deliver(kubeconfig('good', { 'certificate-authority-data': base64(authority.cert) }, user), log)
  assert.deepEqual(
    seen.map(({ who, token, list }) => [who, token, list.items[0]?.auditID]),
    [['auditor', 'Bearer let-me', 'one']],
  )
})

test('tells nobody else anything', async () => {
  seen.length = 0
  const other = await makeAuthority('other', Date.now())
  const metrics = await deliver(kubeconfig('bad', { 'certificate-authority-data': base64(other.cert) }, {}), log)
  assert.deepEqual(seen, [])
  assert.match(metrics, /apiserver_audit_error_total\{plugin="webhook"\} 1/)
})

test('follows no redirect, and reads no endless answer', async () => {
  const file = kubeconfig('lying', { 'certificate-authority-data': base64(authority.cert) }, { token: 'let-me' })
  for (const lie of [
    (response: ServerResponse) => void response.writeHead(302, { location: 'https://169.254.169.254/' }).end(),
    (response: ServerResponse) => void response.end('x'.repeat(1 << 20)),
    (response: ServerResponse) => void response.destroy(),
  ]) {
    answer = lie
    seen.length = 0
    assert.match(await deliver(file, log), /apiserver_audit_error_total\{plugin="webhook"\} 1/)
    assert.ok(seen.every(({ token }) => token === 'Bearer let-me'))
  }
  assert.doesNotMatch(lines.join(''), /let-me|xxxx/)
})

test('a configuration that would weaken it is refused', async () => {
  const ca = { 'certificate-authority-data': base64(authority.cert) }
  for (const [cluster, why] of [
    [{ ...ca, 'insecure-skip-tls-verify': true }, /insecure-skip-tls-verify is not supported/],
    [{ ...ca, server: 'http://127.0.0.1:1/' }, /must be an https URL/],
    [{ ...ca, 'proxy-url': 'http://127.0.0.1:1' }, /proxy-url are not supported/],
  ] as const) {
    const file = kubeconfig('weak', cluster, {})
    await assert.rejects(openAudit(flagsFor(file), { dir: join(dir, 'b'), clock: systemClock, log }), why)
  }
  await assert.rejects(
    openAudit(flagsFor(join(dir, 'none')), { dir: join(dir, 'b'), clock: systemClock, log }),
    /^Error: initializing audit webhook: .*none/,
  )
})
