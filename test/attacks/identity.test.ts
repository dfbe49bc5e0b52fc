/** Being somebody else: by headers, by certificates that one asks for, by what other servers are believed. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type Siege, besiege, must } from './siege.ts'

const gold = '/api/v1/namespaces/default/secrets/gold'
const csrs = '/apis/certificates.k8s.io/v1/certificatesigningrequests'

let siege: Siege
let token = ''
before(async () => {
  siege = await besiege()
  const stringData = { key: 's3cr3t-value' }
  await must(siege.wire, '/api/v1/namespaces/default/secrets', { metadata: { name: 'gold' }, stringData })
  token = await siege.wire.account(
    'plain',
    [
      { apiGroups: [''], resources: ['configmaps'], verbs: ['get'] },
      { apiGroups: ['certificates.k8s.io'], resources: ['*'], verbs: ['create', 'update', 'patch'] },
    ],
    true,
  )
  siege.secrets.push(token)
})
after(() => siege.stop())

test('headers of a front proxy that nobody vouches for', async () => {
  const spoofs: readonly Record<string, string>[] = [
    { 'X-Remote-User': 'admin', 'X-Remote-Group': 'system:masters' },
    { 'x-remote-user': 'system:serviceaccount:kube-system:generic-garbage-collector' },
    { X_Remote_User: 'admin', X_Remote_Group: 'system:masters' },
    { 'X-Remote-User': 'admin', 'X-Remote-Extra-Authentication.Kubernetes.Io%2fCredential-Id': 'x' },
    { 'X-Forwarded-User': 'admin', 'X-Forwarded-For': '127.0.0.1', 'X-Real-Ip': '127.0.0.1' },
    {
      'X-Forwarded-Client-Cert': 'Subject="CN=admin,O=system:masters"',
      'X-Client-Cert': 'x',
      'SSL-Client-Verify': 'SUCCESS',
    },
  ]
  for (const headers of spoofs) {
    await siege.refused({ path: gold, code: 401, reason: 'Unauthorized', token: '', headers })
    const { json } = await siege.refused({ path: gold, code: 403, reason: 'Forbidden', token, headers })
    assert.match(json.message, /^secrets "gold" is forbidden: User "system:serviceaccount:default:plain" cannot get/)
  }
})

test('impersonation without the right to it, of each part', async () => {
  const user = { 'Impersonate-User': 'admin' }
  for (const headers of [
    user,
    { ...user, 'Impersonate-Group': 'system:masters' },
    { 'Impersonate-User': 'system:serviceaccount:default:plain', 'Impersonate-Group': 'system:masters' },
    { 'Impersonate-User': 'system:serviceaccount:kube-system:x' },
    { ...user, 'Impersonate-Uid': '0' },
    { ...user, 'Impersonate-Extra-Scopes': 'all' },
    { 'Impersonate-User': 'system:node:n1', 'Impersonate-Group': 'system:nodes' },
  ] as readonly Record<string, string>[]) {
    const { json } = await siege.refused({ path: gold, code: 403, reason: 'Forbidden', token, headers })
    assert.match(json.message, / is forbidden: User "system:serviceaccount:default:plain" cannot impersonate resource /)
  }
  // Without a name it is nobody's: never quietly one's own.
  for (const headers of [
    { 'Impersonate-Group': 'system:masters' },
    { 'Impersonate-Extra-A': 'b' },
    { 'Impersonate-Uid': '0' },
  ]) {
    const reply = await siege.wire.call('GET', gold, { token, headers: { ...headers } as Record<string, string> })
    assert.ok(reply.status >= 400, reply.text)
    siege.silent(reply.text)
  }
})

/** A request of a certificate for these names, as a client makes it. */
function request(subject: string): string {
  const dir = mkdtempSync(join(tmpdir(), 'bw-csr-'))
  const [key, out] = [join(dir, 'key'), join(dir, 'csr')]
  try {
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    execFileSync('openssl', ['req', '-new', ...curve, '-keyout', key, '-out', out, '-subj', subject], {
      stdio: 'ignore',
    })
    return readFileSync(out).toString('base64')
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

const csr = (name: string, subject: string, more: object = {}): object => ({
  metadata: { name },
  spec: {
    signerName: 'kubernetes.io/kube-apiserver-client',
    usages: ['client auth'],
    request: request(subject),
    ...more,
  },
})

test('a certificate that would make one master', async () => {
  for (const subject of ['/O=system:masters/CN=eve', '/O=a/O=system:masters/CN=eve']) {
    const { json } = await siege.refused({
      method: 'POST', path: csrs, code: 403, reason: 'Forbidden', token, body: csr('master', subject),
    }) // prettier-ignore
    assert.match(
      json.message,
      /use of kubernetes.io\/kube-apiserver-client signer with system:masters group is not allowed/,
    )
  }
})

test('a certificate that one approves or signs oneself, or says somebody else asked for', async () => {
  const made = await siege.wire.call('POST', csrs, {
    token,
    body: csr('mine', '/O=system:nodes/CN=system:node:n1', { username: 'admin', groups: ['system:masters'], uid: '0' }),
  })
  assert.equal(made.status, 201, made.text)
  assert.equal(made.json.spec.username, 'system:serviceaccount:default:plain')
  assert.ok(!made.json.spec.groups.includes('system:masters'))
  const conditions = [{ type: 'Approved', status: 'True', reason: 'x', message: 'x' }]
  for (const [path, status] of [
    [`${csrs}/mine/approval`, { conditions }],
    [`${csrs}/mine/status`, { certificate: Buffer.from(siege.wire.tls.cert).toString('base64') }],
  ] as const)
    await siege.refused({ method: 'PUT', path, code: 403, reason: 'Forbidden', token, body: { ...made.json, status } })
  await siege.wire.call('PATCH', `${csrs}/mine`, {
    token,
    headers: { 'content-type': 'application/merge-patch+json' },
    body: { status: { conditions } },
  })
  const { json } = await siege.wire.call('GET', `${csrs}/mine`)
  assert.deepEqual([json.status?.conditions, json.status?.certificate], [undefined, undefined])
})
